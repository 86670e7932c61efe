//! Retry, Catch, and the older OnErrors, which is translated.
//!
//! **Invariant:** `OnErrors` keeps its one order of rules; the others stay two lists.
//!
//! Source: specification 1.7 and 1.9/8 to 1.9/10.

use std::collections::BTreeSet;

use stepwell_expression::Number;
use stepwell_model::{Catch, ErrorName, Recovery, Retry, Rule};

use crate::checker::{Checker, Text};
use crate::codes;
use crate::core_schema::Resolved;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};
use crate::listing::there_are;
use crate::older;
use crate::scope::{Member, Scope};
use crate::tree::Node;
use crate::variables::Place;

/// The fields of a state that can recover.
pub(crate) const RECOVERY: &[Field] = &[
    Field::new(
        "Retry",
        Takes::List,
        "Rules that try again after a delay; the first that matches an error counts.",
    ),
    Field::new(
        "Catch",
        Takes::List,
        "Rules that go on elsewhere once no retry is left; the first that matches counts.",
    ),
    Field::new(
        "OnErrors",
        Takes::List,
        "The older form of Retry and Catch, in one list.",
    ),
    Field::new("OnError", Takes::List, "Another spelling of OnErrors."),
];

/// The longest delay in seconds.
const SECONDS_MAX: u64 = 86_400;

/// How often a rule retries at most.
const ATTEMPTS_MAX: u64 = u32::MAX as u64;

const ERRORS: Field = Field::new(
    "Errors",
    Takes::List,
    "The codes of the errors that the rule takes; FnF.ALL = every error.",
)
.required();
const DESCRIPTION: Field = Field::new("Description", Takes::Text, "For people.");
const MAX_ATTEMPTS: Field = Field::new(
    "MaxAttempts",
    Takes::Whole(0, ATTEMPTS_MAX),
    "How many retries in one visit of the state; 0 = none.",
)
.required();
const NEXT: Field = Field::new("Next", Takes::StateName, "The state that comes next.");
const OUTPUT: Field = Field::new(
    "OutputConstructor",
    Takes::Template,
    "Builds the input of the next state; absent = {}.",
)
.computable();

const RETRY: &[Field] = &[
    ERRORS,
    DESCRIPTION,
    MAX_ATTEMPTS,
    Field::new(
        "IntervalSeconds",
        Takes::Whole(0, SECONDS_MAX),
        "The first delay in seconds.",
    )
    .required(),
    Field::new(
        "BackoffRate",
        Takes::NumberFrom(1, u64::MAX),
        "What every further delay is multiplied by; absent = 1.",
    ),
    Field::new(
        "MaxBackoffSeconds",
        Takes::Whole(0, SECONDS_MAX),
        "The longest delay in seconds.",
    ),
];
const CATCH: &[Field] = &[ERRORS, DESCRIPTION, NEXT.required(), OUTPUT];
const ON_ERRORS: &[Field] = &[
    ERRORS,
    DESCRIPTION,
    NEXT,
    OUTPUT,
    Field::new("Retry", Takes::Map, "How the rule tries again."),
];
const ON_ERRORS_RETRY: &[Field] = &[
    MAX_ATTEMPTS,
    Field::new(
        "FixedBackoff",
        Takes::Whole(0, SECONDS_MAX),
        "The first delay in seconds; absent = 1.",
    ),
    Field::new(
        "Multiplier",
        Takes::NumberFrom(1, u64::MAX),
        "What every further delay is multiplied by; absent = 1.",
    ),
];

/// The fields of all rules.
pub(crate) const RULE_FIELDS: &[&[Field]] = &[RETRY, CATCH, ON_ERRORS, ON_ERRORS_RETRY];

pub(crate) const RETRY_RULE: Shape = Shape::new("a Retry rule", &[RETRY], Unknown::Warned).elsewhere(older::elsewhere);
pub(crate) const CATCH_RULE: Shape = Shape::new("a Catch rule", &[CATCH], Unknown::Warned).elsewhere(older::elsewhere);
pub(crate) const ON_ERRORS_RULE: Shape = Shape::new("a rule of OnErrors", &[ON_ERRORS], Unknown::Warned);
pub(crate) const ON_ERRORS_RETRY_RULE: Shape = Shape::new("Retry in OnErrors", &[ON_ERRORS_RETRY], Unknown::Warned);

