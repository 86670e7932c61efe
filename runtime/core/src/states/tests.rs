//! What is due, and what is not yet.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::story::Story;
use crate::{AttemptNumber, Event, Failure, Rejected, Report};

/// What the timer leads to one millisecond before `due`, and at it.
fn fired(story: &mut Story, due: u64) -> [Result<Vec<String>, crate::Stop>; 2] {
    story.now = due - 1;
    let early = story.tell(&Event::TimerFired);
    story.now = due;
    [early, story.tell(&Event::TimerFired)]
}

fn not_due() -> Result<Vec<String>, crate::Stop> {
    Err(Rejected::NotDue.into())
}

fn told(entries: &[&str]) -> Result<Vec<String>, crate::Stop> {
    Ok(entries.iter().map(|entry| (*entry).into()).collect())
}

const TASK: &str = "Type: Task, Name: A, Action: FC:InvokeFunction, Parameters: {resourceArn: f}";

#[test]
fn a_wait_ends_at_its_moment_and_not_before() {
    let mut story = Story::begin(
        "StartAt: W\nStates: [{Type: Wait, Name: W, Seconds: 2, End: true}]\n",
        "{}",
    );
    let ended = ["StepExited W", "ExecutionSucceeded"];
    assert_eq!(fired(&mut story, 3_000), [not_due(), told(&ended)]);
}

#[test]
fn an_attempt_times_out_at_its_deadline_and_not_before() {
    let states = alloc::format!("StartAt: A\nStates: [{{{TASK}, Timeout: 2, End: true}}]\n");
    let mut story = Story::begin(&states, "{}");
    let ended = ["TaskTimedOut A", "StepFailed A", "ExecutionFailed"];
    assert_eq!(fired(&mut story, 3_000), [not_due(), told(&ended)]);
}

#[test]
fn a_report_is_early_until_its_attempt_is_scheduled() {
    let rules = "TaskMode: WaitForCustomCallback, Retry: [{Errors: [E], MaxAttempts: 1, IntervalSeconds: 2}]";
    let states = alloc::format!("StartAt: A\nStates: [{{{TASK}, {rules}, End: true}}]\n");
    let mut story = Story::begin(&states, "{}");
    let mut report = |now, attempt, report| {
        story.now = now;
        story.tell(&Event::CallbackReported {
            attempt: AttemptNumber(attempt),
            report,
        })
    };
    let good = || Report::Succeeded(crate::story::json("{}"));
    let late = || Err(Rejected::Late.into());
    assert_eq!(report(1_000, 2, good()), late(), "nobody has scheduled it");
    let bad = Report::Failed(Failure::new("E", ""));
    assert_eq!(report(1_000, 1, bad), told(&["TaskFailed A", "TaskScheduled A"]));
    assert_eq!(report(2_999, 2, good()), late(), "its delay is not over");
    let ended = ["TaskSucceeded A", "StepExited A", "ExecutionSucceeded"];
    assert_eq!(report(3_000, 2, good()), told(&ended));
}

#[test]
fn an_attempt_without_a_timeout_is_never_due() {
    let states = alloc::format!("StartAt: A\nStates: [{{{TASK}, End: true}}]\n");
    let mut story = Story::begin(&states, "{}");
    assert_eq!(fired(&mut story, u64::MAX), [not_due(), not_due()]);
}

const PARALLEL: &str = "StartAt: P\nStates:\n  - {Type: Parallel, Name: P, Timeout: 9, Branches: [{StartAt: F, States: \
                        [{Type: Fail, Name: F}]}], Retry: [{Errors: [E], MaxAttempts: 9, IntervalSeconds: 2}], End: true}\n";

fn failed(story: &Story) -> Event {
    Event::ChildFailed {
        fork: story.snapshot.fork().unwrap().revision,
        index: 0,
        failure: Failure::new("E", ""),
    }
}

#[test]
fn a_retry_delay_of_a_fork_ends_at_its_moment_and_not_before() {
    let mut story = Story::begin(PARALLEL, "{}");
    story.tell(&failed(&story)).unwrap();
    assert!(story.snapshot.fork().is_none());
    assert_eq!(fired(&mut story, 3_000), [not_due(), told(&[])]);
    assert!(story.snapshot.fork().is_some(), "its branches run again");
}

#[test]
fn a_fork_times_out_at_its_deadline_and_not_before() {
    let mut story = Story::begin(PARALLEL, "{}");
    let ended = ["StepFailed P", "ExecutionFailed"];
    assert_eq!(fired(&mut story, 10_000), [not_due(), told(&ended)]);
}

#[test]
fn a_retry_delay_of_a_fork_is_cut_off_by_its_deadline() {
    let mut story = Story::begin(PARALLEL, "{}");
    story.now = 9_500;
    story.tell(&failed(&story)).unwrap();
    let ended = ["StepFailed P", "ExecutionFailed"];
    assert_eq!(fired(&mut story, 10_000), [not_due(), told(&ended)]);
}

#[test]
fn children_of_an_earlier_fork_are_late() {
    let mut story = Story::begin(PARALLEL, "{}");
    let early = failed(&story);
    story.tell(&early).unwrap();
    assert_eq!(story.tell(&early), Err(Rejected::Late.into()), "no children run now");
    story.now = 3_000;
    story.tell(&Event::TimerFired).unwrap();
    assert_eq!(story.tell(&early), Err(Rejected::Late.into()), "others run now");
    let ended = Event::BranchesEnded {
        fork: story.snapshot.fork().unwrap().revision.next(),
        branches: vec![],
    };
    assert_eq!(story.tell(&ended), Err(Rejected::Late.into()));
}

#[test]
fn seconds_round_up_to_milliseconds() {
    let rows = [
        (0.0, 0),
        (0.0001, 1),
        (0.001, 1),
        (0.0011, 2),
        (2.5, 2_500),
        (1e30, u64::MAX),
    ];
    assert_eq!(
        rows.map(|(seconds, _)| super::milliseconds(seconds)),
        rows.map(|(_, milliseconds)| milliseconds)
    );
}
