//! What executions cost: counted where it is spent, and paid at list prices.
//!
//! The function tells after each invocation what it spent; the lambda says how long that took. A transition is one entered
//! state. Everything is in it: writes that lost, empty reads, the invocation that started the execution.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use stepwell_cloud::lambda::Counters;
use stepwell_pricing::{Prices, RETENTION_DAYS, Usage};
use stepwell_store_dynamodb::Retention;

use crate::cloud::{Cloud, Plan};
use crate::http_function;
use crate::package::Package;

/// The function's memory, and that of one processor, in MB.
const MEMORY_MB: f64 = 512.0;
const PROCESSOR_MB: f64 = 1_769.0;

/// What an execution may write, in units of 1 KB; exactly that much where nothing fails.
struct Case {
    flow: &'static str,
    text: String,
    writes: f64,
}

/// So many tasks with effects, one after another.
fn tasks(name: &'static str, count: usize) -> Case {
    let states = (1..=count).map(|n| {
        let next = if n == count { "End: true".to_owned() } else { format!("Next: T{}", n + 1) };
        format!("  - {{Type: Task, Name: T{n}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: echo, body.$: $Input}}, OutputConstructor: {{n.$: $Output.Body.n}}, {next}}}\n")
    });
    Case {
        flow: name,
        text: flow(name, "T1", &states.collect::<String>()),
        // The first record, one for each outcome, and the row of the end.
        writes: 1.0 + count as f64 + 1.0,
    }
}

fn flow(name: &str, start: &str, states: &str) -> String {
    format!("Type: StateMachine\nSpecVersion: v1\nName: {name}\nStartAt: {start}\nStates:\n{states}")
}

fn wait() -> Case {
    Case {
        flow: "wait",
        text: flow(
            "wait",
            "W",
            "  - {Type: Wait, Name: W, Seconds: 4, Next: P}\n  - {Type: Pass, Name: P, End: true}\n",
        ),
        // Two records, the row of the rest and that of the end.
        writes: 4.0,
    }
}

fn parallel() -> Case {
    let branch = "{StartAt: B, States: [{Type: Task, Name: B, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body: {n: 1}}, End: true}]}";
    let branches = [branch; 10].join(", ");
    Case {
        flow: "parallel",
        text: flow(
            "parallel",
            "P",
            &format!(
                "  - {{Type: Parallel, Name: P, Branches: [{branches}], OutputConstructor: {{done: true}}, End: true}}\n"
            ),
        ),
        // The first record, two for each branch, the join, the row of the end.
        writes: 1.0 + 20.0 + 1.0 + 1.0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the table is what it is for")]
async fn executions_cost_what_is_counted() {
    let echo = format!("functions:\n  echo: {{http: \"{}\"}}\n", http_function::start());
    let cases = [tasks("tasks5", 5), tasks("tasks20", 20), wait(), parallel()];
    let names: Vec<String> = cases.iter().map(|case| format!("{}.yaml", case.flow)).collect();
    let mut files: Vec<(&str, &str)> = cases
        .iter()
        .zip(&names)
        .map(|(case, name)| (name.as_str(), case.text.as_str()))
        .collect();
    files.push(("functions.yaml", &echo));
    let cloud = Cloud::deploy("costs", Package::with(&files), Plan::default()).await;
    // Flows are kept in the table once for all their executions.
    for case in &cases {
        run(&cloud, case.flow, "warm").await;
    }
    println!(
        "| flow | transitions | write units | read units | requests to the queue | invocations | billed ms | USD per million transitions |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for case in &cases {
        let before = Spent::of(&cloud);
        run(&cloud, case.flow, "counted").await;
        let spent = Spent::of(&cloud).since(&before);
        let history = cloud.engine.history(&format!("{}/counted", case.flow)).await.unwrap();
        let transitions = history.iter().filter(|event| &*event.kind == "StepEntered").count();
        println!("{}", spent.row(case.flow, transitions));
        assert_eq!(spent.amount("WriteUnits"), case.writes, "{}", case.flow);
    }
    cloud.close().await;
}

#[test]
fn forecasts_keep_records_as_long_as_the_table_does() {
    let Retention { lease, kept } = Retention::default();
    assert_eq!((lease + kept).as_secs(), u64::from(RETENTION_DAYS) * 24 * 60 * 60);
}

async fn run(cloud: &Cloud, flow: &str, name: &str) {
    cloud
        .invoke(&json!({"start": {"flow": flow, "name": name, "input": {"n": 1}}}))
        .await;
    assert_eq!(cloud.end(&format!("{flow}/{name}")).await.name(), "Succeeded", "{flow}");
    cloud.settle().await;
}

/// What was spent so far.
#[derive(Clone, Debug)]
struct Spent {
    amounts: BTreeMap<String, f64>,
    counters: Counters,
}

impl Spent {
    fn of(cloud: &Cloud) -> Self {
        let mut amounts = BTreeMap::new();
        for line in cloud.lambda.logs() {
            let Ok(Json::Object(line)) = serde_json::from_str(&line) else {
                continue;
            };
            for (name, amount) in line.iter().filter(|_| line.contains_key("_aws")) {
                if let Some(amount) = amount.as_f64() {
                    *amounts.entry(name.clone()).or_default() += amount;
                }
            }
        }
        let counters = cloud.lambda.counters();
        Self { amounts, counters }
    }

    fn since(&self, before: &Self) -> Self {
        let amounts = self
            .amounts
            .iter()
            .map(|(name, amount)| (name.clone(), amount - before.amount(name)));
        Self {
            amounts: amounts.collect(),
            counters: Counters {
                invocations: self.counters.invocations - before.counters.invocations,
                billed_ms: self.counters.billed_ms - before.counters.billed_ms,
                cpu_ms: self.counters.cpu_ms - before.counters.cpu_ms,
                ..self.counters
            },
        }
    }

    fn amount(&self, name: &str) -> f64 {
        self.amounts.get(name).copied().unwrap_or(0.0)
    }

    /// Requests to the queue: those of the function, and a receipt and a removal for each invocation by a message.
    fn queue_requests(&self) -> f64 {
        self.amount("QueueRequests") + 2.0 * (self.counters.invocations as f64 - 1.0)
    }

    fn row(&self, flow: &str, transitions: usize) -> String {
        let per_million = self.usd() / transitions as f64 * 1e6;
        format!(
            "| {flow} | {transitions} | {} | {} | {} | {} | {} | {per_million:.2} |",
            self.amount("WriteUnits"),
            self.amount("ReadUnits"),
            self.queue_requests(),
            self.counters.invocations,
            self.counters.billed_ms,
        )
    }

    /// At list prices.
    fn usd(&self) -> f64 {
        let usage = Usage {
            write_units: self.amount("WriteUnits"),
            read_units: self.amount("ReadUnits"),
            queue_requests: self.queue_requests(),
            schedules: self.amount("Schedules"),
            invocations: self.counters.invocations as f64,
            // The processor time as a function of that memory is billed for it.
            billed_ms: self.counters.cpu_ms as f64 * PROCESSOR_MB / MEMORY_MB,
            memory_mb: MEMORY_MB,
            ..Usage::default()
        };
        Prices::listed().unwrap().bill(&usage).total_usd
    }
}
