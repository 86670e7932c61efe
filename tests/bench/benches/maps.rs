//! Maps from a hundred to a hundred thousand items: what an item costs, and whether it costs the same in all of them.

use std::time::Duration;

use stepwell_bench::{
    Counts, Extent, House, Keeping, Manner, Report, Shape, Usage, is_wanted, map_flow, map_input, runtime,
};

const COLUMNS: [&str; 12] = [
    "tasks",
    "items",
    "runs",
    "ms/run",
    "rec/item",
    "others/item",
    "reads/item",
    "kB written/item",
    "kB read/item",
    "cpu ms/item",
    "more: rec/item",
    "more: cpu ms/item",
];
const LANES: u64 = 40;

/// What the Maps of one size took.
#[derive(Clone, Copy)]
struct Measured {
    items: u64,
    runs: u32,
    elapsed: Duration,
    cpu: Duration,
    counts: Counts,
}

impl Measured {
    fn cpu_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / f64::from(self.runs)
    }

    fn records(&self) -> f64 {
        self.counts.records as f64 / f64::from(self.runs)
    }

    /// What one more item costs, from a smaller Map to this one.
    fn more(&self, smaller: &Self, cost: impl Fn(&Self) -> f64) -> f64 {
        (cost(self) - cost(smaller)) / (self.items - smaller.items) as f64
    }
}

fn main() {
    let extent = Extent::of_arguments();
    let sizes: &[(u64, u32)] = extent.pick(
        &[(100, 5), (1_000, 1), (4_000, 1)],
        &[(100, 100), (1_000, 20), (10_000, 4), (100_000, 1)],
    );
    let mut report = Report::begin(
        "Maps: items of 64 bytes with one WASM task, 40 lanes, every commit synced",
        &COLUMNS,
    );
    let runtime = runtime();
    for manner in [Manner::Effects, Manner::Pure] {
        let mut all: Vec<Measured> = Vec::new();
        for (items, runs) in sizes {
            if !is_wanted(&format!("{} {items}", manner.name())) {
                continue;
            }
            let measured = runtime.block_on(measure(manner, *items, *runs));
            row(&mut report, manner, &measured, all.last());
            all.push(measured);
        }
        aims(&mut report, manner, &all);
    }
    report.note("more: what one more item costs, counted from the Map of the row above");
    report.note(
        "`limits.data` is 16 MiB here, four times what the command line takes: the items of the largest Map are 6.4 MB",
    );
    report.print();
}

async fn measure(manner: Manner, items: u64, runs: u32) -> Measured {
    let house = House::open(Keeping::Fsync).await;
    let mut settings = manner.settings();
    settings.data_bytes_max = 16 << 20;
    let shape = house.keep(&map_flow(LANES), settings).await;
    run(&house, &shape, 100, "warm").await;
    let (counts, usage) = (house.counts(), Usage::begin());
    for number in 0..runs {
        run(&house, &shape, items, &format!("m{number}")).await;
    }
    let measured = Measured {
        items,
        runs,
        elapsed: usage.elapsed(),
        cpu: usage.cpu(),
        counts: house.counts().since(counts),
    };
    house.close().await;
    measured
}

async fn run(house: &House, shape: &Shape, items: u64, name: &str) {
    let output = house.run(shape, name, map_input(items)).await;
    assert_eq!(output.to_json().as_deref(), Ok(r#"{"done":true}"#));
}

fn row(report: &mut Report, manner: Manner, measured: &Measured, smaller: Option<&Measured>) {
    let Measured {
        items,
        runs,
        elapsed,
        counts,
        ..
    } = measured;
    let each = |count: u64| count as f64 / (*items as f64 * f64::from(*runs));
    let more = |cost: fn(&Measured) -> f64| {
        smaller.map_or_else(
            || "-".to_owned(),
            |smaller| format!("{:.3}", measured.more(smaller, cost)),
        )
    };
    report.row([
        manner.name().into(),
        items.to_string(),
        runs.to_string(),
        format!("{:.1}", elapsed.as_secs_f64() * 1e3 / f64::from(*runs)),
        format!("{:.3}", each(counts.records)),
        format!("{:.3}", each(counts.writes() - counts.records)),
        format!("{:.3}", each(counts.reads)),
        format!("{:.2}", each(counts.bytes) / 1e3),
        format!("{:.2}", each(counts.bytes_read) / 1e3),
        format!("{:.3}", measured.cpu_ms() / *items as f64),
        more(Measured::records),
        more(Measured::cpu_ms),
    ]);
}

/// DESIGN, section 8.
fn aims(report: &mut Report, manner: Manner, all: &[Measured]) {
    let name = manner.name();
    if let [small, middle, large, ..] = all {
        let grows = |cost: fn(&Measured) -> f64| large.more(middle, cost) / middle.more(small, cost);
        let between = format!(
            "{name}: one more item beyond {} beside one more beyond {}",
            middle.items, small.items
        );
        report.aim(&format!("{between}, records"), grows(Measured::records), 1.1, "x");
        report.aim(&format!("{between}, cpu"), grows(Measured::cpu_ms), 1.1, "x");
        let bytes = |measured: &Measured| measured.counts.bytes as f64 / f64::from(measured.runs);
        let grows = large.more(middle, bytes) / middle.more(small, bytes);
        report.aim(&format!("{between}, bytes"), grows, 1.1, "x");
    }
    for measured in all
        .iter()
        .filter(|measured| measured.items >= 1_000 && manner == Manner::Effects)
    {
        let writes = measured.counts.writes() as f64 / f64::from(measured.runs);
        let what = format!("{name}: writes per item of {}", measured.items);
        report.aim(&what, writes / measured.items as f64, 1.1, "");
    }
}
