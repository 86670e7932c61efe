//! One state, folded by the core without a store, and what it is given from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use stepwell_actions::{Grants, Registry};
use stepwell_core::{
    Advanced, AttemptNumber, Event, Failure, FlowVersion, Kind, Moment, Phase, Pins, Position, Program, Revision,
    ScopeId, Snapshot, Tokens, advance, root,
};
use stepwell_expression::{Memory, Value};
use stepwell_model::{Flow, Recovery, Settings, StateIndex};

use super::context::{field, item};
use super::given::Given;
use crate::exit::Trouble;
use crate::host::HostError;

/// The options that say what comes from outside.
#[derive(Args, Debug)]
pub(crate) struct TrialArguments {
    /// What the state's work results in
    #[arg(long, value_name = "JSON|FILE", requires = "flow", conflicts_with = "fail")]
    pub(super) result: Option<String>,
    /// The error with which its work fails
    #[arg(long, value_name = "CODE[:DETAIL]", requires = "flow")]
    pub(super) fail: Option<String>,
    /// How often every Retry rule has been used already
    #[arg(long, value_name = "N", requires = "flow", default_value_t = 0)]
    pub(super) retries: u32,
    /// What time it is, such as 2026-01-31T09:30:00Z [default: now]
    #[arg(long, value_name = "MOMENT", requires = "flow", value_parser = moment)]
    pub(super) at: Option<Timestamp>,
    /// Change a setting: limits.data, limits.states, wait.max_seconds
    #[arg(long, value_name = "KEY=VALUE", requires = "flow")]
    pub(super) set: Vec<String>,
}

/// The seed of every trial.
pub(super) const SEED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A flow whose first state is tried, and what an execution of it depends on.
#[derive(Debug)]
pub(super) struct Trial {
    flow: Flow,
    pins: Pins,
    global: Value,
    raw: Value,
    caught: Option<Failure>,
    item: Option<u64>,
    retries: u32,
    pub(super) now: u64,
}

/// The token that every task sees.
struct SameToken;

impl Tokens for SameToken {
    fn token(&self, _: &ScopeId, _: AttemptNumber) -> String {
        "task-token".to_owned()
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let refused = |_| "write a moment in UTC such as 2026-01-31T09:30:00Z".to_owned();
    text.parse().map_err(refused)
}

impl Trial {
    /// A trial at the beginning of time, of a state that nothing happened to.
    pub(super) fn new(flow: Flow, given: &Given) -> Result<Self, Trouble> {
        Ok(Self {
            pins: pins(&flow, given)?,
            flow,
            global: given.global.clone(),
            raw: given.input.clone(),
            caught: caught(given)?,
            item: item(given)?,
            retries: 0,
            now: 0,
        })
    }

    /// The same under the options.
    pub(super) fn under(mut self, arguments: &TrialArguments) -> Result<Self, Trouble> {
        let at = arguments.at.unwrap_or_else(Timestamp::now);
        self.now = u64::try_from(at.as_millisecond()).unwrap_or_default();
        self.pins.started_ms = self.now;
        self.retries = arguments.retries;
        crate::files::set(&mut self.pins.settings, &arguments.set)?;
        Ok(self)
    }

    pub(super) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Enters the state.
    pub(super) fn enter(&self) -> Result<Advanced, Trouble> {
        self.fold(&self.standing(), &Event::Continued, self.now)
    }

    /// Folds something that happens later, or now.
    pub(super) fn fold(&self, snapshot: &Snapshot, event: &Event, now: u64) -> Result<Advanced, Trouble> {
        self.fold_in(&ScopeId::root(), snapshot, event, now)
    }

