//! Task: outside work.
//!
//! Source: specification 1.3, 1.4 and 1.9/20.

use std::sync::Arc;

use stepwell_actions::{HTTP_REQUEST, INVOKE_FUNCTION, START_EXECUTION, Support, support};
use stepwell_expression::{Template, Value};
use stepwell_model::{Kind, Mode, Task};

use crate::actions::{self, Integration};
use crate::calls::Call;
use crate::checker::{Checker, ResultParts, Text, Unsupported};
use crate::codes;
use crate::core_schema::Resolved;
use crate::diagnostic::{Diagnostic, shown};
use crate::expression::reads_token;
use crate::fields::{Field, Fields, Takes};
use crate::listing::{all_of, there_are};
use crate::scope::{Member, Scope};
use crate::tree::Node;
use crate::variables::Place;

const MODES: &[&str] = &["RequestComplete", "WaitForSystemCallback", "WaitForCustomCallback"];

pub(super) const FIELDS: &[Field] = &[
    Field::new("Action", Takes::Text, "What is called, `Product:Operation`.").required(),
    Field::new(
        "TaskMode",
        Takes::OneOf(MODES),
        "How its end is known; absent = RequestComplete.",
    ),
    Field::new(
        "Parameters",
        Takes::Template,
        "What is passed to the action, built at every attempt.",
    )
    .computable(),
    Field::new(
        "AtMostOnce",
        Takes::Flag,
        "Whether an attempt whose outcome is unknown fails instead of running again.",
    ),
];

pub(super) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<Kind> {
    let fields = &member.fields;
    let action = checker
        .text(fields, "Action")
        .map(|action| known_action(checker, scope, member, &action));
    let mode = mode(checker, fields);
    let integration = action.as_deref().and_then(actions::integration);
    if let Some(integration) = integration {
        check_mode(checker, fields, integration, mode);
        actions::check_parameters(checker, fields, integration, mode);
    }
    let parameters = checker.constructor(fields, "Parameters", Place::Parameters);
    let at_most_once = checker.flag(fields, "AtMostOnce").unwrap_or_default();
    note_places(checker, scope, member);
    note_call(checker, scope, member, action.as_deref());
    let absent = || Template::Literal(Value::Object(Arc::default()));
    let parameters = if fields.has("Parameters") {
        parameters?
    } else {
        absent()
    };
    if mode == Mode::WaitForCustomCallback && !parameters.expressions().into_iter().any(reads_token) {
        token_not_passed(checker, scope, member);
    }
    Some(Kind::Task(Task {
        action: action?,
        mode,
        parameters,
        at_most_once,
    }))
}

/// What the result of a Task consists of, where that is known.
pub(super) fn result(kind: &Kind) -> Option<ResultParts> {
    let Kind::Task(task) = kind else { return None };
    let answered: &[&str] = &["Header", "Code", "Body"];
    let (action, parts) = match (task.mode, &*task.action) {
        (Mode::RequestComplete, INVOKE_FUNCTION) => (INVOKE_FUNCTION, answered),
        (Mode::RequestComplete, HTTP_REQUEST) => (HTTP_REQUEST, answered),
        (Mode::RequestComplete | Mode::WaitForSystemCallback | Mode::WaitForCustomCallback, _) => return None,
    };
    Some(ResultParts { action, parts })
}

/// The action in its newer spelling; says so where it cannot run.
fn known_action(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>, action: &Text) -> Arc<str> {
    let name: Arc<str> = match action.text.split_once("::") {
        Some((product, operation)) if !operation.contains(':') => {
            let newer: Arc<str> = format!("{product}:{operation}").into();
            if support(&newer) == Support::Unknown {
                // What it was meant to be is told at once, spelt as it is now.
                unknown_action(checker, &newer, action);
                return newer;
            }
            let message = format!("{} is an older spelling", shown(&action.text));
            let diagnostic = Diagnostic::new(&codes::OLDER_SPELLING, action.span, message);
            checker.tell(diagnostic.help(format!("write {}", shown(&newer))));
            newer
        }
        Some(_) | None => action.text.clone(),
    };
    match support(&name) {
        _ if !is_well_formed(&name) => bad_action(checker, &name, action),
        Support::Runs => {}
        Support::Later => no_handler(checker, scope, member, action),
        Support::Unknown => unknown_action(checker, &name, action),
    }
    name
}

