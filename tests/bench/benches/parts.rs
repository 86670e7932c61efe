//! What single parts cost, in time and in allocations: checking a flow, evaluating, encoding and decoding.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be carried out ends with what went wrong"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use serde_json::{Value as Json, from_slice, to_vec};
use stepwell_bench::{
    Extent, FIVE, House, Keeping, Manner, Report, Sample, TypicalExpression, chain, chain_as_json, input,
    runtime_of_one_thread,
};
use stepwell_core::{decode, encode};

const COLUMNS: [&str; 9] = [
    "part",
    "bytes",
    "p50 us",
    "p99 us",
    "MB/s",
    "allocations",
    "bytes allocated",
    "beside",
    "x that",
];

/// The clock tells times of this length apart.
const ROUND: Duration = Duration::from_micros(20);

/// The table in the making, and how long each part of it takes.
struct Parts {
    report: Report,
    time: Duration,
    /// The time of what the next rows stand beside.
    limit: Duration,
    name: &'static str,
}

impl Parts {
    /// Adds what the next rows stand beside.
    fn limit<T>(&mut self, name: &'static str, bytes: usize, work: impl FnMut() -> T) {
        (self.limit, self.name) = (Duration::ZERO, "-");
        let p50 = self.part(name, bytes, work);
        (self.limit, self.name) = (p50, name);
    }

    fn part<T>(&mut self, part: &str, bytes: usize, mut work: impl FnMut() -> T) -> Duration {
        let allocated = measure(|| drop(black_box(work())));
        let mut sample = timed(self.time, work);
        let (p50, p99) = (sample.percentile(50), sample.percentile(99));
        let us = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1e6);
        let AllocationInfo {
            count_total,
            bytes_total,
            ..
        } = allocated;
        self.report.row([
            part.into(),
            bytes.to_string(),
            us(p50),
            us(p99),
            format!("{:.0}", bytes as f64 / 1e6 / p50.as_secs_f64()),
            count_total.to_string(),
            bytes_total.to_string(),
            self.name.into(),
            match self.limit.is_zero() {
                true => "-".into(),
                false => format!("{:.2}", p50.as_secs_f64() / self.limit.as_secs_f64()),
            },
        ]);
        p50
    }
}

/// Times work for that long, in rounds that the clock can tell apart.
fn timed<T>(time: Duration, mut work: impl FnMut() -> T) -> Sample {
    let before = Instant::now();
    black_box(work());
    let once = before.elapsed().max(Duration::from_nanos(20));
    let round = u32::try_from(ROUND.as_nanos() / once.as_nanos()).unwrap_or(1).max(1);
    let (began, mut sample) = (Instant::now(), Sample::default());
    while began.elapsed() < time {
        let before = Instant::now();
        for _ in 0..round {
            black_box(work());
        }
        sample.add(before.elapsed() / round);
    }
    sample
}

fn main() {
    let extent = Extent::of_arguments();
    let mut parts = Parts {
        report: Report::begin("Parts, one thread", &COLUMNS),
        time: extent.pick(Duration::from_millis(100), Duration::from_secs(3)),
        limit: Duration::ZERO,
        name: "-",
    };
    flows(&mut parts);
    expressions(&mut parts);
    records(&mut parts);
    executions(&mut parts, extent);
    parts.report.print();
}

/// A flow of a thousand states, from its text to what is stored of it.
fn flows(parts: &mut Parts) {
    let (yaml, json) = (chain(1_000), chain_as_json(1_000));
    let checked = |text: &str, name: &str| stepwell_definition::check(text.as_bytes(), name).flow.unwrap();
    let flow = checked(&yaml, "flow.yaml");
    let model = stepwell_model::encode(&flow).unwrap();
    parts.limit("1,000 states: serde_json reads the JSON", json.len(), || {
        from_slice::<Json>(json.as_bytes()).unwrap()
    });
    parts.part("1,000 states: checking the JSON", json.len(), || {
        checked(&json, "flow.json")
    });
    parts.part("1,000 states: checking the YAML", yaml.len(), || {
        checked(&yaml, "flow.yaml")
    });
    parts.limit("1,000 states: serde_json reads the stored model", model.len(), || {
        from_slice::<Json>(&model).unwrap()
    });
    parts.part("1,000 states: decoding the stored model", model.len(), || {
        stepwell_model::decode(&model).unwrap()
    });
    parts.part("1,000 states: encoding it", model.len(), || {
        stepwell_model::encode(&flow).unwrap()
    });
}

fn expressions(parts: &mut Parts) {
    let expression = TypicalExpression::default();
    let bytes = TypicalExpression::SOURCE.len();
    parts.limit("an expression, written in Rust", bytes, || expression.native());
    parts.part("an expression, evaluated", bytes, || expression.evaluate());
    parts.part("an expression, parsed", bytes, TypicalExpression::default);
}

/// Records of a flow of five tasks: the first, which holds the pins, and one in the middle.
fn records(parts: &mut Parts) {
    let bodies = bodies();
    for (name, body) in [
        ("the first record", bodies.first()),
        ("a record between", bodies.get(3)),
    ] {
        let body = body.unwrap();
        let record = decode(body).unwrap();
        let json: Json = from_slice(body.get(1..).unwrap()).unwrap();
        let titled = |what: &str| format!("{name}: {what}");
        parts.limit("serde_json reads it", body.len(), || {
            from_slice::<Json>(body.get(1..).unwrap()).unwrap()
        });
        parts.part(&titled("decoding"), body.len(), || decode(body).unwrap());
        parts.limit("serde_json writes it", body.len(), || to_vec(&json).unwrap());
        parts.part(&titled("encoding"), body.len(), || encode(&record).unwrap());
    }
}

fn bodies() -> Vec<Bytes> {
    runtime_of_one_thread().block_on(async {
        let house = House::open_for_counting(Keeping::Memory).await;
        let shape = house.keep(FIVE, Manner::Effects.settings()).await;
        house.run(&shape, "one", input(1)).await;
        let records = house.records("five/one").await;
        house.close().await;
        records.into_iter().map(|entry| entry.body).collect()
    })
}

/// Whole executions in memory, all on this thread: engine, store, guests.
fn executions(parts: &mut Parts, extent: Extent) {
    (parts.limit, parts.name) = (Duration::ZERO, "-");
    let runtime = runtime_of_one_thread();
    for (manner, name) in [
        (Manner::Effects, "five tasks as effects, in memory, 6 records"),
        (Manner::Pure, "five pure tasks, in memory, 2 records"),
    ] {
        let house = runtime.block_on(House::open_for_counting(Keeping::Memory));
        let shape = runtime.block_on(house.keep(FIVE, manner.settings()));
        let mut number = 0;
        let mut run = || {
            number += 1;
            runtime.block_on(house.run(&shape, &format!("e{number}"), input(number)));
        };
        (0..extent.pick(5, 100)).for_each(|_| run());
        parts.part(name, 0, run);
        runtime.block_on(house.close());
    }
}
