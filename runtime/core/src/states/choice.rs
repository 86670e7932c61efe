//! Choice: the first true condition decides.

use stepwell_model::{Choice, Exit};

use crate::Failure;
use crate::failure::codes;
use crate::step::{Folded, Step};
use crate::variables::Sight;

pub(crate) fn enter(step: &mut Step<'_>, choice: &Choice) -> Folded {
    let input = step.position()?.input.clone();
    for branch in &choice.branches {
        let sight = Sight::input(input.clone());
        match step.evaluate(sight, |context| branch.condition.condition(context))? {
            Ok(true) => return step.complete_to(Exit::Next(branch.next), input),
            Ok(false) => {}
            Err(failure) => return step.fail_state(failure),
        }
    }
    match choice.default {
        Some(next) => step.complete_to(Exit::Next(next), input),
        None => {
            let detail = "no branch of the Choice is true, and it has no Default";
            step.fail_state(Failure::not_retryable(codes::NO_CHOICE_MATCHED, detail))
        }
    }
}
