//! Random plans from a seed and a size.
//!
//! Every block's transitions lead forward, but for loops, which a counter in `$Global` ends; so every plan ends. Times are
//! chosen clearly below or clearly above the Timeout that they race with.

mod blocks;
mod edges;
mod expressions;
mod pressed;
mod states;
mod tasks;

use stepwell_expression::Value;

use super::{Action, Block, Happening, Kind, Mode, Outside, Plan, PlanFlow, State, Stub, Task, Template};
use crate::Chance;
use crate::plan::{Expr, Root};

/// `limits.data` where nobody says otherwise.
pub(crate) const DATA_BYTES_MAX: u64 = 64 * 1024;

/// `limits.states` where nobody says otherwise: more than a plan has.
pub(crate) const STATES_MAX: u64 = 100_000;

/// The flow that reports with the token in its input.
pub(crate) const RINGER: &str = "ringer";
/// Its one state.
pub(crate) const RING: &str = "Ring";

/// Makes plans.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    /// About how many states a plan has.
    pub size: u64,
    /// Whether tasks wait for reports.
    pub callbacks: bool,
    /// Whether tasks start other flows.
    pub children: bool,
    /// Whether executions are stopped.
    pub stops: bool,
}

impl Default for Generator {
    fn default() -> Self {
        Self {
            size: 14,
            callbacks: true,
            children: true,
            stops: true,
        }
    }
}

/// A plan in the making.
pub(super) struct Making {
    chance: Chance,
    is_calling_back: bool,
    /// Whether the flow that reports is among the children.
    is_ringing: bool,
    /// Whether `wait.max_seconds` is set; when a moment is too far away would be a race.
    is_capped: bool,
    /// Whether a loop never ends by itself.
    is_endless: bool,
    /// States that may still be made.
    budget: u64,
    /// Names that were given.
    named: u64,
    stubs: Vec<Stub>,
    /// Flows that may be started.
    children: Vec<String>,
}

/// Where a state stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Forks around it.
    depth: u64,
    /// Whether one of them is a Map.
    is_in_map: bool,
    /// Whether names are given anew in every block.
    is_named_by_letter: bool,
}

impl Generator {
    /// The plan of a seed.
    #[must_use]
    pub fn plan(&self, seed: u64) -> Plan {
        let mut making = Making {
            chance: Chance::new(seed ^ 0x005E_ED0F_1A45),
            is_calling_back: self.callbacks,
            is_ringing: false,
            is_capped: false,
            is_endless: false,
            budget: 0,
            named: 0,
            stubs: Vec::new(),
            children: Vec::new(),
        };
        making.is_capped = making.once_in(8);
        let children = match self.children {
            true => making.children(self.callbacks),
            false => Vec::new(),
        };
        making.is_ringing = self.children && self.callbacks;
        making.budget = 1 + making.below(self.size * 2);
        let flow = making.flow("main".to_owned());
        let mut plan = Plan {
            seed,
            children,
            input: making.input(),
            fuse: !making.once_in(3),
            data_bytes_max: if making.once_in(10) {
                700 + making.below(3_000)
            } else {
                DATA_BYTES_MAX
            },
            states_max: making.states_max(),
            wait_seconds_max: making.is_capped.then(|| 20 + making.below(1_000)),
            schedule: making.schedule(self.stops),
            stubs: making.stubs.clone(),
            flow,
        };
        making.at_an_edge(&mut plan);
        making.under_pressure(&mut plan);
        plan
    }
}

impl Making {
    fn below(&self, end: u64) -> u64 {
        self.chance.below(end)
    }

    fn once_in(&self, times: u64) -> bool {
        self.chance.once_in(times)
    }

    /// One of several.
    fn pick<'c, T>(&self, choices: &'c [T], otherwise: &'c T) -> &'c T {
        let place = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices.get(place).unwrap_or(otherwise)
    }

    fn states_max(&self) -> u64 {
        match self.is_endless {
            true => 4 + self.below(200),
            false if self.once_in(20) => 1 + self.below(60),
            false => STATES_MAX,
        }
    }