/// The names of errors that do not come from outside.
pub(crate) const ERROR_NAMES: &[&str] = &[
    "FnF.ALL",
    "FnF.TaskTimeout",
    "FnF.TaskTrapped",
    "FnF.TaskMemoryExceeded",
    "FnF.TaskCrashed",
    "FnF.TaskOutcomeUnknown",
    "FnF.InvalidOutput",
    "FnF.InvalidParameter",
    "FnF.InvalidItems",
    "FnF.InvalidLocal",
    "FnF.RuntimeError",
    "FnF.ConditionError",
    "FnF.NoChoiceMatched",
    "FnF.DataLimitExceeded",
    "FnF.LogLimitExceeded",
    "FnF.StateLimitExceeded",
    "FnF.NotGranted",
    "FnF.ActionNotSupported",
    "FnF.Canceled",
    "FnF.ComponentUnavailable",
    "FnF.Fail",
    "FnF.HostError",
    "FnF.InvalidComponent",
    "FnF.SecretMissing",
];

/// The names of errors that end an execution, so that no rule of it takes them; those of a child reach its parent.
const NEVER_CAUGHT: &[&str] = &["FnF.ExecutionTimeout", "FnF.ExecutionStopped"];

/// A name in Errors that is none, unless another part of the flow raises it.
#[derive(Debug)]
pub(crate) struct Doubtful {
    name: Text,
    /// What was probably meant.
    close: Option<&'static str>,
}

/// The names of errors that services are known to answer with.
pub(crate) const SERVICE_ERROR_NAMES: &[&str] = &[
    "FC.FunctionNotFound",
    "FC.InternalServerError",
    "FC.ResourceExhausted",
    "FC.ResourceThrottled",
    "FC.Unknown",
    "FNF.ExecutionAlreadyExists",
    "FNF.FlowNotExists",
    "HTTP.BrokenAnswer",
    "HTTP.ConnectionFailed",
    "HTTP.TlsFailed",
    "HTTP.TooManyRedirects",
];

