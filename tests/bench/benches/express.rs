//! Express: states per second on one core, with the same engine and the same checks as Standard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_bench::{
    CoreAlone, Extent, House, Keeping, Load, Manner, Report, Usage, chain, is_wanted, millis, per_second, rounds,
    run_for, runtime_of_one_thread,
};

const COLUMNS: [&str; 11] = [
    "flow",
    "kept",
    "states",
    "executions",
    "exec/s",
    "states/s",
    "states/s of cpu",
    "cpu us/state",
    "p50 ms",
    "core alone states/s",
    "x core alone",
];

/// DESIGN asks for so many states per second of one core.
const STATES_PER_SECOND_MIN: f64 = 100_000.0;

/// A flow of pure states.
struct Case {
    name: &'static str,
    definition: String,
    states: u64,
}

fn main() {
    let extent = Extent::of_arguments();
    let time = extent.pick(Duration::from_millis(500), Duration::from_secs(5));
    let mut report = Report::begin("Express: pure states, one core", &COLUMNS);
    let case = |name, definition, states| Case {
        name,
        definition,
        states,
    };
    let cases = [
        case("5 Pass", chain(5), 5),
        case("20 Pass", chain(20), 20),
        case("50 Pass", chain(50), 50),
        case("1,000 Pass", chain(1_000), 1_000),
        case("10,000 rounds of Pass and Choice", rounds(10_000), 20_001),
    ];
    let runtime = runtime_of_one_thread();
    for case in &cases {
        for keeping in [Keeping::Memory, Keeping::Fsync] {
            if is_wanted(&format!("{} {}", case.name, keeping.name())) {
                runtime.block_on(measure(&mut report, case, keeping, time));
            }
        }
    }
    report.note("kept in memory is Express; kept with fsync is the same execution as Standard. Engine and generator share one thread");
    report.print();
}

async fn measure(report: &mut Report, case: &Case, keeping: Keeping, time: Duration) {
    let house = Arc::new(House::open(keeping).await);
    let shape = house.keep(&case.definition, Manner::Pure.settings()).await;
    let load = run_for(&house, &shape, 1, time).await;
    let core = CoreAlone::of(&house, &load.example, &case.definition).await;
    let alone = alone(&core, case.states, time / 2);
    row(report, case, keeping, load, alone);
    if let Ok(house) = Arc::try_unwrap(house) {
        house.close().await;
    }
}

/// States per second of processor time in the core alone.
fn alone(core: &CoreAlone, states: u64, time: Duration) -> f64 {
    let (usage, began, mut folds) = (Usage::begin(), Instant::now(), 0);
    while began.elapsed() < time {
        std::hint::black_box(core.fold());
        folds += 1;
    }
    per_second(folds * states, usage.elapsed())
}

fn row(report: &mut Report, case: &Case, keeping: Keeping, mut load: Load, alone: f64) {
    let states = load.executions * case.states;
    let of_cpu = per_second(states, load.cpu);
    report.row([
        case.name.into(),
        keeping.name().into(),
        case.states.to_string(),
        load.executions.to_string(),
        format!("{:.0}", per_second(load.executions, load.elapsed)),
        format!("{:.0}", per_second(states, load.elapsed)),
        format!("{of_cpu:.0}"),
        format!("{:.2}", load.cpu.as_secs_f64() * 1e6 / states as f64),
        millis(load.latencies.percentile(50)),
        format!("{alone:.0}"),
        format!("{:.2}", alone / per_second(states, load.elapsed)),
    ]);
    if keeping == Keeping::Memory {
        let what = format!("{}, Express", case.name);
        report.aim_at_least(
            &what,
            per_second(states, load.elapsed),
            STATES_PER_SECOND_MIN,
            "states/s",
        );
    }
}
