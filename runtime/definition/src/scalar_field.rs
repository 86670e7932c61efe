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
        let Some(number) = found.value.scalar().and_then(number) else {
            self.wrong_type(found, "a number of seconds");
            return None;
        };
        let seconds = number.as_f64();
        if seconds >= 0.0 && seconds <= most as f64 {
            return Some(Scalar::Fixed(Value::Number(number)));
        }
        let message = format!("`Timeout` must be from 0 to {most} seconds; 0 means none");
        self.tell(Diagnostic::new(&codes::OUT_OF_RANGE, found.value.span, message));
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
            self.tell(Diagnostic::new(&codes::WRONG_TYPE, found.value.span, message));
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
