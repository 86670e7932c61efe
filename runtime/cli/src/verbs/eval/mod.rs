//! `stepwell eval`: an expression, or a single state, tried out over given values.
//!
//! ```text
//!   Arguments ── Given ──┬─ expression ── stepwell_expression           ┐
//!                        └─ alone ── trial ── stepwell_core::advance    ┴── Facts
//! ```
//!
//! **Invariant:** nothing of the language is decided here: a state is folded by the core, an expression is evaluated by the
//! expression crate, and there is no store.

mod alone;
mod context;
mod expression;
mod facts;
mod given;
mod trial;

use std::path::PathBuf;

use clap::Args;

use crate::console::{Console, Style};
use crate::exit::{Exit, Trouble};
use crate::files::Problems;
use facts::Facts;
use given::Given;
use serde::Serialize;
use stepwell_wire::output::Problem;

const EXAMPLES: &str = "\
What it yields goes to standard output, as JSON; what is worth knowing, such as a path that leads nowhere, to standard \
error. Whatever takes JSON also takes the name of a file that holds it, and `-` for standard input.

A state is run by itself: its constructors, its choice, what it asks for, where it goes. What a Task, Parallel or Map \
would get from outside is given by --result or --fail; for a Parallel or Map the result is the list of its outputs.

Examples:
  stepwell eval '1 + length($Input.names)' --input '{\"names\": [\"a\", \"b\"]}'
  stepwell eval '$Context.Execution.Name == \"n\" && $Global.on' --context '{\"Execution\": {\"Name\": \"n\"}}' --global on.json
  stepwell eval --flow order.yaml --state Decide --input order.json
  stepwell eval --flow order.yaml --state Pay --input order.json --result '{\"paid\": true}'
  stepwell eval --flow order.yaml --state Pay --input order.json --fail 'FC.Busy:try later' --retries 2

Exit codes: 0 it yields something, 1 it fails, 2 the expression or the flow is refused";

/// Try an expression, or one state of a flow, over given values
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The expression, in quotes for the shell
    #[arg(
        value_name = "EXPR",
        allow_hyphen_values = true,
        value_parser = no_option,
        required_unless_present = "flow",
        conflicts_with = "flow"
    )]
    expression: Option<String>,
    /// Run one state of this flow
    #[arg(long, value_name = "FILE", requires = "state")]
    flow: Option<PathBuf>,
    /// Which state: its name, or its path, such as Fork/1/Pay or EachOrder/Pay
    #[arg(long, value_name = "NAME", requires = "flow")]
    state: Option<String>,
    #[command(flatten)]
    given: given::GivenArguments,
    #[command(flatten)]
    trial: trial::TrialArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// An expression may begin with `-`, but none is an option's name: that is a slip of the pen.
fn no_option(text: &str) -> Result<String, String> {
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    let is_word = |word: &str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
    match name.strip_prefix("--") {
        Some(word) if !word.is_empty() && is_word(word) => {
            Err("there is no such option; `stepwell eval --help` tells all of them".to_owned())
        }
        Some(_) | None => Ok(text.to_owned()),
    }
}

impl Arguments {
    pub(crate) fn carry_out(self, console: &mut Console) -> Result<Exit, Trouble> {
        let mut problems = Problems::default();
        let facts = self.facts(&mut problems, console.style());
        console.error(problems.drawn());
        match (facts, self.json) {
            (Ok(facts), true) => facts.print_object(console),
            (Ok(facts), false) => facts.print(console),
            (Err(trouble), true) => {
                console.json(&Refused::of(&trouble, &problems))?;
                Err(trouble)
            }
            (Err(trouble), false) => Err(trouble),
        }
    }

    fn facts(&self, problems: &mut Problems, style: Style) -> Result<Facts, Trouble> {
        let given = Given::read(&self.given, problems, style)?;
        match (&self.expression, &self.flow, &self.state) {
            // An option that needs another is let through where that one cannot stand.
            (Some(_), _, Some(_)) => Err(Trouble::mistake(
                "`--state` goes with `--flow FILE`; an expression is tried without a state",
            )),
            (Some(text), _, None) => expression::evaluate(text, &given, problems, style),
            (None, Some(flow), Some(state)) => alone::run(flow, state, &given, &self.trial, problems, style),
            (None, _, _) => Err(Trouble::mistake("give an expression, or `--flow FILE --state NAME`")),
        }
    }
}

/// Why there is nothing to show, as a program reads it.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    error: RefusedError,
    problems: &'a [Problem],
}

#[derive(Debug, Serialize)]
struct RefusedError {
    code: String,
    detail: String,
}

impl<'a> Refused<'a> {
    fn of(trouble: &Trouble, problems: &'a Problems) -> Self {
        let problems = problems.entries();
        let first = problems.iter().find(|problem| problem.severity == "error");
        let (code, detail) = match (trouble, first) {
            (Trouble::Told, Some(first)) => (first.code.clone(), first.message.clone()),
            (Trouble::Told | Trouble::Mistake(_), _) => ("usage".to_owned(), trouble.to_string()),
            (Trouble::Host(_), _) => ("host".to_owned(), trouble.to_string()),
        };
        let error = RefusedError { code, detail };
        Self { error, problems }
    }
}

#[cfg(test)]
mod tests;
