//! Processes that do not begin.

use std::time::Duration;

use serde_json::json;
use stepwell_cloud::lambda::{Failure, Lambda, Options};

use super::fixture::{beginning, invoke};

#[tokio::test]
async fn a_process_that_ends_before_it_asks_is_tried_twice() {
    let lambda = Lambda::start(beginning("exit"));
    let answer = invoke(&lambda, json!({})).await;
    let message = format!(
        "RequestId: {} Error: Runtime exited with error: exit status 4",
        answer.request_id
    );
    let expected = json!({ "errorType": "Runtime.ExitError", "errorMessage": message });
    assert_eq!(
        (answer.json(), answer.failure),
        (expected, Some(Failure::NotInitialized))
    );
    let counters = lambda.counters();
    assert_eq!((counters.invocations, counters.cold_starts), (0, 2));
}

#[tokio::test]
async fn a_process_that_never_asks_is_killed() {
    let lambda = Lambda::start(Options {
        init_max: Duration::from_millis(100),
        ..beginning("hang")
    });
    let answer = invoke(&lambda, json!({})).await;
    let message = format!(
        "RequestId: {} Error: Init timed out after 0.10 seconds",
        answer.request_id
    );
    let expected = json!({ "errorType": "Sandbox.Timedout", "errorMessage": message });
    assert_eq!(
        (answer.json(), answer.failure),
        (expected, Some(Failure::NotInitialized))
    );
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let lambda = Lambda::start(Options::new("/nowhere/bootstrap"));
    let answer = invoke(&lambda, json!({})).await;
    assert_eq!(answer.json()["errorType"], "Runtime.InvalidEntrypoint");
    assert_eq!(answer.failure, Some(Failure::NotInitialized));
    // Its seat is free again.
    let lambda = Lambda::start(Options {
        instances_max: 1,
        ..Options::new("/nowhere/bootstrap")
    });
    for _ in 0..3 {
        assert_eq!(invoke(&lambda, json!({})).await.failure, Some(Failure::NotInitialized));
    }
}

#[tokio::test]
async fn a_process_says_why_it_does_not_begin() {
    let lambda = Lambda::start(beginning("report"));
    let answer = invoke(&lambda, json!({})).await;
    let expected = json!({ "errorType": "Told", "errorMessage": "not today" });
    assert_eq!(
        (answer.json(), answer.failure),
        (expected, Some(Failure::NotInitialized))
    );
}
