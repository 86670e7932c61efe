//! Blocks and states.
//!
//! Source: specification 1.3, 1.5.3, 1.5.4, 1.7, and the points 6, 7, 9, 14, 15 and 16 of 1.9.

use std::collections::BTreeMap;
use std::rc::Rc;

use stepwell_expression::{Object, Value};

use super::effort::{Count, Effort};
use super::evaluate::{Variables, condition, construct};
use super::oracle::{Fact, Failure, Halt, Oracle, Outcome, Time};
use super::rules::{self, Counters};
use crate::plan::{Block, Expr, Kind, Plan, PlanFlow, State, Template};
use crate::reference::Mismatch;

/// Stands in what is expected for what cannot be known: a token, a made name.
pub(super) const ANY: &str = "\u{1}any";

/// How a value begins that is as no other: a drawn one.
pub(super) const FRESH: &str = "drawn???";

/// Why a loop that never ends ends.
pub(super) const EXHAUSTED: &str = "FnF.StateLimitExceeded";

/// Bytes of a global variable's name and of its value.
const GLOBAL_BYTES_MAX: (usize, u64) = (128, 256 * 1024);

/// States that a run may enter: a plan's loops end long before.
const STATES_MAX: u32 = 200_000;

/// One run of a flow.
pub(super) struct Interpreter<'p, 'o, O> {
    pub(super) plan: &'p Plan,
    pub(super) oracle: &'o mut O,
    execution_input: Value,
    pub(super) effort: Rc<Effort>,
    pub(super) stub_calls: BTreeMap<String, usize>,
    entered: u32,
}

/// A scope under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) path: String,
    /// `$Global` as it was at the fork.
    base: Object,
    /// What the scope wrote into it.
    pub(super) writes: Object,
    /// The error that led to the current state.
    error: Option<String>,
    /// The error that led to the state around.
    outer_error: Option<String>,
    /// The number of the innermost item.
    index: Value,
    /// The states since something was waited for.
    pub(super) count: Count,
}

/// A visit of a state.
pub(super) struct Visit<'s> {
    pub(super) state: &'s State,
    /// The effective input.
    pub(super) input: Value,
    pub(super) counters: Counters,
}

/// What the work of a state came to.
pub(super) type Worked = (Outcome, Time);

/// Where a scope goes on.
enum Step {
    Next(String, Value),
    End(Outcome),
}

/// Runs a flow.
pub(super) fn execution<O: Oracle>(
    plan: &Plan,
    flow: &PlanFlow,
    input: &Value,
    oracle: &mut O,
    at: Time,
) -> Result<Worked, Halt> {
    Interpreter::new(plan, input, oracle).flow(flow, at)
}

/// Runs the plan's flow for what it computes.
pub(super) fn measured<O: Oracle>(plan: &Plan, oracle: &mut O) -> Rc<Effort> {
    let mut interpreter = Interpreter::new(plan, &plan.input, oracle);
    let effort = interpreter.effort.clone();
    // However it ends.
    drop(interpreter.flow(&plan.flow, Time::default()));
    effort
}

/// `limits.data`, and who notes what is held against it.
pub(super) struct Limit {
    bytes_max: u64,
    pub(super) effort: Rc<Effort>,
}

impl Limit {
    pub(super) fn holds(&self, value: Value) -> Outcome {
        self.effort.measures(&value);
        if value.bytes() > self.bytes_max {
            return Err(Failure::of_the_engine("FnF.DataLimitExceeded"));
        }
        Ok(value)
    }
}

impl<'p, 'o, O: Oracle> Interpreter<'p, 'o, O> {
    fn new(plan: &'p Plan, input: &Value, oracle: &'o mut O) -> Self {
        Self {
            plan,
            oracle,
            execution_input: input.clone(),
            effort: Rc::default(),
            stub_calls: BTreeMap::new(),
            entered: 0,
        }
    }

