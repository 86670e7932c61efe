//! What waiting costs: a program that waits, and a hundred thousand executions that do.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be carried out ends with what went wrong"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use stepwell_bench::{
    Extent, House, Keeping, MONTH, Manner, Program, Report, Sample, Shape, cpu_of, disk_bytes, input, resident_of,
    runtime, rust_guest, sleeps_between, sleeps_of, with_another_digest,
};

const COLUMNS: [&str; 4] = ["what", "is", "unit", "at most"];

/// Components that are registered.
const COMPONENTS: u8 = 10;
/// What the product promises of a program that waits.
const READY_MS_MAX: f64 = 50.0;
const RESIDENT_MB_MAX: f64 = 30.0;

/// How long tokio keeps threads that have nothing to do, and some more.
const HELPERS_KEPT: Duration = Duration::from_secs(12);

/// A Wait, and behind it a task.
const FLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: waits
StartAt: W
States:
  - {Type: Wait, Name: W, Seconds: 86400, Next: T}
  - {Type: Task, Name: T, Action: 'FC:InvokeFunction', Parameters: {resourceArn: f0}, End: true}
";

fn main() {
    let extent = Extent::of_arguments();
    let mut report = Report::begin("Waiting", &COLUMNS);
    program(&mut report, extent);
    runtime().block_on(executions(&mut report, extent));
    report.note(
        "ready: from the start of the process to the line that says that the Wait was entered, which is durable then",
    );
    report.print();
}

fn line(report: &mut Report, what: &str, is: f64, unit: &str, at_most: Option<f64>) {
    let at_most = at_most.map_or_else(|| "-".to_owned(), |at_most| format!("{at_most}"));
    report.row([what.into(), format!("{is:.2}"), unit.into(), at_most]);
}

/// The program with ten components registered.
fn program(report: &mut Report, extent: Extent) {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    // The program is built before anything is timed, and its file read once.
    drop(Program::start(folder.path(), &["--version"]));
    let cold = ready(folder.path(), "cold");
    line(
        report,
        "ready, ten components of 130 KB compiled first",
        cold.1.as_secs_f64() * 1e3,
        "ms",
        None,
    );
    drop(cold);
    let mut sample = Sample::default();
    for number in 0..extent.pick(3, 20) {
        sample.add(ready(folder.path(), &format!("warm-{number}")).1);
    }
    let p50 = sample.percentile(50).as_secs_f64() * 1e3;
    line(
        report,
        "ready, ten components compiled before, p50",
        p50,
        "ms",
        Some(READY_MS_MAX),
    );
    let slowest = sample.percentile(100).as_secs_f64() * 1e3;
    line(report, "the same, slowest", slowest, "ms", None);
    rest(report, &ready(folder.path(), "rests").0, extent.pick(2, 10));
    report.aim("ready", p50, READY_MS_MAX, "ms");
}

/// What it takes while it waits.
fn rest(report: &mut Report, program: &Program, seconds: u64) {
    let id = program.id();
    let resident = resident_of(&id) as f64 / 1e6;
    line(
        report,
        "resident memory of the program",
        resident,
        "MB",
        Some(RESIDENT_MB_MAX),
    );
    // The threads that helped to begin are ended before.
    std::thread::sleep(HELPERS_KEPT);
    let (cpu, sleeps) = (cpu_of(&id), sleeps_of(&id));
    std::thread::sleep(Duration::from_secs(seconds));
    let cpu = cpu_of(&id).saturating_sub(cpu);
    let sleeps = sleeps_between(&sleeps, &sleeps_of(&id));
    line(
        report,
        &format!("processor time in {seconds} s of waiting"),
        cpu.as_secs_f64() * 1e3,
        "ms",
        Some(0.0),
    );
    line(
        report,
        &format!("times that a thread woke in {seconds} s of waiting"),
        sleeps as f64,
        "",
        Some(0.0),
    );
    report.aim("times that a thread woke while it waits", sleeps as f64, 0.0, "");
    report.aim("resident memory", resident, RESIDENT_MB_MAX, "MB");
    report.aim("processor time while it waits", cpu.as_secs_f64() * 1e3, 0.0, "ms");
}

/// Starts an execution in a process of its own; how long it took until it waited.
fn ready(folder: &Path, name: &str) -> (Program, Duration) {
    let began = Instant::now();
    let mut program = Program::start(folder, &["run", "flow.yaml", "--name", name, "--json"]);
    program.until("StepEntered", "W");
    (program, began.elapsed())
}

fn lay_out(folder: &Path) {
    let mut functions = String::from("functions:\n");
    for number in 0..COMPONENTS {
        let file = format!("f{number}.wasm");
        fs::write(folder.join(&file), with_another_digest(&rust_guest().bytes, number)).unwrap();
        functions += &format!("  f{number}: {{component: {file}}}\n");
    }
    fs::write(folder.join("functions.yaml"), functions).unwrap();
    fs::write(folder.join("flow.yaml"), FLOW).unwrap();
}

/// Executions that wait, in one store.
async fn executions(report: &mut Report, extent: Extent) {
    let count: u64 = extent.pick(5_000, 100_000);
    let first = count / 100;
    let house = Arc::new(House::open(Keeping::NoSync).await);
    let shape = house.keep(MONTH, Manner::Pure.settings()).await;
    start(&house, &shape, 0..first).await;
    let (resident, disk, began) = (
        resident_of("self"),
        disk_bytes(&house.folder().join("store")),
        Instant::now(),
    );
    let bytes = house.counts().bytes;
    start(&house, &shape, first..count).await;
    let more = (count - first) as f64;
    let each = |now: u64, before: u64| now.saturating_sub(before) as f64 / more;
    let took = began.elapsed().as_secs_f64() * 1e6 / more;
    line(
        report,
        &format!("{count} executions wait: resident memory of each"),
        each(resident_of("self"), resident),
        "bytes",
        None,
    );
    line(
        report,
        "disk of each",
        each(disk_bytes(&house.folder().join("store")), disk),
        "bytes",
        None,
    );
    line(
        report,
        "of that in records",
        each(house.counts().bytes, bytes),
        "bytes",
        None,
    );
    line(report, "from its start to its wait, not synced", took, "us", None);
    if let Ok(house) = Arc::try_unwrap(house) {
        reopen(report, house).await;
    }
}

async fn start(house: &Arc<House>, shape: &Shape, numbers: std::ops::Range<u64>) {
    let starting = stream::iter(numbers).for_each_concurrent(64, |number| async move {
        house.start(shape, &format!("e{number:06}"), input(number)).await;
        // What is being driven costs memory; it is what waits that is weighed.
        while house.engine().live() > 128 {
            tokio::task::yield_now().await;
        }
    });
    starting.await;
    while house.engine().live() > 0 {
        tokio::task::yield_now().await;
    }
}

/// How long it takes to open the store that all of them wait in.
async fn reopen(report: &mut Report, house: House) {
    let took = house.close_and_reopen().await;
    line(
        report,
        "opening the store that they wait in",
        took.as_secs_f64() * 1e3,
        "ms",
        None,
    );
}
