//! A call of a WASM component: instantiate, call, drop.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be carried out ends with what went wrong"
)]

use std::future::Future;
use std::process::Command;
use std::time::{Duration, Instant};

use stepwell_bench::{
    BareHost, Extent, Guest, Report, Sample, Usage, call, echo, micros, native_echo, ratio, runtime, rust_guest,
};
use stepwell_ports::Tasks as _;
use stepwell_tasks_wasm::{Pool, WasmOptions, WasmTasks};

const INPUT: &str = r#"{"order":17,"lines":[{"sku":"a-1","count":2},{"sku":"b-2","count":1}],"to":"a street, a town"}"#;
const GUESTS: u32 = 64;
/// DESIGN, section 8.
const P50_MAX: Duration = Duration::from_micros(25);
const P99_MAX: Duration = Duration::from_micros(100);

/// How long a series of calls took each.
struct Series {
    sample: Sample,
    cpu: Duration,
}

fn main() {
    let extent = Extent::of_arguments();
    let calls = extent.pick(2_000, 50_000);
    let columns = [
        "guest",
        "host",
        "memory",
        "calls",
        "p50 us",
        "p99 us",
        "cpu us",
        "x bare p50",
        "x bare p99",
    ];
    let mut report = Report::begin("A WASM call: instantiate, call, drop", &columns);
    let runtime = runtime();
    for guest in [echo(), rust_guest()] {
        for (memory, pool) in [
            ("pooled", Pool::Reserved(GUESTS)),
            ("on demand", Pool::OnDemand(GUESTS)),
        ] {
            let mut bare = runtime.block_on(bare(&guest, pool, calls));
            let mut port = runtime.block_on(port(&guest, pool, calls));
            let limit = (bare.sample.percentile(50), bare.sample.percentile(99));
            row(&mut report, [guest.name, "bare wasmtime", memory], &mut bare, limit);
            row(
                &mut report,
                [guest.name, "stepwell-tasks-wasm", memory],
                &mut port,
                limit,
            );
            if memory == "pooled" {
                aims(&mut report, &guest, &mut port, limit);
            }
        }
    }
    let none = (Duration::ZERO, Duration::ZERO);
    row(
        &mut report,
        ["echo, native", "this process", "-"],
        &mut native(calls),
        none,
    );
    row(
        &mut report,
        ["/bin/true", "a process of its own", "-"],
        &mut spawned(extent.pick(50, 1_000)),
        none,
    );
    report.note("calls that are short run on the caller's thread; one that is not over at its next tick goes to those of the guests");
    report.print();
}

fn row(report: &mut Report, names: [&str; 3], series: &mut Series, (p50, p99): (Duration, Duration)) {
    let times = |time: Duration, limit: Duration| match limit.is_zero() {
        true => "-".to_owned(),
        false => format!("{:.2}", ratio(time, limit)),
    };
    let count = series.sample.count();
    let found = (series.sample.percentile(50), series.sample.percentile(99));
    let cpu = series.cpu / u32::try_from(count).unwrap_or(u32::MAX).max(1);
    let numbers = [
        count.to_string(),
        micros(found.0),
        micros(found.1),
        micros(cpu),
        times(found.0, p50),
        times(found.1, p99),
    ];
    report.row(names.map(str::to_owned).into_iter().chain(numbers));
}

fn aims(report: &mut Report, guest: &Guest, port: &mut Series, (p50, _): (Duration, Duration)) {
    let found = (port.sample.percentile(50), port.sample.percentile(99));
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let name = guest.name;
    report.aim(&format!("{name}, pooled, p50"), us(found.0), us(P50_MAX), "us");
    report.aim(&format!("{name}, pooled, p99"), us(found.1), us(P99_MAX), "us");
    report.aim(
        &format!("{name}, pooled, beside the bare host"),
        ratio(found.0, p50),
        2.0,
        "x",
    );
}

/// Times calls one after another; a tenth of them before, to warm up.
async fn series<F: Future<Output = ()>>(calls: u32, mut call: impl FnMut() -> F) -> Series {
    for _ in 0..calls / 10 {
        call().await;
    }
    let (mut sample, usage) = (Sample::default(), Usage::begin());
    for _ in 0..calls {
        let before = Instant::now();
        call().await;
        sample.add_since(before);
    }
    Series {
        cpu: usage.cpu(),
        sample,
    }
}

async fn bare(guest: &Guest, pool: Pool, calls: u32) -> Series {
    let host = BareHost::open(&guest.bytes, pool);
    let operation = guest.operation;
    let calling = async move {
        series(calls, || async {
            std::hint::black_box(host.call(operation, INPUT).await);
        })
        .await
    };
    tokio::spawn(calling).await.unwrap()
}

async fn port(guest: &Guest, pool: Pool, calls: u32) -> Series {
    let folder = tempfile::tempdir().unwrap();
    let mut options = WasmOptions::new(folder.path().join("components"), folder.path().join("cache"));
    options.pool = pool;
    let tasks = WasmTasks::open(options).unwrap();
    let digest = tasks.install(&guest.bytes).unwrap();
    let call = call(guest, digest.as_str(), INPUT);
    let calling = async move {
        series(calls, || async {
            let outcome = tasks.run(call.clone()).await;
            assert!(outcome.result.is_ok(), "{outcome:?}");
        })
        .await
    };
    tokio::spawn(calling).await.unwrap()
}

fn native(calls: u32) -> Series {
    let (mut sample, usage) = (Sample::default(), Usage::begin());
    for _ in 0..calls {
        let before = Instant::now();
        std::hint::black_box(native_echo(INPUT));
        sample.add_since(before);
    }
    Series {
        cpu: usage.cpu(),
        sample,
    }
}

fn spawned(calls: u32) -> Series {
    let (mut sample, usage) = (Sample::default(), Usage::begin());
    for _ in 0..calls {
        let before = Instant::now();
        assert!(Command::new("/bin/true").status().unwrap().success());
        sample.add_since(before);
    }
    Series {
        cpu: usage.cpu(),
        sample,
    }
}
