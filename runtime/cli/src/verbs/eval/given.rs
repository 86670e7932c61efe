//! The values that a trial is given.

use std::io;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use stepwell_definition::FILE_BYTES_MAX;
use stepwell_expression::Value;

use crate::console::one_line;
use crate::exit::Trouble;
use crate::files::{read, read_all};

/// The options that give values.
#[derive(Args, Debug)]
pub(crate) struct GivenArguments {
    /// `$Input`; of a state, its raw input [default: {}]
    #[arg(long, value_name = "JSON|FILE")]
    input: Option<String>,
    /// Fields of `$Context`, laid over those that every execution has
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

    pub(super) fn read(arguments: &GivenArguments) -> Result<Self, Trouble> {
        let value = |option: &str, text: &Option<String>| text.as_ref().map(|text| json_of(option, text)).transpose();
        let object = |option: &str, text: &Option<String>| {
            let value = value(option, text)?.unwrap_or_else(empty);
            match value.as_object() {
                Some(_) => Ok(value),
                None => Err(Trouble::mistake(format!(
                    "`{option}` takes an object, not {}",
                    value.kind()
                ))),
            }
        };
        Ok(Self {
            input: value("--input", &arguments.input)?.unwrap_or_else(empty),
            context: object("--context", &arguments.context)?,
            global: object("--global", &arguments.global)?,
            output: value("--output", &arguments.output)?,
            item: value("--item", &arguments.item)?,
            environment: environment(&arguments.environment)?,
        })
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

/// The value of an option: JSON where it reads as JSON, or else the contents of that file, or of standard input for `-`.
pub(super) fn json_of(option: &str, text: &str) -> Result<Value, Trouble> {
    if text == "-" {
        let bytes = read_all(io::stdin().lock(), FILE_BYTES_MAX);
        let bytes = bytes.map_err(|error| Trouble::mistake(format!("standard input cannot be read: {error}")))?;
        return parse(&bytes, "standard input");
    }
    let here = match Value::parse_json(text) {
        Ok(value) => return once(value, text, &format!("`{option}`")),
        Err(error) => error,
    };
    // What begins like this is hardly the name of a file.
    if text.trim_start().starts_with(['{', '[', '"']) {
        return Err(Trouble::mistake(format!("`{option}` is no JSON: {here}")));
    }
    let shown = one_line(text, 60);
    let bytes = read(Path::new(text), FILE_BYTES_MAX)
        .map_err(|missing| Trouble::mistake(format!("`{option} {shown}` is neither JSON nor a file: {missing}")))?;
    parse(&bytes, &shown)
}

fn parse(bytes: &[u8], name: &str) -> Result<Value, Trouble> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Trouble::mistake(format!("{name} has more than {FILE_BYTES_MAX} bytes")));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Trouble::mistake(format!("{name} is not UTF-8")))?;
    let value = Value::parse_json(text).map_err(|error| Trouble::mistake(format!("{name} is no JSON: {error}")))?;
    once(value, text, name)
}

/// The value, if no key stands twice in an object of its text.
fn once(value: Value, text: &str, name: &str) -> Result<Value, Trouble> {
    match stepwell_definition::repeated_key(text) {
        Some(message) => Err(Trouble::mistake(format!("{name}: {message}"))),
        None => Ok(value),
    }
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
