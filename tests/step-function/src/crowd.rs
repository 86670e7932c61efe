//! Many executions that are started at once, on many instances beside each other: all end right, and every conflict is
//! counted.
//!
//! `cargo xtask nightly crowd` starts ten thousand.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::{Value as Json, json};
use stepwell_engine::Ended;
use stepwell_expression::Value;

use crate::cloud::{Cloud, Plan};
use crate::http_function;
use crate::package::Package;

/// How many executions.
const CROWD: &str = "STEPWELL_CROWD";

/// Where nobody says: what is over soon.
const CROWD_USUAL: u64 = 300;

/// Instances of the function, all of which are polled for from the first message on.
const INSTANCES: usize = 50;

/// Two tasks with effects, three items beside each other between them, and a rest for some.
const STEPS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: steps
StartAt: One
States:
  - {Type: Task, Name: One, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body.$: $Input}, OutputConstructor: {n.$: $Output.Body.n, rests.$: $Output.Body.rests}, Next: Each}
  - Type: Map
    Name: Each
    ItemsPath: 'toArray(1, 2, 3)'
    MaxConcurrency: 3
    Processor:
      StartAt: Item
      States:
        - {Type: Task, Name: Item, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body: {of.$: $Input}}, OutputConstructor: {of.$: $Output.Body.of}, End: true}
    OutputConstructor: {n.$: $Input.n, rests.$: $Input.rests, items.$: length($Output.Items)}
    Next: Choose
  - Type: Choice
    Name: Choose
    Branches:
      - {Condition: $Input.rests == true, Next: Rest}
    Default: Two
  - {Type: Wait, Name: Rest, Seconds: 4, Next: Two}
  - {Type: Task, Name: Two, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body.$: $Input}, OutputConstructor: {said.$: 'format(\"{} of {} items\", $Output.Body.n, $Output.Body.items)'}, End: true}
";

/// Every so many-th execution rests in between.
const RESTS_EVERY: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "what was counted is worth reading")]
async fn a_crowd_that_starts_at_once_ends_right() {
    let count = std::env::var(CROWD).map_or(CROWD_USUAL, |count| count.parse().unwrap());
    let functions = format!("functions:\n  echo: {{http: \"{}\"}}\n", http_function::start());
    let package = Package::with(&[("steps.yaml", STEPS), ("functions.yaml", &functions)]);
    let cloud = Cloud::deploy("crowd", package, plan()).await;
    let began = Instant::now();
    cloud.send((0..count).map(start)).await;
    cloud.settle().await;
    let took = began.elapsed();
    stream::iter(0..count)
        .for_each_concurrent(8, |n| ended_right(&cloud, n))
        .await;
    println!("crowd: {}", told(&cloud, count, took));
    cloud.close().await;
}

fn plan() -> Plan {
    Plan {
        timeout: Duration::from_secs(60),
        instances_max: INSTANCES,
        pollers: INSTANCES,
        hidden_s: 70,
        ..Plan::default()
    }
}

fn start(n: u64) -> Json {
    let input = json!({"n": n, "rests": n.is_multiple_of(RESTS_EVERY)});
    json!({"start": {"flow": "steps", "name": format!("e{n}"), "input": input}})
}

async fn ended_right(cloud: &Cloud, n: u64) {
    let said = format!("{n} of 3 items");
    let output = Value::object([("said", Value::from(said.as_str()))]);
    let ended = cloud.engine.ended(&format!("steps/e{n}")).await.unwrap();
    assert_eq!(ended, Ended::Succeeded(output), "execution {n}");
}

/// How fast it was, and what got into each other's way.
fn told(cloud: &Cloud, count: u64, took: Duration) -> String {
    let (lambda, polled) = (cloud.lambda.counters(), cloud.polled());
    let spent = told_by_invocations(cloud);
    let amount = |name: &str| spent.get(name).copied().unwrap_or(0.0);
    let seconds = took.as_secs_f64();
    format!(
        "{count} executions in {seconds:.1} s, {:.0} a second, on {} instances\n\
         {} invocations, {} ms of processor time each execution; {} write units, {} read units, {} messages received\n\
         conflicts: {} writes lost; {} messages put back, {} received again; \
         {} invocations throttled, {} failed, {} at their deadline",
        count as f64 / seconds,
        lambda.instances_peak,
        lambda.invocations,
        lambda.cpu_ms / count,
        amount("WriteUnits"),
        amount("ReadUnits"),
        polled.messages,
        amount("LostWrites"),
        polled.items_failed,
        polled.messages - polled.deleted,
        lambda.throttles,
        polled.batches_failed,
        lambda.timeouts,
    )
}

/// The sums of what invocations tell.
fn told_by_invocations(cloud: &Cloud) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for line in cloud.lambda.logs().iter().filter(|line| line.contains("\"_aws\"")) {
        let Ok(Json::Object(line)) = serde_json::from_str(line) else {
            continue;
        };
        for (name, amount) in line {
            *sums.entry(name).or_default() += amount.as_f64().unwrap_or(0.0);
        }
    }
    sums
}
