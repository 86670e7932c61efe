//! A flow of one state, whose ways out lead to stops of their own, and so do the items of a Map.

use std::sync::Arc;

use stepwell_expression::Value;
use stepwell_model::{Block, Catch, Exit, Flow, Kind, Recovery, Rule, Scalar, State, StateIndex, Wait};

use crate::exit::Trouble;
use crate::verbs::eval::facts::Facts;

/// What a stop waits for: what every limit of a Wait allows, and nobody lets pass.
const STOP_SECONDS: u64 = 1;

/// A way out of a state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    kind: WayKind,
    /// The state that it leads to.
    to: Arc<str>,
}

/// What decides for a way.
#[derive(Clone, Debug, PartialEq)]
enum WayKind {
    Next,
    /// The condition of a Choice's branch.
    Branch(String),
    Default,
    /// The number of a Catch rule, from 1.
    Catch(u64),
}

impl Way {
    /// Adds what was taken, and where it leads.
    pub(super) fn tell(&self, facts: &mut Facts) {
        match &self.kind {
            WayKind::Next => {}
            WayKind::Branch(condition) => facts.add("condition", condition.as_str()),
            WayKind::Default => facts.add("default", true),
            WayKind::Catch(rule) => facts.add("catch_rule", *rule),
        }
        facts.add("next", &*self.to);
    }
}

/// The ways in the order in which their stops stand behind the state.
struct Ways<'a> {
    block: &'a Block,
    ways: Vec<Way>,
}

impl Ways<'_> {
    /// The stop for a new way to `to`.
    fn stop(&mut self, kind: WayKind, to: StateIndex) -> Result<StateIndex, Trouble> {
        let state = self.block.state(to);
        let state = state.ok_or_else(|| Trouble::mistake("the flow leads to a state that it does not have"))?;
        self.ways.push(Way {
            kind,
            to: state.name.clone(),
        });
        u32::try_from(self.ways.len())
            .map(StateIndex)
            .map_err(|_| Trouble::mistake("the state has too many ways out"))
    }

    fn catch(&mut self, catch: &mut Catch, rule: usize) -> Result<(), Trouble> {
        catch.next = self.stop(WayKind::Catch(rule as u64 + 1), catch.next)?;
        Ok(())
    }
}

/// The state in a flow of its own, and its ways out.
pub(super) fn ways_apart(name: &Arc<str>, block: &Block, index: StateIndex) -> Result<(Flow, Vec<Way>), Trouble> {
    let state = block.state(index).cloned();
    let mut state = state.ok_or_else(|| Trouble::mistake("the state is not there"))?;
    let mut ways = Ways {
        block,
        ways: Vec::new(),
    };
    if let Exit::Next(next) = state.exit {
        state.exit = Exit::Next(ways.stop(WayKind::Next, next)?);
    }
    if let Kind::Choice(choice) = &mut state.kind {
        for branch in &mut choice.branches {
            branch.next = ways.stop(WayKind::Branch(branch.condition.source().to_owned()), branch.next)?;
        }
        if let Some(default) = &mut choice.default {
            *default = ways.stop(WayKind::Default, *default)?;
        }
    }
    if let Kind::Map(map) = &mut state.kind {
        map.processor = stopped(name);
    }
    match &mut state.recovery {
        Recovery::RetryThenCatch { catch, .. } => {
            for (rule, catch) in catch.iter_mut().enumerate() {
                ways.catch(catch, rule)?;
            }
        }
        Recovery::FirstMatch(rules) => {
            for (rule, found) in rules.iter_mut().enumerate() {
                match found {
                    Rule::Catch(catch) => ways.catch(catch, rule)?,
                    Rule::Retry(_) => {}
                }
            }
        }
    }
    let stops = ways.ways.iter().map(|way| stop(&way.to));
    let states = std::iter::once(state).chain(stops).collect();
    Ok((flow(name, states), ways.ways))
}

/// The same flow, but its state only builds its input and then waits.
pub(super) fn without_work(flow_of: &Flow) -> Flow {
    let mut states = flow_of.body.states.clone();
    if let Some(state) = states.first_mut() {
        *state = State {
            input: state.input.clone(),
            ..stop(&state.name)
        };
    }
    flow(&flow_of.name, states)
}

fn flow(name: &Arc<str>, states: Vec<State>) -> Flow {
    Flow {
        name: name.clone(),
        timeout: None,
        input: None,
        output: None,
        body: Block {
            start: StateIndex(0),
            states,
        },
    }
}

/// What an item does here: nothing but to begin.
fn stopped(name: &Arc<str>) -> Block {
    Block {
        start: StateIndex(0),
        states: vec![stop(name)],
    }
}

fn stop(name: &Arc<str>) -> State {
    State {
        name: name.clone(),
        kind: Kind::Wait(Wait::Seconds(Scalar::Fixed(Value::from(STOP_SECONDS)))),
        exit: Exit::End,
        input: None,
        output: None,
        global: None,
        recovery: Recovery::default(),
        timeout: None,
    }
}
