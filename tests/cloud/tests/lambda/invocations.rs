//! What a function is handed and what it answers.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use stepwell_cloud::lambda::{Between, Counters, Failure, Lambda, Options, PAYLOAD_BYTES_MAX, Refused};

use super::fixture::{fixture, invoke};

#[tokio::test]
async fn an_event_comes_back_and_the_process_is_used_again() {
    let lambda = Lambda::start(fixture());
    for number in 1..=3 {
        let answer = invoke(&lambda, json!({ "do": "echo", "number": number })).await;
        assert_eq!(
            (answer.json(), answer.failure),
            (json!({ "do": "echo", "number": number }), None)
        );
    }
    let counters = lambda.counters();
    assert!(counters.billed_ms >= 3 && counters.init_ms >= 1 && counters.memory_bytes_peak > 1 << 20);
    let expected = Counters {
        invocations: 3,
        cold_starts: 1,
        instances_peak: 1,
        billed_ms: counters.billed_ms,
        init_ms: counters.init_ms,
        cpu_ms: counters.cpu_ms,
        memory_bytes_peak: counters.memory_bytes_peak,
        ..Counters::default()
    };
    assert_eq!(counters, expected);
}

#[tokio::test]
async fn a_process_sees_what_lambda_documents() {
    let lambda = Lambda::start(fixture());
    let before = now_ms();
    let answer = invoke(&lambda, json!({ "do": "see" })).await;
    let mut seen = answer.json();
    let deadline = seen["deadline"].take().as_u64().unwrap();
    assert!((before + 60_000..=now_ms() + 60_000).contains(&deadline));
    let environment: BTreeSet<String> = serde_json::from_value(seen["environment"].take()).unwrap();
    // The runtime sets this one itself.
    assert!(environment.contains("_X_AMZN_TRACE_ID") && environment.contains("AWS_LAMBDA_RUNTIME_API"));
    assert!(!environment.contains("CARGO_MANIFEST_DIR") && !environment.contains("HOME"));
    let trace = seen["trace"].take().as_str().unwrap().to_owned();
    assert!(trace.starts_with("Root=1-"), "{trace}");
    assert_eq!(lambda.chain_length(&trace), 1);
    let folder = Path::new(env!("CARGO_BIN_EXE_lambda-fixture")).parent().unwrap();
    let process = seen["process"].take().as_u64().unwrap();
    assert_eq!(lambda.idle_processes(), [u32::try_from(process).unwrap()]);
    let expected = json!({
        "request_id": answer.request_id,
        "deadline": null,
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:stepwell",
        "trace": null,
        "function": "stepwell",
        "memory": 512,
        "process": null,
        "handled": 1,
        "environment": null,
        "folder": folder,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_process_is_frozen_until_its_next_invocation() {
    let lambda = Lambda::start(fixture());
    let first = invoke(&lambda, json!({ "do": "see" })).await.json();
    until_state(&lambda, 'T').await;
    let second = invoke(&lambda, json!({ "do": "see" })).await.json();
    assert_eq!((&first["handled"], &second["handled"]), (&json!(1), &json!(2)));
    assert_eq!(first["process"], second["process"]);
}

#[tokio::test]
async fn a_process_may_run_on_between_invocations() {
    let between = Between::Running;
    let lambda = Lambda::start(Options { between, ..fixture() });
    invoke(&lambda, json!({ "do": "echo" })).await;
    until_state(&lambda, 'S').await;
}

#[tokio::test]
async fn instances_work_beside_each_other_up_to_the_bound() {
    let lambda = Lambda::start(Options {
        instances_max: 3,
        ..fixture()
    });
    let sleep = json!({ "do": "sleep", "ms": 400 }).to_string();
    // Each is placed when it is first polled: the fourth finds no room, whatever the others take.
    let (a, b, c, d) = tokio::join!(
        lambda.invoke(sleep.clone()),
        lambda.invoke(sleep.clone()),
        lambda.invoke(sleep.clone()),
        lambda.invoke(sleep.clone()),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(d.unwrap_err(), Refused::TooManyRequests);
    let counters = lambda.counters();
    let counted = (
        counters.invocations,
        counters.cold_starts,
        counters.throttles,
        counters.instances_peak,
    );
    assert_eq!(counted, (3, 3, 1, 3));
    lambda.forget_idle();
    invoke(&lambda, json!({})).await;
    assert_eq!(lambda.counters().cold_starts, 4);
}

#[tokio::test]
async fn errors_and_panics_are_reported_and_the_process_goes_on() {
    let lambda = Lambda::start(fixture());
    let failed = invoke(&lambda, json!({ "do": "fail" })).await;
    let expected = json!({ "errorType": "Told", "errorMessage": "as it was told" });
    assert_eq!((failed.json(), failed.failure), (expected, Some(Failure::Reported)));
    let panicked = invoke(&lambda, json!({ "do": "panic" })).await;
    assert_eq!(panicked.json()["errorMessage"], "Lambda panicked: as it was told");
    assert_eq!(panicked.failure, Some(Failure::Reported));
    let counters = lambda.counters();
    assert_eq!(
        (counters.invocations, counters.cold_starts, counters.reported),
        (2, 1, 2)
    );
}

#[tokio::test]
async fn payloads_have_limits() {
    let lambda = Lambda::start(fixture());
    let quotes = 2;
    let fits = invoke(&lambda, json!({ "do": "large", "bytes": PAYLOAD_BYTES_MAX - quotes })).await;
    assert_eq!((fits.payload.len(), fits.failure), (PAYLOAD_BYTES_MAX, None));
    let large = invoke(
        &lambda,
        json!({ "do": "large", "bytes": PAYLOAD_BYTES_MAX - quotes + 1 }),
    )
    .await;
    let expected = json!({
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
    assert_eq!((large.json(), large.failure), (expected, Some(Failure::AnswerTooLarge)));
    let event = "1".repeat(PAYLOAD_BYTES_MAX + 1);
    let limit = PAYLOAD_BYTES_MAX;
    assert_eq!(
        lambda.invoke(event).await.unwrap_err(),
        Refused::RequestTooLarge { limit }
    );
    assert_eq!(lambda.invoke("{").await.unwrap_err(), Refused::InvalidRequestContent);
    let counters = lambda.counters();
    assert_eq!((counters.invocations, counters.cold_starts), (2, 1));
}

#[tokio::test]
async fn the_seventeenth_invocation_of_a_chain_is_refused() {
    let lambda = Lambda::start(fixture());
    let mut trace: Option<String> = None;
    let see = json!({ "do": "see" }).to_string();
    for _ in 0..16 {
        let answer = lambda.invoke_traced(see.clone(), trace.as_deref()).await.unwrap();
        trace = answer.json()["trace"].as_str().map(str::to_owned);
    }
    let refused = lambda.invoke_traced(see.clone(), trace.as_deref()).await;
    assert_eq!(refused.unwrap_err(), Refused::RecursiveInvocation);
    let counters = lambda.counters();
    assert_eq!((counters.invocations, counters.recursions), (16, 1));
    let recursion = stepwell_cloud::lambda::Recursion::Allow;
    let allowed = Lambda::start(Options { recursion, ..fixture() });
    let answer = allowed.invoke_traced(see, trace.as_deref()).await.unwrap();
    assert_eq!(allowed.chain_length(answer.json()["trace"].as_str().unwrap()), 17);
}

#[tokio::test]
async fn what_a_process_writes_is_kept_beside_what_lambda_says() {
    let lambda = Lambda::start(fixture());
    let id = invoke(&lambda, json!({})).await.request_id;
    lambda.kill_all();
    // The last lines of a process come by its pipes.
    while !lambda.logs().contains(&format!("handling {id}")) {
        tokio::task::yield_now().await;
    }
    let logs = lambda.logs();
    for line in [format!("START RequestId: {id}"), format!("END RequestId: {id}")] {
        assert!(logs.contains(&line), "{line}: {logs:?}");
    }
}

#[tokio::test]
async fn what_is_out_of_turn_is_refused() {
    let lambda = Lambda::start(fixture());
    let answer = invoke(&lambda, json!({ "do": "misuse" })).await;
    // The first answer stands; what the runtime itself answers comes too late.
    assert_eq!((answer.json(), answer.failure), (json!(2), None));
    let told = [
        "403 Forbidden",
        "400 Bad Request",
        "403 Forbidden",
        "404 Not Found",
        "404 Not Found",
        "202 Accepted",
        "403 Forbidden",
        "403 Forbidden",
    ];
    let line = format!("told {}", json!(told));
    while !lambda.logs().iter().any(|logged| logged.starts_with("told ")) {
        tokio::task::yield_now().await;
    }
    assert!(lambda.logs().contains(&line), "{:?}", lambda.logs());
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// Waits until the idle process is in a state. A signal takes effect soon after it was sent.
async fn until_state(lambda: &Lambda, state: char) {
    let [process] = lambda.idle_processes()[..] else {
        panic!("one process is idle");
    };
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        if stat.rsplit_once(") ").unwrap().1.starts_with(state) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
