//! Functions that are killed, services that throttle, requests and answers that are lost: every execution ends with the
//! right result all the same.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use stepwell_cloud::lambda::RandomKills;
use stepwell_engine::Ended;
use stepwell_expression::Value;

use crate::cloud::{Cloud, Network, Plan};
use crate::package::Package;

const STEPS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: steps
StartAt: One
States:
  - {Type: Task, Name: One, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body.$: $Input}, OutputConstructor: {n.$: $Output.Body.n}, Next: Each}
  - Type: Map
    Name: Each
    ItemsPath: 'toArray(1, 2, 3, 4, 5)'
    MaxConcurrency: 2
    Processor:
      StartAt: Item
      States:
        - {Type: Task, Name: Item, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body: {of.$: $Input}}, OutputConstructor: {of.$: $Output.Body.of}, End: true}
    OutputConstructor: {n.$: $Input.n, items.$: length($Output.Items)}
    Next: Rest
  - {Type: Wait, Name: Rest, Seconds: 3, Next: Two}
  - {Type: Task, Name: Two, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body.$: $Input}, OutputConstructor: {n.$: $Output.Body.n, items.$: $Output.Body.items}, End: true}
";

const FUNCTIONS: &str = "functions:\n  echo: {stub: [{echo: true}]}\n";

/// How many executions run beside each other.
const EXECUTIONS: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_outlive_the_functions_that_drive_them() {
    let cloud = Cloud::deploy("kills", package(), Plan::default()).await;
    cloud.lambda.kill_random(RandomKills {
        one_in: 4,
        within: Duration::from_millis(200),
    });
    all_end_right(&cloud).await;
    assert!(cloud.lambda.counters().kills > 0, "no function was killed");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_outlive_a_table_and_a_queue_that_throttle_and_a_network_that_loses() {
    let plan = Plan {
        network: Network::Rough,
        ..Plan::default()
    };
    let cloud = Cloud::deploy("rough", package(), plan).await;
    all_end_right(&cloud).await;
    for door in &cloud.doors {
        let told = door.counters();
        eprintln!("{told:?}");
        assert!(told.refused > 0, "nothing was throttled: {told:?}");
        assert!(told.requests_lost + told.answers_lost > 0, "nothing was lost: {told:?}");
    }
    cloud.close().await;
}

fn package() -> Package {
    Package::with(&[("steps.yaml", STEPS), ("functions.yaml", FUNCTIONS)])
}

/// Starts executions, and says that each ends with what it should.
async fn all_end_right(cloud: &Cloud) {
    for n in 0..EXECUTIONS {
        start(cloud, n).await;
    }
    let names: Vec<String> = (0..EXECUTIONS).map(|n| format!("steps/e{n}")).collect();
    let ends = join_all(names.iter().map(|name| cloud.end(name))).await;
    for (n, end) in (0_u64..).zip(ends) {
        let output = Value::object([("n", Value::from(n)), ("items", Value::from(5_u64))]);
        assert_eq!(end, Ended::Succeeded(output), "execution {n}");
    }
}

/// Starts one, as often as it takes: the function that is asked may be killed before it answers.
async fn start(cloud: &Cloud, n: u64) {
    let event = json!({"start": {"flow": "steps", "name": format!("e{n}"), "input": {"n": n}}});
    loop {
        let answer = cloud.lambda.invoke(event.to_string()).await;
        if answer.is_ok_and(|answer| answer.failure.is_none()) {
            return;
        }
    }
}
