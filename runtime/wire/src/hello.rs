//! The first line of a connection.

use serde::{Deserialize, Serialize};

/// The protocol that this version speaks; raised when a line changes its meaning.
pub const PROTOCOL: u32 = 1;

/// What the server says first.
///
/// Every version can read every other version's hello: unknown fields are ignored here, and only here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol.
    pub stepwell: u32,
    /// The program's version, for a person.
    pub version: String,
    /// Whether executions are driven there, so that a run can be handed over.
    pub drives: bool,
}

impl Hello {
    /// The hello of a process of this version that answers verbs, and drives nothing.
    #[must_use]
    pub fn answering() -> Self {
        Self {
            stepwell: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            drives: false,
        }
    }

    /// Whether this version can talk to whoever said it.
    #[must_use]
    pub fn is_understood(&self) -> bool {
        self.stepwell == PROTOCOL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_hello_is_read_and_not_understood() {
        let later: Hello = serde_json::from_str(r#"{"stepwell":2,"version":"9","drives":true,"more":[]}"#).unwrap();
        assert_eq!(
            later,
            Hello {
                stepwell: 2,
                version: "9".into(),
                drives: true
            }
        );
        assert!(!later.is_understood() && Hello::answering().is_understood());
    }
}
