//! Small flows in worlds of functions that stress one promise each.

use stepwell_engine::{Ended, Room};
use stepwell_expression::Value;
use stepwell_ports::Clock;
use stepwell_simulation::checks::Logs;
use stepwell_simulation::{Begin, Faults, Functions, QueueFaults, Trouble, flow};
use stepwell_simulator::VirtualClock;

use crate::functions::{is_beginning, page, trouble, witness};

/// A run in which every moment is looked at is dear, and no run differs much from another.
const PAGES_SEEDS_MAX: usize = 2_000;

/// Branches that write all the time by clocks that differ, and somebody who looks all the time.
#[test]
fn pages_agree() {
    let task = |name: &str, takes: u32| {
        format!(
            "{{Type: Task, Name: {name}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: effect, body: {{takes: {takes}}}}}, "
        )
    };
    let branch = |takes: u32| {
        let (one, two) = (task("A", takes), task("B", 2 * takes));
        format!("{{StartAt: A, States: [{one} Next: B}}, {two} End: true}}]}}")
    };
    let item = branch(150);
    let branches = format!(
        "{{StartAt: M, States: [{{Type: Map, Name: M, ItemsPath: 'toArray(1, 2, 3, 4, 5)', End: true, Processor: {item}}}]}}, {}",
        branch(400)
    );
    let states = format!("StartAt: P\nStates:\n  - {{Type: Parallel, Name: P, End: true, Branches: [{branches}]}}\n");
    for seed in crate::seeds(60, &[]).into_iter().take(PAGES_SEEDS_MAX) {
        let trouble = Trouble {
            pause: 0,
            ..trouble(seed)
        };
        if let Err(why) = pages_never_change(seed, trouble, &states) {
            crate::caught("a world of pages", seed, &why);
            panic!("seed {seed}: {why}");
        }
    }
}

fn pages_never_change(seed: u64, trouble: Trouble, states: &str) -> Result<(), String> {
    let mut world = Functions::new(seed, trouble);
    let execution = begin_states(&mut world, states);
    let mut pages = Vec::new();
    while world.step() {
        world.run_for(world.chance.below(12));
        pages.push(page(&mut world, &execution)?);
    }
    let history = witness(&mut world, &execution)?.ok_or("nobody reports")?.history;
    pages.iter().try_for_each(|page| is_beginning(page, &history))
}

/// Runs a flow of these states to its end, in a world without trouble.
fn run_calmly(seed: u64, processes: usize, states: &str) -> (Functions, Ended) {
    let trouble = Trouble {
        processes,
        ..Trouble::default()
    };
    run_states(seed, trouble, states)
}

fn run_states(seed: u64, trouble: Trouble, states: &str) -> (Functions, Ended) {
    let mut world = Functions::new(seed, trouble);
    let execution = begin_states(&mut world, states);
    assert!(world.run_dry(100_000));
    let end = world.ended(&execution).expect("the world stands still").unwrap();
    (world, end)
}

fn begin_states(world: &mut Functions, states: &str) -> String {
    let flow = flow(&format!("Type: StateMachine\nSpecVersion: v1\nName: calm\n{states}"));
    let begin = Begin::with(Value::Object(std::sync::Arc::default()));
    world.start(&flow, &begin).expect("the world stands still").unwrap()
}

/// One process does everything, so it is handed the wakes that it named itself: nobody's time has to pass first.
#[test]
fn a_process_that_is_handed_its_own_wake_acts_at_once() {
    let states = "StartAt: A\nStates:\n  - {Type: Task, Name: A, Action: 'FC:InvokeFunction', Parameters: \
                  {resourceArn: effect, body: {fails: 1, takes: 0}}, Retry: [{Errors: [FnF.ALL], MaxAttempts: 1, \
                  IntervalSeconds: 10}], End: true}\n";
    let begun = VirtualClock::default().now();
    let (world, end) = run_calmly(1, 1, states);
    assert_eq!(end.name(), "Succeeded");
    let took = world.now() - begun;
    assert!((10_000..12_000).contains(&took), "{took} ms");
}

