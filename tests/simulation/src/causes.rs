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
pub struct Causes(Vec<(Arc<str>, Millis)>);

impl Causes {
    /// Something happened to an invocation of that execution.
    pub fn add(&mut self, execution: &Arc<str>, at: Millis) {
        self.0.push((execution.clone(), at));
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
        for (repeats, at) in ran.at.iter().enumerate() {
            let is_cause = |(execution, happened): &&(Arc<str>, Millis)| *execution == ran.execution && happened <= at;
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
        causes.add(&"f/e".into(), 5);
        causes.add(&"f/other".into(), 6);
        causes.add(&"f/e".into(), 20);
        let is_so = |at: &[Millis]| causes.check(&ran(at)).is_ok();
        assert_eq!([is_so(&[1]), is_so(&[1, 5]), is_so(&[1, 20, 30])], [true; 3]);
        assert_eq!([is_so(&[1, 4]), is_so(&[1, 7, 8]), is_so(&[1, 20, 30, 40])], [false; 3]);
    }
}
