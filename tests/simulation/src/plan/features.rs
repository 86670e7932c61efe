//! What occurs in a plan, for counting what a generator covers.

use std::collections::BTreeMap;

use super::expression::json;
use super::{Action, Block, DATA_BYTES_MAX, Happening, Kind, Mode, Plan, RINGER, STATES_MAX, State, Template, Wait};

/// Something that a plan may hold.
pub type Feature = &'static str;

/// Counts what occurs in a plan.
#[must_use]
pub fn features(plan: &Plan) -> BTreeMap<Feature, u64> {
    let mut found = Found(BTreeMap::new());
    // The flow that reports is beside every plan that may use it.
    for flow in plan.flows().filter(|flow| flow.name != RINGER) {
        found.when(flow.timeout.is_some(), "flow timeout");
        found.when(flow.input.is_some(), "flow input");
        found.when(flow.output.is_some(), "flow output");
        found.block(&flow.block, 0);
    }
    for outside in &plan.schedule {
        match outside.what {
            Happening::StartAgain => found.add("start again"),
            Happening::Stop => found.add("stop"),
        }
    }
    found.when(!plan.fuse, "not fused");
    found.when(plan.data_bytes_max < DATA_BYTES_MAX, "small data limit");
    found.when(plan.data_bytes_max > DATA_BYTES_MAX, "value at its limit");
    found.when(plan.states_max < STATES_MAX, "few states allowed");
    found.when(plan.wait_seconds_max.is_some(), "longest Wait");
    found.when(plan.input.bytes() > 256, "large input");
    found.0
}

struct Found(BTreeMap<Feature, u64>);

impl Found {
    fn add(&mut self, feature: Feature) {
        *self.0.entry(feature).or_default() += 1;
    }

    #[expect(clippy::fn_params_excessive_bools, reason = "a plan either has it or not")]
    fn when(&mut self, is_there: bool, feature: Feature) {
        if is_there {
            self.add(feature);
        }
    }

    fn block(&mut self, block: &Block, depth: u64) {
        for (place, state) in block.states.iter().enumerate() {
            self.state(state, depth);
            let before = block.states.get(..place).unwrap_or_default();
            let leads_back = |next: &String| before.iter().any(|state| state.name == *next);
            if let Kind::Choice { branches, .. } = &state.kind {
                self.when(branches.iter().any(|(_, next)| leads_back(next)), "loop");
            }
            for inner in state.kind.blocks() {
                self.block(inner, depth + 1);
            }
        }
    }

    fn state(&mut self, state: &State, depth: u64) {
        self.add(state.kind.name());
        self.when(state.input.is_some(), "InputConstructor");
        self.when(state.output.is_some(), "OutputConstructor");
        let constructors = [&state.input, &state.output, &state.global];
        let draws = |template: &Option<Template>| {
            template
                .as_ref()
                .is_some_and(|template| json(&template.written()).contains("uuid()"))
        };
        self.when(constructors.into_iter().any(draws), "uuid");
        self.when(state.global.is_some() && depth == 0, "GlobalConstructor");
        self.when(state.global.is_some() && depth > 0, "GlobalConstructor in a fork");
        self.when(state.retry.len() == 1, "Retry");
        self.when(state.retry.len() > 1, "Retry of several rules");
        let is_fork = !state.kind.blocks().is_empty();
        let is_pressed = is_fork && state.timeout.is_some() && !state.retry.is_empty();
        self.when(is_pressed, "Timeout and Retry of a fork");
        for rule in &state.retry {
            self.when(rule.rate.is_some(), "BackoffRate");
            self.when(rule.interval_max.is_some(), "MaxBackoffSeconds");
        }
        for rule in &state.catch {
            self.add(if rule.next == state.name {
                "Catch to itself"
            } else {
                "Catch"
            });
            self.when(rule.output.is_none(), "Catch without constructor");
        }
        self.kind(state, depth);
    }

    fn kind(&mut self, state: &State, depth: u64) {
        match &state.kind {
            Kind::Task(task) => {
                self.add(task.mode.name());
                self.add(match &task.action {
                    Action::Function(name) if name.starts_with("effect") => "effect",
                    Action::Function(name) if name.starts_with("stub") => "stub",
                    Action::Function(_) => "pure task",
                    Action::Http => "HTTP:Request",
                    Action::Child(_) => "child flow",
                });
                self.when(
                    matches!(task.action, Action::Child(_)) && task.mode == Mode::RequestComplete,
                    "child left alone",
                );
                self.when(task.at_most_once, "AtMostOnce");
                self.when(task.is_named, "executionName");
                self.when(state.timeout.is_some(), "Timeout of a Task");
                self.body(&task.body);
            }
            Kind::Parallel(_) => {
                self.when(depth > 0, "nested fork");
                self.when(state.timeout.is_some(), "Timeout of a fork");
            }
            Kind::Map(map) => {
                self.when(depth > 0, "nested fork");
                self.when(state.timeout.is_some(), "Timeout of a fork");
                self.when(map.constructor.is_some(), "ItemConstructor");
                self.when(map.concurrency == Some(1), "MaxConcurrency 1");
                self.when(map.concurrency > Some(1), "MaxConcurrency");
            }
            Kind::Choice { default: None, .. } => self.add("Choice without Default"),
            Kind::Wait(Wait::Until(_)) => self.add("UntilDateTime"),
            Kind::Wait(Wait::Computed(_)) => self.add("Seconds computed"),
            Kind::Pass | Kind::Wait(Wait::Seconds(_)) | Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. } => {}
        }
    }

    fn body(&mut self, body: &Template) {
        let Template::Object(entries) = body else {
            return;
        };
        let value = |wanted: &str| {
            entries
                .iter()
                .find(|(key, _)| key == wanted)
                .map(|(_, value)| value.written())
        };
        let number = |wanted: &str| value(wanted).and_then(|value| value.as_number()?.as_i64());
        self.when(value("fails").is_some(), "failing task");
        self.when(value("final").is_some(), "failure that forbids a retry");
        self.when(value("takes").is_some(), "task that takes time");
        self.when(value("bytes").is_some(), "large answer");
        self.when(number("report_times") == Some(2), "report doubled");
        self.when(number("report_times") == Some(0), "report that never comes");
        self.when(value("report_code").is_some(), "report of a failure");
        self.when(value("report_gives_up").is_some(), "report by somebody who gives up");
        let after = number("report_after_ms");
        self.when(after == Some(0) && number("takes") > Some(0), "report early");
    }
}
