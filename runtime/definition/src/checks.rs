//! Checks of a lowered flow against what it is to be run with.
//!
//! **Invariant:** the flow alone was found right before; here only the fit is looked at.

use std::collections::BTreeSet;

use stepwell_actions::{INVOKE_FUNCTION, Pattern, Registry};
use stepwell_expression::Value;
use stepwell_model::{Block, BlockPath, Flow, Kind, Mode, Scalar, State, StateIndex, Task, Wait};

use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::editor::Syntax;
use crate::editor::spell;
use crate::places::Places;
use crate::similar::Guesses;
use crate::template::constant_text;

/// The longest Wait of an Express execution in CloudFlow.
const EXPRESS_SECONDS_MAX: i64 = 20;

/// Checks whether a flow can run as an Express execution: no task waits for a callback, and no Wait is long.
#[must_use]
pub fn check_express(flow: &Flow, places: &Places) -> Vec<Diagnostic> {
    let otherwise = "run the flow without `--express`";
    express_problems(&flow.body, &BlockPath::default(), places, otherwise)
}

/// Checks the same of the children of a distributed Map.
pub(crate) fn check_express_children(processor: &Block, path: &BlockPath, places: &Places) -> Vec<Diagnostic> {
    express_problems(processor, path, places, "write `ExecutionMode: Standard`")
}

fn express_problems(block: &Block, path: &BlockPath, places: &Places, otherwise: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    each_state_of(block, path, &mut |path, index, state| match &state.kind {
        Kind::Wait(Wait::Seconds(Scalar::Fixed(Value::Number(number)))) => {
            if number.as_i64().is_some_and(|seconds| seconds > EXPRESS_SECONDS_MAX) {
                let message =
                    format!("an Express execution of CloudFlow waits from 1 to {EXPRESS_SECONDS_MAX} seconds");
                let help = format!("wait for less, or {otherwise}");
                let span = places.state(path, index).name;
                diagnostics.push(Diagnostic::new(&codes::LONG_WAIT, span, message).help(help));
            }
        }
        Kind::Task(task) if task.mode != Mode::RequestComplete => {
            let span = places.state(path, index).mode;
            let name = shown(&state.name);
            let message = format!("the state {name} waits for a callback, which an Express execution cannot");
            let help = format!("use RequestComplete, or {otherwise}");
            diagnostics.push(Diagnostic::new(&codes::EXPRESS_CALLBACK, span, message).help(help));
        }
        Kind::Task(_)
        | Kind::Wait(_)
        | Kind::Pass
        | Kind::Choice(_)
        | Kind::Parallel(_)
        | Kind::Map(_)
        | Kind::Succeed
        | Kind::Fail(_) => {}
    });
    diagnostics
}

/// Checks whether every function that a flow names by a constant has an entry in the registry.
#[must_use]
pub fn check_functions(flow: &Flow, registry: &Registry, places: &Places) -> Vec<Diagnostic> {
    let mut entries = Entries::of(registry);
    let mut diagnostics = Diagnostics::default();
    each_task(flow, &mut |path, index, _, task| {
        let constant = Some(&task.parameters).filter(|_| &*task.action == INVOKE_FUNCTION);
        let Some(resource) = constant.and_then(|parameters| constant_text(parameters, "resourceArn")) else {
            return;
        };
        if entries.have(resource) {
            return;
        }
        let name = stepwell_actions::function_name(resource);
        let message = format!("no entry of the functions file matches the function {}", shown(name));
        let diagnostic = Diagnostic::new(&codes::UNKNOWN_FUNCTION, places.state(path, index).resource, message);
        diagnostics.push(match entries.closest(name) {
            close @ Some(_) => diagnostic.did_you_mean(close),
            None => diagnostic.help(format!("add {} to functions.yaml beside the flow", entry_for(name))),
        });
    });
    diagnostics.finish()
}

/// Says once that the functions that a flow names stand nowhere.
#[must_use]
pub fn check_without_functions(flow: &Flow, places: &Places) -> Option<Diagnostic> {
    let mut first = None;
    each_task(flow, &mut |path, index, _, task| {
        if first.is_none() && &*task.action == INVOKE_FUNCTION {
            let name = constant_text(&task.parameters, "resourceArn").map(stepwell_actions::function_name);
            first = Some((
                places.state(path, index).resource,
                name.unwrap_or("myfunction").to_owned(),
            ));
        }
    });
    let (span, name) = first?;
    let message = "there is no functions file: what this task calls fails with `FC.FunctionNotFound`";
    let help = format!(
        "write functions.yaml beside the flow: `functions: {{{}}}`",
        entry(&name)
    );
    Some(Diagnostic::new(&codes::NO_FUNCTIONS_FILE, span, message).help(help))
}

/// What to add to a functions file so that it has a function.
#[must_use]
pub fn entry_for(name: &str) -> String {
    format!("`{}`", entry(name))
}

fn entry(name: &str) -> String {
    const CHARACTERS_MAX: usize = 128;
    let short: String = name.chars().take(CHARACTERS_MAX).collect();
    format!("{}: {{stub: [{{echo: true}}]}}", spell(&short, "", Syntax::Yaml))
}

/// How many characters of patterns are compared at most for one flow.
const COMPARED_MAX: usize = 200_000_000;

/// The names and patterns of a registry, to be found fast.
struct Entries<'r> {
    exact: BTreeSet<&'r str>,
    patterns: Vec<&'r Pattern>,
    /// How much may still be compared; beyond that every name passes.
    left: usize,
    guesses: Guesses,
}

impl<'r> Entries<'r> {
    fn of(registry: &'r Registry) -> Self {
        let all = || registry.functions.iter().map(|function| &function.pattern);
        Self {
            exact: all().map(Pattern::as_str).collect(),
            patterns: all().filter(|pattern| !pattern.is_exact()).collect(),
            left: COMPARED_MAX,
            guesses: Guesses::default(),
        }
    }

    /// Whether the registry resolves a resource.
    fn have(&mut self, resource: &str) -> bool {
        let name = stepwell_actions::function_name(resource);
        if self.exact.contains(name) || self.exact.contains(resource) {
            return true;
        }
        self.patterns.iter().any(|pattern| {
            let compared = pattern.as_str().len().saturating_add(2 * resource.len());
            match self.left.checked_sub(compared) {
                Some(left) => self.left = left,
                None => return true,
            }
            pattern.matches(resource) || pattern.matches(name)
        })
    }

    fn closest(&mut self, name: &str) -> Option<&'r str> {
        let names = self
            .exact
            .iter()
            .copied()
            .chain(self.patterns.iter().map(|pattern| pattern.as_str()));
        self.guesses.closest(name, names)
    }
}

pub(crate) fn each_task(flow: &Flow, visit: &mut dyn FnMut(&BlockPath, StateIndex, &State, &Task)) {
    each_state(flow, &mut |path, index, state| {
        if let Kind::Task(task) = &state.kind {
            visit(path, index, state, task);
        }
    });
}

type Visit<'v> = dyn FnMut(&BlockPath, StateIndex, &State) + 'v;

pub(crate) fn each_state(flow: &Flow, visit: &mut Visit<'_>) {
    each_state_of(&flow.body, &BlockPath::default(), visit);
}

fn each_state_of(block: &Block, path: &BlockPath, visit: &mut Visit<'_>) {
    for (index, state) in (0u32..).map(StateIndex).zip(&block.states) {
        visit(path, index, state);
        for (number, inner) in (0u32..).zip(state.blocks()) {
            each_state_of(inner, &path.inner(index, number), visit);
        }
    }
}