    fn flow(&mut self, flow: &'p PlanFlow, at: Time) -> Result<Worked, Halt> {
        let raw = self.execution_input.clone();
        let at = self.tell("", "ExecutionStarted", "", vec![("input", raw.clone())], at)?;
        let mut scope = Scope::default();
        let (outcome, at) = match self.flow_input(flow, raw) {
            Ok(input) => self.block(&flow.block, &mut scope, input, at)?,
            Err(failure) => (Err(failure), at),
        };
        let outcome = outcome.and_then(|output| self.flow_output(flow, &scope, output));
        let at = match &outcome {
            Ok(output) => self.tell("", "ExecutionSucceeded", "", vec![("output", output.clone())], at)?,
            Err(failure) => self.tell("", "ExecutionFailed", "", failed(failure), at)?,
        };
        Ok((outcome, at))
    }

    fn flow_input(&self, flow: &PlanFlow, raw: Value) -> Outcome {
        let variables = Variables {
            input: raw.clone(),
            execution_input: raw.clone(),
            effort: self.effort.clone(),
            ..Variables::default()
        };
        match &flow.input {
            Some(template) => self.within_limit(construct(template, &variables)?),
            None => Ok(raw),
        }
    }

    fn flow_output(&self, flow: &PlanFlow, scope: &Scope, output: Value) -> Outcome {
        let variables = Variables {
            input: self.execution_input.clone(),
            output: output.clone(),
            global: scope.global(),
            execution_input: self.execution_input.clone(),
            effort: self.effort.clone(),
            ..Variables::default()
        };
        match &flow.output {
            Some(template) => self.within_limit(construct(template, &variables)?),
            None => Ok(output),
        }
    }

    pub(super) fn block(
        &mut self,
        block: &'p Block,
        scope: &mut Scope,
        input: Value,
        at: Time,
    ) -> Result<Worked, Halt> {
        let (mut name, mut input, mut at) = (first(block), input, at);
        loop {
            let state = block.state(&name).ok_or_else(|| unknown(scope, &name))?;
            let (step, then) = self.state(state, scope, input, at)?;
            at = then;
            match step {
                Step::Next(next, value) => (name, input) = (next, value),
                Step::End(outcome) => return Ok((outcome, at)),
            }
        }
    }

    fn state(&mut self, state: &'p State, scope: &mut Scope, raw: Value, at: Time) -> Result<(Step, Time), Halt> {
        self.entered += 1;
        if self.entered > STATES_MAX {
            return Err(unknown(scope, "an end of the plan's loops"));
        }
        let at = self.tell_state(scope, "StepEntered", state, vec![("input", raw.clone())], at)?;
        scope.count.enters(&self.effort);
        if let Err(failure) = self.may_enter(scope, &raw) {
            return self.fail(scope, state, failure, at);
        }
        let mut visit = Visit {
            state,
            input: raw,
            counters: Counters::default(),
        };
        if let Some(template) = &state.input {
            match construct(template, &self.variables(scope, &visit)) {
                Ok(input) => visit.input = input,
                Err(failure) => return self.recover(scope, &visit, failure, at),
            }
            if let Err(failure) = self.within_limit(visit.input.clone()) {
                return self.fail(scope, state, failure, at);
            }
        }
        if let Kind::Choice { branches, default } = &state.kind {
            return self.choose(scope, &visit, branches, default.as_ref(), at);
        }
        let (outcome, at) = self.work(scope, &mut visit, at)?;
        match outcome.and_then(|raw| self.finish(scope, &visit, raw)) {
            Ok(output) => {
                let at = self.tell_state(scope, "StepExited", state, vec![("output", output.clone())], at)?;
                scope.error = None;
                Ok((after(state, output), at))
            }
            Err(failure) => self.recover(scope, &visit, failure, at),
        }
    }

    /// Why a state cannot even be entered.
    fn may_enter(&mut self, scope: &Scope, raw: &Value) -> Result<(), Failure> {
        let (count, states_max) = (&scope.count, self.plan.states_max);
        let may_be = count.most() > states_max;
        if count.least() > states_max || may_be && self.oracle.is_exhausted(&scope.path) {
            return Err(Failure::of_the_engine(EXHAUSTED));
        }
        self.within_limit(raw.clone()).map(drop)
    }

