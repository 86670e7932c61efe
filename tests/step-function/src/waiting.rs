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

const HOURS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: hours
StartAt: Long
States:
  - {Type: Wait, Name: Long, Seconds: 10800, End: true}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_wait_is_a_delayed_message_and_a_long_one_a_schedule() {
    let package = Package::with(&[("naps.yaml", NAPS), ("hours.yaml", HOURS)]);
    let cloud = Cloud::deploy("waiting", package, Plan::default()).await;
    for flow in ["naps", "hours"] {
        cloud.invoke(&json!({"start": {"flow": flow, "name": "e"}})).await;
    }
    let slept = Value::object([("slept", Value::Bool(true))]);
    assert_eq!(cloud.end("naps/e").await, Ended::Succeeded(slept));
    // Nothing of what waits for hours is left in the queue.
    cloud.settle().await;
    assert_eq!(cloud.engine.ended("hours/e").await.unwrap(), Ended::Running);
    assert_eq!(cloud.scheduler.names().len(), 1);
    cloud.close().await;
}
