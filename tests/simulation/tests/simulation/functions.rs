//! Several processes over one table and one queue: right result, and every repeat has a counted cause.

use stepwell_core::Failure;
use stepwell_engine::{Ended, EngineError, HistoryEvent, Room};
use stepwell_model::Settings;
use stepwell_ports::ExecutionRow;
use stepwell_simulation::checks::{Logs, every_turn_was_given, logs_are_right};
use stepwell_simulation::plan::{Generator, Happening, Outside, Plan, features, smallest};
use stepwell_simulation::reference::{ChildWitness, StopAnswer, Witness, predict, verify};
use stepwell_simulation::{Begin, Faults, Functions, QueueFaults, Trouble, flow};

use crate::coverage::{COVERING, Coverage, OF_FUNCTIONS, struck};
use crate::crashes::{FLOW, expected, input};

/// By how much tasks that take some milliseconds, and the records between them, may delay an end.
const LATENESS_MS: u64 = 20_000;

/// How often a page is looked at, where nobody stands still, beside what happens outside.
const PAGES: u32 = 6;

/// Two processes, and nothing goes wrong.
fn calm() -> Trouble {
    Trouble {
        processes: 2,
        ..Trouble::default()
    }
}

/// Everything at once.
pub(crate) fn trouble(seed: u64) -> Trouble {
    let deaths_max = u32::try_from(seed % 7).unwrap_or(0);
    let faults = if seed.is_multiple_of(5) { 8 } else { 40 };
    let wakes = if seed % 5 == 1 { 8 } else { 40 };
    Trouble {
        table: Faults {
            any_order: true,
            refused: faults,
            unanswered: faults,
            unread: 400,
        },
        queue: QueueFaults {
            refused: wakes,
            unanswered: wakes,
            late: 5,
            doubled: if seed.is_multiple_of(3) { 30 } else { 0 },
        },
        death: 150,
        deaths_max,
        skew_ms: 400,
        pause: match seed % 9 {
            0 | 3 | 6 => 0,
            1 => 50,
            _ => 250,
        },
        call_death: 3,
        jump: 300,
        processes: 3,
        room: (!seed.is_multiple_of(4)).then_some(Room {
            attempts: 1 + u32::try_from(seed % 5 / 2).unwrap_or(0),
            components: 1,
            patience_ms: 20,
        }),
        function_ms: if seed % 4 == 2 { 35_000 } else { 0 },
    }
}

fn survive(seed: u64, trouble: Trouble) -> Functions {
    let mut world = Functions::new(seed, trouble);
    let begin = Begin {
        settings: Settings {
            fuse: !seed.is_multiple_of(3),
            ..Settings::default()
        },
        ..Begin::with(input(14))
    };
    let execution = world
        .start(&flow(FLOW), &begin)
        .expect("the world stands still")
        .unwrap();
    assert!(world.run_dry(200_000), "seed {seed}: it does not end");
    let end = world.ended(&execution).expect("the world stands still").unwrap();
    assert_eq!(world.failed, Vec::<String>::new(), "seed {seed}");
    assert_eq!(end, Ended::Succeeded(expected(14)), "seed {seed}: {world:?}");
    world
}

#[test]
fn a_calm_world_of_functions() {
    for seed in 0..50 {
        let world = survive(seed, calm());
        let ran = world.tasks.ran();
        let repeated: Vec<_> = ran.iter().filter(|(_, ran)| ran.is_effect && ran.begun > 1).collect();
        assert!(repeated.is_empty(), "seed {seed}: {repeated:?}");
    }
}

#[test]
fn a_troubled_world_of_functions() {
    for seed in crate::seeds(300, &[330, 451, 692, 860, 1056]) {
        let mut trouble = trouble(seed);
        // With them an attempt may lose every process that takes it up, and be given up.
        trouble.table.unread = 0;
        // So do five deaths, where one attempt meets them all.
        trouble.deaths_max = trouble.deaths_max.min(4);
        let world = survive(seed, trouble);
        if let Err(what) = world.causes().check(&world.tasks.ran()) {
            panic!("seed {seed}: {what}\n{}", Logs::read(&world.store, "crash/e"));
        }
    }
}

