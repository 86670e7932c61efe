//! The values that a trial is given.

use std::sync::Arc;

use clap::Args;
use stepwell_expression::Value;

use crate::console::{Style, one_line};
use crate::exit::Trouble;
use crate::files::{Problems, json};

/// The options that give values.
#[derive(Args, Debug)]
pub(crate) struct GivenArguments {
    /// `$Input`; of a state, its raw input [default: {}]
    #[arg(long, value_name = "JSON|FILE")]
    input: Option<String>,
    /// Fields of `$Context`, laid over those that every execution has; of a state, Execution.Name, Execution.Input,
    /// Current.Error and Map.Item.Index
    #[arg(long, value_name = "JSON|FILE")]
    context: Option<String>,
    /// `$Global` [default: {}]
    #[arg(long, value_name = "JSON|FILE")]
    global: Option<String>,
    /// `$Output`
    #[arg(long, value_name = "JSON|FILE", conflicts_with = "flow")]
    output: Option<String>,
    /// `$Item`
    #[arg(long, value_name = "JSON|FILE", conflicts_with = "flow")]
    item: Option<String>,
    /// A variable of `$Environment`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    environment: Vec<String>,
}

/// The values that a trial is given.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) input: Value,
    pub(super) context: Value,
    pub(super) global: Value,
    pub(super) output: Option<Value>,
    pub(super) item: Option<Value>,
    pub(super) environment: Value,
}

impl Given {
    /// Whether fields of `$Context` are given.
    pub(super) fn has_context(&self) -> bool {
        self.context.as_object().is_some_and(|context| !context.is_empty())
    }

    /// Reads all of them; what is wrong with any is told.
    pub(super) fn read(arguments: &GivenArguments, problems: &mut Problems, style: Style) -> Result<Self, Trouble> {
        let mut value = |option: &str, text: &Option<String>| {
            let read = text.as_deref().map(|text| json(option, text, problems, style));
            read.transpose().map(Option::flatten)
        };
        let input = value("--input", &arguments.input)?;
        let context = value("--context", &arguments.context)?;
        let global = value("--global", &arguments.global)?;
        let output = value("--output", &arguments.output)?;
        let item = value("--item", &arguments.item)?;
        if problems.refuse() {
            return Err(Trouble::Told);
        }
        Ok(Self {
            input: input.unwrap_or_else(empty),
            context: object("--context", context)?,
            global: object("--global", global)?,
            output,
            item,
            environment: environment(&arguments.environment)?,
        })
    }
}

fn object(option: &str, value: Option<Value>) -> Result<Value, Trouble> {
    let value = value.unwrap_or_else(empty);
    match value.as_object() {
        Some(_) => Ok(value),
        None => Err(Trouble::mistake(format!(
            "`{option}` takes an object, not {}",
            value.kind()
        ))),
    }
}

fn empty() -> Value {
    Value::Object(Arc::default())
}

fn environment(pairs: &[String]) -> Result<Value, Trouble> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), Value::from(value))),
        Some(_) | None => Err(Trouble::mistake(format!(
            "`--environment {}` has no key or no value; write `--environment KEY=VALUE`",
            one_line(pair, 60)
        ))),
    };
    let pairs: Vec<_> = pairs.iter().map(pair).collect::<Result<_, _>>()?;
    Ok(Value::object(pairs))
}

/// `under` with the fields of `over` in it; objects are joined at every level.
pub(super) fn laid_over(under: &Value, over: &Value) -> Value {
    let (Some(under), Some(over)) = (under.as_object(), over.as_object()) else {
        return over.clone();
    };
    let mut joined = under.clone();
    for (key, value) in over {
        let value = under
            .get(key)
            .map_or_else(|| value.clone(), |under| laid_over(under, value));
        joined.insert(key.clone(), value);
    }
    Value::Object(Arc::new(joined))
}
