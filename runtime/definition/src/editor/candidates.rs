//! What can be written at a cursor.
//!
//! **Invariant:** every candidate comes from a table of the checker or from the file itself.

use stepwell_actions::runnable;
use stepwell_expression::function_docs;

use crate::actions::{FUNCTION_RESOURCE, INTEGRATIONS};
use crate::editor::FileKind;
use crate::editor::cursor::{Cursor, Role};
use crate::editor::hover::{call, takes};
use crate::editor::reading::{Meaning, Readable, Reading, ScopeId};
use crate::editor::spelling::{Syntax, spell};
use crate::editor::spot::{self, Spot};
use crate::fields::{Field, Takes};
use crate::recovery::{ERROR_NAMES, SERVICE_ERROR_NAMES};
use crate::source::{FILE_BYTES_MAX, Span};
use crate::states::{StateType, distributed};
use crate::variables::{Availability, CONTEXT, ContextField, VARIABLES};

/// Something that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is called in a list.
    pub label: String,
    /// What it is.
    pub kind: CandidateKind,
    /// What goes with it, in few words.
    pub detail: String,
    /// What it means; may be empty.
    pub doc: String,
    /// What it takes the place of.
    pub replaced: Span,
    /// What is written.
    pub text: String,
    /// Whether it is better left alone.
    pub standing: Standing,
}

/// Whether a candidate is better left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is not.
    #[default]
    Usual,
    /// It is accepted, but does not run yet.
    NotYet,
    /// It is an older or misspelt form of another.
    Older,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// A field that must be there.
    RequiredField,
    /// Another field.
    Field,
    /// A state.
    State,
    /// One of a few values.
    Choice,
    /// A variable or a part of one.
    Variable,
    /// A function.
    Function,
    /// The code of an error.
    ErrorName,
    /// A function of the functions file.
    Declared,
}

/// What can be written at an offset of a text behind its byte order mark.
#[must_use]
pub fn complete(text: &str, kind: FileKind, offset: usize) -> Vec<Candidate> {
    complete_among(text, kind, offset, &[])
}

/// The same where these functions can be called.
#[must_use]
pub fn complete_among(text: &str, kind: FileKind, offset: usize, functions: &[String]) -> Vec<Candidate> {
    if text.len() > FILE_BYTES_MAX || text.contains('\0') {
        return Vec::new();
    }
    let Some(cursor) = Cursor::at(text, offset) else {
        return Vec::new();
    };
    let Some((reading, spot)) = spot::find(text, kind, &cursor) else {
        return Vec::new();
    };
    let written = text.get(cursor.token.range()).unwrap_or_default();
    let offer = Offer {
        cursor: &cursor,
        written,
        syntax: kind.syntax,
        functions,
    };
    match spot {
        Spot::Key(fields) => fields.into_iter().flat_map(|field| offer.field(field)).collect(),
        Spot::Value { meaning, before } => offer.value(&reading, meaning, &before),
    }
}

/// What surrounds what is offered.
struct Offer<'a> {
    cursor: &'a Cursor,
    written: &'a str,
    syntax: Syntax,
    functions: &'a [String],
}