    /// Folds something that happens in a scope of the state's own.
    pub(super) fn fold_in(
        &self,
        scope: &ScopeId,
        snapshot: &Snapshot,
        event: &Event,
        now: u64,
    ) -> Result<Advanced, Trouble> {
        let program = Program {
            scope,
            flow: &self.flow,
            pins: &self.pins,
            tokens: &SameToken,
        };
        let moment = Moment {
            now,
            revision: Revision(1),
        };
        advance(program, snapshot, event, moment, &Memory::default()).map_err(|stop| {
            Trouble::Host(HostError::Broken(anyhow::anyhow!(
                "the state cannot be tried: {stop:?}"
            )))
        })
    }

    /// `$Context`, which the first state yields, however large it is.
    pub(super) fn context(mut self) -> Result<Value, Trouble> {
        self.pins.settings.data_bytes_max = u64::MAX;
        let advanced = self.enter()?;
        match advanced.snapshot.status {
            stepwell_core::Status::Succeeded(context) => Ok(context),
            stepwell_core::Status::Failed(failure) => Err(Trouble::mistake(format!("{}", failure.detail))),
            stepwell_core::Status::Running | stepwell_core::Status::Stopped(_) | stepwell_core::Status::TimedOut(_) => {
                Ok(Value::Null)
            }
        }
    }

    /// A scope inside of a Map, which knows its item.
    fn inside_map(&self) -> Kind {
        Kind::Branch {
            state: self.flow.name.clone(),
            index: 0,
            input: self.raw.clone(),
            retries: 0,
            item: self.item,
            caught: None,
        }
    }

    /// A scope that stands before the state.
    fn standing(&self) -> Snapshot {
        let mut snapshot = root();
        let rules = self
            .flow
            .body
            .state(StateIndex(0))
            .map_or(0, |state| rules(&state.recovery));
        if self.item.is_some() {
            snapshot.scope.kind = self.inside_map();
        }
        snapshot.globals.view = self.global.clone();
        snapshot.caught.clone_from(&self.caught);
        snapshot.at = Some(Position {
            state: StateIndex(0),
            raw: self.raw.clone(),
            input: self.raw.clone(),
            visit: 1,
            since_ms: self.now,
            retries: self.retries,
            retries_by_rule: vec![self.retries; rules],
            phase: Phase::Entering,
        });
        snapshot
    }
}

/// How many rules a retry may be counted for.
fn rules(recovery: &Recovery) -> usize {
    match recovery {
        Recovery::RetryThenCatch { retry, .. } => retry.len(),
        Recovery::FirstMatch(rules) => rules.len(),
    }
}

fn pins(flow: &Flow, given: &Given) -> Result<Pins, Trouble> {
    let name = match field(&given.context, &["Execution", "Name"]) {
        None => "eval",
        Some(name) => name
            .as_str()
            .ok_or_else(|| Trouble::mistake("`Execution.Name` in `--context` must be text"))?,
    };
    let input = field(&given.context, &["Execution", "Input"]).unwrap_or(&given.input);
    let version = FlowVersion {
        model: Arc::default(),
        definition: Arc::default(),
    };
    Ok(Pins {
        semantics: Pins::SEMANTICS,
        flow: flow.name.clone(),
        name: name.into(),
        version,
        flows: BTreeMap::new(),
        registry: Registry::default(),
        grants: Grants::default(),
        settings: Settings::default(),
        environment: given.environment.clone(),
        input: input.clone(),
        seed: SEED.into(),
        nonce: None,
        started_ms: 0,
        parent: None,
    })
}

/// The error that a Catch has led here with.
fn caught(given: &Given) -> Result<Option<Failure>, Trouble> {
    let Some(error) = field(&given.context, &["Current", "Error"]).filter(|error| !error.is_null()) else {
        return Ok(None);
    };
    let text = |name: &str| match field(error, &[name]) {
        None => Ok(""),
        Some(text) => text
            .as_str()
            .ok_or_else(|| Trouble::mistake(format!("`Current.Error.{name}` in `--context` must be text"))),
    };
    Ok(Some(Failure::new(text("Code")?, text("Detail")?)))
}
