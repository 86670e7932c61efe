//! The functions file: which function is a component, an HTTP endpoint or a stub.
//!
//! ```yaml
//! functions:
//!   resize: {component: resize.wasm}
//!   "acs:fc:*:functions/pay/*": {http: "http://127.0.0.1:8080/pay"}
//!   poll: {stub: [{result: {ready: false}}, {fail: {code: E, detail: d}, delay_ms: 200}, {echo: true}]}
//! ```
//!
//! **Invariant:** unknown keys are errors, and no component is read here.

use std::sync::Arc;

use stepwell_actions::{Function, Pattern, Registry, StubAnswer, StubEntry, Target};

use crate::checker::Checker;
use crate::codes::{self, Code};
use crate::core_schema::Resolved;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Elsewhere, Field, Fields, Found, Shape, Takes, Unknown};
use crate::listing::all_of;
use crate::source::Span;
use crate::tree::{Entry, Node};
use crate::urls::wrong_url;
use crate::{CheckedFile, check_file};

/// The functions that a file declares, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionsFile {
    /// What each is called, where that stands, and what carries it out.
    pub entries: Vec<(Pattern, Span, Declared)>,
}

/// What carries a function out, as it is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum Declared {
    /// A component.
    Component {
        /// Its path as written; relative to the functions file.
        path: String,
        /// Where the path stands.
        span: Span,
    },
    /// An endpoint.
    Http {
        /// Absolute.
        url: Arc<str>,
    },
    /// Prepared answers; never empty.
    Stub(Vec<StubEntry>),
}

impl CheckedFile<FunctionsFile> {
    /// Says of every component that `missing` has something to say of, by its path as written, that it cannot be read.
    pub fn add_components(&mut self, missing: impl Fn(&str) -> Option<String>) {
        let entries = self.content.iter().flat_map(|content| &content.entries);
        for (_, _, declared) in entries {
            if let Declared::Component { path, span } = declared
                && let Some(message) = missing(path)
            {
                let help = "write its path relative to this file, or build it first: \
                            `cargo build --release --target wasm32-wasip2` makes a component of a Rust crate";
                let diagnostic = Diagnostic::new(&codes::NO_COMPONENT, *span, message).help(help);
                self.diagnostics.push(diagnostic);
            }
        }
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    }
}

impl FunctionsFile {
    /// The registry, once every component has a digest.
    ///
    /// # Errors
    ///
    /// What `digest` answers for a path that it cannot resolve.
    pub fn registry<E>(&self, mut digest: impl FnMut(&str) -> Result<Arc<str>, E>) -> Result<Registry, E> {
        let function = |(pattern, _, declared): &(Pattern, Span, Declared)| {
            let target = match declared {
                Declared::Component { path, .. } => Target::Component { digest: digest(path)? },
                Declared::Http { url } => Target::Http { url: url.clone() },
                Declared::Stub(entries) => Target::Stub(entries.clone()),
            };
            Ok(Function {
                pattern: pattern.clone(),
                target,
            })
        };
        Ok(Registry {
            functions: self.entries.iter().map(function).collect::<Result<_, E>>()?,
        })
    }
}

/// The longest delay of a stub's answer: a day.
const DELAY_MS_MAX: u64 = 86_400_000;

pub(crate) const FILE: Shape = Shape::new(
    "a functions file",
    &[&[Field::new("functions", Takes::Map, "The functions by name or pattern.").required()]],
    Unknown::Refused,
);

/// The fields of an entry.
pub(crate) const ENTRY: &[Field] = &[
    Field::new(
        "component",
        Takes::Text,
        "The path of a WASM component, relative to this file.",
    ),
    Field::new("http", Takes::Text, "The URL that the event is posted to."),
    Field::new(
        "stub",
        Takes::List,
        "Prepared answers, used in turn, the last one repeated.",
    ),
];
pub(crate) const ENTRY_SHAPE: Shape = Shape::new("a function", &[ENTRY], Unknown::Refused).elsewhere(meant);

/// What other words for the kinds of functions mean here.
fn meant(key: &str) -> Option<Elsewhere> {
    let meant = match key {
        "url" | "https" | "endpoint" => "http",
        "wasm" | "path" | "file" => "component",
        "answers" | "mock" => "stub",
        _ => return None,
    };
    Some(Elsewhere::meant("a function", key, meant))
}

/// The fields of a stub's answer.
pub(crate) const ANSWER: &[Field] = &[
    Field::new("result", Takes::Anything, "The result."),
    Field::new("fail", Takes::Map, "The failure, with code and detail."),
    Field::new("echo", Takes::Flag, "That the event comes back."),
    Field::new(
        "delay_ms",
        Takes::Whole(0, DELAY_MS_MAX),
        "After how many milliseconds.",
    ),
];
pub(crate) const ANSWER_SHAPE: Shape = Shape::new("an answer of a stub", &[ANSWER], Unknown::Refused);

/// The fields of a stub's failure.
pub(crate) const FAILURE: &[Field] = &[
    Field::new("code", Takes::Text, "The error code.").required(),
    Field::new("detail", Takes::Text, "What happened."),
];
pub(crate) const FAILURE_SHAPE: Shape = Shape::new("a failure of a stub", &[FAILURE], Unknown::Refused);

/// Checks a functions file. `file_name` is what reports call it.
#[must_use]
pub fn check_functions_file(text: &[u8], file_name: &str) -> CheckedFile<FunctionsFile> {
    let help = "such a file begins with `functions:`, and below it a line such as `  greet: {stub: [{echo: true}]}`";
    check_file(text, file_name, read).beginning_with(help)
}