/// What is known of an execution; nothing where it waits for a report that was not heard, and so for ever.
pub(crate) fn witness(world: &mut Functions, execution: &str) -> Result<Option<Witness>, String> {
    let name = execution.to_owned();
    let known = world.call(move |engine| {
        let name = name.clone();
        async move { Ok((engine.history(&name).await?, engine.ended(&name).await?)) }
    });
    let (history, end) = known.ok_or("nobody answers")?.map_err(|error| error.to_string())?;
    if end == Ended::Running {
        if world.tasks.reports.is_unheard() && Logs::read(&world.store, execution).waits_for_reports() {
            return Ok(None);
        }
        return Err(format!("`{execution}` is left as it is: {history:#?}"));
    }
    Ok(Some(Witness {
        history,
        end,
        ran: None,
        deaths: world.deaths + world.pauses + world.queue.doubled(),
        repeats: world.deaths + world.stops + world.pauses + world.queue.doubled(),
        stop: None,
        reports: Vec::new(),
        children: Vec::new(),
        tolerance_ms: 15_000,
        strides: true,
    }))
}

/// What happens outside, at its time or thereabouts.
fn happen(world: &mut Functions, plan: &Plan, execution: &str, outside: &Outside) -> Option<StopAnswer> {
    match outside.what {
        Happening::StartAgain => {
            let again = world.start(&plan.lowered(), &plan.begin());
            again
                .expect("nobody answers")
                .expect("a start that is repeated is harmless");
            None
        }
        Happening::Stop => {
            let execution = execution.to_owned();
            let stopped = world.call(move |engine| {
                let execution = execution.clone();
                async move { engine.stop(&execution, Failure::new("Enough", "")).await }
            });
            Some(match stopped.expect("nobody answers") {
                Ok(()) => StopAnswer::Accepted,
                Err(_) if world.was_unsure => StopAnswer::Unsure,
                Err(_) => StopAnswer::Refused,
            })
        }
    }
}

/// Everything that is known in the end.
fn all_that_is_known(world: &mut Functions, execution: &str) -> Result<Option<Witness>, String> {
    let Some(mut whole) = witness(world, execution)? else {
        return Ok(None);
    };
    let rows = world.call(|engine| async move { engine.list().await });
    let rows = rows.ok_or("nobody answers")?.map_err(|error| error.to_string())?;
    let is_main = |row: &&ExecutionRow| *row.execution == *execution;
    crate::is_listed(rows.iter().find(is_main), &whole.end)?;
    for row in rows.iter().filter(|row| !is_main(row)) {
        let name = row.execution.to_string();
        let asked = name.clone();
        let described = world.call(move |engine| {
            let name = asked.clone();
            async move { engine.describe(&name).await }
        });
        match described.ok_or("nobody answers")? {
            // Its row was written, and whoever wrote it died before the first record.
            Err(EngineError::ExecutionNotExists { .. }) => {}
            Err(error) => return Err(error.to_string()),
            Ok(described) => {
                let Some(witness) = witness(world, &name)? else {
                    return Ok(None);
                };
                crate::is_listed(Some(row), &witness.end)?;
                whole.children.push(ChildWitness {
                    flow: described.flow.to_string(),
                    input: described.input,
                    witness,
                });
            }
        }
    }
    Ok(Some(whole))
}

/// What a page of the history would show now.
pub(crate) fn page(world: &mut Functions, execution: &str) -> Result<Vec<HistoryEvent>, String> {
    let name = execution.to_owned();
    let settled = world.call(move |engine| {
        let name = name.clone();
        async move { engine.settled_history(&name).await }
    });
    settled.ok_or("nobody answers")?.map_err(|error| error.to_string())
}

/// A page once given never changes.
pub(crate) fn is_beginning(page: &[HistoryEvent], history: &[HistoryEvent]) -> Result<(), String> {
    let pairs = page.iter().map(Some).zip(history.iter().map(Some).chain([None]));
    let mut changed = pairs.filter(|(given, told)| given != told);
    match changed.next() {
        Some((given, told)) => Err(format!("a page said {given:#?}, the history says {told:#?}")),
        None => Ok(()),
    }
}