impl Offer<'_> {
    fn field(&self, field: &Field) -> Vec<Candidate> {
        let kind = if field.required {
            CandidateKind::RequiredField
        } else {
            CandidateKind::Field
        };
        let candidate = |label: String, takes: String| Candidate {
            text: self.key(&label, field),
            label,
            kind,
            detail: takes,
            doc: match field_standing(field.name) {
                Standing::NotYet => format!("{} {NOT_YET}", field.doc),
                Standing::Usual | Standing::Older => field.doc.to_owned(),
            },
            replaced: self.cursor.token,
            standing: field_standing(field.name),
        };
        let plain = candidate(field.name.to_owned(), takes(field.takes));
        let computed = (field.computable && field.takes != Takes::Template)
            .then(|| candidate(format!("{}.$", field.name), takes(Takes::Expression)));
        std::iter::once(plain).chain(computed).collect()
    }

    fn key(&self, name: &str, field: &Field) -> String {
        let below = matches!(field.takes, Takes::Map | Takes::List | Takes::Template) && !name.ends_with(".$");
        let colon = match (self.cursor.colon, self.cursor.in_brackets()) {
            (true, _) => "",
            (false, false) if below => ":",
            (false, _) => ": ",
        };
        let quoted = self.syntax == Syntax::Json || self.written.starts_with(['"', '\'']);
        let key = if quoted {
            spell(name, self.written, self.syntax)
        } else {
            name.to_owned()
        };
        format!("{key}{colon}")
    }

    fn value(&self, reading: &Reading, meaning: Meaning, before: &str) -> Vec<Candidate> {
        match meaning {
            Meaning::Expression(readable) => self.expression(readable, before),
            _ if self.cursor.role == Role::Text => Vec::new(),
            Meaning::Refers(scope) => self.states(reading, scope),
            Meaning::Names(_) => Vec::new(),
            Meaning::Constant(field) => self.constants(field),
            Meaning::ErrorName => {
                let candidate = |name: &&str| self.whole(name, CandidateKind::ErrorName, String::new(), String::new());
                ERROR_NAMES.iter().chain(SERVICE_ERROR_NAMES).map(candidate).collect()
            }
        }
    }

    /// A candidate that takes the place of the whole value.
    fn whole(&self, name: &str, kind: CandidateKind, detail: String, doc: String) -> Candidate {
        Candidate {
            label: name.to_owned(),
            kind,
            detail,
            doc,
            replaced: self.cursor.token,
            text: spell(name, self.written, self.syntax),
            standing: Standing::Usual,
        }
    }

    fn states(&self, reading: &Reading, scope: ScopeId) -> Vec<Candidate> {
        let named = reading.states_of(scope).filter(|(_, state)| !state.name.is_empty());
        let candidate = |state: &crate::editor::State| {
            let kind = state.kind.map_or("", StateType::name).to_owned();
            let doc = state.description.as_deref().unwrap_or_default().to_owned();
            self.whole(&state.name, CandidateKind::State, kind, doc)
        };
        named.map(|(_, state)| candidate(state)).collect()
    }

    fn constants(&self, field: &Field) -> Vec<Candidate> {
        let doc = |choice: &str| {
            let kind = StateType::ALL.into_iter().find(|kind| kind.name() == choice);
            let is_type = matches!(field.takes, Takes::OneOf(choices) if choices == StateType::NAMES);
            kind.filter(|_| is_type).map_or("", StateType::doc).to_owned()
        };
        let choice = |choice: &str| self.whole(choice, CandidateKind::Choice, field.name.to_owned(), doc(choice));
        match field.takes {
            Takes::OneOf(choices) | Takes::AnyCaseOf(choices) => choices.iter().map(|text| choice(text)).collect(),
            Takes::Flag => ["true", "false"].map(|flag| self.flag(flag, field)).into(),
            Takes::Text if field.name == "Action" => actions().into_iter().map(|name| self.action(name)).collect(),
            Takes::Text if *field == FUNCTION_RESOURCE => self.declared(),
            Takes::Text | Takes::StateName | Takes::Whole(..) | Takes::NumberFrom(..) | Takes::Seconds(_) => Vec::new(),
            Takes::Expression | Takes::Template | Takes::Map | Takes::List | Takes::Anything => Vec::new(),
        }
    }

    fn action(&self, name: &str) -> Candidate {
        let runs = runnable().contains(&name);
        Candidate {
            doc: if runs { String::new() } else { NOT_YET.to_owned() },
            standing: if runs { Standing::Usual } else { Standing::NotYet },
            ..self.whole(name, CandidateKind::Choice, "Action".to_owned(), String::new())
        }
    }

    /// The functions that are declared by name.
    fn declared(&self) -> Vec<Candidate> {
        let names = self.functions.iter().filter(|name| !name.contains('*'));
        names
            .map(|name| {
                self.whole(
                    name,
                    CandidateKind::Declared,
                    "functions.yaml".to_owned(),
                    String::new(),
                )
            })
            .collect()
    }

    /// A boolean, which must not be quoted.
    fn flag(&self, flag: &str, field: &Field) -> Candidate {
        Candidate {
            text: flag.to_owned(),
            ..self.whole(flag, CandidateKind::Choice, field.name.to_owned(), String::new())
        }
    }

    fn expression(&self, readable: Readable, before: &str) -> Vec<Candidate> {
        if in_string(before) {
            return Vec::new();
        }
        let part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '$' | '.' | '_');
        let word = before.get(before.trim_end_matches(part).len()..).unwrap_or_default();
        if let Some((path, last)) = word.rsplit_once('.') {
            let path = path.strip_prefix("$Context").map(|path| path.split('.').skip(1));
            let fields = path.map(|mut path| path.try_fold(CONTEXT, below).unwrap_or_default());
            return self.context(fields.unwrap_or_default(), last);
        }
        let variables = VARIABLES.iter().filter(|variable| readable.has(variable.name));
        let variables = variables.map(|variable| self.part(variable.name, word, CandidateKind::Variable, variable.doc));
        let functions = function_docs().into_iter().map(|function| Candidate {
            label: function.name.to_owned(),
            detail: call(&function),
            ..self.part(
                &format!("{}(", function.name),
                word,
                CandidateKind::Function,
                function.doc,
            )
        });
        if word.starts_with('$') {
            return variables.collect();
        }
        variables.chain(functions).collect()
    }

    fn context(&self, fields: &[ContextField], written: &str) -> Vec<Candidate> {
        let candidate = |field: &ContextField| self.part(field.name, written, CandidateKind::Variable, "");
        fields.iter().map(candidate).collect()
    }

    /// A candidate that takes the place of the word before the cursor.
    fn part(&self, text: &str, word: &str, kind: CandidateKind, doc: &str) -> Candidate {
        let offset = self.cursor.offset;
        Candidate {
            label: text.to_owned(),
            kind,
            detail: String::new(),
            doc: doc.to_owned(),
            replaced: Span::new(offset.saturating_sub(word.len()), offset),
            text: text.to_owned(),
            standing: Standing::Usual,
        }
    }
}

