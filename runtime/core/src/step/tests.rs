//! How much one call computes, and what is counted of it.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use crate::story::Story;
use crate::{Event, Failure, Phase, Status};

/// An input with so many characters in `t`; `split($Input.t, "")` takes a little more steps than that.
fn text(characters: usize) -> String {
    format!("{{\"t\":\"{}\"}}", "x".repeat(characters))
}

/// Where the story stands: visits, what counts as states, and whether the next state is about to be entered.
fn stands(story: &Story) -> (u32, u64, bool) {
    let entering = story.snapshot.at.as_ref().map(|at| &at.phase) == Some(&Phase::Entering);
    (story.snapshot.visits, story.snapshot.states, entering)
}

/// A loop of one state that computes 10,000 steps and more in each round, for a second at most.
const COMPUTES: &str = "Timeout: 1\nStartAt: A\nStates:\n  - {Type: Choice, Name: A, Default: A, Branches: \
                        [{Condition: 'length(split($Input.t, \"\")) == 0', Next: Z}]}\n  - {Type: Succeed, Name: Z}\n";

#[test]
fn an_advance_computes_so_much_and_then_its_caller_may_look_at_timers() {
    let mut story = Story::begin(COMPUTES, &text(10_000));
    assert_eq!(stands(&story), (4, 245, true), "64 KiB are reached first");
    let told = story.tell(&Event::Continued).unwrap();
    assert_eq!(told.len(), 20, "ten states are entered and left: {told:?}");
    assert_eq!(stands(&story), (14, 670, true), "the rest of a thousand states is left");
    story.now = 1_999;
    assert!(story.tell(&Event::TimerFired).is_err(), "its second is not over yet");
    story.now = 2_000;
    assert_eq!(story.tell(&Event::TimerFired).unwrap(), ["ExecutionTimedOut"]);
}

/// The step before was cut at a bound, and whoever wrote it died: the time that nobody worked is not the state's.
#[test]
fn a_timeout_counts_from_the_entry_of_its_state() {
    let wait = "{StartAt: W, States: [{Type: Wait, Name: W, Seconds: 100, End: true}]}";
    let states = format!(
        "StartAt: A\nStates:\n  - {{Type: Pass, Name: A, Next: B}}\n  - {{Type: Pass, Name: B, Next: C}}\n  - {{Type: Pass, \
         Name: C, Next: D}}\n  - {{Type: Pass, Name: D, Next: P}}\n  - {{Type: Parallel, Name: P, Timeout: 1, End: true, \
         Branches: [{wait}]}}\n"
    );
    let mut story = Story::begin(&states, &text(10_000));
    assert_eq!(stands(&story), (4, 80, true), "64 KiB are reached behind D");
    story.now = 5_000;
    story.tell(&Event::Continued).unwrap();
    story.now = 5_999;
    assert!(story.tell(&Event::TimerFired).is_err(), "its second is not over yet");
    story.now = 6_000;
    assert_eq!(
        story.tell(&Event::TimerFired).unwrap(),
        ["StepFailed P", "ExecutionFailed"]
    );
}

#[test]
fn what_is_computed_counts_as_states() {
    let mut story = Story::begin(COMPUTES, &text(10_000));
    let mut calls = 1;
    while story.snapshot.status.is_running() {
        story.tell(&Event::Continued).unwrap();
        calls += 1;
    }
    assert_eq!((calls, stands(&story)), (236, (2_353, 100_036, false)));
}

#[test]
fn all_conditions_of_a_visit_share_one_budget() {
    let branch = "{Condition: 'length(split($Input.t, \"\")) == 0', Next: Z}";
    let branches = vec![branch; 200].join(", ");
    let states = format!(
        "StartAt: A\nStates:\n  - {{Type: Choice, Name: A, Default: Z, Branches: [{branches}]}}\n  - {{Type: Succeed, Name: Z}}\n"
    );
    let story = Story::begin(&states, &text(10_000));
    let detail = "evaluating `length(split($Input.t, \"\")) == 0` takes too many steps";
    let failure = Failure::not_retryable("FnF.RuntimeError", detail);
    assert_eq!(
        (story.snapshot.status, story.snapshot.states),
        (Status::Failed(failure), 3_977)
    );
}

#[test]
fn a_catch_rule_has_a_budget_of_its_own() {
    let spent = vec!["length(split($Input.t, \"\"))"; 90].join(", ");
    let states = format!(
        "StartAt: A\nStates:\n  - {{Type: Task, Name: A, Action: FC:InvokeFunction, Parameters: {{resourceArn: f, body: {{a.$: \
         'toArray({spent})', b.$: 'toArray({spent})'}}}}, Catch: [{{Errors: [FnF.RuntimeError], OutputConstructor: {{n.$: \
         'length(toArray({spent}))'}}, Next: Z}}], End: true}}\n  - {{Type: Succeed, Name: Z}}\n"
    );
    let mut story = Story::begin(&states, &text(10_000));
    story.tell(&Event::Continued).unwrap();
    assert_eq!(
        story.snapshot.status,
        Status::Succeeded(crate::story::json("{\"n\":90}"))
    );
}
