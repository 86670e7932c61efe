//! What runs in a round, and what must come of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_core::{Failure, Report};
use stepwell_expression::Value;
use stepwell_model::{Flow, Settings};
use stepwell_simulation::plan::{Block, Generator, Kind, Plan, Wait};
use stepwell_simulation::{Begin, flow};

const ITEMS: u64 = 14;
/// How much faster time goes for a flow of this folder, and for a plan, whose times are those of a simulated world.
const FACTOR: u64 = 20;
const PLAN_FACTOR: u64 = 500;
/// The longest Wait of a plan.
const WAIT_SECONDS_MAX: u64 = 40;

/// A flow with its input and its end.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) flow: Flow,
    pub(crate) begin: Begin,
    /// How much faster than the system's clock its clock goes.
    pub(crate) factor: u64,
    /// About how many milliseconds of the system's clock it takes.
    pub(crate) lasts_ms: u64,
    pub(crate) expected: Expected,
    /// The state, if any, whose effect must not begin twice, whatever happens.
    pub(crate) once: Option<&'static str>,
    /// What is reported to an attempt of a state, where somebody reports.
    pub(crate) report: Option<fn(&str, u32) -> Report>,
}

/// What must come of it.
#[derive(Debug)]
pub(crate) enum Expected {
    /// It succeeds.
    Output {
        output: Value,
        /// How many executions there are in the end, children included.
        executions: usize,
        /// By state, how often it is visited and how many attempts each visit takes, for effects.
        effects: BTreeMap<&'static str, (usize, u32)>,
    },
    /// What the reference says.
    Reference(Box<Plan>),
}

impl Case {
    /// The case of that name as a seed varies it.
    pub(crate) fn named(name: &str, seed: u64) -> Self {
        let mut case = match name {
            "crash" => crash(),
            "family" => family(),
            "asked" => asked(),
            "plan" => return planned(seed),
            other => panic!("there is no case `{other}`"),
        };
        case.begin.settings = Settings {
            fuse: !seed.is_multiple_of(3),
            ..Settings::default()
        };
        case
    }

    /// The execution that a round starts.
    pub(crate) fn execution(&self) -> String {
        format!("{}/{}", self.flow.name, self.begin.name)
    }
}

fn crash() -> Case {
    let items = Value::array((0..ITEMS).map(Value::from));
    let text = Value::from("x".repeat(1_000));
    let input = Value::object([("n", Value::from(7_u64)), ("items", items), ("text", text)]);
    let expected = Expected::Output {
        output: crash_output(),
        executions: 1,
        effects: [("Flaky", (1, 3)), ("Effect", (5, 1)), ("After", (1, 1))].into(),
    };
    plain(include_str!("flows/crash.yaml"), input, expected)
}

fn crash_output() -> Value {
    let item = |item: u64| {
        let plain = [("item", Value::from(item))];
        let effect = [("item", Value::from(item)), ("effect", Value::Bool(true))];
        if item.is_multiple_of(3) {
            Value::object(effect)
        } else {
            Value::object(plain)
        }
    };
    let global = Value::object([("flaky", Value::from(2_u64)), ("last", Value::from(12_u64))]);
    Value::object([
        ("count", Value::from(ITEMS)),
        ("items", Value::array((0..ITEMS).map(item))),
        ("retries", Value::from(2_u64)),
        ("global", global),
    ])
}

fn family() -> Case {
    let numbers: Vec<u64> = (0..5).collect();
    let items = Value::array(numbers.iter().copied().map(Value::from));
    let doubled = |number: &u64| Value::object([("doubled", Value::from(number * 2))]);
    let expected = Expected::Output {
        output: Value::object([
            ("items", Value::array(numbers.iter().map(doubled))),
            ("fired", Value::from("fired")),
        ]),
        executions: 1 + numbers.len() + 1 + 1,
        effects: [("Work", (6, 1)), ("Finish", (1, 2)), ("Once", (1, 1)), ("Told", (1, 1))].into(),
    };
    let input = Value::object([("items", items)]);
    let mut case = plain(include_str!("flows/family.yaml"), input, expected);
    case.begin.flows = vec![
        flow(include_str!("flows/kid.yaml")),
        flow(include_str!("flows/grand.yaml")),
    ];
    case.once = Some("Once");
    case
}

fn asked() -> Case {
    let approve = Value::object([("answer", Value::from(42_u64)), ("retries", Value::from(2_u64))]);
    let check = Value::object([("denied", Value::Bool(true))]);
    let expected = Expected::Output {
        output: Value::object([("approve", approve), ("check", check)]),
        executions: 1,
        effects: [("Approve", (1, 3)), ("Check", (1, 1)), ("After", (1, 1))].into(),
    };
    let input = Value::Object(Arc::default());
    let mut case = plain(include_str!("flows/asked.yaml"), input, expected);
    case.report = Some(|state, attempt| match (state, attempt) {
        ("Approve", 1 | 2) => failed("Refused"),
        ("Approve", _) => Report::Succeeded(Value::object([("answer", Value::from(42_u64))])),
        _ => failed("Denied"),
    });
    case
}

/// A random plan, whose end the reference tells.
fn planned(seed: u64) -> Case {
    let generator = Generator {
        callbacks: false,
        stops: false,
        ..Generator::default()
    };
    let mut plan = generator.plan(seed);
    shorten(&mut plan.flow.block);
    plan.children.iter_mut().for_each(|child| shorten(&mut child.block));
    Case {
        flow: plan.lowered(),
        begin: plan.begin(),
        factor: PLAN_FACTOR,
        lasts_ms: 80,
        expected: Expected::Reference(Box::new(plan)),
        once: None,
        report: None,
    }
}

/// A round has no time for Waits of hours.
fn shorten(block: &mut Block) {
    for state in &mut block.states {
        if let Kind::Wait(Wait::Seconds(seconds)) = &mut state.kind {
            *seconds = (*seconds).min(WAIT_SECONDS_MAX);
        }
        state.kind.blocks_mut().into_iter().for_each(shorten);
    }
}

fn failed(code: &str) -> Report {
    Report::Failed(Failure {
        code: code.into(),
        detail: Arc::from("a person said so"),
        retryable: true,
    })
}

fn plain(text: &str, input: Value, expected: Expected) -> Case {
    Case {
        flow: flow(text),
        begin: Begin::with(input),
        factor: FACTOR,
        lasts_ms: 250,
        expected,
        once: None,
        report: None,
    }
}
