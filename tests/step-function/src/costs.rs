//! What executions cost: counted where it is spent, and paid at list prices.
//!
//! ```text
//!   cases   flows, how they are started, what they may write
//!   spent   what was counted, and its bill
//!   moved   Waits that no test outlasts: the engine and its adapters under a clock that is moved
//!   table   rows side by side
//!   aims    what they were meant to cost
//! ```
//!
//! A transition is one entered state; each retry is one more. Everything is in it: writes that lost, empty reads, the
//! call that started the execution, receipts that brought nothing. Each flow was run once before: the function is warm, and
//! the flow stands in the table.
//!
//! `cargo xtask costs` prints it for larger Maps and more executions than a test has time for.

mod aims;
mod cases;
mod moved;
mod spent;
mod table;

use std::time::Duration;

use serde_json::{Value as Json, json};
use stepwell_api::NewToken;
use stepwell_pricing::RETENTION_DAYS;
use stepwell_store_dynamodb::Retention;
use stepwell_wire::Scope;

use crate::cloud::{Cloud, Plan};
use crate::http_function;
use crate::package::Package;
use crate::programs::root;
use cases::{Case, Reported, Started, Takes, Writes};
use spent::Spent;
use table::{Row, table};

/// How large it is to be: the items of the largest Map.
const ITEMS_MAX: &str = "STEPWELL_COSTS_ITEMS";

/// Where nobody says: what is over soon.
const ITEMS_MAX_USUAL: u64 = 1_000;

/// The items of a large Map that is run before those that are counted.
const WARM_ITEMS_MAX: u64 = 10;

/// A component that reaches nothing.
const COMPONENT: &str = "runtime/tasks-wasm/tests/fixtures/task-0.1.0.wasm";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the table is what it is for")]
async fn executions_cost_what_is_counted() {
    let items_max = std::env::var(ITEMS_MAX).map_or(ITEMS_MAX_USUAL, |items| items.parse().unwrap());
    let cases = cases::cases(items_max);
    let token = NewToken::new([7; 32], &[Scope::Report]);
    let cloud = Cloud::deploy("costs", package(&cases, &token), plan()).await;
    let mut rows = Vec::new();
    for case in &cases {
        let row = measure(&cloud, case, executions(case, items_max), &token).await;
        check(case, &row);
        rows.push(row);
    }
    rows.extend(moved::rows().await);
    println!("{}", table(&rows));
    println!("{}", aims::told(&rows));
    if items_max > ITEMS_MAX_USUAL {
        println!("{}", idle(&cloud).await);
    }
}

#[test]
fn forecasts_keep_records_as_long_as_the_table_does() {
    let Retention { lease, kept } = Retention::default();
    assert_eq!((lease + kept).as_secs(), u64::from(RETENTION_DAYS) * 24 * 60 * 60);
}

/// An invocation has 60 seconds, of which a function of 512 MB gets 29 in a hundred of a processor; here it has a whole
/// one. Polls are as long as they can be, by as many pollers as there are at least.
fn plan() -> Plan {
    Plan {
        timeout: Duration::from_secs(17),
        instances_max: 5,
        hidden_s: 70,
        poll: Duration::from_secs(20),
        ..Plan::default()
    }
}

fn package(cases: &[Case], token: &NewToken) -> Package {
    let functions = format!(
        "functions:\n  echo: {{http: \"{}\"}}\n  describe: {{component: \"{}\"}}\n",
        http_function::start(),
        root().join(COMPONENT).display()
    );
    let names: Vec<String> = cases.iter().map(|case| format!("{}.yaml", case.flow)).collect();
    let mut files: Vec<(&str, &str)> = cases
        .iter()
        .zip(&names)
        .map(|(case, name)| (name.as_str(), case.text.as_str()))
        .collect();
    files.push(("functions.yaml", &functions));
    files.push(("tokens", &token.line));
    // The input of a large Map.
    Package::with(&files).with_data_of(4 << 20)
}

