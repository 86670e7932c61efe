//! Parallel and Map.
//!
//! Source: specification 1.3, and the points 10 to 13 and 16 of 1.9.

use stepwell_expression::{Object, Value};

use super::effort::Count;
use super::evaluate::{Variables, construct, evaluate};
use super::oracle::{Dealing, Failure, Fork, ForkEnd, Halt, Oracle, Outcome, Time};
use super::run::{Interpreter, Scope, Visit, Worked, failed};
use crate::plan::{Block, Map};

/// A Map without MaxConcurrency.
const CONCURRENCY: usize = 40;

/// How a generation ended, with its outcomes and what its children wrote.
type Generation = (ForkEnd, Vec<Outcome>, Vec<Object>);

/// The children of a fork, or why there are none.
type Children<'p> = Result<Vec<Child<'p>>, Failure>;

/// A child to be run.
struct Child<'p> {
    block: &'p Block,
    /// What it is made of, and what it is begun with: an item whose input cannot be made fails without entering a state.
    raw: Value,
    input: Outcome,
    scope: Scope,
    index: u64,
}

/// What Branches and Iterations are called in the history.
struct Names {
    entered: &'static str,
    exited: &'static str,
}

const BRANCH: Names = Names {
    entered: "BranchEntered",
    exited: "BranchExited",
};

const ITEM: Names = Names {
    entered: "IterationEntered",
    exited: "IterationExited",
};

