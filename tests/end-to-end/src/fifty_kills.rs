//! The long one: an execution of 200 states with parallel branches and a Map of 1,000 items is killed at fifty random
//! moments and goes on each time.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::functions::Doubler;
use crate::program::{House, Running};
use crate::random::Random;

const KILLS: u64 = 50;
const KILLS_IN_MAP: u64 = 24;
const BEFORE: u64 = 60;
const BRANCHES: u64 = 5;
const BRANCH: u64 = 20;
const AFTER: u64 = 35;
const ITEMS: u64 = 1000;
const TASKS: u64 = BEFORE + BRANCHES * BRANCH + ITEMS + AFTER;

/// A Task that doubles `$Input.n` by the test's function.
fn task(indent: &str, name: &str, exit: &str) -> String {
    let lines = [
        "- Type: Task".to_owned(),
        format!("  Name: {name}"),
        "  Action: FC:InvokeFunction".to_owned(),
        "  Parameters: {resourceArn: double, invocationType: Sync, body: {n: 1}}".to_owned(),
        "  OutputConstructor: {count.$: \"intAdd($Input.count, intAdd($Output.Body.n, -1))\"}".to_owned(),
        format!("  {exit}"),
    ];
    lines
        .iter()
        .fold(String::new(), |text, line| text + indent + line + "\n")
}

/// Tasks one after another; the last one goes where `exit` says.
fn tasks(indent: &str, prefix: &str, count: u64, exit: &str) -> String {
    let one = |n: u64| {
        let next = format!("Next: {prefix}{}", n + 1);
        task(
            indent,
            &format!("{prefix}{n}"),
            if n + 1 == count { exit } else { &next },
        )
    };
    (0..count).map(one).collect()
}

/// 60 tasks, 5 branches of 20, a Map of 1,000 items with two states, 35 tasks and a Pass: 200 states.
fn flow() -> String {
    let mut text = "Type: StateMachine\nSpecVersion: v1\nName: long\nStartAt: Before0\nStates:\n".to_owned();
    text += &tasks("  ", "Before", BEFORE, "Next: Both");
    text += "  - Type: Parallel\n    Name: Both\n    Branches:\n";
    for branch in 0..BRANCHES {
        write!(text, "      - StartAt: B{branch}x0\n        States:\n").unwrap();
        text += &tasks("          ", &format!("B{branch}x"), BRANCH, "End: true");
    }
    let sum = (0..BRANCHES).fold("0".to_owned(), |sum, branch| {
        format!("intAdd({sum}, $Output.Branch{branch}.count)")
    });
    write!(text, "    OutputConstructor: {{count.$: \"{sum}\"}}\n    Next: Each\n").unwrap();
    text += MAP;
    text += &tasks("  ", "After", AFTER, "Next: Result");
    text + "  - {Type: Pass, Name: Result, OutputConstructor: {count.$: $Input.count, items.$: $Global.items}, End: true}\n"
}

const MAP: &str = "  - Type: Map
    Name: Each
    ItemsPath: $Context.Execution.Input.items
    MaxConcurrency: 20
    Processor:
      StartAt: Item
      States:
        - Type: Task
          Name: Item
          Action: FC:InvokeFunction
          Parameters: {resourceArn: double, invocationType: Sync, body: {n.$: $Input.n}}
          OutputConstructor: {twice.$: $Output.Body.n}
          Next: Keep
        - {Type: Pass, Name: Keep, End: true}
    OutputConstructor: {count.$: $Input.count}
    GlobalConstructor: {items.$: $Output.Items}
    Next: After0
";

/// Where a kill falls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Map,
    After,
}

fn stage(line: &Value) -> Stage {
    let (scope, state) = (line["scope"].as_str().unwrap(), line["state"].as_str().unwrap());
    match () {
        () if scope.starts_with("Each/") => Stage::Map,
        () if state.starts_with("After") => Stage::After,
        () => Stage::Before,
    }
}

/// Reads events until `outcomes` tasks have succeeded and kills the process; answers where the last one was.
fn kill_after(run: Running, outcomes: u64) -> Stage {
    let mut seen = 0;
    let mut at = Stage::Before;
    while seen < outcomes {
        let Some(line) = run.line() else {
            panic!("it ended before it was killed: {:?}", run.end())
        };
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["event"] == "TaskSucceeded" {
            seen += 1;
            at = stage(&line);
        }
    }
    run.kill();
    at
}

