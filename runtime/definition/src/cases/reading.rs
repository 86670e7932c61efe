//! Reading a test file by its tables of fields.
//!
//! **Invariant:** what cannot be read is told, and left out of what is read, so that the rest can still be held against
//! the flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_expression::Value;

use super::{Case, Expectation, ExpectedState, Given, PlannedReport, TestFile, Written};
use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};
use crate::functions::{FunctionsFile, declared, exactly_one, filled};
use crate::grants::granted;
use crate::source::Span;
use crate::tree::{Entry, Node};

/// The longest time that a case can name: ten years.
const AFTER_MS_MAX: u64 = 10 * 365 * 86_400_000;
/// How often one report is given at most.
const TIMES_MAX: u64 = 100;
/// The most calls that can be expected.
pub(crate) const CALLS_MAX: u64 = 1_000_000_000;

const STATUSES: &[&str] = &["Succeeded", "Failed", "TimedOut", "Stopped"];

pub(crate) const FILE: Shape = Shape::new(
    "a test file",
    &[&[
        Field::new("flow", Takes::Text, "The path of the flow, relative to this file.").required(),
        Field::new(
            "functions",
            Takes::Anything,
            "The path of a functions file, or the functions themselves.",
        ),
        Field::new(
            "grants",
            Takes::Anything,
            "The path of a grants file, or the grants themselves.",
        ),
        Field::new(
            "objects",
            Takes::Text,
            "A folder of objects by bucket and key, copied for every case.",
        ),
        Field::new("cases", Takes::List, "The cases.").required(),
    ]],
    Unknown::Refused,
);

pub(crate) const CASE: Shape = Shape::new(
    "a case",
    &[&[
        Field::new("name", Takes::Text, "Its name.").required(),
        Field::new("input", Takes::Anything, "The input, or the path of a JSON file."),
        Field::new(
            "functions",
            Takes::Anything,
            "Functions that stand before those of the file.",
        ),
        Field::new("environment", Takes::Map, "The variables of `$Environment`."),
        Field::new(
            "reports",
            Takes::List,
            "What is reported to tasks that wait for a report.",
        ),
        Field::new("stop", Takes::Map, "When the execution is stopped."),
        Field::new("expect", Takes::Map, "What is expected of it.").required(),
    ]],
    Unknown::Refused,
);

pub(crate) const REPORT: Shape = Shape::new(
    "a report",
    &[&[
        Field::new("state", Takes::Text, "The state that waits for it.").required(),
        Field::new(
            "after_ms",
            Takes::Whole(0, AFTER_MS_MAX),
            "How long after the task began to wait.",
        ),
        Field::new("output", Takes::Map, "The task's output."),
        Field::new("error", Takes::Map, "The task's failure, with code and detail."),
        Field::new("times", Takes::Whole(1, TIMES_MAX), "How often it is given."),
    ]],
    Unknown::Refused,
);

pub(crate) const STOP: Shape = Shape::new(
    "a stop",
    &[&[Field::new(
        "after_ms",
        Takes::Whole(0, AFTER_MS_MAX),
        "How long after the execution began.",
    )
    .required()]],
    Unknown::Refused,
);

pub(crate) const EXPECT: Shape = Shape::new(
    "an expectation",
    &[&[
        Field::new("status", Takes::OneOf(STATUSES), "How the execution ends."),
        Field::new("output", Takes::Anything, "Its whole output."),
        Field::new("error", Takes::Map, "Its error, with code and perhaps detail."),
        Field::new(
            "calls",
            Takes::Map,
            "How many attempts call a function, or carry out an action.",
        ),
        Field::new("path", Takes::List, "The states that it enters."),
    ]],
    Unknown::Refused,
);

pub(crate) const ERROR: Shape = Shape::new(
    "an error",
    &[&[
        Field::new("code", Takes::Text, "The error code.").required(),
        Field::new("detail", Takes::Text, "What happened."),
    ]],
    Unknown::Refused,
);

pub(super) fn read(checker: &mut Checker<'_>, root: &Node) -> Option<TestFile> {
    if root.entry("States").is_some() && root.entry("cases").is_none() {
        let message = "this is a flow, not a file of cases";
        let help = "name the flow in a file of cases: `flow: flow.yaml`; `stepwell validate` checks a flow";
        checker.tell(Diagnostic::new(&codes::BAD_CASE, root.head(), message).help(help));
        return None;
    }
    let fields = checker.fields(root, &FILE)?;
    let flow = path_of(checker, &fields, "flow");
    let functions = functions(checker, &fields);
    let grants = match fields.find("grants").filter(is_there) {
        Some(found) if found.value.scalar().is_some() => written(checker, found).map(|path| Some(Given::File(path))),
        Some(_) => granted(checker, &fields).map(|grants| Some(Given::Here(grants))),
        None => Some(None),
    };
    let objects = path_of(checker, &fields, "objects");
    let mut cases = readable(checker, &fields, "cases", case);
    tell_about_names(checker, &fields, &cases);
    if functions.is_none() {
        // Without them nobody knows what can be called.
        cases.iter_mut().for_each(|case| case.expect.calls.clear());
    }
    Some(TestFile {
        flow: flow?,
        functions: functions.flatten(),
        grants: grants.flatten(),
        objects,
        cases,
    })
}