/// An execution is listed from its first rest on, and how it stands is read from its log.
#[test]
fn what_rests_is_listed() {
    let states =
        "StartAt: A\nStates:\n  - {Type: Wait, Name: A, Seconds: 60, Next: B}\n  - {Type: Pass, Name: B, End: true}\n";
    let mut world = Functions::new(1, Trouble::default());
    let execution = begin_states(&mut world, states);
    let mut listed = Vec::new();
    for seconds in [0, 30, 60] {
        let at = world.now() + seconds * 1_000;
        world.run_until(at);
        let rows = world.call(|engine| async move { engine.list().await });
        let rows = rows.expect("the world stands still").unwrap();
        listed.extend(
            rows.into_iter()
                .map(|row| (row.execution.to_string(), row.status.to_string())),
        );
    }
    let row = |status: &str| (execution.clone(), status.to_owned());
    assert_eq!(listed, [row("Running"), row("Succeeded")]);
}

/// Eight lanes of which one process has room for two: the others are handed out, whatever their attempts are.
#[test]
fn what_finds_no_room_is_done_elsewhere() {
    let items = (1..=40).map(|item| item.to_string()).collect::<Vec<_>>().join(", ");
    for function in ["effect", "pure"] {
        let states = format!(
            "StartAt: M\nStates: [{{Type: Map, Name: M, ItemsPath: 'toArray({items})', MaxConcurrency: 8, End: true, \
             Processor: {{StartAt: A, States: [{{Type: Task, Name: A, Action: 'FC:InvokeFunction', Parameters: \
             {{resourceArn: {function}, body: {{takes: 400}}}}, End: true}}]}}}}]\n"
        );
        let begun = VirtualClock::default().now();
        let run = |processes, room| {
            let trouble = Trouble {
                processes,
                room,
                ..Trouble::default()
            };
            let (world, end) = run_states(1, trouble, &states);
            assert_eq!(end.name(), "Succeeded");
            let ran = world.tasks.ran();
            assert_eq!(ran.len(), 40);
            assert!(ran.values().all(|ran| ran.begun == 1), "nothing begins twice: {ran:?}");
            (
                world.queue.struck().handed_out,
                world.now() - begun,
                world.store.records(),
            )
        };
        let room = Room {
            attempts: 2,
            components: 2,
            patience_ms: 250,
        };
        let (_, _, records) = run(1, None);
        let (_, alone_ms, _) = run(1, Some(room));
        let (handed_out, took_ms, with_them) = run(4, Some(room));
        assert!(handed_out > 0);
        assert!(
            took_ms < alone_ms / 2,
            "{function}: {took_ms} ms, and {alone_ms} ms in one process"
        );
        // A lane that is handed out takes a record more, and its pure items are reserved anew.
        assert!(
            with_them <= records + 16,
            "{function}: {with_them} records for {records}"
        );
    }
}

