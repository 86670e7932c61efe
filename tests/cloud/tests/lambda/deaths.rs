//! Processes that end, are killed or take too long.

use std::time::Duration;

use serde_json::json;
use stepwell_cloud::lambda::{Answer, Failure, Kill, Lambda, Options, RandomKills};

use super::fixture::{fixture, invoke};

fn exit_error(answer: &Answer, how: &str) {
    let message = format!(
        "RequestId: {} Error: Runtime exited with error: {how}",
        answer.request_id
    );
    let expected = json!({ "errorType": "Runtime.ExitError", "errorMessage": message });
    assert_eq!((answer.json(), answer.failure), (expected, Some(Failure::Exited)));
}

#[tokio::test]
async fn a_process_that_ends_fails_its_invocation_only() {
    let lambda = Lambda::start(fixture());
    exit_error(&invoke(&lambda, json!({ "do": "exit" })).await, "exit status 3");
    exit_error(&invoke(&lambda, json!({ "do": "abort" })).await, "signal: aborted");
    assert_eq!(invoke(&lambda, json!({ "do": "echo" })).await.failure, None);
    let counters = lambda.counters();
    assert_eq!(
        (
            counters.invocations,
            counters.cold_starts,
            counters.exits,
            counters.kills
        ),
        (3, 3, 2, 0)
    );
}

#[tokio::test]
async fn the_deadline_kills() {
    let lambda = Lambda::start(Options {
        timeout: Duration::from_millis(1500),
        ..fixture()
    });
    let answer = invoke(&lambda, json!({ "do": "sleep", "ms": 3_600_000 })).await;
    let message = format!(
        "RequestId: {} Error: Task timed out after 1.50 seconds",
        answer.request_id
    );
    let expected = json!({ "errorType": "Sandbox.Timedout", "errorMessage": message });
    assert_eq!((answer.json(), answer.failure), (expected, Some(Failure::TimedOut)));
    assert_eq!(invoke(&lambda, json!({ "do": "echo" })).await.failure, None);
    let counters = lambda.counters();
    assert_eq!((counters.cold_starts, counters.timeouts, counters.exits), (2, 1, 0));
    assert!(counters.billed_ms >= 1500);
}

#[tokio::test]
async fn a_process_is_killed_at_a_chosen_moment() {
    let lambda = Lambda::start(fixture());
    lambda.kill_next(Kill::After(Duration::ZERO));
    lambda.kill_next(Kill::AtAnswer);
    lambda.kill_next(Kill::AfterAnswer);
    exit_error(
        &invoke(&lambda, json!({ "do": "sleep", "ms": 3_600_000 })).await,
        "signal: killed",
    );
    // It did its work, and nobody heard of it.
    let unheard = invoke(&lambda, json!({ "do": "echo" })).await;
    exit_error(&unheard, "signal: killed");
    assert!(lambda.logs().contains(&format!("handling {}", unheard.request_id)));
    // Its answer had been heard.
    assert_eq!(invoke(&lambda, json!({ "do": "echo" })).await.failure, None);
    assert_eq!(invoke(&lambda, json!({ "do": "see" })).await.json()["handled"], 1);
    let counters = lambda.counters();
    assert_eq!(
        (
            counters.invocations,
            counters.cold_starts,
            counters.kills,
            counters.exits
        ),
        (4, 4, 3, 3)
    );
}

#[tokio::test]
async fn all_processes_are_killed_at_once() {
    let lambda = Lambda::start(fixture());
    invoke(&lambda, json!({})).await;
    lambda.kill_all();
    assert_eq!(lambda.idle_processes(), Vec::<u32>::new());
    let sleep = json!({ "do": "sleep", "ms": 3_600_000 }).to_string();
    let kill = async {
        while lambda.counters().invocations < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lambda.kill_all();
    };
    let (first, second, ()) = tokio::join!(lambda.invoke(sleep.clone()), lambda.invoke(sleep.clone()), kill);
    exit_error(&first.unwrap(), "signal: killed");
    exit_error(&second.unwrap(), "signal: killed");
    let counters = lambda.counters();
    assert_eq!((counters.cold_starts, counters.kills, counters.exits), (3, 3, 2));
}

#[tokio::test]
async fn random_kills_come_again_with_their_seed() {
    let mut deaths = Vec::new();
    for _ in 0..2 {
        let lambda = Lambda::start(Options { seed: 11, ..fixture() });
        lambda.kill_random(RandomKills {
            one_in: 3,
            within: Duration::ZERO,
        });
        let mut died = Vec::new();
        for _ in 0..12 {
            died.push(invoke(&lambda, json!({ "do": "sleep", "ms": 50 })).await.failure);
        }
        deaths.push(died);
        assert_eq!(lambda.counters().invocations, 12);
    }
    assert_eq!(deaths[0], deaths[1]);
    assert!(deaths[0].contains(&Some(Failure::Exited)) && deaths[0].contains(&None));
}
