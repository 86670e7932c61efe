//! Fields of one value that can also be computed: `Timeout: 5` or `Timeout.$: $Input.timeout`.
//!
//! **Invariant:** a constant that is in the model is in its range.

use stepwell_expression::{Number, Value};
use stepwell_model::Scalar;

use crate::checker::Checker;
use crate::codes;
use crate::core_schema::Resolved;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Fields, Found};
use crate::tree;
use crate::variables::Place;

impl Checker<'_> {
    /// A timeout in seconds, written as a number or as a string that is one.
    pub(crate) fn timeout(&mut self, fields: &Fields<'_>, most: u64) -> Option<Scalar> {
        let found = fields.find("Timeout")?;
        if found.computed {
            return self.computed_field(found);
        }
        let seconds = self.seconds_of(found, most)?;
        Some(Scalar::Fixed(Value::Number(seconds)))
    }

    /// Seconds that are written down, as a number or as a string that is one.
    pub(crate) fn seconds_of(&mut self, found: Found<'_>, most: u64) -> Option<Number> {
        let Some(number) = found.value.scalar().and_then(number) else {
            self.wrong_type(found, "a number of seconds");
            return None;
        };
        if (0.0..=most as f64).contains(&number.as_f64()) {
            return Some(number);
        }
        let message = format!("{} must be from 0 to {most} seconds", shown(&found.key.text));
        self.tell(Diagnostic::new(&codes::OUT_OF_RANGE, found.value.span, message).help("0 means that there is none"));
        None
    }

    /// A number from `least` to `most` that is written down.
    pub(crate) fn number_of(&mut self, found: Found<'_>, least: u64, most: u64) -> Option<Number> {
        let resolved = found.value.scalar().map(|scalar| scalar.resolve());
        let Some(Resolved::Number(number) | Resolved::Respelled(number)) = resolved else {
            self.wrong_type(found, "a number");
            return None;
        };
        if (least as f64..=most as f64).contains(&number.as_f64()) {
            return Some(number);
        }
        let message = format!("{} must be a number from {least} to {most}", shown(&found.key.text));
        let help = format!("write it like `{}: {most}`", found.key.text);
        self.tell(Diagnostic::new(&codes::OUT_OF_RANGE, found.value.span, message).help(help));
        None
    }

    /// A whole number of at least `least`, or an expression.
    pub(crate) fn whole_or_computed(&mut self, found: Found<'_>, least: u64, most: u64) -> Option<Scalar> {
        if found.computed {
            return self.computed_field(found);
        }
        self.whole_of(found, least, most)
            .map(|number| Scalar::Fixed(number.into()))
    }

    /// A string, or an expression.
    pub(crate) fn text_or_computed(&mut self, fields: &Fields<'_>, name: &str) -> Option<Scalar> {
        let found = fields.find(name)?;
        if found.computed {
            return self.computed_field(found);
        }
        self.text_of(found).map(|text| Scalar::Fixed(Value::String(text.text)))
    }

    /// The expression of a field that is written with `.$`.
    pub(crate) fn computed_field(&mut self, found: Found<'_>) -> Option<Scalar> {
        if !matches!(
            found.value.scalar().map(|scalar| scalar.resolve()),
            Some(Resolved::String(_))
        ) {
            let message = format!(
                "{} takes an expression, not {}",
                shown(&found.key.text),
                found.value.kind()
            );
            let help = format!(
                "write it like `{}: $Input.key`, or a constant without `.$`",
                found.key.text
            );
            self.tell(Diagnostic::new(&codes::WRONG_TYPE, found.value.span, message).help(help));
            return None;
        }
        self.expression(found.value, Place::Input).map(Scalar::Computed)
    }
}

fn number(scalar: &tree::Scalar) -> Option<Number> {
    match scalar.resolve() {
        Resolved::Number(number) | Resolved::Respelled(number) => Some(number),
        Resolved::String(text) => Number::parse(text.trim()),
        Resolved::Null | Resolved::Bool(_) | Resolved::NotFinite => None,
    }
}
