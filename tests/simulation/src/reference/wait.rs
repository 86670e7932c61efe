//! Wait.
//!
//! Source: specification 1.3 and the points on limits of 1.9.

use stepwell_expression::{Number, Value};

use super::evaluate::evaluate;
use super::oracle::{Failure, Oracle, Time};
use super::run::{Interpreter, Scope, Visit, Worked};
use crate::plan::Wait;

/// How far from now a moment is clearly before or after it, whatever clocks say.
const CLEAR_MS: u64 = 20_000;

impl<'p, O: Oracle> Interpreter<'p, '_, O> {
    pub(super) fn wait(&mut self, scope: &mut Scope, visit: &Visit<'p>, wait: &Wait, at: Time) -> Worked {
        match self.until(scope, visit, wait, at) {
            Ok(until) if self.is_too_long(until, at) => (Err(refused()), at),
            Ok(until) => {
                let is_clear = !matches!(wait, Wait::Until(_)) || until.ms > at.ms + CLEAR_MS;
                if until.ms > at.ms || !is_clear {
                    scope.count.rests(&self.effort, is_clear);
                }
                (Ok(visit.input.clone()), until)
            }
            Err(failure) => (Err(failure), at),
        }
    }

    fn until(&self, scope: &Scope, visit: &Visit<'p>, wait: &Wait, at: Time) -> Result<Time, Failure> {
        match wait {
            Wait::Seconds(seconds) => Ok(at.after(seconds * 1000)),
            Wait::Computed(expr) => {
                let value = evaluate(expr, &self.variables(scope, visit))?;
                seconds(&value)
                    .map(|seconds| at.after(seconds * 1000))
                    .ok_or_else(refused)
            }
            Wait::Until(ms) => Ok(at.later(Time {
                ms: self.oracle.moment(*ms),
                slack: 0,
            })),
        }
    }

    fn is_too_long(&self, until: Time, at: Time) -> bool {
        let most = self.plan.wait_seconds_max;
        most.is_some_and(|most| until.ms - at.ms > most * 1000)
    }
}

/// Whole seconds, which is what plans compute.
fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => Number::parse(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    };
    u64::try_from(number?.as_i64()?).ok()
}

fn refused() -> Failure {
    Failure::of_the_engine("FnF.InvalidParameter")
}