/// Of how many executions the average is taken. Processor time is counted in hundredths of a second.
fn executions(case: &Case, items_max: u64) -> usize {
    let more = if items_max > ITEMS_MAX_USUAL { 5 } else { 1 };
    match (case.started, case.takes) {
        (Started::ByMessages, _) => 20 * more,
        (Started::ByCall, Takes::Moments) => 4 * more,
        (Started::ByCall, Takes::Long) => 1,
    }
}

/// The average of so many executions, after one that is not counted.
async fn measure(cloud: &Cloud, case: &Case, executions: usize, token: &NewToken) -> Row {
    let warm = run(cloud, case, &names("warm", 1), case.items.min(WARM_ITEMS_MAX), token).await;
    let names = names(&format!("{:?}", case.started), executions);
    let before = Spent::of(cloud, warm).await;
    let asked = run(cloud, case, &names, case.items, token).await;
    let spent = Spent::of(cloud, warm + asked).await.since(before);
    let cost = cloud.engine.cost(&format!("{}/{}", case.flow, names[0])).await.unwrap();
    Row {
        what: case.what.clone(),
        items: case.items,
        transitions: cost.transitions as f64,
        executions,
        spent: spent.each_of(executions as f64),
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

/// Runs executions to their end; the requests to the queue that starting them took.
async fn run(cloud: &Cloud, case: &Case, names: &[String], items: u64, token: &NewToken) -> f64 {
    let start = |name: &String| json!({"start": {"flow": case.flow, "name": name, "input": input(items)}});
    let mut asked = 0.0;
    match case.started {
        Started::ByMessages => asked = cloud.send(names.iter().map(start)).await as f64,
        Started::ByCall => {}
    }
    for name in names {
        if case.started == Started::ByCall {
            cloud.invoke(&start(name)).await;
        }
        let execution = format!("{}/{name}", case.flow);
        match case.reported {
            Reported::ByACall => report(cloud, &execution, token).await,
            Reported::ByTheTask => {}
        }
        assert_eq!(cloud.end(&execution).await.name(), "Succeeded", "{}", case.flow);
        if case.started == Started::ByCall {
            cloud.settle().await;
        }
    }
    cloud.settle().await;
    asked
}

fn input(items: u64) -> Json {
    match items {
        1 => json!({"n": 1}),
        items => json!({"items": (0..items).collect::<Vec<_>>()}),
    }
}

/// Completes the task that waits, by the function's API.
async fn report(cloud: &Cloud, execution: &str, bearer: &NewToken) {
    let token = cloud.token(execution).await;
    // The message that began it is acknowledged before.
    cloud.settle().await;
    let request = json!({
        "version": "2.0",
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": "/v1/reports",
        "headers": {"authorization": format!("Bearer {}", bearer.token), "content-type": "application/json"},
        "body": json!({"token": token, "output": {}}).to_string(),
    });
    assert_eq!(cloud.invoke(&request).await["statusCode"], 204);
}

/// Nothing is written that need not be.
fn check(case: &Case, row: &Row) {
    let written = row.spent.write_units;
    match case.writes {
        Writes::Exactly(units) => assert_eq!(written, units, "{}: {row:#?}", case.what),
        Writes::AtMost(units) => assert!(written <= units, "{}: {row:#?}", case.what),
    }
}

/// What a deployment polls that has nothing to do.
async fn idle(cloud: &Cloud) -> String {
    const WATCHED: Duration = Duration::from_secs(60);
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    let before = cloud.polled().receives_empty;
    tokio::time::sleep(WATCHED).await;
    let polls = cloud.polled().receives_empty - before;
    let a_month = Spent {
        idle_polls: polls as f64 * MONTH.as_secs_f64() / WATCHED.as_secs_f64(),
        ..Spent::default()
    };
    format!(
        "idle for {WATCHED:?}: one queue was polled {polls} times, {:.2} USD a month",
        a_month.usd()
    )
}