impl<'p, O: Oracle> Interpreter<'p, '_, O> {
    pub(super) fn parallel(
        &mut self,
        scope: &mut Scope,
        visit: &mut Visit<'p>,
        branches: &'p [Block],
        at: Time,
    ) -> Result<Worked, Halt> {
        let children = |scope: &Scope, visit: &Visit<'p>| {
            let child = |(index, block): (usize, &'p Block)| Child {
                block,
                raw: visit.input.clone(),
                input: Ok(visit.input.clone()),
                scope: scope.child(path(scope, visit, index), None),
                index: index as u64,
            };
            Ok(branches.iter().enumerate().map(child).collect())
        };
        let join = |outputs: Vec<Value>| {
            let named = outputs.into_iter().enumerate();
            Value::object(named.map(|(index, output)| (format!("Branch{index}"), output)))
        };
        self.fork(scope, visit, (&BRANCH, branches.len()), at, &children, &join)
    }

    pub(super) fn map(
        &mut self,
        scope: &mut Scope,
        visit: &mut Visit<'p>,
        map: &'p Map,
        at: Time,
    ) -> Result<Worked, Halt> {
        let execution_input = self.variables(scope, visit).execution_input;
        let limit = self.limit();
        let children = |scope: &Scope, visit: &Visit<'p>| {
            let variables = Variables {
                execution_input: execution_input.clone(),
                effort: limit.effort.clone(),
                ..item_variables(scope, visit)
            };
            let items = evaluate(&map.items, &variables)?;
            let items = items.as_array().ok_or_else(|| Failure {
                retryable: true,
                ..Failure::of_the_engine("FnF.InvalidItems")
            })?;
            let child = |(index, item): (usize, &Value)| {
                let input = match &map.constructor {
                    Some(template) => {
                        let variables = Variables {
                            item: item.clone(),
                            index: Value::from(index as u64),
                            ..variables.clone()
                        };
                        construct(template, &variables).and_then(|input| limit.holds(input))
                    }
                    None => Ok(item.clone()),
                };
                Child {
                    block: &map.block,
                    raw: item.clone(),
                    input,
                    scope: scope.child(path(scope, visit, index), Some(index as u64)),
                    index: index as u64,
                }
            };
            Ok(items.iter().enumerate().map(child).collect())
        };
        let join = |outputs: Vec<Value>| Value::object([("Items", Value::array(outputs))]);
        let width = map.concurrency.filter(|width| *width > 0);
        let width = width.map_or(CONCURRENCY, |width| usize::try_from(width).unwrap_or(usize::MAX));
        self.fork(scope, visit, (&ITEM, width), at, &children, &join)
    }

    fn fork(
        &mut self,
        scope: &mut Scope,
        visit: &mut Visit<'p>,
        (names, width): (&Names, usize),
        at: Time,
        children: &dyn Fn(&Scope, &Visit<'p>) -> Children<'p>,
        join: &dyn Fn(Vec<Value>) -> Value,
    ) -> Result<Worked, Halt> {
        let deadline = visit.state.timeout.filter(|seconds| *seconds > 0);
        let deadline = deadline.map(|seconds| at.after(seconds * 1000));
        let mut at = at;
        loop {
            let failure = match children(scope, visit) {
                Ok(mut children) => {
                    self.count_anew(scope, &mut children);
                    let (end, ends, writes) =
                        self.generation(scope, visit, (names, width), (at, deadline), children)?;
                    match end {
                        ForkEnd::Joined(at) => {
                            scope.writes.extend(writes.into_iter().flatten());
                            let outputs = ends.into_iter().filter_map(Result::ok).collect();
                            return Ok((Ok(join(outputs)), at));
                        }
                        ForkEnd::TimedOut(at) => return Ok((Err(Failure::of_the_engine("FnF.TaskTimeout")), at)),
                        ForkEnd::Failed(index, ended) => {
                            at = ended;
                            ends.into_iter().nth(index).and_then(Result::err).map(retryable)
                        }
                    }
                }
                Err(failure) => Some(failure),
            };
            let failure = failure.unwrap_or_else(|| Failure::of_the_engine("FnF.RuntimeError"));
            let Some((rule, delay)) = visit.counters.would_retry(visit.state, &failure) else {
                return Ok((Err(failure), at));
            };
            visit.counters.count(rule);
            at = at.after(delay);
        }
    }

    /// A fork is waited for; what its items are made of counts in them.
    fn count_anew(&self, scope: &mut Scope, children: &mut [Child<'p>]) {
        let mut made = Count::default();
        made.rests(&self.effort, false);
        if !children.is_empty() {
            scope.count = Count::default();
        }
        for child in children {
            child.scope.count = made.clone();
        }
    }

    /// Runs all children once.
    fn generation(
        &mut self,
        scope: &Scope,
        visit: &Visit<'p>,
        (names, width): (&Names, usize),
        (at, deadline): (Time, Option<Time>),
        children: Vec<Child<'p>>,
    ) -> Result<Generation, Halt> {
        let paths: Vec<String> = children.iter().map(|child| child.scope.path.clone()).collect();
        self.oracle.fork_begins(&scope.path, &paths);
        let mut begun = Vec::new();
        for path in &paths {
            begun.push(self.oracle.begins(path));
        }
        let mut lanes = vec![at; width.min(children.len())];
        let (mut ends, mut writes) = (Vec::new(), Vec::new());
        for (number, (mut child, begun)) in children.into_iter().zip(begun).enumerate() {
            let mut any = at;
            let free = match self.oracle.dealing() {
                Dealing::Strides => number.checked_rem(lanes.len()).and_then(|lane| lanes.get_mut(lane)),
                Dealing::Lowest => lanes.iter_mut().min_by_key(|lane| lane.ms),
                Dealing::Reserved => Some(&mut any),
            };
            let Some(lane) = free else { break };
            let (outcome, ended) = match begun {
                true => self.run_child(&mut child, names, visit, *lane)?,
                false => (None, Time::never()),
            };
            *lane = ended;
            ends.push((outcome, ended));
            writes.push(child.scope.writes);
        }
        let would_retry = |(outcome, _): &(Option<Outcome>, Time)| {
            let failure = outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
            failure.is_some_and(|failure| {
                visit
                    .counters
                    .would_retry(visit.state, &retryable(failure.clone()))
                    .is_some()
            })
        };
        let fork = Fork {
            path: scope.path.clone(),
            state: visit.state.name.clone(),
            retried: ends.iter().map(would_retry).collect(),
            ends,
            at,
            deadline,
        };
        let end = self.oracle.fork(&fork)?;
        let cut = || Err(Failure::of_the_engine("FnF.Canceled"));
        let ends = fork.ends.into_iter().map(|(outcome, _)| outcome.unwrap_or_else(cut));
        Ok((end, ends.collect(), writes))
    }

    fn run_child(
        &mut self,
        child: &mut Child<'p>,
        names: &Names,
        visit: &Visit<'p>,
        at: Time,
    ) -> Result<(Option<Outcome>, Time), Halt> {
        match self.child_scope(child, names, visit, at.record()) {
            Ok((outcome, at)) => Ok((Some(outcome), at)),
            Err(Halt::Cut) => Ok((None, Time::never())),
            Err(wrong) => Err(wrong),
        }
    }

    fn child_scope(
        &mut self,
        child: &mut Child<'p>,
        names: &Names,
        visit: &Visit<'p>,
        at: Time,
    ) -> Result<Worked, Halt> {
        let state = visit.state.name.as_str();
        let index = ("index", Value::from(child.index));
        let path = child.scope.path.clone();
        let mut told = vec![index.clone()];
        if visit.counters.retries > 0 {
            told.push(("attempt", Value::from(visit.counters.retries + 1)));
        }
        told.push(("input", child.input.as_ref().unwrap_or(&child.raw).clone()));
        let at = self.tell(&path, names.entered, state, told, at)?;
        let (outcome, at) = match child.input.clone() {
            Ok(input) => self.block(child.block, &mut child.scope, input, at)?,
            Err(failure) => (Err(failure), at),
        };
        let mut told = vec![index];
        match &outcome {
            Ok(output) => told.push(("output", output.clone())),
            Err(failure) => told.extend(failed(failure)),
        }
        let at = self.tell(&path, names.exited, state, told, at)?;
        Ok((outcome, at.record()))
    }
}

/// What a task inside forbids to retry an enclosing fork may retry.
fn retryable(failure: Failure) -> Failure {
    Failure {
        retryable: true,
        ..failure
    }
}

fn item_variables(scope: &Scope, visit: &Visit<'_>) -> Variables {
    Variables {
        input: visit.input.clone(),
        global: scope.global(),
        name: Value::from(visit.state.name.as_str()),
        retries: visit.counters.retries,
        ..Variables::default()
    }
}

fn path(scope: &Scope, visit: &Visit<'_>, index: usize) -> String {
    let separator = if scope.path.is_empty() { "" } else { "/" };
    format!("{}{separator}{}/{index}", scope.path, visit.state.name)
}