/// The elements of a list that can be read.
fn readable<T>(
    checker: &mut Checker<'_>,
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&mut Checker<'_>, &Node) -> Option<T>,
) -> Vec<T> {
    let items = fields.find(name).filter(is_there);
    let items = items.and_then(|found| checker.list(found)).unwrap_or_default();
    items.iter().filter_map(|item| read(checker, item)).collect()
}

fn is_there(found: &Found<'_>) -> bool {
    found.value.kind() != "null"
}

fn written(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Written> {
    let text = filled(checker, found)?;
    Some(Written {
        text,
        span: found.value.span,
    })
}

fn path_of(checker: &mut Checker<'_>, fields: &Fields<'_>, name: &str) -> Option<Written> {
    let found = fields.find(name)?;
    written(checker, found)
}

/// The functions of the file or of a case; the outer `None` where they are wrong.
fn functions(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Option<Given<FunctionsFile>>> {
    let Some(found) = fields.find("functions").filter(is_there) else {
        return Some(None);
    };
    let given = match found.value.scalar() {
        Some(_) => Given::File(written(checker, found)?),
        None => Given::Here(declared(checker, found)?),
    };
    Some(Some(given))
}

/// Cases are known by their names, and there must be some.
fn tell_about_names(checker: &mut Checker<'_>, fields: &Fields<'_>, cases: &[Case]) {
    let Some(found) = fields.find("cases") else { return };
    if found.value.kind() == "null" || found.value.sequence().is_some_and(<[Node]>::is_empty) {
        let help = "write one such as `- {name: works, expect: {status: Succeeded}}`";
        checker.tell(Diagnostic::new(&codes::BAD_CASE, found.key.span, "there are no cases").help(help));
    }
    let mut known: BTreeMap<&str, Span> = BTreeMap::new();
    for Case { name, .. } in cases {
        if let Some(first) = known.get(&*name.text) {
            let message = format!("there are two cases {}", shown(&name.text));
            let diagnostic = Diagnostic::new(&codes::DUPLICATE_CASE, name.span, message);
            checker.tell(
                diagnostic
                    .label(*first, "and here")
                    .help("give one of them another name"),
            );
        }
        known.entry(&name.text).or_insert(name.span);
    }
}

fn case(checker: &mut Checker<'_>, node: &Node) -> Option<Case> {
    let fields = checker.fields(node, &CASE)?;
    let name = path_of(checker, &fields, "name");
    let input = input(checker, &fields);
    let functions = functions(checker, &fields);
    let environment = match fields.find("environment") {
        Some(found) => object(checker, found),
        None => Some(Value::Object(Arc::default())),
    };
    let reports = readable(checker, &fields, "reports", report);
    let stop_after_ms = fields.find("stop").and_then(|found| stop(checker, found.value));
    let expect = fields.find("expect").and_then(|found| expectation(checker, found));
    let mut expect = expect.unwrap_or_default();
    if functions.is_none() {
        expect.calls.clear();
    }
    Some(Case {
        name: name?,
        input: input.flatten(),
        functions: functions.flatten(),
        environment: environment.unwrap_or_default(),
        reports,
        stop_after_ms,
        expect,
    })
}

fn input(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Option<Given<Value>>> {
    let Some(found) = fields.find("input").filter(is_there) else {
        return Some(None);
    };
    let given = match found.value.scalar() {
        Some(_) => Given::File(written(checker, found)?),
        None => Given::Here(object(checker, found)?),
    };
    Some(Some(given))
}

/// A map as data.
fn object(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Value> {
    if found.value.mapping().is_none() {
        checker.wrong_type(found, "a map");
        return None;
    }
    checker.data(found.value)
}

fn stop(checker: &mut Checker<'_>, node: &Node) -> Option<u64> {
    let fields = checker.fields(node, &STOP)?;
    checker.whole(&fields, "after_ms", 0, AFTER_MS_MAX)
}

fn report(checker: &mut Checker<'_>, node: &Node) -> Option<PlannedReport> {
    let fields = checker.fields(node, &REPORT)?;
    let state = path_of(checker, &fields, "state");
    let after_ms = checker.whole(&fields, "after_ms", 0, AFTER_MS_MAX).unwrap_or_default();
    let times = checker.whole(&fields, "times", 1, TIMES_MAX).unwrap_or(1);
    let kind = exactly_one(checker, &fields, &codes::BAD_CASE, &["output", "error"], fields.head)?;
    let found = fields.find(kind)?;
    let outcome = match kind {
        "output" => Ok(object(checker, found)?),
        _ => error(checker, found.value).map(|(code, detail)| Err((code, detail.unwrap_or_default())))?,
    };
    Some(PlannedReport {
        state: state?,
        after_ms,
        times,
        outcome,
    })
}

fn error(checker: &mut Checker<'_>, node: &Node) -> Option<(Arc<str>, Option<Arc<str>>)> {
    let fields = checker.fields(node, &ERROR)?;
    let code = fields.find("code").and_then(|found| filled(checker, found));
    let detail = checker.text(&fields, "detail").map(|text| text.text);
    Some((code?, detail))
}

fn expectation(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Expectation> {
    let fields = checker.fields(found.value, &EXPECT)?;
    let status = checker.one_of(&fields, "status", STATUSES);
    let output = fields.find("output").and_then(|found| checker.data(found.value));
    let error = fields.find("error").and_then(|found| error(checker, found.value));
    let calls = calls(checker, &fields);
    let path = path(checker, &fields);
    tell_about_ends(checker, &fields, found, status);
    Some(Expectation {
        status,
        output,
        error,
        calls,
        path,
    })
}

/// An execution has an output where it succeeds and an error where it does not.
fn tell_about_ends(checker: &mut Checker<'_>, fields: &Fields<'_>, whole: Found<'_>, status: Option<&str>) {
    let tell = |checker: &mut Checker<'_>, span: Span, message: String, help: &str| {
        checker.tell(Diagnostic::new(&codes::BAD_CASE, span, message).help(help));
    };
    if !EXPECT.fields().any(|field| fields.has(field.name)) {
        let message = "the case expects nothing".to_owned();
        return tell(
            checker,
            whole.key.span,
            message,
            "add `status`, `output`, `error`, `calls` or `path`",
        );
    }
    let (output, error) = (fields.find("output"), fields.find("error"));
    match (status, output, error) {
        (_, Some(_), Some(error)) => {
            let message = "an execution has either an output or an error".to_owned();
            tell(checker, error.key.span, message, "keep one of `output` and `error`");
        }
        (Some("Succeeded"), _, Some(error)) => {
            let message = "an execution that has Succeeded has no error".to_owned();
            tell(
                checker,
                error.key.span,
                message,
                "remove `error`, or expect another status",
            );
        }
        (Some(status), Some(output), _) if status != "Succeeded" => {
            let message = format!("an execution that has {status} has no output");
            tell(
                checker,
                output.key.span,
                message,
                "remove `output`, or expect `status: Succeeded`",
            );
        }
        (_, _, _) => {}
    }
}

fn calls(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Vec<(Written, u64)> {
    let Some(found) = fields.find("calls") else {
        return Vec::new();
    };
    let Some(entries) = found.value.mapping() else {
        checker.wrong_type(found, "a map");
        return Vec::new();
    };
    let count = |entry: &Entry| {
        let found = Found {
            key: &entry.key,
            value: &entry.value,
            computed: false,
        };
        let count = checker.whole_of(found, 0, CALLS_MAX)?;
        let (text, span) = (entry.key.text.clone(), entry.key.span);
        Some((Written { text, span }, count))
    };
    entries.iter().filter_map(count).collect()
}

fn path(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Vec<ExpectedState>> {
    let found = fields.find("path")?;
    let Some(items) = found.value.sequence() else {
        checker.wrong_type(found, "a list");
        return None;
    };
    Some(states(checker, items))
}

fn states(checker: &mut Checker<'_>, items: &[Node]) -> Vec<ExpectedState> {
    items.iter().filter_map(|item| state(checker, item)).collect()
}

/// The name of a state, or a map of that name to a list of paths.
fn state(checker: &mut Checker<'_>, node: &Node) -> Option<ExpectedState> {
    if let Some(scalar) = node.scalar() {
        let (text, span) = (scalar.text.clone(), node.span);
        return Some(ExpectedState {
            state: Written { text, span },
            inside: None,
        });
    }
    let inside = match node.mapping() {
        Some([entry]) => entry.value.sequence().map(|branches| (entry, branches)),
        Some(_) | None => None,
    };
    let Some((entry, branches)) = inside else {
        return told_form(checker, node.head());
    };
    let branch = |branch: &Node| match branch.sequence() {
        Some(items) => states(checker, items),
        None => told_form(checker, branch.head()).unwrap_or_default(),
    };
    let inside = Some(branches.iter().map(branch).collect());
    let (text, span) = (entry.key.text.clone(), entry.key.span);
    let state = Written { text, span };
    Some(ExpectedState { state, inside })
}

fn told_form<T>(checker: &mut Checker<'_>, span: Span) -> Option<T> {
    let message = "a path is a list of states";
    let help = "write a state's name, or for a Parallel or Map `Fork: [[A, B], [C]]`, a path for each branch or item";
    checker.tell(Diagnostic::new(&codes::WRONG_TYPE, span, message).help(help));
    None
}
