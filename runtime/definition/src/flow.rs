//! The root of a flow, and which dialect it is written in.
//!
//! **Invariant:** a file that is no flow of the newer dialect gets one message, not one for each of its fields.
//!
//! Source: specification 0, 1.1 and 2.1.

use std::sync::Arc;

use stepwell_model::{BlockPath, Flow};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Fields, Shape, Takes, Unknown};
use crate::source::Span;
use crate::states;
use crate::tree::{Content, Entry, Node};
use crate::variables::Place;

/// The longest timeout of an execution: a year.
const TIMEOUT_SECONDS_MAX: u64 = 31_536_000;

/// The fields of a flow.
pub const FIELDS: &[Field] = &[
    Field::new("Type", Takes::OneOf(&["StateMachine"]), "That this is a flow.").required(),
    Field::new("SpecVersion", Takes::OneOf(&["v1"]), "The version of the language.").required(),
    Field::new("Name", Takes::Text, "The flow's name.").required(),
    Field::new("Description", Takes::Text, "For people."),
    Field::new("StartAt", Takes::StateName, "The name of the first state.").required(),
    Field::new("States", Takes::List, "The states.").required(),
    Field::new(
        "Timeout",
        Takes::Seconds(TIMEOUT_SECONDS_MAX),
        "After how many seconds the execution ends as TimedOut; 0 = never.",
    ),
    Field::new(
        "InputConstructor",
        Takes::Template,
        "Builds the first state's input from the execution's.",
    )
    .computable(),
    Field::new(
        "OutputConstructor",
        Takes::Template,
        "Builds the execution's output from the last state's.",
    )
    .computable(),
];

pub(crate) const FLOW: Shape = Shape::new("a flow", &[FIELDS], Unknown::Warned).elsewhere(states::elsewhere);

/// How a file presents itself.
enum Dialect {
    Newer,
    Older(Span),
    /// Fields of both: the first of the newer and the first of the older.
    Mixed(Span, Span),
    /// `Type: StateMachine` says what it is, whatever stands beside it: where a `type` says something else.
    Named(Option<Span>),
    None,
}

const NEWER_KEYS: &[&str] = &["StartAt", "States", "SpecVersion"];
const OLDER_KEYS: &[&str] = &["steps", "version", "inputMappings", "outputMappings", "timeoutSeconds"];

fn dialect(entries: &[Entry]) -> Dialect {
    let key = |names: &[&str]| {
        entries
            .iter()
            .find(|entry| names.contains(&&*entry.key.text))
            .map(|entry| entry.key.span)
    };
    let typed = |name: &str, value: fn(&str) -> bool| {
        let entry = entries.iter().find(|entry| &*entry.key.text == name)?;
        entry
            .value
            .scalar()
            .filter(|scalar| value(&scalar.text))
            .map(|_| entry.key.span)
    };
    let older = typed("type", |text| text != "StateMachine");
    if typed("Type", |text| text == "StateMachine").is_some() {
        return Dialect::Named(older);
    }
    match (key(NEWER_KEYS), older.or_else(|| key(OLDER_KEYS))) {
        (Some(newer), Some(older)) => Dialect::Mixed(newer, older),
        (Some(_), None) => Dialect::Newer,
        (None, Some(older)) => Dialect::Older(older),
        // `Type` alone, with whatever value, says what it was meant to be.
        (None, None) if key(&["Type"]).is_some() || typed("type", |_| true).is_some() => Dialect::Newer,
        (None, None) => Dialect::None,
    }
}

/// What a file is that is no flow, and what to do with it.
fn other_format(root: &Node) -> (&'static str, &'static str) {
    let has = |key: &str| root.entry(key).is_some();
    if has("cases") {
        ("this is a file of cases, not a flow", "run it with `stepwell test`")
    } else if has("functions") {
        (
            "this is a functions file, not a flow",
            "name the flow; the functions beside it are checked with it",
        )
    } else if has("grants") {
        (
            "this is a grants file, not a flow",
            "name the flow; the grants beside it are checked with it",
        )
    } else {
        ("this file is no flow", "a flow begins with `Type: StateMachine`")
    }
}

