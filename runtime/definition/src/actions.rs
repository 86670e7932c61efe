//! The actions whose parameters are known: which TaskModes they have, and what they take.
//!
//! **Invariant:** only constants are judged; what is computed is known when it runs.
//!
//! Source: specification 1.4 and 1.8.

mod written;

use stepwell_actions::{HTTP_REQUEST, INVOKE_FUNCTION, START_EXECUTION};
use stepwell_model::Mode;

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};

/// What is known of an action.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) action: &'static str,
    pub(crate) modes: &'static [Mode],
    pub(crate) shape: Shape,
}

const METHODS: &[&str] = &["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"];

/// The parameter that names a function.
pub(crate) const FUNCTION_RESOURCE: Field =
    Field::new("resourceArn", Takes::Text, "The function: its ARN or its name.")
        .required()
        .computable();

const FUNCTION: &[Field] = &[
    FUNCTION_RESOURCE,
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

/// The fields of a message's attributes.
const ATTRIBUTES: &[Field] = &[
    Field::new("MailAttributes", Takes::Map, "How the message is sent as a mail.").computable(),
    Field::new("SMSAttributes", Takes::Map, "How the message is sent as an SMS.").computable(),
];
const MAIL: &[Field] = &[
    Field::new("Subject", Takes::Text, "The subject.").computable(),
    Field::new("AccountName", Takes::Text, "The account that sends it.").computable(),
    Field::new("AddressType", Takes::Anything, "Which address it is sent from, 0 or 1.").computable(),
    Field::new("IsHTML", Takes::Anything, "Whether it is HTML.").computable(),
    Field::new("ReplyToAddress", Takes::Anything, "Whether it can be answered.").computable(),
];
const SMS: &[Field] = &[
    Field::new("FreeSignName", Takes::Text, "The signature.").computable(),
    Field::new("TemplateCode", Takes::Text, "The template.").computable(),
    Field::new("Type", Takes::Text, "Whether each receiver has parameters of its own.").computable(),
    Field::new("Receiver", Takes::Text, "Who receives it.").computable(),
    Field::new("SmsParams", Takes::Anything, "The parameters of the template.").computable(),
];
const GENERATION: &[Field] = &[
    Field::new("model", Takes::Text, "The model.").computable(),
    Field::new("api_key", Takes::Text, "The key that the service is called with.").computable(),
    Field::new("messages", Takes::List, "The conversation so far.").computable(),
];
const TRANSFORM: &[Field] = &[Field::new("template", Takes::Map, "What is built, like a constructor.")
    .required()
    .computable()];

/// The parameters of all actions.
pub(crate) const PARAMETERS: &[&[Field]] = &[
    FUNCTION, HTTP, CHILD, MESSAGE, ATTRIBUTES, MAIL, SMS, GENERATION, TRANSFORM,
];

pub(crate) const ATTRIBUTES_SHAPE: Shape = Shape::new("messageAttributes", &[ATTRIBUTES], Unknown::Warned);
pub(crate) const MAIL_SHAPE: Shape = Shape::new("MailAttributes", &[MAIL], Unknown::Warned);
pub(crate) const SMS_SHAPE: Shape = Shape::new("SMSAttributes", &[SMS], Unknown::Warned);

const ALL_MODES: &[Mode] = &[
    Mode::RequestComplete,
    Mode::WaitForSystemCallback,
    Mode::WaitForCustomCallback,
];
const NO_SYSTEM_CALLBACK: &[Mode] = &[Mode::RequestComplete, Mode::WaitForCustomCallback];

pub(crate) const INTEGRATIONS: &[Integration] = &[
    integration_of(INVOKE_FUNCTION, "`FC:InvokeFunction`", ALL_MODES, &[FUNCTION]),
    integration_of(HTTP_REQUEST, "`HTTP:Request`", NO_SYSTEM_CALLBACK, &[HTTP]),
    integration_of(START_EXECUTION, "`FNF:StartExecution`", ALL_MODES, &[CHILD]),
    integration_of("MNS:SendMessage", "`MNS:SendMessage`", NO_SYSTEM_CALLBACK, &[MESSAGE]),
    Integration {
        action: "DashScope:QwenTextGeneration",
        modes: ALL_MODES,
        shape: Shape::new("`DashScope:QwenTextGeneration`", &[GENERATION], Unknown::PassedOn),
    },
    integration_of(
        "Extensions:TemplateTransform",
        "`Extensions:TemplateTransform`",
        ALL_MODES,
        &[TRANSFORM],
    ),
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
            let help = format!("under `Parameters` {}", field.advice());
            checker.tell(Diagnostic::new(&codes::MISSING_FIELD, fields.head, message).help(help));
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
    check_constants(checker, &parameters, &integration.shape);
    check_attributes(checker, &parameters);
    written::check(checker, &parameters, integration.action, mode);
}

/// The attributes of a message for a topic.
fn check_attributes(checker: &mut Checker<'_>, parameters: &Fields<'_>) {
    let Some(attributes) = inner(checker, parameters, "messageAttributes", &ATTRIBUTES_SHAPE) else {
        return;
    };
    for (name, shape) in [("MailAttributes", &MAIL_SHAPE), ("SMSAttributes", &SMS_SHAPE)] {
        inner(checker, &attributes, name, shape);
    }
}

/// A map below a map, with its constants checked; that it is no map was reported before.
fn inner<'n>(checker: &mut Checker<'_>, fields: &Fields<'n>, name: &str, shape: &Shape) -> Option<Fields<'n>> {
    let found = fields
        .find(name)
        .filter(|found| !found.computed && found.value.mapping().is_some())?;
    let inner = checker.fields(found.value, shape)?;
    check_constants(checker, &inner, shape);
    Some(inner)
}

/// Checks every constant of a map against what its field takes.
pub(crate) fn check_constants(checker: &mut Checker<'_>, fields: &Fields<'_>, shape: &Shape) {
    for field in shape.fields() {
        let found = fields.find(field.name).filter(|found| !found.computed);
        match found {
            Some(found) if present(found) => checker.constant(found, field.takes),
            Some(_) if field.required => checker.missing(fields, field),
            Some(_) | None => {}
        }
    }
}

/// At run time null counts as absent.
fn present(found: Found<'_>) -> bool {
    found.value.kind() != "null"
}
