//! What a new process takes until its first step is done, with ten components in its package: time, and memory.
//!
//! `cargo xtask start-up` prints it, with the program of a package, unoptimised.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::cloud::{Cloud, Plan};
use crate::package::Package;
use crate::programs::root;

/// How many processes are started for each number.
const STARTS: usize = 21;

/// The component that is called, and how many copies of another of some size lie beside it.
const CALLED: &str = "stepwell_fixture_contract.wasm";
const OTHER: &str = "stepwell_media.wasm";
const OTHERS: u8 = 9;

/// What a function of the least size that AWS sells has.
const MEMORY_BYTES_LEAST: u64 = 128 << 20;

const FLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: first
StartAt: Describe
States:
  - {Type: Task, Name: Describe, Action: 'FC:InvokeFunction', Parameters: {resourceArn: describe, body: x}, OutputConstructor: {told.$: $Output.Body}, End: true}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "what was measured is worth reading")]
async fn a_first_step_runs_with_ten_components_in_the_least_memory() {
    let folder = folder();
    let cloud = Cloud::deploy("start-up", Package::of(folder.path()), Plan::default()).await;
    let in_memory = measured(
        &cloud,
        "Succeeded",
        |n| json!({"express": {"flow": "first", "input": {"n": n}}}),
    )
    .await;
    println!("start-up: in memory        {in_memory}");
    let in_table = measured(
        &cloud,
        "Running",
        |n| json!({"start": {"flow": "first", "name": format!("e{n}"), "input": {"n": n}}}),
    );
    println!("start-up: over a table     {}", in_table.await);
    let counters = cloud.lambda.counters();
    assert!(
        counters.cold_starts >= 2 * STARTS as u64,
        "each was to be a new process: {counters:?}"
    );
    assert!(counters.memory_bytes_peak < MEMORY_BYTES_LEAST, "{counters:?}");
    println!(
        "start-up: memory           {:.1} MB at most",
        megabytes(counters.memory_bytes_peak)
    );
    cloud.close().await;
}

/// Ten components that differ, of which one is called.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let components = root().join("out/components");
    let called = fs::read(components.join(CALLED)).unwrap();
    let other = fs::read(components.join(OTHER)).unwrap();
    fs::write(folder.path().join("called.wasm"), called).unwrap();
    let mut functions = "functions:\n  describe: {component: called.wasm}\n".to_owned();
    for n in 0..OTHERS {
        // A custom section of one byte, named by one letter: the component does the same and is another.
        let own = [&other[..], &[0, 3, 1, b'n', n]].concat();
        fs::write(folder.path().join(format!("other{n}.wasm")), own).unwrap();
        functions.push_str(&format!("  other{n}: {{component: other{n}.wasm}}\n"));
    }
    fs::write(folder.path().join("functions.yaml"), functions).unwrap();
    fs::write(folder.path().join("first.yaml"), FLOW).unwrap();
    folder
}

/// The median and the longest of invocations, each of which finds no process; and of one that finds it. All answer that
/// status: a started execution may still run.
async fn measured(cloud: &Cloud, status: &str, event: impl Fn(usize) -> Json) -> String {
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for n in 0..STARTS {
        cloud.lambda.forget_idle();
        cold.push(timed(cloud, status, &event(2 * n)).await);
        warm.push(timed(cloud, status, &event(2 * n + 1)).await);
    }
    format!("new process {}; the next {}", spread(cold), spread(warm))
}

async fn timed(cloud: &Cloud, status: &str, event: &Json) -> Duration {
    let began = Instant::now();
    let answer = cloud.invoke(event).await;
    let took = began.elapsed();
    assert_eq!(answer["status"], status, "{answer}");
    took
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let shown = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    format!("{:.1} ms (at most {:.1})", shown(median), shown(longest))
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