/// Checks and lowers a whole flow.
pub(crate) fn check(checker: &mut Checker<'_>, root: &Node) -> Option<Flow> {
    let Some(entries) = root.mapping() else {
        let message = format!("a flow is a map, not {}", root.kind());
        let help = "a flow begins with `Type: StateMachine`";
        checker.tell(Diagnostic::new(&codes::NOT_A_FLOW, root.span, message).help(help));
        return None;
    };
    match dialect(entries) {
        Dialect::Newer => lower(checker, root),
        Dialect::Older(span) => {
            let message =
                "this flow is written in the older dialect (`type: flow`), which is recognised but does not run yet";
            let help = "write it as `Type: StateMachine` with `SpecVersion: v1`, `StartAt` and `States`";
            checker.tell(Diagnostic::new(&codes::OLDER_DIALECT, span, message).help(help));
            None
        }
        Dialect::Mixed(newer, older) => {
            let message = "this file mixes two dialects";
            let help = "keep to one: `Type: StateMachine` with `SpecVersion: v1` and `States`";
            let diagnostic = Diagnostic::new(&codes::MIXED_DIALECTS, older, message);
            checker.tell(diagnostic.label(newer, "a field of the newer dialect").help(help));
            None
        }
        Dialect::Named(older) => {
            if let Some(older) = older {
                let message = "this file names two dialects";
                let help = "remove this key: `Type: StateMachine` says what the file is";
                checker.tell(Diagnostic::new(&codes::MIXED_DIALECTS, older, message).help(help));
            }
            lower(checker, &without(root, older))
        }
        Dialect::None => {
            let (message, help) = other_format(root);
            checker.tell(Diagnostic::new(&codes::NOT_A_FLOW, root.head(), message).help(help));
            None
        }
    }
}

/// A map without the key at some place.
fn without(root: &Node, key: Option<Span>) -> Node {
    let mut root = root.clone();
    if let (Content::Mapping(entries), Some(key)) = (&mut root.content, key) {
        Arc::make_mut(entries).retain(|entry| entry.key.span != key);
    }
    root
}

fn lower(checker: &mut Checker<'_>, root: &Node) -> Option<Flow> {
    let fields = checker.fields(root, &FLOW)?;
    checker.one_of(&fields, "Type", &["StateMachine"]);
    checker.one_of(&fields, "SpecVersion", &["v1"]);
    checker.text(&fields, "Description");
    let name = name(checker, &fields);
    let timeout = checker.timeout(&fields, TIMEOUT_SECONDS_MAX);
    let input = checker.constructor(&fields, "InputConstructor", Place::Input);
    let output = checker.constructor(&fields, "OutputConstructor", Place::Output);
    let body = checker.block(&fields, BlockPath::default());
    checker.tell_doubtful();
    Some(Flow {
        name: name?,
        timeout,
        input,
        output,
        body: body?,
    })
}

fn name(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Arc<str>> {
    const CHARACTERS_MAX: usize = 128;
    let name = checker.text(fields, "Name")?;
    let letters = name
        .text
        .starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'));
    if name.text.is_empty() || name.text.chars().nth(CHARACTERS_MAX).is_some() {
        let message = format!("a flow's name has from 1 to {CHARACTERS_MAX} characters");
        let help = "use letters, digits, `_` and `-`, and begin with a letter or `_`";
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, name.span, message).help(help));
    } else if !letters {
        let message = format!("CloudFlow does not accept {} as the name of a flow", shown(&name.text));
        let help = "use letters, digits, `_` and `-`, and begin with a letter or `_`";
        checker.tell(Diagnostic::new(&codes::FLOW_NAME, name.span, message).help(help));
    }
    Some(name.text)
}