/// A table keeps records for 45 days, and a report comes after 200: branches with values of their own wait for it, and lanes
/// that were joined before are read after it.
#[test]
fn what_runs_for_longer_than_records_are_kept_is_renewed() {
    let day = 24 * 60 * 60 * 1_000_u64;
    let item = "{StartAt: I, States: [{Type: Task, Name: I, Action: 'FC:InvokeFunction', Parameters: {resourceArn: effect, \
                body: {bytes: 400}}, End: true}]}";
    let waits = |days: u64| {
        format!(
            "{{StartAt: W, States: [{{Type: Task, Name: W, Action: 'FC:InvokeFunction', TaskMode: WaitForCustomCallback, \
             Parameters: {{resourceArn: effect, body: {{token.$: '$Context.Current.TaskToken', report_after_ms: {}, report: \
             heard}}}}, End: true}}]}}",
            days * day
        )
    };
    let states = format!(
        "StartAt: M\nStates:\n  - {{Type: Map, Name: M, ItemsPath: 'toArray(1, 2, 3)', Processor: {item}, Next: P}}\n  \
         - {{Type: Parallel, Name: P, Branches: [{}, {}], OutputConstructor: {{items.$: $Input, heard.$: $Output}}, End: true}}\n",
        waits(200),
        waits(90)
    );
    let run = |trouble: Trouble, weeks| {
        let mut world = Functions::new(3, trouble);
        let execution = begin_states(&mut world, &states);
        world.renew_for(weeks);
        assert!(world.run_dry(1_000_000));
        let told = world.call(move |engine| {
            let execution = execution.clone();
            async move { Ok((engine.ended(&execution).await?, engine.history(&execution).await?)) }
        });
        (told.expect("the world stands still"), world.now())
    };
    let at_once = run_calmly(
        3,
        2,
        &states
            .replace(&(200 * day).to_string(), "9")
            .replace(&(90 * day).to_string(), "9"),
    );
    for trouble in [Trouble::default(), trouble(5)] {
        let (told, _) = run(trouble, 30);
        let (end, history) = told.unwrap();
        assert_eq!(end, at_once.1);
        assert_eq!(history.first().map(|event| &*event.kind), Some("ExecutionStarted"));
        assert_eq!(history.last().map(|event| &*event.kind), Some("ExecutionSucceeded"));
    }
    let (forgotten, _) = run(Trouble::default(), 5);
    assert!(forgotten.is_err(), "nobody renewed it: {forgotten:?}");
}

/// Who reports has the token from the process that began the attempt, and may ask one whose clock is behind.
#[test]
fn a_report_is_heard_by_a_clock_that_is_behind() {
    let states = "StartAt: A\nStates:\n  - {Type: Task, Name: A, Action: 'FC:InvokeFunction', TaskMode: \
                  WaitForCustomCallback, Parameters: {resourceArn: effect, body: {fails: 1, token.$: \
                  '$Context.Current.TaskToken', report_after_ms: 0, report: heard}}, Retry: [{Errors: [Flaky], \
                  MaxAttempts: 1, IntervalSeconds: 1}], End: true}\n";
    let trouble = Trouble {
        processes: 3,
        skew_ms: 400,
        ..Trouble::default()
    };
    for seed in 0..20 {
        let (_, end) = run_states(seed, trouble, states);
        assert_eq!(end, Ended::Succeeded(Value::from("heard")), "seed {seed}");
    }
}

/// Processes that die whenever they are about to rest: somebody still has the wake by which it goes on.
#[test]
fn what_rests_agrees() {
    let states = "StartAt: A\nStates:\n  - {Type: Wait, Name: A, Seconds: 100, Next: B}\n  - {Type: Task, Name: B, \
                  Action: 'FC:InvokeFunction', Parameters: {resourceArn: effect, body: {takes: 0}}, Next: C}\n  - \
                  {Type: Wait, Name: C, Seconds: 100, Next: D}\n  - {Type: Wait, Name: D, Seconds: 3000, End: true}\n";
    for seed in crate::seeds(300, &[]) {
        let trouble = Trouble {
            queue: QueueFaults {
                refused: 2,
                ..QueueFaults::default()
            },
            processes: 2,
            death: 6,
            deaths_max: 4,
            ..Trouble::default()
        };
        let (world, end) = run_states(seed, trouble, states);
        if end.name() != "Succeeded" {
            let why = format!("{end:?}\n{}", Logs::read(&world.store, "calm/e"));
            crate::caught("a world of rests", seed, &why);
            panic!("seed {seed}: {why}");
        }
    }
}