#[test]
fn two_hundred_states_survive_fifty_kills() {
    let mut random = Random::seeded();
    let house = House::with(&[("flow.yaml", &flow())]);
    assert_eq!(
        flow().matches("- Type: ").count() + flow().matches("- {Type: ").count(),
        200
    );
    let doubler = Doubler::start(house.path());
    house.write(
        "functions.yaml",
        &format!("functions:\n  double: {{http: \"{}\"}}\n", doubler.url),
    );
    let items: Vec<Value> = (0..ITEMS).map(|n| json!({ "n": n })).collect();
    house.write("input.json", &json!({ "count": 0, "items": items }).to_string());
    let command = ["run", "flow.yaml", "--input", "input.json", "--name", "n", "--json"];

    let (mut kills, mut in_map, mut at) = (0, 0, Stage::Before);
    while kills < KILLS {
        let untouched = TASKS - doubler.calls_by_attempt().len() as u64;
        let plan = plan(at, kills, in_map, &mut random).within(untouched);
        doubler.let_through(plan.outcomes + plan.more, kills);
        at = kill_after(house.start(&command), plan.outcomes);
        kills += 1;
        in_map += u64::from(at == Stage::Map);
    }
    assert!(in_map >= 20, "{in_map} kills inside the Map");

    doubler.let_through(u64::MAX, kills);
    let run = house.run(&command);
    assert_eq!(run.code, Some(0), "{}", run.error);
    check_output(&run.out);
    check_calls(&doubler);
    check_history(&house);
}

/// After how many outcomes a process is killed, and how many more it may have meanwhile.
struct Plan {
    outcomes: u64,
    more: u64,
}

impl Plan {
    /// At most half of the attempts that nobody has called yet, so that the end is never reached.
    fn within(self, untouched: u64) -> Self {
        let outcomes = self.outcomes.min(untouched / 2).max(1);
        Self {
            outcomes,
            more: self.more.min(untouched / 2 - outcomes.min(untouched / 2)),
        }
    }
}

/// Ten kills before the Map, two dozen in it, the rest after it; each after at least one outcome.
fn plan(at: Stage, kills: u64, in_map: u64, random: &mut Random) -> Plan {
    let before_left = 10_u64.saturating_sub(kills);
    match at {
        // The work before the Map is what is left of 160 outcomes.
        Stage::Before if before_left > 0 => Plan {
            outcomes: 1 + random.below(10),
            more: random.below(10),
        },
        Stage::Before => Plan { outcomes: 30, more: 0 },
        Stage::Map if in_map < KILLS_IN_MAP => Plan {
            outcomes: 1 + random.below(20),
            more: random.below(40),
        },
        Stage::Map => Plan { outcomes: 100, more: 0 },
        Stage::After => Plan { outcomes: 1, more: 0 },
    }
}

fn check_output(out: &str) {
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    // Every task adds one; the branches begin with what came before them.
    let count = BRANCHES * (BEFORE + BRANCH) + AFTER;
    let items: Vec<Value> = (0..ITEMS).map(|n| json!({ "twice": n * 2 })).collect();
    assert_eq!(
        last,
        json!({ "name": "n", "status": "Succeeded", "output": { "count": count, "items": items } })
    );
}

/// Within one life of the process no attempt is called twice.
fn check_calls(doubler: &Doubler) {
    let attempts = doubler.calls_by_attempt();
    assert_eq!(attempts.len() as u64, TASKS);
    for (attempt, calls) in attempts {
        let mut lives = calls.clone();
        lives.dedup();
        assert_eq!(lives, calls, "{attempt} was called twice in one life");
    }
}

fn check_history(house: &House) {
    let history = house.json(&["history", "n", "--json"]);
    let count = |kind: &str| {
        history
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["Type"] == kind)
            .count() as u64
    };
    let counts = [
        "TaskScheduled",
        "TaskSucceeded",
        "IterationEntered",
        "IterationExited",
        "TaskFailed",
    ]
    .map(count);
    assert_eq!(counts, [TASKS, TASKS, ITEMS, ITEMS, 0]);
}