impl Checker<'_> {
    /// What a state does on errors.
    pub(crate) fn recovery(&mut self, member: &Member<'_>, scope: &mut Scope) -> Recovery {
        let fields = &member.fields;
        let older = fields.find("OnErrors").or_else(|| fields.find("OnError"));
        if let (Some(first), Some(second)) = (fields.find("OnErrors"), fields.find("OnError")) {
            let message = "`OnErrors` and `OnError` are one field";
            let diagnostic = Diagnostic::new(&codes::BOTH_FORMS, second.key.span, message);
            self.tell(diagnostic.label(first.key.span, "and here").help("keep `OnErrors`"));
        }
        let newer = fields.find("Retry").or_else(|| fields.find("Catch"));
        if let (Some(older), Some(newer)) = (older, newer) {
            let message = format!(
                "{} cannot stand beside {}",
                shown(&older.key.text),
                shown(&newer.key.text)
            );
            let help = "move its rules into Retry and Catch";
            self.tell(
                Diagnostic::new(&codes::MIXED_RECOVERY, older.key.span, message)
                    .label(newer.key.span, "here")
                    .help(help),
            );
        }
        let retry = self.rules(fields.find("Retry"), &RETRY_RULE, Self::retry);
        let catch = self.rules(fields.find("Catch"), &CATCH_RULE, |checker, rule| {
            checker.catch(rule, member, scope)
        });
        match older {
            None => Recovery::RetryThenCatch { retry, catch },
            Some(older) => Recovery::FirstMatch(self.on_errors(older, member, scope)),
        }
    }

    fn on_errors(&mut self, found: Found<'_>, member: &Member<'_>, scope: &mut Scope) -> Vec<Rule> {
        let message = format!("{} is an older form", shown(&found.key.text));
        let help = "write rules that retry into `Retry`, and rules with `Next` into `Catch`";
        self.tell(Diagnostic::new(&codes::OLDER_SPELLING, found.key.span, message).help(help));
        self.rules(Some(found), &ON_ERRORS_RULE, |checker, rule| {
            checker.on_errors_rule(rule, member, scope)
        })
    }

    fn rules<R>(
        &mut self,
        list: Option<Found<'_>>,
        shape: &Shape,
        mut read: impl FnMut(&mut Self, &Fields<'_>) -> Option<R>,
    ) -> Vec<R> {
        let items = list.and_then(|found| self.list(found)).unwrap_or_default();
        let mut all_taken = None;
        let mut taken = BTreeSet::new();
        let mut rules = Vec::new();
        for item in items {
            let Some(fields) = self.fields(item, shape) else {
                continue;
            };
            if let Some(first) = all_taken {
                let message = "this rule is never reached: the one before it takes every error";
                self.tell(
                    Diagnostic::new(&codes::RULE_NEVER_REACHED, fields.head, message)
                        .label(first, "takes every error")
                        .help("move the rule with `FnF.ALL` to the end, or remove this one"),
                );
            }
            if all_taken.is_none() && !names(&fields).is_empty() && names(&fields).is_subset(&taken) {
                let message = "this rule is never reached: the ones before it take all of its errors";
                let help = "only the first rule that takes an error counts; remove this one, or give it other errors";
                self.tell(Diagnostic::new(&codes::RULE_NEVER_REACHED, fields.head, message).help(help));
            }
            taken.extend(names(&fields));
            all_taken = all_taken.or_else(|| takes_all(&fields));
            self.text(&fields, "Description");
            rules.extend(read(self, &fields));
        }
        rules
    }

    fn retry(&mut self, rule: &Fields<'_>) -> Option<Retry> {
        let errors = self.errors(rule);
        let attempts_max = self.whole(rule, "MaxAttempts", 0, ATTEMPTS_MAX);
        let interval = self.whole(rule, "IntervalSeconds", 0, SECONDS_MAX);
        let backoff_rate = self.rate(rule, "BackoffRate");
        let longest = self.whole(rule, "MaxBackoffSeconds", 0, SECONDS_MAX);
        Some(Retry {
            errors: errors?,
            attempts_max: u32::try_from(attempts_max?).ok()?,
            interval_ms: interval? * 1_000,
            backoff_rate,
            delay_ms_max: longest.map(|seconds| seconds * 1_000),
        })
    }

    fn catch(&mut self, rule: &Fields<'_>, member: &Member<'_>, scope: &mut Scope) -> Option<Catch> {
        let errors = self.errors(rule);
        let output = self.constructor(rule, "OutputConstructor", Place::Catch);
        let next = rule
            .find("Next")
            .and_then(|found| scope.transition(self, member.index, found));
        Some(Catch {
            errors: errors?,
            output,
            next: next?,
        })
    }

    fn on_errors_rule(&mut self, rule: &Fields<'_>, member: &Member<'_>, scope: &mut Scope) -> Option<Rule> {
        match (rule.find("Next"), rule.find("Retry")) {
            (Some(next), retry) => {
                if let Some(retry) = retry {
                    self.on_errors_retry(rule, retry.value);
                    let message = "a rule with both `Retry` and `Next` never retries: `Next` wins";
                    self.tell(
                        Diagnostic::new(&codes::TWO_REACTIONS, retry.key.span, message)
                            .label(next.key.span, "wins")
                            .help("keep one of the two; `Retry` and `Catch` beside each other do both"),
                    );
                }
                self.catch(rule, member, scope).map(Rule::Catch)
            }
            (None, Some(retry)) => {
                self.constructor(rule, "OutputConstructor", Place::Catch);
                self.on_errors_retry(rule, retry.value).map(Rule::Retry)
            }
            (None, None) => {
                let message = "a rule of OnErrors needs `Retry` or `Next`";
                let help = "add `Retry: {MaxAttempts: 3}`, or `Next` with the name of a state";
                self.tell(Diagnostic::new(&codes::MISSING_FIELD, rule.head, message).help(help));
                None
            }
        }
    }

    fn on_errors_retry(&mut self, rule: &Fields<'_>, node: &Node) -> Option<Retry> {
        let errors = self.errors(rule);
        let retry = self.fields(node, &ON_ERRORS_RETRY_RULE)?;
        let attempts_max = self.whole(&retry, "MaxAttempts", 0, ATTEMPTS_MAX);
        let interval = if retry.has("FixedBackoff") {
            self.whole(&retry, "FixedBackoff", 0, SECONDS_MAX)
        } else {
            Some(1)
        };
        let backoff_rate = self.rate(&retry, "Multiplier");
        Some(Retry {
            errors: errors?,
            attempts_max: u32::try_from(attempts_max?).ok()?,
            interval_ms: interval? * 1_000,
            backoff_rate,
            delay_ms_max: None,
        })
    }

    /// A rate of at least 1; absent = 1.
    fn rate(&mut self, rule: &Fields<'_>, name: &str) -> f64 {
        let Some(found) = rule.find(name) else { return 1.0 };
        let resolved = found.value.scalar().map(|scalar| scalar.resolve());
        let Some(Resolved::Number(number) | Resolved::Respelled(number)) = resolved else {
            self.wrong_type(found, "a number");
            return 1.0;
        };
        if fits(&number) {
            return number.as_f64();
        }
        let message = format!("`{name}` must be at least 1");
        let help = "1 keeps the delay constant, 2 doubles it every time";
        self.tell(Diagnostic::new(&codes::OUT_OF_RANGE, found.value.span, message).help(help));
        1.0
    }

    fn errors(&mut self, rule: &Fields<'_>) -> Option<Vec<ErrorName>> {
        let found = rule.find("Errors")?;
        let items = self.list(found)?;
        if items.is_empty() {
            let message = "`Errors` is empty: the rule would take no error";
            self.tell(
                Diagnostic::new(&codes::BAD_VALUE, found.value.span, message).help("for every error write `FnF.ALL`"),
            );
        }
        let names: Vec<_> = items.iter().map(|item| self.error_name(found, item)).collect();
        names.into_iter().collect()
    }

    fn error_name(&mut self, list: Found<'_>, node: &Node) -> Option<ErrorName> {
        let name = self.text_of(Found { value: node, ..list })?;
        if name.text.contains('*') {
            let message = format!("{} matches no error: there are no wildcards", shown(&name.text));
            self.tell(
                Diagnostic::new(&codes::STAR_IN_ERRORS, name.span, message).help("for every error write `FnF.ALL`"),
            );
            return None;
        }
        let code = ErrorName(name.text.clone());
        self.check_known(name);
        Some(code)
    }

    /// Nothing but the engine and the flow itself have errors whose names begin with `FnF.`; those of services and
    /// functions are many.
    fn check_known(&mut self, name: Text) {
        let close = self.misspelt(&name.text);
        let own = name.text.starts_with("FnF.") && !ERROR_NAMES.contains(&&*name.text);
        if close.is_some() || own {
            self.doubtful.push(Doubtful { name, close });
        }
    }

    /// Tells the names in Errors that nothing in the flow raises.
    pub(crate) fn tell_doubtful(&mut self) {
        for Doubtful { name, close } in std::mem::take(&mut self.doubtful) {
            let ends = NEVER_CAUGHT.contains(&&*name.text);
            let raised = self.raised.contains(&name.text) || (ends && self.starts_children);
            if !raised {
                self.tell(if ends {
                    never_caught(&name)
                } else {
                    unknown_error(&name, close)
                });
            }
        }
    }

    /// The error that a name in the language's own namespace was meant to be.
    fn misspelt(&mut self, name: &str) -> Option<&'static str> {
        let known = || ERROR_NAMES.iter().chain(SERVICE_ERROR_NAMES).copied();
        let product = |name: &str| name.split_once('.').map(|(product, _)| product.to_ascii_lowercase());
        if known().any(|known| known == name) || NEVER_CAUGHT.contains(&name) {
            return None;
        }
        match name {
            "ALL" | "States.ALL" => Some("FnF.ALL"),
            "States.Timeout" | "FnF.Timeout" => Some("FnF.TaskTimeout"),
            // A slip in the product itself would make any name of a function's own an error of a service.
            _ => self.closest(name, known().filter(|known| product(known) == product(name))),
        }
    }
}