    fn flow(&mut self, name: String) -> PlanFlow {
        let block = self.block(Place {
            depth: 0,
            is_in_map: false,
            is_named_by_letter: false,
        });
        PlanFlow {
            name,
            timeout: self.once_in(10).then(|| 40 + self.below(400)),
            input: self.once_in(10).then(|| self.flow_input()),
            output: self.once_in(8).then(|| self.flow_output()),
            block,
        }
    }

    fn flow_input(&self) -> Template {
        let keys = ["n", "s", "items", "o"];
        let entries = keys.map(|key| (key, Template::Computed(Expr::path(Root::Input, &[key]))));
        Template::object(entries)
    }

    fn flow_output(&self) -> Template {
        Template::object([
            ("out", Template::Computed(Expr::path(Root::Output, &[]))),
            ("global", Template::Computed(Expr::path(Root::Global, &[]))),
        ])
    }

    /// Flows that tasks may start; they start none themselves, have no Timeout and are not stopped.
    #[expect(clippy::fn_params_excessive_bools, reason = "a plan either has it or not")]
    fn children(&mut self, callbacks: bool) -> Vec<PlanFlow> {
        let mut flows = Vec::new();
        for number in 0..self.below(3) {
            self.budget = 1 + self.below(5);
            let flow = self.flow(format!("kid{number}"));
            flows.push(PlanFlow { timeout: None, ..flow });
        }
        self.children = flows.iter().map(|flow| flow.name.clone()).collect();
        flows.extend(callbacks.then(ringer));
        flows
    }

    fn input(&self) -> Value {
        let items = (0..self.below(7)).map(|item| match self.once_in(4) {
            true => Value::object([("n", Value::from(item)), ("s", Value::from("item"))]),
            false => Value::from(self.below(10)),
        });
        let mut entries = vec![
            ("n", Value::from(self.below(6))),
            ("s", Value::from(*self.pick(&["a", "b", "7"], &"a"))),
            ("b", Value::from(self.once_in(2))),
            ("items", Value::array(items)),
        ];
        if self.once_in(3) {
            let letters = usize::try_from(200 + self.below(4_000)).unwrap_or(0);
            entries.push(("t", Value::from("t".repeat(letters))));
        }
        if self.once_in(4) {
            let many = (0..100 + self.below(2_000)).map(|number| Value::from(number % 10));
            entries.push(("many", Value::array(many)));
        }
        if self.once_in(2) {
            entries.push(("o", Value::object([("n", Value::from(self.below(9)))])));
        }
        Value::object(entries)
    }

    #[expect(clippy::fn_params_excessive_bools, reason = "a plan either has it or not")]
    fn schedule(&self, stops: bool) -> Vec<Outside> {
        let mut schedule = Vec::new();
        for _ in 0..self.below(4).saturating_sub(1) {
            schedule.push((self.moment(), Happening::StartAgain));
        }
        if stops && self.once_in(5) {
            schedule.push((self.moment(), Happening::Stop));
        }
        schedule.sort_by_key(|(at_ms, _)| *at_ms);
        let outside = |(at_ms, what)| Outside { at_ms, what };
        schedule.into_iter().map(outside).collect()
    }

    /// Mostly while something happens, and now and then at once.
    fn moment(&self) -> u64 {
        match self.below(4) {
            0 => 0,
            1 => self.below(2_000),
            2 => self.below(20_000),
            _ => self.below(120_000),
        }
    }
}

/// A flow whose one task sends on the token and the report of its input.
fn ringer() -> PlanFlow {
    let keys = [
        "token",
        "report_after_ms",
        "report",
        "report_code",
        "report_times",
        "report_gives_up",
    ];
    let body = keys.map(|key| (key, Template::Computed(Expr::path(Root::Input, &[key]))));
    let task = Task {
        action: Action::Function("effectRing".to_owned()),
        mode: Mode::RequestComplete,
        at_most_once: false,
        is_named: false,
        body: Template::object(body),
    };
    PlanFlow {
        name: RINGER.to_owned(),
        timeout: None,
        input: None,
        output: Some(Template::object([])),
        block: Block {
            states: vec![State::new(RING, Kind::Task(task))],
        },
    }
}