    fn work(&mut self, scope: &mut Scope, visit: &mut Visit<'p>, at: Time) -> Result<Worked, Halt> {
        match &visit.state.kind {
            Kind::Task(task) => self.task(scope, visit, task, at),
            Kind::Wait(wait) => Ok(self.wait(scope, visit, wait, at)),
            Kind::Parallel(branches) => self.parallel(scope, visit, branches, at),
            Kind::Map(map) => self.map(scope, visit, map, at),
            Kind::Fail { code, detail } => Ok((Err(raised(code.as_deref(), detail.as_deref())), at)),
            Kind::Pass | Kind::Succeed | Kind::Choice { .. } => Ok((Ok(visit.input.clone()), at)),
        }
    }

    /// From the raw result to the output, with what is written into `$Global`.
    fn finish(&self, scope: &mut Scope, visit: &Visit<'_>, raw: Value) -> Outcome {
        let raw = self.within_limit(raw)?;
        let raw_bytes = raw.bytes();
        let variables = Variables {
            output: raw.clone(),
            ..self.variables(scope, visit)
        };
        let output = match &visit.state.output {
            Some(template) => self.within_limit(construct(template, &variables)?)?,
            None => raw,
        };
        if let Some(template) = &visit.state.global {
            let built = construct(template, &variables)?;
            let written = built.as_object().cloned().unwrap_or_default();
            if !written.iter().all(|(key, value)| may_be_global(key, value)) {
                return Err(Failure::of_the_engine("FnF.DataLimitExceeded"));
            }
            scope.writes.extend(written);
            scope.count.writes(scope.global().bytes());
        }
        scope.count.makes(raw_bytes + output.bytes());
        Ok(output)
    }

    fn choose(
        &mut self,
        scope: &mut Scope,
        visit: &Visit<'p>,
        branches: &[(Expr, String)],
        default: Option<&String>,
        at: Time,
    ) -> Result<(Step, Time), Halt> {
        let variables = self.variables(scope, visit);
        let next = chosen(branches, default, &variables).and_then(|next| {
            self.write_globals(scope, visit)?;
            Ok(next)
        });
        match next {
            Ok(next) => {
                let told = vec![("output", visit.input.clone())];
                let at = self.tell_state(scope, "StepExited", visit.state, told, at)?;
                scope.error = None;
                Ok((Step::Next(next, visit.input.clone()), at))
            }
            Err(failure) => self.fail(scope, visit.state, failure, at),
        }
    }

    fn write_globals(&self, scope: &mut Scope, visit: &Visit<'_>) -> Result<(), Failure> {
        self.finish(scope, visit, visit.input.clone()).map(drop)
    }

    /// Offers a failure to Catch.
    fn recover(
        &mut self,
        scope: &mut Scope,
        visit: &Visit<'p>,
        failure: Failure,
        at: Time,
    ) -> Result<(Step, Time), Halt> {
        let Some(rule) = rules::catch(visit.state, &failure) else {
            return self.fail(scope, visit.state, failure, at);
        };
        match self.caught(scope, visit, &failure, rule.output.as_ref()) {
            Ok(output) => {
                let mut told = vec![("output", output.clone())];
                told.extend(failed(&failure));
                let at = self.tell_state(scope, "StepExited", visit.state, told, at)?;
                scope.error = Some(failure.code);
                Ok((Step::Next(rule.next.clone(), output), at))
            }
            Err(failure) => self.fail(scope, visit.state, failure, at),
        }
    }

    fn caught(&self, scope: &Scope, visit: &Visit<'_>, failure: &Failure, template: Option<&Template>) -> Outcome {
        let variables = Variables {
            error: Value::from(failure.code.as_str()),
            ..self.variables(scope, visit)
        };
        let built = template.map(|template| construct(template, &variables));
        self.within_limit(built.unwrap_or_else(|| Ok(Value::Object(std::sync::Arc::default())))?)
    }

    /// The state fails its scope.
    fn fail(&mut self, scope: &Scope, state: &State, failure: Failure, at: Time) -> Result<(Step, Time), Halt> {
        let at = self.tell_state(scope, "StepFailed", state, failed(&failure), at)?;
        Ok((Step::End(Err(failure)), at))
    }