/// Whoever calls dies at some poll and never calls again: what it has written goes on all the same.
#[test]
fn callers_that_die_agree() {
    let states = "StartAt: A\nStates:\n  - {Type: Task, Name: A, Action: 'FC:InvokeFunction', TaskMode: \
                  WaitForCustomCallback, Parameters: {resourceArn: effect, body: {token.$: \
                  '$Context.Current.TaskToken', report_after_ms: 3000, report: heard, report_gives_up: 1}}, Next: B}\n  - \
                  {Type: Task, Name: B, Action: 'FC:InvokeFunction', Parameters: {resourceArn: effect}, End: true}\n";
    let trouble = Trouble {
        processes: 2,
        call_death: 1,
        ..Trouble::default()
    };
    let (mut unheard, seeds) = (0, crate::seeds(200, &[]));
    let is_asked = seeds.len() >= 100;
    for seed in seeds {
        let (world, end) = run_states(seed, trouble, states);
        let logs = Logs::read(&world.store, "calm/e");
        unheard += u32::from(logs.waits_for_reports());
        if end == Ended::Running && !logs.waits_for_reports() {
            crate::caught("a world of callers that die", seed, &logs.to_string());
            panic!("seed {seed}: nobody goes on\n{logs}");
        }
    }
    assert!(unheard > 0 || !is_asked, "no caller died before it was heard");
}

/// A table that takes one write of three and does not answer: who reports is not called late where its report counts,
/// whoever has gone on from it meanwhile.
#[test]
fn reports_that_count_agree_with_their_answers() {
    let states = "StartAt: A\nStates:\n  - {Type: Task, Name: A, Action: 'FC:InvokeFunction', TaskMode: \
                  WaitForCustomCallback, Parameters: {resourceArn: effect, body: {takes: 0, token.$: \
                  '$Context.Current.TaskToken', report_after_ms: 3000, report: heard}}, Next: B}\n  - \
                  {Type: Task, Name: B, Action: 'FC:InvokeFunction', Parameters: {resourceArn: effect, body: {takes: 0}}, \
                  OutputConstructor: {is: heard}, End: true}\n";
    let trouble = Trouble {
        table: Faults {
            any_order: true,
            refused: 0,
            unanswered: 3,
            unread: 0,
        },
        processes: 3,
        ..Trouble::default()
    };
    for seed in crate::seeds(200, &[]) {
        let (world, end) = run_states(seed, trouble, states);
        let made = world.tasks.reports.made();
        let is_wrong = made.iter().any(|made| made.refused.is_some() && !made.is_unsure);
        if is_wrong || end.name() != "Succeeded" {
            let why = format!("{end:?} {made:?}\n{}", Logs::read(&world.store, "calm/e"));
            crate::caught("a world of lost answers", seed, &why);
            panic!("seed {seed}: {why}");
        }
    }
}

/// Branches that were gone on with elsewhere work, one effect after another, when a branch fails or the execution is stopped.
#[test]
fn what_is_cut_off_elsewhere_agrees() {
    let task = |name: &str, body: &str| {
        format!(
            "{{Type: Task, Name: {name}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: effect, body: {body}}}, "
        )
    };
    let works = ["B", "C", "D"].map(|name| task(name, "{takes: 4000}"));
    let branch = format!(
        "{{StartAt: A, States: [{{Type: Wait, Name: A, Seconds: 3, Next: B}}, {} Next: C}}, {} Next: D}}, {} End: true}}]}}",
        works[0], works[1], works[2]
    );
    let trouble = Trouble {
        processes: 4,
        skew_ms: 400,
        ..Trouble::default()
    };
    for seed in crate::seeds(100, &[]) {
        let fails = task("F", &format!("{{fails: 1, takes: {}}}", 1_000 + 150 * (seed % 100)));
        let fails = format!("{{StartAt: F, States: [{fails} End: true}}]}}");
        let states = format!(
            "StartAt: P\nStates:\n  - {{Type: Parallel, Name: P, Catch: [{{Errors: [FnF.ALL], Next: W}}], Branches: \
             [{branch}, {fails}, {branch}], Next: W}}\n  - {{Type: Wait, Name: W, Seconds: 60, End: true}}\n"
        );
        let mut world = Functions::new(seed, trouble);
        let execution = begin_states(&mut world, &states);
        world.tasks.watch(&world.store);
        assert!(world.run_dry(100_000));
        if let Some(why) = world.tasks.complaints().first() {
            crate::caught("a world of branches elsewhere", seed, why);
            panic!("seed {seed}: {why}\n{}", Logs::read(&world.store, &execution));
        }
    }
}

