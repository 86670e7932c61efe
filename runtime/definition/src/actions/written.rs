//! What is written down in parameters, beyond its type: URLs, resources, names of executions, bodies of messages.
//!
//! **Invariant:** a text that another tool still fills in is never judged.

use stepwell_actions::{INVOKE_FUNCTION, START_EXECUTION};
use stepwell_model::Mode;

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Fields, Found};
use crate::urls::wrong_url;

/// How many characters the name of an execution may have.
const NAME_CHARACTERS_MAX: usize = 128;

/// What the resources of an action are: what they begin with, how they are written, and whether what is behind region
/// and account fits.
type Resources = (&'static str, &'static str, fn(&str) -> bool);

fn resources(action: &str) -> Option<Resources> {
    match action {
        INVOKE_FUNCTION => Some(("acs:fc:", "acs:fc:{region}:{account}:functions/{name}", is_function)),
        START_EXECUTION => Some(("acs:fnf:", "acs:fnf:{region}:{account}:flow/{name}", is_flow)),
        "MNS:SendMessage" => Some((
            "acs:mns:",
            "acs:mns:{region}:{account}:/queues/{name}/messages",
            is_mailbox,
        )),
        _ => None,
    }
}

fn is_function(path: &str) -> bool {
    let behind = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    behind("functions/") || (behind("services/") && path.contains("/functions/"))
}

fn is_flow(path: &str) -> bool {
    path.strip_prefix("flow/").is_some_and(|name| !name.is_empty())
}

fn is_mailbox(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    let name = ["queues/", "topics/"].iter().find_map(|kind| path.strip_prefix(kind));
    let name = name.and_then(|rest| rest.strip_suffix("/messages"));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// Checks what is written down among the parameters of `action`.
pub(super) fn check(checker: &mut Checker<'_>, parameters: &Fields<'_>, action: &str, mode: Mode) {
    check_url(checker, parameters);
    check_resource(checker, parameters, action);
    check_execution_name(checker, parameters);
    check_message(checker, parameters);
    check_invocation(checker, parameters, mode);
}

/// A string that is written down as a parameter.
fn constant<'n>(parameters: &Fields<'n>, name: &str) -> Option<(Found<'n>, &'n str)> {
    let found = parameters.find(name).filter(|found| !found.computed)?;
    Some((found, &found.value.scalar()?.text))
}

/// What another tool fills in may be anything.
fn is_placeholder(text: &str) -> bool {
    text.contains("${") || text.starts_with(['{', '<', '$'])
}

fn check_url(checker: &mut Checker<'_>, parameters: &Fields<'_>) {
    let Some((found, text)) = constant(parameters, "url") else {
        return;
    };
    if text.is_empty() || is_placeholder(text) {
        return;
    }
    if let Some(help) = wrong_url(text) {
        let message = format!("{} is no absolute URL", shown(text));
        checker.tell(Diagnostic::new(&codes::BAD_URL, found.value.span, message).help(help));
    }
}

/// An ARN says what it is the name of; any other text is a name by itself.
fn check_resource(checker: &mut Checker<'_>, parameters: &Fields<'_>, action: &str) {
    let (Some((found, text)), Some((prefix, form, fits))) = (constant(parameters, "resourceArn"), resources(action))
    else {
        return;
    };
    let path = text.strip_prefix(prefix).and_then(|rest| rest.splitn(3, ':').nth(2));
    if is_placeholder(text) || !text.starts_with("acs:") || path.is_some_and(fits) {
        return;
    }
    let message = format!("{} is no resource of `{action}`", shown(text));
    let help = format!("write it as `{form}`; region and account may be empty");
    checker.tell(Diagnostic::new(&codes::BAD_RESOURCE, found.value.span, message).help(help));
}

fn check_execution_name(checker: &mut Checker<'_>, parameters: &Fields<'_>) {
    let Some((found, text)) = constant(parameters, "executionName") else {
        return;
    };
    let word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    let first = |first: char| first.is_ascii_alphabetic() || first == '_';
    let fits = text.starts_with(first) && text.chars().all(word) && text.len() <= NAME_CHARACTERS_MAX;
    if text.is_empty() || is_placeholder(text) || fits {
        return;
    }
    let message = format!("CloudFlow does not accept {} as the name of an execution", shown(text));
    let help = format!(
        "use at most {NAME_CHARACTERS_MAX} letters, digits, `_` and `-`, and begin with a letter or `_`; without \
         `executionName` a name is made up"
    );
    checker.tell(Diagnostic::new(&codes::EXECUTION_NAME, found.value.span, message).help(help));
}

fn check_message(checker: &mut Checker<'_>, parameters: &Fields<'_>) {
    let Some(found) = parameters.find("message").filter(|found| !found.computed) else {
        return;
    };
    if matches!(found.value.kind(), "a number" | "a boolean") {
        checker.wrong_type(found, "a string, a map or a list");
    }
}

fn check_invocation(checker: &mut Checker<'_>, parameters: &Fields<'_>, mode: Mode) {
    let Some((found, written)) = constant(parameters, "invocationType") else {
        return;
    };
    let expected = match (written, mode) {
        ("Async", Mode::RequestComplete) => "Sync",
        ("Sync", Mode::WaitForSystemCallback) => "Async",
        _ => return,
    };
    let message = format!("the TaskMode `{}` goes with `invocationType: {expected}`", mode.name());
    let help = format!("write {}, or change the TaskMode", shown(expected));
    checker.tell(Diagnostic::new(&codes::INVOCATION_TYPE, found.value.span, message).help(help));
}