/// Where nothing goes wrong and every invocation has time, nothing is waited for but what the flow waits for.
pub(crate) fn is_prompt(plan: &Plan, witness: &Witness, lateness_ms: u64) -> Result<(), String> {
    let prediction = predict(plan).map_err(|mismatch| mismatch.to_string())?;
    let is_timed =
        !features(plan).contains_key("Map") && !plan.schedule.iter().any(|outside| outside.what == Happening::Stop);
    let (Some(first), Some(last)) = (witness.history.first(), witness.history.last()) else {
        return Ok(());
    };
    let took = millis(&last.time).saturating_sub(millis(&first.time));
    let most = prediction.at.ms.saturating_add(lateness_ms);
    match prediction.is_certain && is_timed && took > most {
        true => Err(format!("it took {took} ms, and {most} ms are enough")),
        false => Ok(()),
    }
}

fn millis(time: &str) -> u64 {
    let time: Option<jiff::Timestamp> = time.parse().ok();
    time.and_then(|time| time.as_millisecond().try_into().ok()).unwrap_or(0)
}

/// A process that stands still while it puts a record puts it late, which is beyond what is promised of pages.
fn pages_hold(world: &Functions, pages: &[Vec<HistoryEvent>], whole: &Witness) -> Result<(), String> {
    let may_show = world.pauses == 0;
    let mut pages = pages.iter().filter(|_| may_show);
    pages.try_for_each(|page| is_beginning(page, &whole.history))
}

/// Nobody who was answered sends a wake again, and a driver sends none that no record names.
fn wakes_are_owed(world: &Functions, plan: &Plan, execution: &str) -> Result<(), String> {
    // Who stood still sends its wake again behind the record.
    if let Some(wake) = world.queue.armed_twice().first().filter(|_| world.pauses == 0) {
        return Err(format!("a wake was sent twice: {wake:?}"));
    }
    // The start of another flow, and its end, send a wake before the record that names it, which may lose.
    if features(plan).contains_key("child flow") {
        return Ok(());
    }
    let logs = Logs::read(&world.store, execution);
    let named = logs.check_wakes(&world.queue.armed());
    named.map_err(|what| format!("{what}\n{logs}"))
}

fn agrees(plan: &Plan, trouble: Trouble, coverage: &mut Coverage) -> Result<(), String> {
    let mut world = Functions::new(plan.seed, trouble);
    let execution = world.start(&plan.lowered(), &plan.begin());
    let execution = execution.ok_or("nobody answers")?.map_err(|error| error.to_string())?;
    world.tasks.watch(&world.store);
    if plan.seed.is_multiple_of(8) {
        world.watch_logs();
    }
    let (stop, pages) = live(&mut world, plan, trouble, &execution)?;
    check(&mut world, plan, trouble, &execution, (stop, &pages), coverage)
}

/// Lets everything happen that the plan says, and the rest to its end; how a stop was answered, and pages seen meanwhile.
fn live(
    world: &mut Functions,
    plan: &Plan,
    trouble: Trouble,
    execution: &str,
) -> Result<(Option<StopAnswer>, Vec<Vec<HistoryEvent>>), String> {
    let (begun, mut stop) = (world.now(), None);
    let mut pages = Vec::new();
    for outside in &plan.schedule {
        // After so many moments, or so much time: some wait for hours, and some are done in a second.
        match plan.seed.is_multiple_of(2) {
            true => world.run_until(begun + outside.at_ms),
            false => world.run_for(world.chance.below(400)),
        }
        stop = stop.or(happen(world, plan, execution, outside));
        pages.push(page(world, execution)?);
    }
    for _ in (0..PAGES).filter(|_| trouble.pause == 0) {
        world.run_for(world.chance.below(60));
        pages.push(page(world, execution)?);
    }
    if !world.run_dry(1_000_000) {
        return Err("it does not end".to_owned());
    }
    world.stop_faults();
    Ok((stop, pages))
}