    pub(super) fn within_limit(&self, value: Value) -> Outcome {
        self.limit().holds(value)
    }

    pub(super) fn limit(&self) -> Limit {
        Limit {
            bytes_max: self.plan.data_bytes_max,
            effort: self.effort.clone(),
        }
    }

    pub(super) fn variables(&self, scope: &Scope, visit: &Visit<'_>) -> Variables {
        let error = scope.error.as_ref().or(scope.outer_error.as_ref());
        Variables {
            input: visit.input.clone(),
            global: scope.global(),
            name: Value::from(visit.state.name.as_str()),
            retries: visit.counters.retries,
            error: error.map(|code| Value::from(code.as_str())).unwrap_or_default(),
            index: scope.index.clone(),
            execution_input: self.execution_input.clone(),
            effort: self.effort.clone(),
            ..Variables::default()
        }
    }

    pub(super) fn tell_state(
        &mut self,
        scope: &Scope,
        kind: &'static str,
        state: &State,
        detail: Vec<(&'static str, Value)>,
        at: Time,
    ) -> Result<Time, Halt> {
        self.tell(&scope.path, kind, &state.name, detail, at)
    }

    pub(super) fn tell(
        &mut self,
        path: &str,
        kind: &'static str,
        state: &str,
        detail: Vec<(&'static str, Value)>,
        at: Time,
    ) -> Result<Time, Halt> {
        let fact = Fact {
            path: path.to_owned(),
            kind,
            state: state.to_owned(),
            detail,
        };
        self.oracle.tell(fact, at)
    }
}

impl Scope {
    /// `$Global` as the scope sees it.
    pub(super) fn global(&self) -> Value {
        let both = self.base.iter().chain(&self.writes);
        Value::object(both.map(|(key, value)| (key.clone(), value.clone())))
    }

    /// A child scope at a path.
    pub(super) fn child(&self, path: String, item: Option<u64>) -> Self {
        Self {
            path,
            base: self.global().as_object().cloned().unwrap_or_default(),
            writes: Object::default(),
            error: None,
            outer_error: self.error.clone().or_else(|| self.outer_error.clone()),
            index: item.map_or_else(|| self.index.clone(), Value::from),
            count: Count::default(),
        }
    }
}

fn may_be_global(key: &str, value: &Value) -> bool {
    let (key_bytes_max, value_bytes_max) = GLOBAL_BYTES_MAX;
    key.len() <= key_bytes_max && value.bytes() <= value_bytes_max
}

/// The details of a failure.
pub(super) fn failed(failure: &Failure) -> Vec<(&'static str, Value)> {
    let cause = failure.detail.as_deref().unwrap_or(ANY);
    vec![
        ("error", Value::from(failure.code.as_str())),
        ("cause", Value::from(cause)),
    ]
}

fn first(block: &Block) -> String {
    block.states.first().map(|state| state.name.clone()).unwrap_or_default()
}

fn after(state: &State, output: Value) -> Step {
    match &state.next {
        Some(next) if !matches!(state.kind, Kind::Succeed) => Step::Next(next.clone(), output),
        Some(_) | None => Step::End(Ok(output)),
    }
}

fn raised(code: Option<&str>, detail: Option<&str>) -> Failure {
    Failure {
        code: code.unwrap_or("FnF.Fail").to_owned(),
        detail: Some(detail.unwrap_or_default().to_owned()),
        retryable: true,
    }
}

fn chosen(branches: &[(Expr, String)], default: Option<&String>, variables: &Variables) -> Result<String, Failure> {
    for (expr, next) in branches {
        if condition(expr, variables)? {
            return Ok(next.clone());
        }
    }
    default
        .cloned()
        .ok_or_else(|| Failure::of_the_engine("FnF.NoChoiceMatched"))
}

fn unknown(scope: &Scope, name: &str) -> Halt {
    Halt::Wrong(Box::new(Mismatch {
        path: scope.path.clone(),
        event: 0,
        expected: format!("a plan with {name}"),
        got: "none".to_owned(),
    }))
}
