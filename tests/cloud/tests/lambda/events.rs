//! Events: queued, tried again, given up.

use std::time::Duration;

use serde_json::json;
use stepwell_cloud::lambda::{DeadEvent, EVENT_BYTES_MAX, Failure, Kill, Lambda, Options, Refused};

use super::fixture::fixture;

/// Retries that come at once.
fn hasty() -> Options {
    Options {
        event_retries: vec![Duration::ZERO; 2],
        event_backoff: Duration::from_millis(1),
        ..fixture()
    }
}

#[tokio::test]
async fn an_event_is_handled_by_and_by() {
    let lambda = Lambda::start(Options {
        instances_max: 1,
        ..hasty()
    });
    for number in 0..5 {
        lambda.send_event(json!({ "number": number }).to_string()).unwrap();
    }
    lambda.events_settled().await;
    let counters = lambda.counters();
    assert_eq!((counters.invocations, counters.cold_starts), (5, 1));
    assert_eq!(lambda.dead_events(), []);
}

#[tokio::test]
async fn an_event_that_fails_is_tried_three_times_under_one_id() {
    let lambda = Lambda::start(hasty());
    let payload = json!({ "do": "fail" }).to_string();
    let request_id = lambda.send_event(payload.clone()).unwrap();
    lambda.events_settled().await;
    let [DeadEvent { last: Ok(last), .. }] = &lambda.dead_events()[..] else {
        panic!("one event is dead");
    };
    assert_eq!(last.failure, Some(Failure::Reported));
    let expected = DeadEvent {
        request_id: request_id.clone(),
        payload: payload.into(),
        attempts: 3,
        last: Ok(last.clone()),
    };
    assert_eq!(lambda.dead_events(), [expected]);
    let line = format!("START RequestId: {request_id}");
    assert_eq!(lambda.logs().iter().filter(|logged| **logged == line).count(), 3);
}

#[tokio::test]
async fn an_event_whose_process_dies_is_tried_again() {
    let lambda = Lambda::start(hasty());
    lambda.kill_next(Kill::AtAnswer);
    lambda.send_event("{}").unwrap();
    lambda.events_settled().await;
    let counters = lambda.counters();
    assert_eq!((counters.invocations, counters.kills), (2, 1));
    assert_eq!(lambda.dead_events(), []);
}

#[tokio::test]
async fn events_have_limits() {
    let lambda = Lambda::start(hasty());
    let limit = EVENT_BYTES_MAX;
    let large = "1".repeat(EVENT_BYTES_MAX + 1);
    assert_eq!(
        lambda.send_event(large).unwrap_err(),
        Refused::RequestTooLarge { limit }
    );
    lambda
        .send_event(json!({ "do": "large", "bytes": EVENT_BYTES_MAX }).to_string())
        .unwrap();
    lambda.events_settled().await;
    let [dead] = &lambda.dead_events()[..] else {
        panic!("one event is dead");
    };
    let last = dead.last.as_ref().unwrap();
    assert_eq!((dead.attempts, last.failure), (3, Some(Failure::AnswerTooLarge)));
}

#[tokio::test]
async fn an_event_of_a_loop_is_dropped() {
    let lambda = Lambda::start(hasty());
    let mut trace = None;
    for _ in 0..16 {
        let see = json!({ "do": "see" }).to_string();
        let seen = lambda.invoke_traced(see, trace.as_deref()).await.unwrap().json();
        trace = seen["trace"].as_str().map(str::to_owned);
    }
    let request_id = lambda.send_event_traced("{}", trace.as_deref()).unwrap();
    lambda.events_settled().await;
    let expected = DeadEvent {
        request_id,
        payload: "{}".into(),
        attempts: 0,
        last: Err(Refused::RecursiveInvocation),
    };
    assert_eq!(lambda.dead_events(), [expected]);
}
