//! What random worlds have found, each as small as it could be made.

use stepwell_engine::Ended;
use stepwell_expression::Value;
use stepwell_simulation::{Begin, World, flow};

fn head(name: &str) -> String {
    format!("Type: StateMachine\nSpecVersion: v1\nName: {name}\n")
}

/// Starts `kid` and waits for it.
const ASKS_KID: &str = "{Type: Task, Name: A, Action: 'FNF:StartExecution', TaskMode: WaitForSystemCallback, \
                        Parameters: {resourceArn: 'acs:fnf:::flow/kid', input: {n: 4}}, End: true}";

fn run(main: &str, kid: &str) -> (World, stepwell_engine::Engine, Ended) {
    let mut world = World::calm(1);
    let engine = world.engine().unwrap();
    let begin = Begin {
        flows: vec![flow(&format!("{}{kid}", head("kid")))],
        ..Begin::with(Value::object([("n", Value::from(1_u64))]))
    };
    let execution = world
        .start(&engine, &flow(&format!("{}{main}", head("main"))), begin)
        .unwrap();
    let end = world.end(&engine, &execution).expect("the world stands still").unwrap();
    (world, engine, end)
}

fn code(end: &Ended) -> &str {
    match end {
        Ended::Failed(failure) => &failure.code,
        Ended::Running | Ended::Succeeded(_) | Ended::Stopped(_) | Ended::TimedOut(_) => end.name(),
    }
}

const FAILS_LATER: &str =
    "StartAt: W\nStates: [{Type: Wait, Name: W, Seconds: 4, Next: F}, {Type: Fail, Name: F, Code: Bad}]\n";

/// The branch failed while nobody drove the Parallel, which then read its end and took it for a good one.
#[test]
fn a_branch_that_fails_while_everything_rests_fails_the_parallel() {
    let main = format!(
        "StartAt: P\nStates:\n  - {{Type: Parallel, Name: P, Branches: [{{StartAt: A, States: [{ASKS_KID}]}}], End: true}}\n"
    );
    let (_, _, end) = run(&main, FAILS_LATER);
    assert_eq!(code(&end), "Bad");
}

#[test]
fn an_item_that_fails_while_everything_rests_fails_the_map() {
    let main = format!(
        "StartAt: M\nStates:\n  - {{Type: Map, Name: M, ItemsPath: '[1, 2]', Processor: {{StartAt: A, States: [{ASKS_KID}]}}, End: true}}\n"
    );
    let main = main.replace("ItemsPath: '[1, 2]'", "ItemsPath: 'toArray(1, 2)'");
    let (_, _, end) = run(&main, FAILS_LATER);
    assert_eq!(code(&end), "Bad");
}

/// The branch was cut off while the child's first record was on its way: nobody was told that it is there.
#[test]
fn a_child_whose_parent_was_cut_off_while_starting_it_goes_on() {
    let fails = "{Type: Fail, Name: F, Code: Bad}";
    let main = format!(
        "StartAt: P\nStates:\n  - {{Type: Parallel, Name: P, Branches: [{{StartAt: A, States: [{ASKS_KID}]}}, {{StartAt: F, States: [{fails}]}}], End: true}}\n"
    );
    let kid = "StartAt: S\nStates: [{Type: Wait, Name: S, Seconds: 1, End: true}]\n";
    let (mut world, engine, end) = run(&main, kid);
    assert_eq!(code(&end), "Bad");
    let asked = engine.clone();
    let rows = world.wait_for(async move { asked.list().await.unwrap() });
    let kids: Vec<_> = rows
        .iter()
        .map(|row| row.execution.to_string())
        .filter(|name| name.starts_with("kid/"))
        .collect();
    for kid in kids {
        assert_eq!(
            world.end(&engine, &kid).expect("the child is left").unwrap().name(),
            "Succeeded"
        );
    }
}

/// A report was the first that a new process heard of the execution. When everything was looked at after it, the branch
/// that was open for the report already was passed over, with everything inside that somebody was to run.
#[test]
fn what_a_report_opened_is_looked_at_with_everything_else() {
    for seed in 0..40 {
        let (mut world, execution) = left_with_a_report_on_its_way(seed);
        let engine = world.engine().unwrap();
        let end = world.end(&engine, &execution).map(Result::unwrap);
        assert_eq!(end.as_ref().map(Ended::name), Some("Succeeded"), "seed {seed}");
    }
}

/// And where the report was all that happened before the process read what is due, the execution was put to rest.
#[test]
fn a_report_that_comes_before_what_is_due_was_read_hides_nothing() {
    for seed in 0..40 {
        let (mut world, execution) = left_with_a_report_on_its_way(seed);
        let engine = world.open().unwrap();
        assert!(world.reported());
        world.pass(10_000);
        world.dispatch(&engine);
        let end = world.end(&engine, &execution).map(Result::unwrap);
        assert_eq!(end.as_ref().map(Ended::name), Some("Succeeded"), "seed {seed}");
    }
}

/// An execution whose process died: one inner branch owes an effect, the other is about to be reported to.
fn left_with_a_report_on_its_way(seed: u64) -> (World, String) {
    let task = |name: &str, rest: &str| {
        format!("{{Type: Task, Name: {name}, Action: 'FC:InvokeFunction', {rest}, End: true}}")
    };
    let fork = |name: &str, branches: &[String]| {
        let branches: Vec<_> = branches
            .iter()
            .map(|state| {
                format!(
                    "{{StartAt: S{name}, States: [{}]}}",
                    state.replacen("Name: ?", &format!("Name: S{name}"), 1)
                )
            })
            .collect();
        format!(
            "{{Type: Parallel, Name: ?, End: true, Branches: [{}]}}",
            branches.join(", ")
        )
    };
    let works = task("?", "Parameters: {resourceArn: effect, body: {takes: 3000}}");
    let waits = task(
        "?",
        "TaskMode: WaitForCustomCallback, Parameters: {resourceArn: effect, body: {token.$: \
         '$Context.Current.TaskToken', report_after_ms: 1000, report: heard}}",
    );
    let states = fork("1", &[fork("2", &[works, waits])]).replacen("Name: ?", "Name: P", 1);
    let flow = flow(&format!("{}StartAt: P\nStates:\n  - {states}\n", head("heard")));
    let mut world = World::new(seed);
    let engine = world.engine().unwrap();
    let begin = Begin::with(Value::Object(std::sync::Arc::default()));
    let execution = world.start(&engine, &flow, begin).unwrap();
    world.pass(500);
    world.die();
    world.advance(2_000);
    (world, execution)
}
