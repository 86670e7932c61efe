//! Retry and Catch.

use stepwell_actions::{INVOKE_FUNCTION, START_EXECUTION};
use stepwell_expression::Value;
use stepwell_model::{Catch, ErrorName, Kind, Origin, Recovery, Retry, Rule, State};

use crate::step::{Folded, OUTPUT, Step};
use crate::variables::Sight;
use crate::{Fact, Failure, states};

/// What a rule decides.
enum Decision<'a> {
    /// Again after that many milliseconds; the rule's number is counted.
    Again { delay_ms: u64, rule: usize },
    /// On elsewhere.
    On(&'a Catch),
    /// No rule takes it.
    Nothing,
}

/// The state's own error: Retry, then Catch, then the scope fails.
pub(crate) fn fail_state(step: &mut Step<'_>, failure: Failure) -> Folded {
    let state = step.state()?;
    match decide(state, &failure, &step.position()?.retries_by_rule) {
        Decision::Again { delay_ms, rule } => again(step, state, delay_ms, rule, failure),
        Decision::On(catch) => go_on(step, state, catch, failure),
        Decision::Nothing => step.fail_scope(failure),
    }
}

/// Where errors of that state may come from. What passes outwards does not say whether a function raised it.
fn origin(state: &State) -> Origin {
    match &state.kind {
        Kind::Task(task) if matches!(&*task.action, INVOKE_FUNCTION | START_EXECUTION) => Origin::Function,
        Kind::Parallel(_) | Kind::Map(_) => Origin::Function,
        Kind::Task(_) | Kind::Pass | Kind::Wait(_) | Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => Origin::Other,
    }
}

fn decide<'a>(state: &'a State, failure: &Failure, used: &[u32]) -> Decision<'a> {
    let takes = |errors: &[ErrorName], failure: &Failure| takes(errors, failure, origin(state));
    match &state.recovery {
        Recovery::RetryThenCatch { retry, catch } => {
            let decision = failure.retryable.then(|| {
                let (rule, found) = retry
                    .iter()
                    .enumerate()
                    .find(|(_, rule)| takes(&rule.errors, failure))?;
                retried(found, rule, used)
            });
            decision.flatten().unwrap_or_else(|| {
                catch
                    .iter()
                    .find(|rule| takes(&rule.errors, failure))
                    .map_or(Decision::Nothing, Decision::On)
            })
        }
        Recovery::FirstMatch(rules) => first_match(rules, failure, used, origin(state)),
    }
}

/// The older form: the first rule that takes the error decides; a retry rule does not take what must not be retried.
fn first_match<'a>(rules: &'a [Rule], failure: &Failure, used: &[u32], origin: Origin) -> Decision<'a> {
    let found = rules.iter().enumerate().find(|(_, rule)| match rule {
        Rule::Retry(retry) => failure.retryable && takes(&retry.errors, failure, origin),
        Rule::Catch(catch) => takes(&catch.errors, failure, origin),
    });
    match found {
        Some((rule, Rule::Retry(retry))) => retried(retry, rule, used).unwrap_or(Decision::Nothing),
        Some((_, Rule::Catch(catch))) => Decision::On(catch),
        None => Decision::Nothing,
    }
}

/// The next retry by that rule, unless it is exhausted.
fn retried<'a>(retry: &Retry, rule: usize, used: &[u32]) -> Option<Decision<'a>> {
    let used = used.get(rule).copied().unwrap_or(0);
    (used < retry.attempts_max).then(|| Decision::Again {
        delay_ms: retry.delay_ms(used + 1),
        rule,
    })
}

fn takes(errors: &[ErrorName], failure: &Failure, origin: Origin) -> bool {
    errors.iter().any(|error| error.matches(&failure.code, origin))
}

fn again(step: &mut Step<'_>, state: &State, delay_ms: u64, rule: usize, failure: Failure) -> Folded {
    let due = step.moment.now.saturating_add(delay_ms);
    let position = step.position_mut()?;
    position.retries += 1;
    if position.retries_by_rule.len() <= rule {
        position.retries_by_rule.resize(rule + 1, 0);
    }
    if let Some(used) = position.retries_by_rule.get_mut(rule) {
        *used += 1;
    }
    states::again(step, state, due, failure)
}

fn go_on(step: &mut Step<'_>, state: &State, catch: &Catch, failure: Failure) -> Folded {
    let empty = Value::Object(alloc::sync::Arc::default());
    step.renew_budget();
    let input = step.position()?.input.clone();
    let sight = Sight::input(input).with_output(Value::Null).with_error(failure.clone());
    let output = match step.construct_object(OUTPUT, catch.output.as_ref(), sight, empty)? {
        Ok(output) => output,
        Err(failure) => return step.fail_scope(failure),
    };
    if let Some(failure) = step.too_large("output", &output) {
        return step.fail_scope(failure);
    }
    let exited = Fact::StepExited {
        state: state.name.clone(),
        output: output.clone(),
        caught: Some(failure.clone()),
    };
    step.note(exited);
    step.snapshot.caught = Some(failure);
    step.go_to(catch.next, output);
    Ok(())
}

#[cfg(test)]
mod tests;