/// What is said of a candidate that is accepted, but does not run.
const NOT_YET: &str = "Does not run yet: `run` refuses a flow with it.";

fn field_standing(name: &str) -> Standing {
    const OLDER: [&str; 5] = [
        "OnErrors",
        "OnError",
        "MaxConcuccency",
        "ToleratedFailedPercentage",
        "ToleratedFailedCount",
    ];
    if OLDER.contains(&name) {
        return Standing::Older;
    }
    let distributed = distributed::FIELDS.iter().any(|field| field.name == name);
    if distributed || name == "ProcessorConfig" {
        return Standing::NotYet;
    }
    Standing::Usual
}

impl Readable {
    /// Whether a variable, with its `$`, can be read.
    #[must_use]
    pub fn has(self, variable: &str) -> bool {
        let name = variable.strip_prefix('$').unwrap_or(variable);
        self.0.availability(name) == Availability::Readable
    }
}

fn below(fields: &'static [ContextField], name: &str) -> Option<&'static [ContextField]> {
    fields.iter().find(|field| field.name == name).map(|field| field.below)
}

/// Every action that is known, each once.
fn actions() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = runnable().to_vec();
    names.extend(INTEGRATIONS.iter().map(|integration| integration.action));
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether an expression that was written so far ends inside of a string.
fn in_string(before: &str) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for character in before.chars() {
        match quote {
            None if matches!(character, '"' | '\'' | '`') => quote = Some(character),
            None => {}
            Some(_) if escaped => escaped = false,
            Some(open) if character == open => quote = None,
            Some(open) => escaped = character == '\\' && open != '`',
        }
    }
    quote.is_some()
}
