//! A flow of five tasks: how many executions and records per second, and what each costs.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be carried out ends with what went wrong"
)]

use std::sync::Arc;
use std::time::Duration;

use stepwell_bench::{
    BareLoop, Extent, FIVE, House, Keeping, Load, Manner, Report, SyncRate, bare_loop, durable_points, is_wanted,
    millis, per_second, run_for, runtime, sync_rate,
};

const COLUMNS: [&str; 17] = [
    "store",
    "tasks",
    "at once",
    "executions",
    "exec/s",
    "rec/s",
    "p50 ms",
    "p99 ms",
    "cpu ms/rec",
    "rec/exec",
    "bytes/exec",
    "reads/exec",
    "fsyncs/exec",
    "bare rec/s",
    "bare p50 ms",
    "bare cpu ms/rec",
    "cpu above bare",
];

/// What is measured in one row.
#[derive(Clone, Copy)]
struct Case {
    keeping: Keeping,
    manner: Manner,
    concurrency: usize,
}

struct Measured {
    load: Load,
    bare: BareLoop,
}

fn main() {
    let extent = Extent::of_arguments();
    let mut report = Report::begin("A flow of five WASM tasks", &COLUMNS);
    let runtime = runtime();
    let disk = sync_rate(
        &std::env::temp_dir(),
        extent.pick(Duration::from_millis(500), Duration::from_secs(5)),
    );
    report.note(format!(
        "the disk alone, 4 KiB appended and synced: {:.0} syncs/s, p50 {} ms, p99 {} ms",
        disk.per_second,
        millis(disk.p50),
        millis(disk.p99)
    ));
    let time = extent.pick(Duration::from_millis(400), Duration::from_secs(10));
    for keeping in [Keeping::Fsync, Keeping::NoSync, Keeping::Memory] {
        for manner in [Manner::Effects, Manner::Pure] {
            for concurrency in [1, 50] {
                let case = Case {
                    keeping,
                    manner,
                    concurrency,
                };
                if !is_wanted(&format!("{} {} {concurrency}", keeping.name(), manner.name())) {
                    continue;
                }
                let mut measured = runtime.block_on(measure(case, time));
                row(&mut report, case, &mut measured);
                aims(&mut report, case, &mut measured, &disk);
            }
        }
    }
    report.note("cpu is that of the whole process: engine, store, guests and the generator of the load");
    report.print();
}

async fn measure(case: Case, time: Duration) -> Measured {
    let house = Arc::new(House::open(case.keeping).await);
    let shape = house.keep(FIVE, case.manner.settings()).await;
    let load = run_for(&house, &shape, case.concurrency, time).await;
    let sizes = check(&house, &load, case.manner).await;
    if let Ok(house) = Arc::try_unwrap(house) {
        house.close().await;
    }
    let bare = bare_loop(case.keeping, &sizes, case.concurrency as u64, time / 2).await;
    Measured { load, bare }
}

/// Holds the records against the durable points of the history; the sizes of an execution's records.
async fn check(house: &House, load: &Load, manner: Manner) -> Vec<usize> {
    let history = house.engine().history(&load.example).await.unwrap();
    let points = durable_points(&history, manner, 0);
    assert_eq!(
        load.counts.records,
        points * load.executions,
        "records beside durable points"
    );
    let records = house.records(&load.example).await;
    records.iter().map(|entry| entry.body.len()).collect()
}

fn row(report: &mut Report, case: Case, measured: &mut Measured) {
    let Measured { load, bare } = measured;
    let fsyncs = match case.keeping {
        Keeping::Fsync => format!("{:.2}", load.each(load.syncs)),
        Keeping::NoSync | Keeping::Memory => "-".into(),
    };
    report.row([
        case.keeping.name().into(),
        case.manner.name().into(),
        case.concurrency.to_string(),
        load.executions.to_string(),
        format!("{:.0}", per_second(load.executions, load.elapsed)),
        format!("{:.0}", per_second(load.counts.records, load.elapsed)),
        millis(load.latencies.percentile(50)),
        millis(load.latencies.percentile(99)),
        format!("{:.3}", load.cpu_ms_per_record()),
        format!("{:.2}", load.each(load.counts.records)),
        format!("{:.0}", load.each(load.counts.bytes)),
        format!("{:.1}", load.each(load.counts.reads)),
        fsyncs,
        format!("{:.0}", per_second(bare.appends, bare.elapsed)),
        millis(bare.waits.percentile(50)),
        format!("{:.3}", bare.cpu_ms_per_append()),
        format!("{:+.3}", load.cpu_ms_per_record() - bare.cpu_ms_per_append()),
    ]);
}

/// What the aims say about a row where every commit is synced.
fn aims(report: &mut Report, case: Case, measured: &mut Measured, disk: &SyncRate) {
    let Measured { load, bare } = measured;
    if case.keeping != Keeping::Fsync {
        return;
    }
    let tasks = case.manner.name();
    let what = |figure: &str| format!("{tasks}, {} at once, {figure}", case.concurrency);
    if case.concurrency == 1 {
        let records = load.each(load.counts.records);
        let bound = 1.3 * records * (disk.p50.as_secs_f64() * 1e3 + 0.15);
        let p50 = load.latencies.percentile(50).as_secs_f64() * 1e3;
        report.aim(&what("p50"), p50, bound, "ms (1.3 x records x (fsync p50 + 0.15 ms))");
        return;
    }
    let least = match case.manner {
        Manner::Effects => 1_500.0,
        Manner::Pure => 3_000.0,
    };
    report.aim_at_least(
        &what("executions"),
        per_second(load.executions, load.elapsed),
        least,
        "per second",
    );
    if case.manner == Manner::Pure {
        // A record then stands for five calls; what a call costs is the subject of another table.
        return;
    }
    let above = load.cpu_ms_per_record() - bare.cpu_ms_per_append();
    report.aim(&what("cpu above the bare store loop"), above, 0.1, "ms per record");
    report.aim(&what("cpu"), load.cpu_ms_per_record(), 0.15, "ms per record");
}
