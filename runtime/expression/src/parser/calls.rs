//! Calls of functions, and what can be known of them without values.
//!
//! **Invariant:** what is refused here would fail at every evaluation; what takes long to know is left to the evaluation.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::context::{Context, Halt, Variables};
use crate::error::{ParseError, shortened};
use crate::functions::{self, Function};
use crate::memory::Memory;
use crate::operators::{apply, require_bool, to_number};
use crate::parser::{CALLS_MAX, Parser};
use crate::pattern;
use crate::suggestion::closest;
use crate::tree::{Infix, Tree};
use crate::value::Value;

/// The steps that the trials of one expression by itself may take.
const EXPRESSION_STEPS: u64 = 200_000;

/// The steps that the trials of all expressions of a file may take together.
const FILE_STEPS: u64 = 1_000_000;

/// What looking for a name that was meant costs.
const GUESS_STEPS: u64 = 20;

/// A trial that took so many steps is remembered, so that the same text is tried out once.
const REMEMBERED_STEPS: u64 = 1_000;

/// The longest text that is remembered.
const REMEMBERED_BYTES_MAX: usize = 8 << 10;

/// What may still be tried out over written values, and what came of dear trials; shared by the expressions of a file.
///
/// What is not tried out fails only when it runs.
#[derive(Clone, Debug)]
pub struct Trials {
    steps: u64,
    known: BTreeMap<String, Option<Wrong>>,
}

/// What a trial found: which argument it is about, and what is wrong with it.
type Wrong = (usize, String);

impl Trials {
    fn new(steps: u64) -> Self {
        let known = BTreeMap::new();
        Self { steps, known }
    }

    /// Enough for one expression.
    #[must_use]
    pub fn of_an_expression() -> Self {
        Self::new(EXPRESSION_STEPS)
    }

    /// Enough for the expressions of one file together.
    #[must_use]
    pub fn of_a_file() -> Self {
        Self::new(FILE_STEPS)
    }

    /// Nothing is tried out: it was before, or nobody wants to know.
    #[must_use]
    pub fn none() -> Self {
        Self::new(0)
    }
}

