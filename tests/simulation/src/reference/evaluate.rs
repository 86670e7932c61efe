//! What expressions and constructors of plans yield.
//!
//! Source: specification 1.5.1, 1.5.2, 1.6 and the points 3, 4, 5 and 17 of 1.9.

use std::cmp::Ordering;
use std::rc::Rc;

use stepwell_expression::{Number, Value};

use super::effort::Effort;
use super::oracle::Failure;
use crate::plan::{Comparison, Expr, Function, Root, Template};

/// What variables stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    pub(super) input: Value,
    pub(super) output: Value,
    pub(super) global: Value,
    pub(super) item: Value,
    pub(super) name: Value,
    pub(super) retries: u64,
    pub(super) error: Value,
    pub(super) token: Value,
    pub(super) index: Value,
    pub(super) execution_input: Value,
    pub(super) effort: Rc<Effort>,
}

type Evaluated = Result<Value, Failure>;

/// What a constructor builds.
pub(super) fn construct(template: &Template, variables: &Variables) -> Evaluated {
    variables.effort.evaluates();
    build(template, variables)
}

fn build(template: &Template, variables: &Variables) -> Evaluated {
    match template {
        Template::Literal(value) => {
            variables.effort.yields(value);
            Ok(value.clone())
        }
        Template::Computed(expr) => value(expr, variables),
        Template::Object(entries) => {
            let built = entries
                .iter()
                .map(|(key, entry)| Ok((key.as_str(), build(entry, variables)?)));
            Ok(Value::object(built.collect::<Result<Vec<_>, Failure>>()?))
        }
    }
}

/// What an expression yields.
pub(super) fn evaluate(expr: &Expr, variables: &Variables) -> Evaluated {
    variables.effort.evaluates();
    value(expr, variables)
}

fn value(expr: &Expr, variables: &Variables) -> Evaluated {
    let value = part(expr, variables)?;
    variables.effort.yields(&value);
    Ok(value)
}

fn part(expr: &Expr, variables: &Variables) -> Evaluated {
    match expr {
        Expr::Literal(value) => Ok(value.clone()),
        Expr::Path(root, keys) => Ok(path(root_value(*root, variables), keys)),
        Expr::Call(function, arguments) => {
            let arguments: Result<Vec<Value>, Failure> =
                arguments.iter().map(|argument| value(argument, variables)).collect();
            call(*function, &arguments?, &variables.effort)
        }
        Expr::Compare(comparison, left, right) => {
            let (left, right) = (value(left, variables)?, value(right, variables)?);
            Ok(Value::Bool(compare(*comparison, &left, &right)))
        }
        Expr::Both(left, right) => Ok(Value::Bool(truth(left, variables)? && truth(right, variables)?)),
        Expr::Either(left, right) => Ok(Value::Bool(truth(left, variables)? || truth(right, variables)?)),
        Expr::Not(inner) => Ok(Value::Bool(!truth(inner, variables)?)),
    }
}

fn truth(expr: &Expr, variables: &Variables) -> Result<bool, Failure> {
    boolean(&value(expr, variables)?).ok_or_else(runtime_error)
}

/// Whether a condition holds.
pub(super) fn condition(expr: &Expr, variables: &Variables) -> Result<bool, Failure> {
    boolean(&evaluate(expr, variables)?).ok_or_else(|| Failure::of_the_engine("FnF.ConditionError"))
}

fn root_value(root: Root, variables: &Variables) -> Value {
    match root {
        Root::Input => variables.input.clone(),
        Root::Output => variables.output.clone(),
        Root::Global => variables.global.clone(),
        Root::Item => variables.item.clone(),
        Root::Name => variables.name.clone(),
        Root::RetryCount => Value::from(variables.retries),
        Root::ErrorCode => variables.error.clone(),
        Root::Token => variables.token.clone(),
        Root::Index => variables.index.clone(),
        Root::ExecutionInput => variables.execution_input.clone(),
    }
}

fn path(from: Value, keys: &[String]) -> Value {
    keys.iter().fold(from, |value, key| {
        let inside = value.as_object().and_then(|entries| entries.get(key.as_str()));
        inside.cloned().unwrap_or_default()
    })
}

fn runtime_error() -> Failure {
    Failure::of_the_engine("FnF.RuntimeError")
}

