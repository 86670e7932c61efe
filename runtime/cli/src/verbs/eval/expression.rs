//! An expression by itself.

use stepwell_core::{Failure, ScopeId, draw};
use stepwell_definition::{Strictness, check_expression};
use stepwell_expression::{Context, EvalError, Expr, Memory, Template, Value, Variables};
use stepwell_model::{Block, Exit, Flow, Kind, Recovery, State, StateIndex};

use super::facts::Facts;
use super::given::{Given, laid_over};
use super::trial::{SEED, Trial};
use crate::console::Style;
use crate::exit::Trouble;
use crate::files::Problems;

/// Checks an expression and evaluates it over what is given.
pub(super) fn evaluate(text: &str, given: &Given, problems: &mut Problems, style: Style) -> Result<Facts, Trouble> {
    let mut checked = check_expression(text.as_bytes(), "expression");
    if given.has_context() {
        // What is given is there.
        let unknown = |code: &str| code == "definition::unknown_context_field";
        checked.diagnostics.retain(|diagnostic| !unknown(diagnostic.code()));
    }
    problems.add(&checked.report(Strictness::Lenient), style);
    let expr = checked.content.ok_or(Trouble::Told)?;
    let sight = Sight {
        given,
        context: context(given)?,
    };
    let (memory, draw) = (Memory::default(), drawn);
    let mut context = Context::new(&sight, &memory, &draw);
    let value = expr.evaluate(&mut context);
    let missing = context.missing();
    let mut facts = match value {
        Ok(value) => Facts::of_value(value),
        Err(error) => Facts::of_failure(failure(&error)),
    };
    facts.add_missing(missing);
    Ok(facts)
}

fn failure(error: &EvalError) -> Failure {
    Failure::new(error.code().unwrap_or_default(), error.to_string())
}

/// What the expression sees.
struct Sight<'a> {
    given: &'a Given,
    context: Value,
}

impl Variables for Sight<'_> {
    fn variable(&self, name: &str) -> Option<Value> {
        let given = self.given;
        match name {
            "Input" => Some(given.input.clone()),
            "Output" => given.output.clone(),
            "Item" => given.item.clone(),
            "Global" => Some(given.global.clone()),
            "Environment" => Some(given.environment.clone()),
            "Context" => Some(self.context.clone()),
            _ => None,
        }
    }
}

/// Random numbers that are the same every time, and the same that a state by itself draws.
fn drawn(number: u32) -> [u8; 16] {
    draw(SEED, &ScopeId::root(), u64::from(number))
}

/// `$Context` as the core shows it to a state, and what is given over it.
fn context(given: &Given) -> Result<Value, Trouble> {
    let expression = |error| Trouble::mistake(format!("{error}"));
    let state = State {
        name: "eval".into(),
        kind: Kind::Pass,
        exit: Exit::End,
        input: None,
        output: Some(Template::Expr(Expr::parse("$Context").map_err(expression)?)),
        global: None,
        recovery: Recovery::default(),
        timeout: None,
    };
    let body = Block {
        start: StateIndex(0),
        states: vec![state],
    };
    let flow = Flow {
        name: "eval".into(),
        timeout: None,
        input: None,
        output: None,
        body,
    };
    let shown = Trial::new(flow, given)?.context()?;
    let output = given.output.clone().unwrap_or(Value::Null);
    let current = Value::object([("Current", Value::object([("Output", output)]))]);
    Ok(laid_over(&laid_over(&shown, &current), &given.context))
}