/// Holds what is known in the end against what may be.
fn check(
    world: &mut Functions,
    plan: &Plan,
    trouble: Trouble,
    execution: &str,
    (stop, pages): (Option<StopAnswer>, &[Vec<HistoryEvent>]),
    coverage: &mut Coverage,
) -> Result<(), String> {
    if let Some(what) = world.broken() {
        return Err(format!("before the end: {what}"));
    }
    if !world.failed.is_empty() {
        let logs = Logs::read(&world.store, execution);
        return Err(format!("invocations failed: {:?}\n{logs}", world.failed));
    }
    let known = all_that_is_known(world, execution);
    let known = known.map_err(|what| {
        format!(
            "{what}\n{}\n{:#?}",
            Logs::read(&world.store, execution),
            world.tasks.reports.made()
        )
    })?;
    logs_are_right(&world.store)?;
    every_turn_was_given(&world.store, &world.tasks.ran(), world.queue.resent())?;
    if let Some(complaint) = world.tasks.complaints().first() {
        return Err(complaint.clone());
    }
    let Some(mut whole) = known else { return Ok(()) };
    let logs = || Logs::read(&world.store, execution);
    pages_hold(world, pages, &whole).map_err(|what| format!("{what}\n{}", logs()))?;
    wakes_are_owed(world, plan, execution)?;
    if trouble == calm() && world.stops == 0 {
        is_prompt(plan, &whole, LATENESS_MS)?;
    }
    coverage.count(plan, &whole, &struck(world));
    whole.stop = stop;
    whole.reports = world.tasks.reports.made();
    whole.ran = Some(world.tasks.ran());
    world.causes().check(&world.tasks.ran())?;
    let early = |outside: &Outside| Outside {
        at_ms: 0,
        ..outside.clone()
    };
    let plan = Plan {
        schedule: plan.schedule.iter().map(early).collect(),
        ..plan.clone()
    };
    let logs = Logs::read(&world.store, execution);
    verify(&plan, &whole)
        .map(drop)
        .map_err(|mismatch| format!("{mismatch}\n{logs}"))
}

const GENERATOR: Generator = Generator {
    size: 12,
    callbacks: true,
    children: true,
    stops: true,
};

/// A smaller plan that disagrees in the same world, as a fixture.
#[expect(clippy::print_stdout, reason = "what was found is shown")]
fn show_smallest(plan: &Plan, trouble: Trouble) {
    let disagrees = |plan: &Plan| agrees(plan, trouble, &mut Coverage::of(&OF_FUNCTIONS)).err();
    let small = smallest(plan, 500, |plan| disagrees(plan).is_some());
    let why = disagrees(&small).unwrap_or_default();
    println!("seed {}, made small: {why}\n{}", plan.seed, small.fixture());
}

/// Runs every seed, and says what disagrees; what was met is shown in any case.
fn all_agree(world: &str, count: u64, trouble: impl Fn(u64) -> Trouble) -> (Coverage, Vec<String>) {
    let mut wrong = Vec::new();
    let mut coverage = Coverage::of(&OF_FUNCTIONS);
    for seed in crate::seeds(count, &[]) {
        let plan = crate::plan(&GENERATOR, seed);
        coverage.begins();
        if let Err(why) = agrees(&plan, trouble(seed), &mut coverage) {
            crate::caught(world, seed, &why);
            if wrong.is_empty() {
                show_smallest(&plan, trouble(seed));
            }
            wrong.push(format!("seed {seed}: {why}"));
        }
    }
    (coverage, wrong)
}

#[test]
fn calm_functions_agree_with_the_reference() {
    let (_, wrong) = all_agree("calm functions", 300, |_| calm());
    crate::none_disagrees(&wrong);
}

#[test]
fn troubled_functions_agree_with_the_reference() {
    let world = "troubled functions";
    let (coverage, wrong) = all_agree(world, COVERING, trouble);
    let gaps = coverage.show(world);
    crate::none_disagrees(&wrong);
    coverage.is_whole(&gaps);
}

/// What there is to see of a run.
fn look(seed: u64) -> (String, u64, String) {
    let plan = crate::plan(&GENERATOR, seed);
    let mut world = Functions::new(seed, trouble(seed));
    let execution = world.start(&plan.lowered(), &plan.begin());
    let execution = execution.expect("nobody answers").expect("it starts");
    assert!(world.run_dry(1_000_000));
    let logs = Logs::read(&world.store, &execution).to_string();
    (logs, world.now(), format!("{:?}", world.tasks.ran()))
}

#[test]
fn a_seed_reproduces_a_troubled_run() {
    for seed in 0..20 {
        assert_eq!(look(seed), look(seed), "seed {seed}");
    }
}
