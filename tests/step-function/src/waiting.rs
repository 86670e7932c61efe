//! What waits costs nothing, and is woken.

use serde_json::json;
use stepwell_engine::Ended;
use stepwell_expression::Value;

use crate::cloud::{Cloud, Plan};
use crate::package::Package;

const NAPS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: naps
StartAt: Short
States:
  - {Type: Wait, Name: Short, Seconds: 4, Next: Done}
  - {Type: Pass, Name: Done, OutputConstructor: {slept: true}, End: true}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_wait_is_a_delayed_message() {
    let cloud = Cloud::deploy("waiting", Package::with(&[("naps.yaml", NAPS)]), Plan::default()).await;
    cloud.invoke(&json!({"start": {"flow": "naps", "name": "e"}})).await;
    let slept = Value::object([("slept", Value::Bool(true))]);
    assert_eq!(cloud.end("naps/e").await, Ended::Succeeded(slept));
    assert_eq!(cloud.scheduler.names(), Vec::<String>::new());
    cloud.close().await;
}