fn read(checker: &mut Checker<'_>, root: &Node) -> Option<FunctionsFile> {
    let fields = checker.fields(root, &FILE)?;
    let found = fields.find("functions")?;
    if found.value.kind() == "null" {
        return Some(FunctionsFile::default());
    }
    declared(checker, found)
}

/// The functions that a map declares.
pub(crate) fn declared(checker: &mut Checker<'_>, found: Found<'_>) -> Option<FunctionsFile> {
    let Some(entries) = found.value.mapping() else {
        checker.wrong_type(found, "a map of functions");
        return None;
    };
    let entries: Vec<_> = entries.iter().map(|entry| function(checker, entry)).collect();
    Some(FunctionsFile {
        entries: entries.into_iter().collect::<Option<_>>()?,
    })
}

fn function(checker: &mut Checker<'_>, entry: &Entry) -> Option<(Pattern, Span, Declared)> {
    let Entry { key, value } = entry;
    if key.text.is_empty() {
        let help = "write the function's name, or a pattern for its ARN such as `\"acs:fc:*:functions/pay/*\"`";
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, key.span, "a function needs a name").help(help));
    }
    let fields = checker.fields(value, &ENTRY_SHAPE)?;
    let kind = exactly_one(
        checker,
        &fields,
        &codes::BAD_FUNCTION,
        &["component", "http", "stub"],
        key.span,
    )?;
    let found = fields.find(kind)?;
    let declared = match kind {
        "component" => component(checker, found),
        "http" => http(checker, found),
        _ => stub(checker, found),
    };
    Some((Pattern::new(&*key.text), key.span, declared?))
}

/// The one field of some that is there; it is told under `code` where there is another number of them.
pub(crate) fn exactly_one(
    checker: &mut Checker<'_>,
    fields: &Fields<'_>,
    code: &'static Code,
    names: &[&'static str],
    span: Span,
) -> Option<&'static str> {
    let there: Vec<&str> = names.iter().copied().filter(|name| fields.has(name)).collect();
    if let [only] = there.as_slice() {
        return names.iter().find(|name| *name == only).copied();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("{} has exactly one of {}", fields.owner, all_of(&names));
    let help = match there.as_slice() {
        [] => "add one of them".to_owned(),
        there => format!("keep one of {}", all_of(there)),
    };
    checker.tell(Diagnostic::new(code, span, message).help(help));
    None
}

fn component(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Declared> {
    let text = filled(checker, found)?;
    Some(Declared::Component {
        path: text.to_string(),
        span: found.value.span,
    })
}

/// A string that is not empty.
pub(crate) fn filled(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Arc<str>> {
    let text = checker.text_of(found)?;
    if text.text.is_empty() {
        let message = format!("{} is empty", shown(&found.key.text));
        let help = format!("write a text behind {}", shown(&found.key.text));
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, text.span, message).help(help));
    }
    Some(text.text)
}

fn http(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Declared> {
    let url = filled(checker, found)?;
    if let Some(help) = wrong_url(&url).filter(|_| !url.is_empty()) {
        let message = format!("{} is no absolute URL", shown(&url));
        checker.tell(Diagnostic::new(&codes::BAD_URL, found.value.span, message).help(help));
    }
    Some(Declared::Http { url })
}

fn stub(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Declared> {
    let items = checker.list(found)?;
    if items.is_empty() {
        let message = "a stub needs at least one answer";
        let help = "write one such as `- {result: {ok: true}}`, or `- {echo: true}`";
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, found.value.span, message).help(help));
    }
    let entries: Vec<_> = items.iter().map(|item| answer(checker, item)).collect();
    Some(Declared::Stub(entries.into_iter().collect::<Option<_>>()?))
}

fn answer(checker: &mut Checker<'_>, node: &Node) -> Option<StubEntry> {
    let fields = checker.fields(node, &ANSWER_SHAPE)?;
    let delay_ms = checker.whole(&fields, "delay_ms", 0, DELAY_MS_MAX).unwrap_or_default();
    let kind = exactly_one(
        checker,
        &fields,
        &codes::BAD_FUNCTION,
        &["result", "fail", "echo"],
        fields.head,
    )?;
    let found = fields.find(kind)?;
    let answer = match kind {
        "result" => checker.data(found.value).map(StubAnswer::Result),
        "fail" => failure(checker, found.value),
        _ => echo(checker, found),
    };
    Some(StubEntry {
        answer: answer?,
        delay_ms,
    })
}

fn failure(checker: &mut Checker<'_>, node: &Node) -> Option<StubAnswer> {
    let fields = checker.fields(node, &FAILURE_SHAPE)?;
    let code = fields.find("code").and_then(|found| filled(checker, found));
    let detail = checker
        .text(&fields, "detail")
        .map(|text| text.text)
        .unwrap_or_default();
    Some(StubAnswer::Fail { code: code?, detail })
}

fn echo(checker: &mut Checker<'_>, found: Found<'_>) -> Option<StubAnswer> {
    if let Some(Resolved::Bool(true)) = found.value.scalar().map(|scalar| scalar.resolve()) {
        return Some(StubAnswer::Echo);
    }
    let message = "`echo` takes only `true`";
    let help = "write `echo: true`, or `result` with the answer";
    checker.tell(Diagnostic::new(&codes::BAD_VALUE, found.value.span, message).help(help));
    None
}