fn call(function: Function, arguments: &[Value], effort: &Effort) -> Evaluated {
    let first = || arguments.first().ok_or_else(runtime_error);
    match function {
        Function::IntAdd => {
            let sum = integer(first()?)? + integer(arguments.get(1).ok_or_else(runtime_error)?)?;
            Ok(Value::from(sum))
        }
        Function::Length => length(first()?),
        Function::Format => format(first()?, arguments.get(1..).unwrap_or_default()),
        Function::ToArray => Ok(Value::array(arguments.iter().cloned())),
        Function::Get => {
            let items = first()?.as_array().ok_or_else(runtime_error)?;
            let index = integer(arguments.get(1).ok_or_else(runtime_error)?)?;
            let index = usize::try_from(index).map_err(|_| runtime_error())?;
            Ok(items.get(index).cloned().unwrap_or_default())
        }
        Function::JsonMerge => {
            let second = arguments.get(1).and_then(Value::as_object).ok_or_else(runtime_error)?;
            let merged = first()?.as_object().ok_or_else(runtime_error)?;
            let both = merged.iter().chain(second);
            Ok(Value::object(both.map(|(key, value)| (key.clone(), value.clone()))))
        }
        Function::ArrayContains => {
            let items = first()?.as_array().ok_or_else(runtime_error)?;
            let wanted = arguments.get(1).ok_or_else(runtime_error)?;
            effort.goes_through(items.len());
            Ok(Value::Bool(items.iter().any(|item| deep_equal(item, wanted))))
        }
        Function::Uuid => Ok(effort.fresh()),
    }
}

fn integer(value: &Value) -> Result<i64, Failure> {
    value.as_number().and_then(Number::as_i64).ok_or_else(runtime_error)
}

fn length(value: &Value) -> Evaluated {
    let count = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Stored(_) => return Err(runtime_error()),
    };
    Ok(Value::from(count as u64))
}

/// The formats of plans hold `{}` and letters only.
fn format(pattern: &Value, arguments: &[Value]) -> Evaluated {
    let parts: Vec<&str> = pattern.as_str().ok_or_else(runtime_error)?.split("{}").collect();
    if parts.len() != arguments.len() + 1 {
        return Err(runtime_error());
    }
    let arguments = arguments.iter().map(|argument| match argument {
        Value::String(text) => text.to_string(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)
        | Value::Stored(_)) => other.to_json().unwrap_or_default(),
    });
    let mut text = String::new();
    for (part, argument) in parts.into_iter().zip(arguments.chain([String::new()])) {
        text.push_str(part);
        text.push_str(&argument);
    }
    Ok(Value::from(text))
}

/// By the table of 1.6 and point 3 of 1.9.
fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::Unequal => !equal(left, right),
        Comparison::Less => order(left, right) == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order(left, right), Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order(left, right) == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order(left, right), Some(Ordering::Greater | Ordering::Equal)),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    if let (Value::String(left), Value::String(right)) = (left, right)
        && left == right
    {
        return true;
    }
    if let (Some(left), Some(right)) = (float(left), float(right)) {
        return left == right;
    }
    if let (Some(left), Some(right)) = (boolean(left), boolean(right)) {
        return left == right;
    }
    deep_equal(left, right)
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    if left.is_null() || right.is_null() {
        return None;
    }
    if let (Value::String(left), Value::String(right)) = (left, right) {
        return Some(left.cmp(right));
    }
    if let (Some(left), Some(right)) = (float(left), float(right)) {
        return left.partial_cmp(&right);
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.to_string(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)
        | Value::Stored(_)) => other.to_json().unwrap_or_default(),
    };
    Some(text(left).cmp(&text(right)))
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) => Number::parse(text).map(|number| number.as_f64()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(bool) => Some(*bool),
        Value::Number(number) => Some(number.as_f64() != 0.0),
        Value::String(text) => match &**text {
            "true" | "TRUE" => Some(true),
            "false" | "FALSE" => Some(false),
            _ => None,
        },
        Value::Array(_) | Value::Object(_) | Value::Stored(_) => None,
    }
}

fn deep_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| deep_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(key, left): (_, &Value)| right.get(key).is_some_and(|right| deep_equal(left, right));
            left.len() == right.len() && left.iter().all(same)
        }
        (left, right) => left == right,
    }
}