fn no_handler(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>, action: &Text) {
    let message = format!(
        "{} has no handler here yet; `run` refuses this flow",
        shown(&action.text)
    );
    let runs = all_of(&stepwell_actions::runnable());
    let help = format!("what runs here is {runs}; a function can do the same work");
    checker.tell(Diagnostic::new(&codes::NO_HANDLER, action.span, message).help(help));
    let state = scope
        .name(member.index)
        .map(|name| name.text.clone())
        .unwrap_or_default();
    checker.unsupported.push(Unsupported {
        state,
        what: format!("the action {}", shown(&action.text)),
        span: action.span,
    });
}

fn unknown_action(checker: &mut Checker<'_>, name: &str, action: &Text) {
    let message = format!("nothing here can run the action {}", shown(name));
    let diagnostic = Diagnostic::new(&codes::UNKNOWN_ACTION, action.span, message);
    suggest_action(checker, name, diagnostic);
}

fn bad_action(checker: &mut Checker<'_>, name: &str, action: &Text) {
    let message = format!("{} is no action: it is written as `Product:Operation`", shown(name));
    let diagnostic = Diagnostic::new(&codes::BAD_ACTION, action.span, message);
    suggest_action(checker, name, diagnostic);
}

fn is_well_formed(name: &str) -> bool {
    name.split_once(':')
        .is_some_and(|(product, operation)| !product.is_empty() && !operation.is_empty() && !operation.contains(':'))
}

fn suggest_action(checker: &mut Checker<'_>, name: &str, diagnostic: Diagnostic) {
    let close = checker
        .closest(name, stepwell_actions::runnable())
        .or_else(|| of_same_product(name));
    checker.tell(match close {
        Some(_) => diagnostic.did_you_mean(close),
        None => diagnostic.help(there_are(&stepwell_actions::runnable())),
    });
}

/// Every runnable product has one operation, so that is what was meant.
fn of_same_product(name: &str) -> Option<&'static str> {
    let (product, _) = name.split_once(':')?;
    stepwell_actions::runnable().into_iter().find(|action| {
        action
            .split(':')
            .next()
            .is_some_and(|known| known.eq_ignore_ascii_case(product))
    })
}

fn mode(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Mode {
    match checker.one_of(fields, "TaskMode", MODES) {
        Some("WaitForSystemCallback") => Mode::WaitForSystemCallback,
        Some("WaitForCustomCallback") => Mode::WaitForCustomCallback,
        Some(_) | None => Mode::RequestComplete,
    }
}

fn check_mode(checker: &mut Checker<'_>, fields: &Fields<'_>, integration: &Integration, mode: Mode) {
    let Some(found) = fields.find("TaskMode").filter(|_| !integration.modes.contains(&mode)) else {
        return;
    };
    let message = format!("`{}` does not have the TaskMode `{}`", integration.action, mode.name());
    let names: Vec<&str> = integration.modes.iter().map(|mode| mode.name()).collect();
    let help = format!("it has {}", all_of(&names));
    checker.tell(Diagnostic::new(&codes::MODE_NOT_SUPPORTED, found.value.span, message).help(help));
}

fn token_not_passed(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>) {
    let mode = member.fields.find("TaskMode").map(|found| found.value.span);
    let span = mode.unwrap_or_else(|| scope.name_span(member.index));
    let message = "this task waits until somebody reports with its token, but passes the token to nobody";
    let help =
        "put `$Context.Current.TaskToken` into the Parameters, such as `body: {token.$: $Context.Current.TaskToken}`";
    checker.tell(Diagnostic::new(&codes::TOKEN_NOT_PASSED, span, message).help(help));
}

/// Remembers what a task calls, to be held against the functions that there are.
fn note_call(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>, action: Option<&str>) {
    checker.starts_children |= action == Some(START_EXECUTION);
    if action != Some(INVOKE_FUNCTION) {
        return;
    }
    let parameters = member.fields.find("Parameters").filter(|found| !found.computed);
    let node = parameters.and_then(|found| Some(&found.value.entry("resourceArn")?.value));
    let resource = node.and_then(Node::scalar).and_then(|scalar| match scalar.resolve() {
        Resolved::String(text) => Some(Arc::from(text)),
        Resolved::Null | Resolved::Bool(_) | Resolved::Number(_) | Resolved::Respelled(_) | Resolved::NotFinite => None,
    });
    let span = node.map_or_else(|| scope.name_span(member.index), |node| node.span);
    checker.calls.push(Call { resource, span });
}

fn note_places(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>) {
    let mode = member.fields.find("TaskMode").map(|found| found.value.span);
    let place = checker.places.state_mut(&scope.path, member.index);
    place.mode = mode.unwrap_or(place.mode);
}
