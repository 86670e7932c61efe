//! Wait: for a time, or until a moment.
//!
//! CloudFlow allows 300 seconds; only `--strict` holds a flow to that.
//!
//! Source: specification 1.3.

use jiff::Timestamp;
use stepwell_expression::Value;
use stepwell_model::{Kind, Scalar, Wait};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Found, Takes};
use crate::scope::Member;
use crate::variables::Place;

/// The longest Wait: what a 64-bit count of milliseconds from any present holds with ease, 1,000 years.
const SECONDS_MAX: u64 = 31_536_000_000;

/// The longest Wait in CloudFlow.
const CLOUDFLOW_SECONDS_MAX: i64 = 300;

pub(super) const FIELDS: &[Field] = &[
    Field::new("Seconds", Takes::Whole(0, SECONDS_MAX), "How long it waits.").computable(),
    Field::new(
        "UntilDateTime",
        Takes::Text,
        "Until when it waits, RFC 3339 in UTC; already past = not at all.",
    )
    .computable(),
];

pub(super) fn lower(checker: &mut Checker<'_>, member: &Member<'_>) -> Option<Kind> {
    let (seconds, until) = (member.fields.find("Seconds"), member.fields.find("UntilDateTime"));
    let wait = match (seconds, until) {
        (Some(seconds), until) => {
            if let Some(until) = until {
                let message = "`UntilDateTime` is ignored: `Seconds` wins";
                let diagnostic = Diagnostic::new(&codes::TWO_WAITS, until.key.span, message);
                checker.tell(diagnostic.label(seconds.key.span, "wins").help("keep one of the two"));
                moment(checker, until);
            }
            lower_seconds(checker, seconds).map(Wait::Seconds)
        }
        (None, Some(until)) => moment(checker, until).map(Wait::Until),
        (None, None) => {
            let message = "a Wait needs `Seconds` or `UntilDateTime`";
            let help = "add `Seconds: 5`, or `UntilDateTime: \"2030-01-31T08:30:00Z\"`";
            checker.tell(Diagnostic::new(&codes::MISSING_FIELD, member.fields.head, message).help(help));
            None
        }
    };
    wait.map(Kind::Wait)
}

fn lower_seconds(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Scalar> {
    let scalar = checker.whole_or_computed(found, 0, SECONDS_MAX)?;
    if let Scalar::Fixed(Value::Number(number)) = &scalar
        && number
            .as_i64()
            .is_some_and(|seconds| !(1..=CLOUDFLOW_SECONDS_MAX).contains(&seconds))
    {
        let message = format!("CloudFlow waits from 1 to {CLOUDFLOW_SECONDS_MAX} seconds");
        let help = "wait several times in a loop, or until a moment, if the flow is to run there too";
        checker.tell(Diagnostic::new(&codes::LONG_WAIT, found.value.span, message).help(help));
    }
    Some(scalar)
}

fn moment(checker: &mut Checker<'_>, found: Found<'_>) -> Option<Scalar> {
    if found.computed {
        return checker.computed_field(found);
    }
    let text = checker.text_of(found)?;
    if text.text.starts_with('$') {
        let message = "an expression in `UntilDateTime` without `.$` is an older spelling";
        let diagnostic = Diagnostic::new(&codes::OLDER_SPELLING, found.key.span, message);
        checker.tell(diagnostic.help("write `UntilDateTime.$`"));
        return checker.expression(found.value, Place::Input).map(Scalar::Computed);
    }
    if text.text.parse::<Timestamp>().is_err() {
        let message = format!("{} is no moment", shown(&text.text));
        let help = "write it as RFC 3339 in UTC, such as `2030-01-31T08:30:00Z`";
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, text.span, message).help(help));
    }
    Some(Scalar::Fixed(Value::String(text.text)))
}
