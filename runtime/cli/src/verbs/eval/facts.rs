//! What a trial showed, and how it is printed.

use stepwell_core::{Entry, Failure};
use stepwell_expression::{Plain, Value};

use crate::console::{Console, one_line};
use crate::exit::{Exit, Trouble};

/// What is shown of a failure's detail on one line.
const DETAIL_CHARACTERS_MAX: usize = 1_000;

/// What a trial showed, in order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Facts {
    facts: Vec<(&'static str, Value)>,
    missing: Vec<String>,
    /// Whether the one fact is all that there is to say, and needs no name.
    bare: bool,
    failure: Option<Failure>,
}

impl Facts {
    /// The value of an expression.
    pub(super) fn of_value(value: Value) -> Self {
        Self {
            facts: vec![("value", value)],
            bare: true,
            ..Self::default()
        }
    }

    /// An expression that fails.
    pub(super) fn of_failure(failure: Failure) -> Self {
        Self {
            bare: true,
            failure: Some(failure),
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.facts.push((name, value.into()));
    }

    pub(super) fn add_missing(&mut self, paths: impl IntoIterator<Item = String>) {
        for path in paths {
            if !self.missing.contains(&path) {
                self.missing.push(path);
            }
        }
    }

    /// The paths that led nowhere in some entries of a history.
    pub(super) fn add_missing_of(&mut self, entries: &[Entry]) {
        let paths = entries.iter().flat_map(|entry| &entry.missing);
        self.add_missing(paths.map(|path| path.to_string()));
    }

    pub(super) fn fail(&mut self, failure: &Failure) {
        self.failure = Some(failure.clone());
    }

    /// As lines `name: JSON`, or as the bare value.
    pub(super) fn print(self, console: &mut Console) -> Result<Exit, Trouble> {
        for path in &self.missing {
            console.say(&format!("note: `{}` is missing: null", one_line(path, 200)));
        }
        for (name, value) in &self.facts {
            let json = json(value)?;
            console.out(&match self.bare {
                true => format!("{json}\n"),
                false => format!("{name}: {json}\n"),
            });
        }
        if let Some(Failure { code, detail, .. }) = &self.failure {
            let detail = one_line(detail, DETAIL_CHARACTERS_MAX);
            console.say(format!("{code}: {detail}").trim_end_matches([' ', ':']));
        }
        Ok(self.exit())
    }

    /// As one JSON object.
    pub(super) fn print_object(mut self, console: &mut Console) -> Result<Exit, Trouble> {
        let exit = self.exit();
        if let Some(failure) = &self.failure {
            self.facts.push(("error", described(failure)));
        }
        let missing = self.missing.into_iter().map(Value::from);
        self.facts.push(("missing", Value::array(missing)));
        console.json(&Plain(Value::object(self.facts)))?;
        Ok(exit)
    }

    fn exit(&self) -> Exit {
        match self.failure {
            Some(_) => Exit::Failed,
            None => Exit::Succeeded,
        }
    }
}

/// A failure as every `--json` shows it.
pub(super) fn described(failure: &Failure) -> Value {
    Value::object([
        ("code", Value::from(&*failure.code)),
        ("detail", Value::from(&*failure.detail)),
    ])
}

fn json(value: &Value) -> Result<String, Trouble> {
    value.to_json().map_err(|error| Trouble::mistake(error.to_string()))
}
