//! Why attempts may begin again: what happened to the invocations of an execution, and when.
//!
//! An attempt is of one scope. Each cause lets it begin once more: whoever carried it out died, stood still, was cut short,
//! or its message was handed out twice.
//!
//! **Invariant:** what happened to the invocations of one execution excuses nothing in another, nor anything before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_ports::Millis;

use crate::Ran;

/// Everything that happened, in no order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causes(Vec<Cause>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cause {
    execution: Arc<str>,
    at: Millis,
    /// Whether it excuses only what had begun: an end, unlike two who do the same.
    is_end: bool,
}

impl Causes {
    /// From then on there may be two who do the same: one stands still, or a message came twice.
    pub fn doubled(&mut self, execution: &Arc<str>, at: Millis) {
        let execution = execution.clone();
        let is_end = false;
        self.0.push(Cause { execution, at, is_end });
    }

    /// An invocation of that execution died, or was cut short.
    pub fn ended(&mut self, execution: &Arc<str>, at: Millis) {
        let execution = execution.clone();
        let is_end = true;
        self.0.push(Cause { execution, at, is_end });
    }

    /// Together with others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Whether every time that an effect began again has a cause of its own before it, in its own execution.
    ///
    /// # Errors
    ///
    /// An attempt that began once too often.
    pub fn check(&self, ran: &BTreeMap<Arc<str>, Ran>) -> Result<(), String> {
        ran.values()
            .filter(|ran| ran.is_effect)
            .try_for_each(|ran| self.check_one(ran))
    }

    fn check_one(&self, ran: &Ran) -> Result<(), String> {
        let Some(first) = ran.at.first() else { return Ok(()) };
        for (repeats, at) in ran.at.iter().enumerate() {
            let is_cause = |cause: &&Cause| {
                cause.execution == ran.execution && cause.at <= *at && (!cause.is_end || cause.at >= *first)
            };
            let causes = self.0.iter().filter(is_cause).count();
            if repeats > causes {
                return Err(format!(
                    "{causes} causes and {repeats} repeats at {at}: {ran:?}\n{:?}",
                    self.0
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(at: &[Millis]) -> BTreeMap<Arc<str>, Ran> {
        let ran = Ran {
            execution: "f/e".into(),
            state: "A".into(),
            visit: "v".into(),
            attempt: 1,
            begun: u32::try_from(at.len()).unwrap(),
            is_effect: true,
            at: at.to_vec(),
        };
        BTreeMap::from([("key".into(), ran)])
    }

    #[test]
    fn a_cause_is_one_before_in_the_same_execution() {
        let mut causes = Causes::default();
        causes.doubled(&"f/e".into(), 5);
        causes.ended(&"f/other".into(), 6);
        causes.ended(&"f/e".into(), 20);
        let is_so = |at: &[Millis]| causes.check(&ran(at)).is_ok();
        assert_eq!([is_so(&[1]), is_so(&[1, 5]), is_so(&[1, 20, 30])], [true; 3]);
        assert_eq!([is_so(&[1, 4]), is_so(&[1, 7, 8]), is_so(&[1, 20, 30, 40])], [false; 3]);
        assert!(is_so(&[21, 22]), "two may do the same");
        assert!(
            !is_so(&[21, 22, 23]),
            "what had not begun when somebody died needs no second time"
        );
    }
}
