//! Checks of a lowered flow against what it is to be run with.
//!
//! **Invariant:** the flow alone was found right before; here only the fit is looked at.

use stepwell_expression::Value;
use stepwell_model::{Block, BlockPath, Flow, Kind, Mode, Scalar, State, StateIndex, Task, Wait};

use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::places::Places;

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
