//! Which rule takes an error.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::story::flow;

/// What a Task with those rules decides about each error, with so many retries by rule used.
fn decisions(rules: &str, errors: &[(&str, bool, &[u32])]) -> Vec<String> {
    let states = format!(
        "StartAt: A\nStates:\n  - {{Type: Task, Name: A, Action: FC:InvokeFunction, Parameters: {{resourceArn: f}}, {rules}, End: true}}\n  \
         - {{Type: Pass, Name: B, End: true}}\n  - {{Type: Pass, Name: C, End: true}}\n"
    );
    let flow = flow(&states);
    let state = flow.body.states.first().unwrap();
    let name = |catch: &Catch| flow.body.state(catch.next).unwrap().name.clone();
    let decide = |(code, retryable, used): &(&str, bool, &[u32])| {
        let failure = Failure {
            retryable: *retryable,
            ..Failure::new(*code, "")
        };
        match decide(state, &failure, used) {
            Decision::Again { delay_ms, rule } => format!("again in {delay_ms} by rule {rule}"),
            Decision::On(catch) => format!("on to {}", name(catch)),
            Decision::Nothing => "nothing".into(),
        }
    };
    errors.iter().map(decide).collect()
}

#[test]
fn retry_is_asked_before_catch_and_only_its_first_matching_rule() {
    let rules = "Retry: [{Errors: [E, F], MaxAttempts: 2, IntervalSeconds: 10, BackoffRate: 2}, \
                 {Errors: [FnF.ALL], MaxAttempts: 5, IntervalSeconds: 1}], \
                 Catch: [{Errors: [E], Next: B}, {Errors: [FnF.ALL], Next: C}]";
    let errors: &[(&str, bool, &[u32])] = &[
        ("E", true, &[]),
        ("E", true, &[1]),
        ("E", true, &[2]),
        ("F", true, &[2]),
        ("G", true, &[2]),
        ("G", true, &[0, 4]),
        ("G", true, &[0, 5]),
        ("E", false, &[]),
        ("FC.E", true, &[]),
    ];
    let expected = [
        "again in 10000 by rule 0",
        "again in 20000 by rule 0",
        "on to B",
        "on to C",
        "again in 1000 by rule 1",
        "again in 1000 by rule 1",
        "on to C",
        "on to B",
        "again in 10000 by rule 0",
    ];
    assert_eq!(decisions(rules, errors), expected);
}

#[test]
fn a_rule_with_the_prefix_of_functions_takes_the_bare_name_too() {
    let rules = "Catch: [{Errors: [FC.Mine], Next: B}, {Errors: [mine], Next: C}]";
    let errors: &[(&str, bool, &[u32])] = &[
        ("Mine", true, &[]),
        ("FC.Mine", true, &[]),
        ("mine", true, &[]),
        ("MINE", true, &[]),
    ];
    assert_eq!(decisions(rules, errors), ["on to B", "on to B", "on to C", "nothing"]);
}

#[test]
fn rules_of_the_older_form_keep_their_one_order() {
    let rules = "OnErrors: [{Errors: [E], Retry: {MaxAttempts: 1, FixedBackoff: 3, Multiplier: 2}}, \
                 {Errors: [F], Next: B}, {Errors: [FnF.ALL], Retry: {MaxAttempts: 9}}]";
    let errors: &[(&str, bool, &[u32])] = &[
        ("E", true, &[]),
        ("E", true, &[1]),
        ("F", true, &[]),
        ("G", true, &[]),
        ("E", false, &[]),
        ("F", false, &[]),
    ];
    let expected = [
        "again in 3000 by rule 0",
        "nothing",
        "on to B",
        "again in 1000 by rule 2",
        "nothing",
        "on to B",
    ];
    assert_eq!(decisions(rules, errors), expected);
}

#[test]
fn without_rules_nothing_takes_it() {
    assert_eq!(decisions("Description: none", &[("E", true, &[])]), ["nothing"]);
}
