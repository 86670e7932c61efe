//! The built-in functions (specification 1.6; 1.9 point 17).
//!
//! **Invariant:** a function's row in the table is all that the parser and the evaluator know about it. Arguments are
//! checked against the row before the function runs: it sees only what it asked for.

mod arrays;
mod codes;
mod collections;
mod json_texts;
mod numbers;
mod texts;

use std::fmt;
use std::sync::LazyLock;

use crate::context::{Context, Halt, collect};
use crate::error::shortened;
use crate::value::Value;
use crate::yields::Yields;

/// A function, by its row in the table.
#[derive(Clone, Copy)]
pub(crate) struct Function(&'static Signature);

struct Signature {
    name: &'static str,
    doc: &'static str,
    parameters: &'static [Kind],
    /// What it yields, where that is always the same.
    yields: Option<Yields>,
    /// What may follow the parameters any number of times.
    rest: Option<Kind>,
    /// Finds mistakes in arguments that are written down, one by one.
    check: fn(&[Option<&Value>], &mut Context<'_>) -> Result<(), Mistake>,
    run: fn(&[Value], &mut Context<'_>) -> Result<Value, Halt>,
}

/// A mistake in one argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) argument: usize,
    pub(crate) halt: Halt,
}

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Anything; it is not even opened.
    Any,
    Text,
    Integer,
    Array,
    Object,
    Collection,
    Measurable,
    IndexOrKey,
}

const fn row(
    name: &'static str,
    doc: &'static str,
    parameters: &'static [Kind],
    yields: Option<Yields>,
    run: fn(&[Value], &mut Context<'_>) -> Result<Value, Halt>,
) -> Signature {
    Signature {
        name,
        doc,
        parameters,
        yields,
        rest: None,
        check: |_, _| Ok(()),
        run,
    }
}

static TABLE: [Signature; 21] = [
    row(
        "arrayContains",
        "Whether an array holds a value; 1 and 1.0 are the same.",
        &[Kind::Array, Kind::Any],
        Some(Yields::Boolean),
        arrays::array_contains,
    ),
    row(
        "arrayUnique",
        "The array without repetitions; the first of equal elements stays.",
        &[Kind::Array],
        Some(Yields::Array),
        arrays::array_unique,
    ),
    Signature {
        rest: Some(Kind::Any),
        ..row(
            "toArray",
            "An array of the arguments.",
            &[],
            Some(Yields::Array),
            arrays::to_array,
        )
    },
    Signature {
        rest: Some(Kind::Any),
        check: texts::check_format,
        ..row(
            "format",
            "The text with every `{}` replaced by the next argument; `{{` and `}}` write braces.",
            &[Kind::Text],
            Some(Yields::Text),
            texts::format,
        )
    },
    row(
        "length",
        "How many elements, entries or characters there are.",
        &[Kind::Measurable],
        Some(Yields::Number),
        collections::length,
    ),
    Signature {
        check: collections::check_get,
        ..row(
            "get",
            "The element at an index from 0, or the value of a key; null where there is none.",
            &[Kind::Collection, Kind::IndexOrKey],
            None,
            collections::get,
        )
    },
    row(
        "intAdd",
        "The sum of two integers.",
        &[Kind::Integer, Kind::Integer],
        Some(Yields::Number),
        numbers::int_add,
    ),
    row(
        "randomInt",
        "A random integer between two, both included; a repeat of the step draws the same.",
        &[Kind::Integer, Kind::Integer],
        Some(Yields::Number),
        numbers::random_int,
    ),
    row(
        "split",
        "The parts of a text between separators; an empty separator gives its characters.",
        &[Kind::Text, Kind::Text],
        Some(Yields::Array),
        texts::split,
    ),
    Signature {
        check: texts::check_pattern,
        ..row(
            "regexMatchString",
            "Whether a pattern is found anywhere in a text: the pattern first.",
            &[Kind::Text, Kind::Text],
            Some(Yields::Boolean),
            texts::regex_match_string,
        )
    },
    row(
        "mapKeys",
        "The keys of an object, in its own order.",
        &[Kind::Object],
        Some(Yields::Array),
        collections::map_keys,
    ),
    row(
        "mapValues",
        "The values of an object, in its own order.",
        &[Kind::Object],
        Some(Yields::Array),
        collections::map_values,
    ),
    row(
        "jsonMerge",
        "The entries of two objects; where both have a key, the second wins.",
        &[Kind::Object, Kind::Object],
        Some(Yields::Object),
        collections::json_merge,
    ),
    row(
        "stringToJson",
        "The value that a JSON text writes.",
        &[Kind::Text],
        None,
        json_texts::string_to_json,
    ),
    row(
        "fromJSON",
        "The value that a JSON text writes; the same as stringToJson.",
        &[Kind::Text],
        None,
        json_texts::string_to_json,
    ),
    row(
        "jsonToString",
        "A value as compact JSON text.",
        &[Kind::Any],
        Some(Yields::Text),
        json_texts::json_to_string,
    ),
    row(
        "toJSON",
        "A value as compact JSON text; the same as jsonToString.",
        &[Kind::Any],
        Some(Yields::Text),
        json_texts::json_to_string,
    ),
    row(
        "fromBase64",
        "The text that Base64 encodes.",
        &[Kind::Text],
        Some(Yields::Text),
        codes::from_base64,
    ),
    row(
        "toBase64",
        "A text in Base64.",
        &[Kind::Text],
        Some(Yields::Text),
        codes::to_base64,
    ),
    Signature {
        check: codes::check_hash,
        ..row(
            "hash",
            "The digest of a text in lower hex, by MD5, SHA1, SHA256 or SHA512.",
            &[Kind::Text, Kind::Text],
            Some(Yields::Text),
            codes::hash,
        )
    },
    row(
        "uuid",
        "A random UUID; a repeat of the step draws the same.",
        &[],
        Some(Yields::Text),
        numbers::uuid,
    ),
];

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| TABLE.iter().map(|row| row.name).collect());

/// The names of all functions, aliases included.
pub(crate) fn names() -> &'static [&'static str] {
    &NAMES
}

