//! The same function, asked by our Lambda and by AWS's own emulator, answers the same.

use std::path::Path;
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use stepwell_cloud::lambda::{Lambda, Options, PAYLOAD_BYTES_MAX};
use stepwell_cloud::parts::rie::Rie;

use super::fixture::{ask, fixture, invoke};

const TIMEOUT: Duration = Duration::from_secs(2);

/// An answer without the id of its request.
fn anonymous(mut answer: Value) -> Value {
    let message = answer.get("errorMessage").and_then(Value::as_str).unwrap_or("");
    if let Some((_, error)) = message
        .strip_prefix("RequestId: ")
        .and_then(|rest| rest.split_once(' '))
    {
        let error = error.to_owned();
        answer["errorMessage"] = Value::String(error);
    }
    answer
}

#[tokio::test]
async fn answers_are_those_of_the_runtime_interface_emulator() {
    let rie = Rie::start(Path::new(env!("CARGO_BIN_EXE_lambda-fixture")), TIMEOUT).unwrap();
    let lambda = Lambda::start(Options {
        timeout: TIMEOUT,
        ..fixture()
    });
    for event in [
        json!({ "do": "echo", "k": [1, null] }),
        json!({ "do": "fail" }),
        json!({ "do": "panic" }),
        json!({ "do": "large", "bytes": PAYLOAD_BYTES_MAX - 1 }),
        json!({ "do": "exit" }),
        json!({ "do": "abort" }),
        json!({ "do": "echo" }),
    ] {
        let theirs = ask(&rie.endpoint(), Request::post("/"), event.to_string().as_bytes()).await;
        let theirs: Value = serde_json::from_slice(theirs.body()).unwrap();
        let ours = invoke(&lambda, event.clone()).await.json();
        assert_eq!(anonymous(ours), anonymous(theirs), "{event}");
    }
}

#[tokio::test]
async fn timeouts_are_those_of_the_runtime_interface_emulator() {
    let rie = Rie::start(Path::new(env!("CARGO_BIN_EXE_lambda-fixture")), TIMEOUT).unwrap();
    let lambda = Lambda::start(Options {
        timeout: TIMEOUT,
        ..fixture()
    });
    let sleep = json!({ "do": "sleep", "ms": 3_600_000 });
    let theirs = ask(&rie.endpoint(), Request::post("/"), sleep.to_string().as_bytes()).await;
    let ours = anonymous(invoke(&lambda, sleep).await.json());
    // Lambda has put its answer into an object meanwhile.
    let theirs = format!("Error: {}", String::from_utf8_lossy(theirs.body()));
    assert_eq!(ours, json!({ "errorType": "Sandbox.Timedout", "errorMessage": theirs }));
}
