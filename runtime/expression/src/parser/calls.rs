//! Calls of functions, and what can be known of them without values.
//!
//! **Invariant:** what is refused here would fail at every evaluation; what takes long to know is left to the evaluation.

use std::ops::Range;

use crate::context::{Context, Variables};
use crate::error::{ParseError, shortened};
use crate::functions::{self, Function};
use crate::memory::Memory;
use crate::operators::apply;
use crate::parser::{CALLS_MAX, Parser};
use crate::pattern;
use crate::suggestion::closest;
use crate::tree::{Infix, Tree};
use crate::value::Value;

/// The steps that all trials of one expression may take; what is not tried out fails only when it runs.
pub(super) const TRIAL_STEPS: u64 = 200_000;

impl Parser<'_> {
    pub(super) fn call(&mut self, name: &str, at: usize) -> Result<Tree, ParseError> {
        let Some(function) = Function::named(name) else {
            return Err(self.unknown_function(name, at));
        };
        if self.calls >= CALLS_MAX {
            return Err(self.error_at(
                at,
                format!("functions are nested more than {CALLS_MAX} levels deep"),
                None,
            ));
        }
        self.calls += 1;
        let mut arguments = Vec::new();
        let mut places = Vec::new();
        self.list(")", |parser| {
            let start = parser.at;
            arguments.push(parser.expression()?);
            places.push(start..parser.at);
            Ok(())
        })?;
        self.calls -= 1;
        self.check_call(function, &arguments, at..self.at, &places)?;
        Ok(Tree::Call { function, arguments })
    }

    fn unknown_function(&self, name: &str, at: usize) -> ParseError {
        let help = match closest(name, functions::names()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("the functions are {}", functions::names().join(", ")),
        };
        self.error_at(at, format!("there is no function `{}`", shortened(name)), Some(help))
    }

    /// Checks the number of arguments and those that are written down; tries the call out if all are.
    fn check_call(
        &mut self,
        function: Function,
        arguments: &[Tree],
        whole: Range<usize>,
        places: &[Range<usize>],
    ) -> Result<(), ParseError> {
        function
            .check_arity(arguments.len())
            .map_err(|message| self.error_over(whole.clone(), message))?;
        let written: Vec<Option<&Value>> = arguments.iter().map(Tree::literal).collect();
        let checked = self.try_out(|context| function.check_written(&written, context));
        checked.or_else(|mistake| {
            let place = places.get(mistake.argument).unwrap_or(&whole);
            self.found_wrong(place.clone(), mistake.halt)
        })?;
        let values: Option<Vec<Value>> = written.into_iter().map(Option::<&Value>::cloned).collect();
        let Some(values) = values else { return Ok(()) };
        let tried = self.try_out(|context| functions::call(function, &values, context));
        tried.map(|_| ()).or_else(|halt| self.found_wrong(whole, halt))
    }

    /// What stands written on the right of an operator may make it fail whatever the left.
    pub(super) fn check_right(&mut self, operator: Infix, right: &Tree, place: Range<usize>) -> Result<(), ParseError> {
        let Some(value) = right.literal() else { return Ok(()) };
        let tried = match (operator, value) {
            (Infix::In, _) => self.try_out(|context| apply(operator, &Value::Null, value, context).map(|_| ())),
            (Infix::Matches | Infix::MatchesNot, Value::String(pattern)) => {
                self.try_out(|context| pattern::compile(pattern, context).map(|_| ()))
            }
            _ => Ok(()),
        };
        tried.or_else(|halt| self.found_wrong(place, halt))
    }

    /// Runs something over written values only; a failure would come back every time.
    fn try_out<T, E>(&mut self, run: impl FnOnce(&mut Context<'_>) -> Result<T, E>) -> Result<T, E> {
        let memory = Memory::default();
        let mut context = Context::new(&NoVariables, &memory, &|_| [0; 16]).with_budget(self.trial_steps);
        let result = run(&mut context);
        self.trial_steps = context.budget();
        result
    }
}

/// Where only written values are looked at.
struct NoVariables;

impl Variables for NoVariables {
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
}