/// Six effects of 18 s each, one after another: more than one invocation has time for.
#[test]
fn an_invocation_stops_in_time_and_what_it_left_is_claimed() {
    let states = "StartAt: M\nStates:\n  - {Type: Map, Name: M, ItemsPath: 'toArray(1, 2, 3, 4, 5, 6)', MaxConcurrency: \
                  1, End: true, Processor: {StartAt: A, States: [{Type: Task, Name: A, Action: 'FC:InvokeFunction', \
                  Parameters: {resourceArn: effect, body: {takes: 18000}}, End: true}]}}\n";
    for processes in [1, 2, 3] {
        let (world, end) = run_calmly(7, processes, states);
        let begun: Vec<u32> = world.tasks.ran().values().map(|ran| ran.begun).collect();
        let repeats = begun.iter().sum::<u32>() - 6;
        assert_eq!((end.name(), begun.len(), world.deaths), ("Succeeded", 6, 0));
        assert!(world.stops > 0 && repeats <= world.stops, "{begun:?}, {}", world.stops);
    }
}

/// No invocation has time for it, so none will ever end it: beside others twice, then three times alone.
#[test]
fn a_task_that_is_longer_than_an_invocation_is_given_up() {
    let states = "StartAt: A\nStates:\n  - {Type: Task, Name: A, Action: 'FC:InvokeFunction', Parameters: \
                  {resourceArn: effect, body: {takes: 70000}}, End: true}\n";
    for processes in [1, 2, 3] {
        let (world, end) = run_calmly(3, processes, states);
        let Ended::Failed(failure) = end else { panic!("{end:?}") };
        let begun: Vec<u32> = world.tasks.ran().values().map(|ran| ran.begun).collect();
        assert_eq!((&*failure.code, begun, world.deaths), ("FnF.TaskCrashed", vec![5], 0));
    }
}

/// A submission that fails while its report is taken elsewhere: both lead to a pure task, which is the scope's second
/// attempt either way.
#[test]
fn outcomes_agree_with_what_was_asked() {
    let after = |name: &str| {
        format!(
            "{{Type: Task, Name: {name}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: pure, body: {{of: {name}, \
             takes: 100}}}}, OutputConstructor: {{is: {name}, of.$: $Output.Body.of.of}}, End: true}}"
        )
    };
    let states = format!(
        "StartAt: A\nStates:\n  - {{Type: Task, Name: A, Action: 'FC:InvokeFunction', TaskMode: WaitForCustomCallback, \
         Parameters: {{resourceArn: effect, body: {{fails: 1, takes: 20, token.$: '$Context.Current.TaskToken', \
         report_after_ms: 18}}}}, Catch: [{{Errors: [Flaky], Next: C}}], Next: B}}\n  - {}\n  - {}\n",
        after("B"),
        after("C")
    );
    let trouble = Trouble {
        processes: 2,
        ..Trouble::default()
    };
    let right = ["B", "C"].map(|name| format!("{{\"is\":\"{name}\",\"of\":\"{name}\"}}"));
    let mut ends = std::collections::BTreeSet::new();
    for seed in crate::seeds(200, &[]) {
        let (_, end) = run_states(seed, trouble, &states);
        let output = if let Ended::Succeeded(output) = &end {
            output.to_json().unwrap_or_default()
        } else {
            format!("{end:?}")
        };
        if !right.contains(&output) {
            crate::caught("a world of two outcomes", seed, &output);
        }
        ends.insert(output);
    }
    assert!(ends.iter().all(|end| right.contains(end)), "{ends:?}");
}
