//! The actions whose parameters are known: which TaskModes they have, and what they take.
//!
//! **Invariant:** only constants are judged; what is computed is known when it runs.
//!
//! Source: specification 1.4 and 1.8.

use stepwell_actions::{HTTP_REQUEST, INVOKE_FUNCTION, START_EXECUTION};
use stepwell_model::Mode;

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};

/// What is known of an action.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) action: &'static str,
    pub(crate) modes: &'static [Mode],
    shape: Shape,
}

const METHODS: &[&str] = &["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"];

const FUNCTION: &[Field] = &[
    Field::new("resourceArn", Takes::Text, "The function: its ARN or its name.")
        .required()
        .computable(),
    Field::new(
        "invocationType",
        Takes::OneOf(&["Sync", "Async"]),
        "Sync for RequestComplete, Async for callbacks.",
    )
    .computable(),
    Field::new("body", Takes::Anything, "The function's event.").computable(),
];
const HTTP: &[Field] = &[
    Field::new("url", Takes::Text, "An absolute URL.")
        .required()
        .computable(),
    Field::new("method", Takes::AnyCaseOf(METHODS), "The method; absent = GET.").computable(),
    Field::new("headers", Takes::Map, "The headers.").computable(),
    Field::new(
        "body",
        Takes::Anything,
        "A string is sent as it is, anything else as JSON.",
    )
    .computable(),
];
const CHILD: &[Field] = &[
    Field::new("resourceArn", Takes::Text, "The flow: its ARN or its name.")
        .required()
        .computable(),
    Field::new(
        "executionName",
        Takes::Text,
        "The child's name, unique in its flow; absent = generated.",
    )
    .computable(),
    Field::new("input", Takes::Map, "The child's input.").computable(),
];
const MESSAGE: &[Field] = &[
    Field::new("resourceArn", Takes::Text, "The queue or topic: its ARN.")
        .required()
        .computable(),
    Field::new("message", Takes::Anything, "Text, or what is sent as JSON.")
        .required()
        .computable(),
    Field::new("priority", Takes::Whole(1, 16), "Lower is more urgent; absent = 8.").computable(),
    Field::new(
        "delaySeconds",
        Takes::Whole(0, 604_800),
        "After how many seconds it can be received.",
    )
    .computable(),
    Field::new("messageTag", Takes::Text, "The tag of a topic's message.").computable(),
    Field::new("messageAttributes", Takes::Map, "How a topic passes the message on.").computable(),
];

/// The parameters of all actions.
pub(crate) const PARAMETERS: &[&[Field]] = &[FUNCTION, HTTP, CHILD, MESSAGE];

const ALL_MODES: &[Mode] = &[
    Mode::RequestComplete,
    Mode::WaitForSystemCallback,
    Mode::WaitForCustomCallback,
];
const NO_SYSTEM_CALLBACK: &[Mode] = &[Mode::RequestComplete, Mode::WaitForCustomCallback];

const INTEGRATIONS: &[Integration] = &[
    integration_of(INVOKE_FUNCTION, "FC:InvokeFunction", ALL_MODES, &[FUNCTION]),
    integration_of(HTTP_REQUEST, "`HTTP:Request`", NO_SYSTEM_CALLBACK, &[HTTP]),
    integration_of(START_EXECUTION, "`FNF:StartExecution`", ALL_MODES, &[CHILD]),
    integration_of("MNS:SendMessage", "MNS:SendMessage", NO_SYSTEM_CALLBACK, &[MESSAGE]),
];

const fn integration_of(
    action: &'static str,
    owner: &'static str,
    modes: &'static [Mode],
    groups: &'static [&'static [Field]],
) -> Integration {
    Integration {
        action,
        modes,
        shape: Shape::new(owner, groups, Unknown::Warned),
    }
}

/// What is known of an action, if anything is.
pub(crate) fn integration(action: &str) -> Option<&'static Integration> {
    INTEGRATIONS.iter().find(|integration| integration.action == action)
}

/// Checks the constants among the parameters.
pub(crate) fn check_parameters(checker: &mut Checker<'_>, fields: &Fields<'_>, integration: &Integration, mode: Mode) {
    let Some(found) = fields.find("Parameters") else {
        for field in integration.shape.fields().filter(|field| field.required) {
            let message = format!("`{}` needs the parameter `{}`", integration.action, field.name);
            checker.tell(Diagnostic::new(&codes::MISSING_FIELD, fields.head, message));
        }
        return;
    };
    // Parameters that are computed as a whole are known when they run.
    if found.computed || found.value.mapping().is_none() {
        return;
    }
    let Some(parameters) = checker.fields(found.value, &integration.shape) else {
        return;
    };
    for field in integration.shape.fields() {
        if let Some(found) = parameters
            .find(field.name)
            .filter(|found| !found.computed && present(*found))
        {
            checker.constant(found, field.takes);
        }
    }
    check_url(checker, &parameters);
    check_invocation(checker, &parameters, mode);
}

/// At run time null counts as absent.
fn present(found: Found<'_>) -> bool {
    found.value.kind() != "null"
}

fn check_url(checker: &mut Checker<'_>, parameters: &Fields<'_>) {
    let Some(found) = parameters.find("url").filter(|found| !found.computed) else {
        return;
    };
    let Some(text) = found.value.scalar().map(|scalar| &scalar.text) else {
        return;
    };
    // What another tool fills in may be anything.
    let placeholder = text.contains("${") || text.starts_with(['{', '<', '$']);
    let lower = text.to_ascii_lowercase();
    if placeholder || lower.starts_with("http://") || lower.starts_with("https://") {
        return;
    }
    let message = format!("{} is no absolute URL", shown(text));
    checker
        .tell(Diagnostic::new(&codes::BAD_VALUE, found.value.span, message).help("begin with `https://` or `http://`"));
}

fn check_invocation(checker: &mut Checker<'_>, parameters: &Fields<'_>, mode: Mode) {
    let Some(found) = parameters.find("invocationType").filter(|found| !found.computed) else {
        return;
    };
    let written = found.value.scalar().map(|scalar| &*scalar.text);
    let expected = match (written, mode) {
        (Some("Async"), Mode::RequestComplete) => "Sync",
        (Some("Sync"), Mode::WaitForSystemCallback) => "Async",
        _ => return,
    };
    let message = format!("the TaskMode `{}` goes with `invocationType: {expected}`", mode.name());
    checker.tell(Diagnostic::new(&codes::INVOCATION_TYPE, found.value.span, message));
}
