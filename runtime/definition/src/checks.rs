//! Checks of a lowered flow against what it is to be run with.
//!
//! **Invariant:** the flow alone was found right before; here only the fit is looked at.

use stepwell_actions::{INVOKE_FUNCTION, Registry};
use stepwell_expression::Value;
use stepwell_model::{Block, BlockPath, Flow, Kind, Mode, Scalar, State, StateIndex, Task, Wait};

use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::places::Places;
use crate::similar::closest;
use crate::template::constant_text;

/// The longest Wait of an Express execution in CloudFlow.
const EXPRESS_SECONDS_MAX: i64 = 20;

/// Checks whether a flow can run as an Express execution: no task waits for a callback, and no Wait is long.
#[must_use]
pub fn check_express(flow: &Flow, places: &Places) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    each_state(flow, &mut |path, index, state| {
        let Kind::Wait(Wait::Seconds(Scalar::Fixed(Value::Number(number)))) = &state.kind else {
            return;
        };
        if number.as_i64().is_some_and(|seconds| seconds > EXPRESS_SECONDS_MAX) {
            let message = format!("an Express execution of CloudFlow waits from 1 to {EXPRESS_SECONDS_MAX} seconds");
            let help = "wait for less, or run the flow without `--express`";
            diagnostics.push(Diagnostic::new(&codes::LONG_WAIT, places.state(path, index).name, message).help(help));
        }
    });
    each_task(flow, &mut |path, index, state, task| {
        if task.mode == Mode::RequestComplete {
            return;
        }
        let span = places.state(path, index).mode;
        let message = format!(
            "the state {} waits for a callback, which an Express execution cannot",
            shown(&state.name)
        );
        let help = "use RequestComplete, or run the flow without `--express`";
        diagnostics.push(Diagnostic::new(&codes::EXPRESS_CALLBACK, span, message).help(help));
    });
    diagnostics
}

/// Checks whether every function that a flow names by a constant has an entry in the registry.
#[must_use]
pub fn check_functions(flow: &Flow, registry: &Registry, places: &Places) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    each_task(flow, &mut |path, index, _, task| {
        let constant = Some(&task.parameters).filter(|_| &*task.action == INVOKE_FUNCTION);
        let Some(resource) = constant.and_then(|parameters| constant_text(parameters, "resourceArn")) else {
            return;
        };
        if registry.resolve(resource).is_some() {
            return;
        }
        let name = stepwell_actions::function_name(resource);
        let message = format!("no entry of the functions file matches the function {}", shown(name));
        let names = registry.functions.iter().map(|function| function.pattern.as_str());
        let diagnostic = Diagnostic::new(&codes::UNKNOWN_FUNCTION, places.state(path, index).resource, message);
        let close = closest(name, names);
        diagnostics.push(match close {
            Some(_) => diagnostic.did_you_mean(close),
            None => diagnostic.help("the task would fail with `FC.FunctionNotFound`"),
        });
    });
    diagnostics
}

fn each_task(flow: &Flow, visit: &mut dyn FnMut(&BlockPath, StateIndex, &State, &Task)) {
    each_state(flow, &mut |path, index, state| {
        if let Kind::Task(task) = &state.kind {
            visit(path, index, state, task);
        }
    });
}

type Visit<'v> = dyn FnMut(&BlockPath, StateIndex, &State) + 'v;

fn each_state(flow: &Flow, visit: &mut Visit<'_>) {
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