fn unknown_error(name: &Text, close: Option<&str>) -> Diagnostic {
    let message = format!("{} is the name of no error", shown(&name.text));
    let diagnostic = Diagnostic::new(&codes::UNKNOWN_ERROR_NAME, name.span, message);
    match close {
        Some(_) => diagnostic.did_you_mean(close),
        None => diagnostic.help(format!(
            "{}; a code of your own needs a name without `FnF.`",
            there_are(ERROR_NAMES)
        )),
    }
}

fn never_caught(name: &Text) -> Diagnostic {
    let message = format!(
        "no rule takes {}: the execution ends with it at once",
        shown(&name.text)
    );
    let help = match &*name.text {
        "FnF.ExecutionTimeout" => "give states a `Timeout` of their own and take `FnF.TaskTimeout`",
        _ => "remove it; what is to happen after a stop belongs into the flow that starts this one",
    };
    Diagnostic::new(&codes::UNKNOWN_ERROR_NAME, name.span, message).help(help)
}

fn fits(rate: &Number) -> bool {
    rate.as_f64() >= 1.0 && rate.as_f64().is_finite()
}

/// The codes of the errors that a rule takes.
fn names<'n>(rule: &Fields<'n>) -> BTreeSet<&'n str> {
    let items = rule
        .find("Errors")
        .and_then(|found| found.value.sequence())
        .unwrap_or_default();
    let scalars = items.iter().filter_map(|item| item.scalar());
    scalars.map(|scalar| &*scalar.text).collect()
}

/// Where the rule says that it takes every error.
fn takes_all(rule: &Fields<'_>) -> Option<crate::source::Span> {
    let items = rule.find("Errors")?.value.sequence()?;
    items
        .iter()
        .find(|item| item.scalar().is_some_and(|scalar| &*scalar.text == "FnF.ALL"))
        .map(|item| item.span)
}
