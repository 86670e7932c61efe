//! Constants that are too large to be passed on.
//!
//! **Invariant:** only what is written down is counted, so what is told is certain as long as the limits stand at their
//! defaults.
//!
//! Source: specification 1.5.4, 1.5.5 and 1.9/15.

use std::sync::Arc;

use stepwell_expression::{Template, Value};
use stepwell_model::Settings;

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::Found;
use crate::source::Span;

/// The longest key of a global variable.
const GLOBAL_KEY_BYTES_MAX: usize = 128;
/// The largest value of a global variable.
const GLOBAL_VALUE_BYTES_MAX: u64 = 256 * 1024;

impl Checker<'_> {
    /// Warns of a constructor whose constants alone are too large.
    pub(crate) fn check_size(&mut self, found: Found<'_>, template: &Template) {
        match &*found.key.text {
            "GlobalConstructor" => self.check_globals(found, template),
            "InputConstructor" | "OutputConstructor" | "ItemConstructor" => {
                self.diagnostics
                    .extend(too_large(least_bytes(template), found.key.span));
            }
            _ => {}
        }
    }

    fn check_globals(&mut self, found: Found<'_>, template: &Template) {
        let values: Vec<(String, u64)> = match template {
            Template::Object(entries) => entries
                .iter()
                .map(|(key, value)| (key.to_string(), least_bytes(value)))
                .collect(),
            Template::Literal(Value::Object(entries)) => entries
                .iter()
                .map(|(key, value)| (key.to_string(), value.bytes()))
                .collect(),
            Template::Literal(_) | Template::Expr(_) | Template::Array(_) => Vec::new(),
        };
        for (key, bytes) in values {
            self.check_global(found, &key, bytes);
        }
    }

    fn check_global(&mut self, found: Found<'_>, key: &str, bytes: u64) {
        let message = if key.len() > GLOBAL_KEY_BYTES_MAX {
            format!("the key {} has more than {GLOBAL_KEY_BYTES_MAX} bytes", shown(key))
        } else if bytes > GLOBAL_VALUE_BYTES_MAX {
            format!(
                "the value of {} has more than {GLOBAL_VALUE_BYTES_MAX} bytes",
                shown(key)
            )
        } else {
            return;
        };
        let help = "the state would fail with `FnF.DataLimitExceeded`; write less, or keep it in objects";
        self.tell(Diagnostic::new(&codes::TOO_LARGE_VALUE, found.key.span, message).help(help));
    }
}

/// What to say of so many bytes that are to be passed on, if they are too many.
pub(crate) fn too_large(bytes: u64, span: Span) -> Option<Diagnostic> {
    let most = Settings::default().data_bytes_max;
    if bytes <= most {
        return None;
    }
    let message = format!("this has {bytes} bytes, and at most {most} can be passed on");
    let help = "write less, keep it in objects, or raise the setting `limits.data`";
    Some(Diagnostic::new(&codes::TOO_LARGE_VALUE, span, message).help(help))
}

/// How many bytes of JSON a template yields at least.
fn least_bytes(template: &Template) -> u64 {
    match template {
        Template::Literal(value) => value.bytes(),
        Template::Expr(_) => 1,
        Template::Array(items) => 1 + items.iter().map(|item| 1 + least_bytes(item)).sum::<u64>(),
        Template::Object(entries) => {
            let entry = |(key, value): &(Arc<str>, Template)| 4 + key.len() as u64 + least_bytes(value);
            1 + entries.iter().map(entry).sum::<u64>()
        }
    }
}
