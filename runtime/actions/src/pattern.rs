//! Names in which `*` stands for any run of characters.

use serde::{Deserialize, Serialize};

/// A name or an ARN in which `*` is any run of characters, the empty one included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern that matches everything.
    #[must_use]
    pub fn any() -> Self {
        Self::new("*")
    }

    /// The text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a plain name, without `*`.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether `text` matches as a whole. Linear in both lengths times the number of stars at worst.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
            return false;
        };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else {
            return rest.is_empty();
        };
        let mut rest = rest;
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        let cases = [
            ("resize", "resize", true),
            ("resize", "resize2", false),
            ("*", "", true),
            ("*", "anything", true),
            (
                "acs:fc:*:functions/pay/*",
                "acs:fc:cn-hangzhou:1:functions/pay/LATEST",
                true,
            ),
            ("acs:fc:*:functions/pay/*", "acs:fc::functions/pay", false),
            ("a*b*a", "aba", true),
            ("a*a", "a", false),
            ("a*bc*bc", "abc", false),
            ("a*bc*bc", "abcbc", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "`{pattern}` against `{text}`"
            );
        }
    }
}