/// A built-in function, for people who write expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// What each argument must be.
    pub parameters: Vec<&'static str>,
    /// What any number of further arguments must be, if there can be any.
    pub rest: Option<&'static str>,
    /// What it yields, in a sentence.
    pub doc: &'static str,
}

/// Every built-in function.
pub fn function_docs() -> Vec<FunctionDoc> {
    let doc = |row: &Signature| FunctionDoc {
        name: row.name,
        parameters: row.parameters.iter().map(|kind| kind.wanted()).collect(),
        rest: row.rest.map(Kind::wanted),
        doc: row.doc,
    };
    TABLE.iter().map(doc).collect()
}

/// Calls a function: opens and checks the arguments as its row says, then runs it.
pub(crate) fn call(function: Function, arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let given = arguments.iter().enumerate();
    let opened = collect(given.map(|(at, argument)| function.admit(at, argument, context)))?;
    (function.0.run)(&opened, context)
}

impl Function {
    /// The function of that name.
    pub(crate) fn named(name: &str) -> Option<Function> {
        TABLE.iter().find(|row| row.name == name).map(Function)
    }

    /// What every call yields, where that is always the same.
    pub(crate) fn yields(self) -> Option<Yields> {
        self.0.yields
    }

    /// Says what is wrong with the number of arguments.
    pub(crate) fn check_arity(self, given: usize) -> Result<(), String> {
        let wanted = self.0.parameters.len();
        if given == wanted || (given > wanted && self.0.rest.is_some()) {
            return Ok(());
        }
        let at_least = if self.0.rest.is_some() { "at least " } else { "" };
        let plural = if wanted == 1 { "" } else { "s" };
        Err(format!(
            "`{}` takes {at_least}{wanted} argument{plural}, not {given}",
            self.0.name
        ))
    }

    /// Finds a mistake in the arguments that are written down; `None` stands for the others.
    pub(crate) fn check_written(self, arguments: &[Option<&Value>], context: &mut Context<'_>) -> Result<(), Mistake> {
        for (at, argument) in arguments.iter().enumerate() {
            argument.map_or(Ok(()), |argument| self.check_kind(at, argument))?;
        }
        (self.0.check)(arguments, context)
    }

    fn admit(self, at: usize, argument: &Value, context: &mut Context<'_>) -> Result<Value, Halt> {
        if self.kind(at) == Kind::Any {
            return Ok(argument.clone());
        }
        let opened = context.open(argument)?;
        self.check_kind(at, &opened).map_err(|mistake| mistake.halt)?;
        Ok(opened)
    }

    fn kind(self, at: usize) -> Kind {
        self.0.parameters.get(at).copied().or(self.0.rest).unwrap_or(Kind::Any)
    }

    fn check_kind(self, at: usize, value: &Value) -> Result<(), Mistake> {
        let kind = self.kind(at);
        if kind.accepts(value) {
            return Ok(());
        }
        let found = value
            .as_number()
            .map_or(value.kind().into(), |number| shortened(number.as_str()));
        let message = format!(
            "argument {} of `{}` must be {}, not {found}",
            at + 1,
            self.0.name,
            kind.wanted()
        );
        Err(Mistake {
            argument: at,
            halt: Halt::Failed(message),
        })
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.name)
    }
}

impl Kind {
    fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Kind::Any, _) => true,
            (Kind::Text | Kind::Measurable | Kind::IndexOrKey, Value::String(_)) => true,
            (Kind::Integer | Kind::IndexOrKey, Value::Number(number)) => number.as_i64().is_some(),
            (Kind::Array | Kind::Collection | Kind::Measurable, Value::Array(_)) => true,
            (Kind::Object | Kind::Collection | Kind::Measurable, Value::Object(_)) => true,
            _ => false,
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Kind::Any => "anything",
            Kind::Text => "text",
            Kind::Integer => "an integer below 2^63",
            Kind::Array => "an array",
            Kind::Object => "an object",
            Kind::Collection => "an array or an object",
            Kind::Measurable => "an array, an object or text",
            Kind::IndexOrKey => "an integer or text",
        }
    }
}

/// What a function answers to arguments that its row does not let through.
fn unexpected() -> Halt {
    Halt::failed("unexpected arguments")
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
