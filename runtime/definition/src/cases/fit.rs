//! Whether a test file fits the flow that it tests.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwell_actions::{INVOKE_FUNCTION, Registry, function_name};
use stepwell_model::{Block, Flow, Kind, Mode, State};

use super::{Case, ExpectedState, TestFile, Written};
use crate::checks::{each_state, each_task};
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::listing::{all_of, there_are};
use crate::similar::closest;
use crate::template::constant_text;

/// What the flows have that a case can name.
struct Known {
    /// Every state.
    states: BTreeSet<Arc<str>>,
    /// Those that wait for a report.
    waiting: BTreeSet<Arc<str>>,
    /// Functions by the names that are written down, and actions.
    called: BTreeSet<String>,
}

pub(super) fn check(
    file: &TestFile,
    flow: &Flow,
    children: &[&Flow],
    registry: &dyn Fn(&Case) -> Registry,
) -> Vec<Diagnostic> {
    let known = Known::of(std::iter::once(flow).chain(children.iter().copied()));
    let mut told = Vec::new();
    for case in &file.cases {
        told.extend(case.reports.iter().filter_map(|report| known.no_report(&report.state)));
        let registry = registry(case);
        let calls = case.expect.calls.iter();
        told.extend(calls.filter_map(|(name, _)| known.no_function(name, &registry)));
        let path = case.expect.path.as_deref().unwrap_or_default();
        tell_path(path, &flow.body, &mut told);
    }
    told
}

impl Known {
    fn of<'f>(flows: impl Iterator<Item = &'f Flow>) -> Self {
        let mut known = Self {
            states: BTreeSet::new(),
            waiting: BTreeSet::new(),
            called: BTreeSet::new(),
        };
        for flow in flows {
            each_state(flow, &mut |_, _, state| {
                known.states.insert(state.name.clone());
            });
            each_task(flow, &mut |_, _, state, task| {
                if task.mode == Mode::WaitForCustomCallback {
                    known.waiting.insert(state.name.clone());
                }
                known.called.insert(task.action.to_string());
                let resource =
                    constant_text(&task.parameters, "resourceArn").filter(|_| &*task.action == INVOKE_FUNCTION);
                known
                    .called
                    .extend(resource.map(|resource| function_name(resource).to_owned()));
            });
        }
        known
    }

    fn no_report(&self, state: &Written) -> Option<Diagnostic> {
        let is_named = |name: &Arc<str>| {
            let around = state.text.strip_suffix(&**name);
            around.is_some_and(|around| around.is_empty() || around.ends_with('/'))
        };
        if self.waiting.iter().any(is_named) {
            return None;
        }
        if !self.states.iter().any(is_named) {
            return Some(no_state(state, self.waiting.iter().map(|name| &**name)));
        }
        let message = format!("the state {} never waits for a report", shown(&state.text));
        let diagnostic = Diagnostic::new(&codes::NO_REPORT_TAKEN, state.span, message);
        let waiting: Vec<&str> = self.waiting.iter().map(|name| &**name).collect();
        Some(diagnostic.help(match waiting.as_slice() {
            [] => "only a Task with `TaskMode: WaitForCustomCallback` does, and the flow has none".to_owned(),
            names => format!("those that do: {}", all_of(names)),
        }))
    }

    fn no_function(&self, name: &Written, registry: &Registry) -> Option<Diagnostic> {
        if self.called.contains(&*name.text) || registry.resolve(&name.text).is_some() {
            return None;
        }
        let message = format!("the flow calls no function {}", shown(&name.text));
        let diagnostic = Diagnostic::new(&codes::UNKNOWN_TESTED_FUNCTION, name.span, message);
        let entries = registry.functions.iter().map(|function| function.pattern.as_str());
        let close = closest(&name.text, self.called.iter().map(String::as_str).chain(entries));
        Some(match close {
            Some(_) => diagnostic.did_you_mean(close),
            None => diagnostic.help("write the name of a function, or an action such as `HTTP:Request`"),
        })
    }
}

fn no_state<'n>(state: &Written, names: impl Iterator<Item = &'n str>) -> Diagnostic {
    let message = format!("no state named {}", shown(&state.text));
    let diagnostic = Diagnostic::new(&codes::UNKNOWN_TESTED_STATE, state.span, message);
    let names: Vec<&str> = names.collect();
    let close = closest(&state.text, names.iter().copied());
    match (close, names.as_slice()) {
        (Some(_), _) => diagnostic.did_you_mean(close),
        (None, []) => diagnostic.help("remove it; there is none that could be named here"),
        (None, names) => diagnostic.help(there_are(names)),
    }
}

fn tell_path(path: &[ExpectedState], block: &Block, told: &mut Vec<Diagnostic>) {
    for expected in path {
        match block.states.iter().find(|state| state.name == expected.state.text) {
            Some(state) => tell_inside(expected, state, told),
            None => told.push(no_state(&expected.state, block.states.iter().map(|state| &*state.name))),
        }
    }
}

fn tell_inside(expected: &ExpectedState, state: &State, told: &mut Vec<Diagnostic>) {
    let Some(inside) = &expected.inside else { return };
    let blocks: Vec<&Block> = state.blocks().collect();
    let is_map = matches!(state.kind, Kind::Map(_));
    let name = shown(&state.name);
    let bad = |message: String, help: &str| {
        Diagnostic::new(&codes::BAD_CASE, expected.state.span, message).help(help.to_owned())
    };
    if blocks.is_empty() {
        let message = format!("the state {name} has neither branches nor items");
        return told.push(bad(message, "write its name alone"));
    }
    if !is_map && blocks.len() != inside.len() {
        let message = format!("the state {name} has {} branches, not {}", blocks.len(), inside.len());
        return told.push(bad(
            message,
            "write a path for every branch, `[]` for one that enters nothing",
        ));
    }
    for (number, path) in inside.iter().enumerate() {
        if let Some(block) = blocks.get(if is_map { 0 } else { number }) {
            tell_path(path, block, told);
        }
    }
}