impl Parser<'_> {
    pub(super) fn call(&mut self, name: &str, at: usize) -> Result<Tree, ParseError> {
        let function = Function::named(name);
        let unknown = function.is_none().then(|| self.unknown_function(name, at));
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
        let before = self.mistakes.len();
        let listed = self.list(")", |parser| {
            let start = parser.at;
            arguments.push(parser.expression()?);
            places.push(start..parser.at);
            Ok(())
        });
        self.calls -= 1;
        if let Some(unknown) = unknown {
            return self.call_of_nothing(unknown, before, &listed, arguments);
        }
        listed?;
        let Some(function) = function else {
            return Ok(Tree::Array(arguments));
        };
        match self.check_call(function, &arguments, at..self.at, &places) {
            Ok(()) => {}
            Err(mistake) => self.go_on(self.mistakes.len(), mistake)?,
        }
        Ok(Tree::Call { function, arguments })
    }

    /// Goes on after a call of no function, before whose arguments so many mistakes were found. Where they do not parse
    /// either, it was no call, and nothing is said of them.
    fn call_of_nothing(
        &mut self,
        unknown: ParseError,
        before: usize,
        listed: &Result<(), ParseError>,
        arguments: Vec<Tree>,
    ) -> Result<Tree, ParseError> {
        if listed.is_err() {
            self.mistakes.truncate(before);
            return Err(unknown);
        }
        // What stands for the call is never evaluated: the expression is refused.
        self.go_on(before, unknown).map(|()| Tree::Array(arguments))
    }

    fn unknown_function(&mut self, name: &str, at: usize) -> ParseError {
        let guessed = self.trials.steps.checked_sub(GUESS_STEPS).and_then(|left| {
            self.trials.steps = left;
            closest(name, functions::names())
        });
        let help = match guessed {
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
        let wrong = self.tried(&self.written_text(&whole, &written, places), |context| {
            let checked = function.check_written(&written, context);
            checked.or_else(|mistake| found(mistake.argument, mistake.halt))
        });
        if let Some((argument, message)) = wrong {
            let place = places.get(argument).cloned().unwrap_or(whole);
            return Err(self.error_over(place, message));
        }
        let values: Option<Vec<Value>> = written.into_iter().map(Option::<&Value>::cloned).collect();
        let Some(values) = values else { return Ok(()) };
        let wrong = self.tried(&format!("call {}", self.text_of(&whole)), |context| {
            functions::call(function, &values, context).map_or_else(|halt| found(0, halt), |_| Ok(()))
        });
        wrong.map_or(Ok(()), |(_, message)| Err(self.error_over(whole, message)))
    }

    /// What stands written on the right of an operator may make it fail whatever the left.
    pub(super) fn check_right(
        &mut self,
        operator: Infix,
        right: Option<&Value>,
        place: Range<usize>,
    ) -> Result<(), ParseError> {
        let Some(value) = right else { return Ok(()) };
        let text = format!("{} {}", operator.symbol(), self.text_of(&place));
        let wrong = match (operator, value) {
            (Infix::In, _) => self.tried(&text, |context| {
                apply(operator, &Value::Null, value, context).map_or_else(|halt| found(0, halt), |_| Ok(()))
            }),
            (Infix::Matches | Infix::MatchesNot, Value::String(pattern)) => self.tried(&text, |context| {
                pattern::compile(pattern, context).map_or_else(|halt| found(0, halt), |_| Ok(()))
            }),
            _ => None,
        };
        wrong.map_or(Ok(()), |(_, message)| Err(self.error_over(place, message)))
    }

    /// What an operator yields where both sides stand written; one side alone may make arithmetic fail whatever the other.
    pub(super) fn check_both(
        &mut self,
        operator: Infix,
        left: Option<&Value>,
        right: Option<&Value>,
        place: Range<usize>,
    ) -> Result<Option<Value>, ParseError> {
        let (Some(left), Some(right)) = (left, right) else {
            return match never_fits(operator, left.or(right)) {
                Some(message) => Err(self.error_over(place, message)),
                None => Ok(None),
            };
        };
        match self.applied(operator, left, right).map_err(Halt::into_failure) {
            Ok(value) => Ok(Some(value)),
            Err(Some(message)) => Err(self.error_over(place, message)),
            // What there was no budget for may be right.
            Err(None) => Ok(None),
        }
    }

    /// What a part is that stands written, or that operators make of such parts.
    pub(super) fn written(&mut self, part: &Tree) -> Option<Value> {
        let Tree::Chain { first, rest } = part else {
            return part.literal().cloned();
        };
        let first = self.written(first)?;
        rest.iter().try_fold(first, |left, (operator, right)| {
            let right = self.written(right)?;
            self.applied(*operator, &left, &right).ok()
        })
    }

    fn applied(&mut self, operator: Infix, left: &Value, right: &Value) -> Result<Value, Halt> {
        let memory = Memory::default();
        let mut context = Context::new(&NoVariables, &memory, &|_| [0; 16]).with_budget(self.trials.steps);
        let applied = apply(operator, left, right, &mut context);
        self.trials.steps = context.budget();
        applied
    }

    /// Whether the next part of `&&` or `||` is looked at for sure; one that stands written and is no boolean fails.
    pub(super) fn check_part(&self, symbol: &str, part: &Tree, place: Range<usize>) -> Result<bool, ParseError> {
        let Some(value) = part.literal().filter(|_| symbol != "??") else {
            return Ok(false);
        };
        match require_bool(symbol, value).map_err(Halt::into_failure) {
            Ok(holds) => Ok(holds == (symbol == "&&")),
            Err(message) => Err(self.error_over(place, message.unwrap_or_default())),
        }
    }

    /// The name of the function and the arguments that are written down, each as it stands.
    fn written_text(&self, whole: &Range<usize>, written: &[Option<&Value>], places: &[Range<usize>]) -> String {
        let mut text = self.text_of(&(whole.start..whole.start.saturating_add(1))).to_owned();
        for (value, place) in written.iter().zip(places) {
            text.push(',');
            text.push_str(value.map_or("", |_| self.text_of(place)));
        }
        text
    }

    fn text_of(&self, tokens: &Range<usize>) -> &str {
        let (start, _) = self.span(tokens.start);
        let (last, length) = self.span(tokens.end.saturating_sub(1));
        self.source.get(start..last + length).unwrap_or_default()
    }

    /// Runs something over written values only; a failure would come back every time. `text` says what is run.
    fn tried(&mut self, text: &str, run: impl FnOnce(&mut Context<'_>) -> Result<(), Wrong>) -> Option<Wrong> {
        if let Some(known) = self.trials.known.get(text) {
            return known.clone();
        }
        let memory = Memory::default();
        let before = self.trials.steps;
        let mut context = Context::new(&NoVariables, &memory, &|_| [0; 16]).with_budget(before);
        let wrong = run(&mut context).err();
        self.trials.steps = context.budget();
        if before - self.trials.steps >= REMEMBERED_STEPS && text.len() <= REMEMBERED_BYTES_MAX {
            self.trials.known.insert(text.to_owned(), wrong.clone());
        }
        wrong
    }
}

/// What was found wrong with an argument; what there was no budget for may be right.
fn found(argument: usize, halt: Halt) -> Result<(), Wrong> {
    halt.into_failure().map_or(Ok(()), |message| Err((argument, message)))
}

/// Why an operator fails with this value on one side, whatever stands on the other.
fn never_fits(operator: Infix, written: Option<&Value>) -> Option<String> {
    let value = written?;
    let (symbol, kind) = (operator.symbol(), value.kind());
    let numeric = matches!(
        operator,
        Infix::Subtract | Infix::Multiply | Infix::Divide | Infix::Remainder
    );
    if numeric && to_number(value).is_none() {
        return Some(format!("`{symbol}` needs numbers, not {kind}"));
    }
    (operator == Infix::Add && value.is_null()).then(|| format!("`{symbol}` cannot be applied to {kind}"))
}

/// Where only written values are looked at.
struct NoVariables;

impl Variables for NoVariables {
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expr;

    fn spent(trials: &mut Trials, text: &str) -> (bool, u64) {
        let before = trials.steps;
        let parsed = Expr::parse_within(text, trials).is_ok();
        (parsed, before - trials.steps)
    }

    #[test]
    fn what_is_dear_is_tried_out_once_in_a_file() {
        let mut trials = Trials::of_a_file();
        for text in [
            r#"$Input.a =~ "(a{40}|b{40}){1,25}""#,
            r#"regexMatchString("(a{40}|b{40}){2,25}", $Input.a)"#,
            r#"$Input.a =~ "\\pL{1000}""#,
        ] {
            let (parsed, first) = spent(&mut trials, text);
            assert!(first >= REMEMBERED_STEPS, "{text}");
            assert_eq!(spent(&mut trials, text), (parsed, 0), "{text}");
        }
        assert_eq!(spent(&mut trials, r#"$Input.a =~ "\\pL{1000}""#), (false, 0));
        let (parsed, other) = spent(&mut trials, r#"regexMatchString("\\pL{1000}", $Input.a)"#);
        assert!(
            !parsed && other >= REMEMBERED_STEPS,
            "another call is tried out for itself"
        );
    }

    #[test]
    fn the_trials_of_a_file_end() {
        let mut trials = Trials::of_a_file();
        for number in 0..2_000 {
            spent(&mut trials, &format!("$Input.a =~ \"(\\\\pL{{40}}){{25}}{number}\""));
            spent(&mut trials, &format!("unknown{number}()"));
        }
        assert!(trials.steps < GUESS_STEPS.max(REMEMBERED_STEPS) * 3, "{}", trials.steps);
        // What could be known without a trial still is, what could not is left to the evaluation.
        assert_eq!(spent(&mut Trials::none(), "length()"), (false, 0));
        assert_eq!(spent(&mut Trials::none(), r#"$Input.a =~ "(""#), (true, 0));
    }
}
