//! The function registry: which function is a component, an HTTP endpoint or a stub.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_expression::Value;

use crate::{Pattern, function_name};

/// The functions that a flow can call, in the order of their file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The entries.
    pub functions: Vec<Function>,
}

/// One entry of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// A function's name, or an ARN in which `*` is any run.
    pub pattern: Pattern,
    /// What carries it out.
    pub target: Target,
}

/// What carries a function out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// A component, by the SHA-256 of its bytes in lower hex.
    Component {
        /// The digest.
        digest: Arc<str>,
    },
    /// An endpoint that the event is posted to.
    Http {
        /// Absolute URL.
        url: Arc<str>,
    },
    /// Answers written down beforehand, used in turn, the last one repeated; never empty.
    Stub(Vec<StubEntry>),
}

/// One prepared answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StubEntry {
    /// What is answered.
    pub answer: StubAnswer,
    /// After how many milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
}

/// What a stub answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StubAnswer {
    /// A result.
    Result(Value),
    /// A failure.
    Fail {
        /// Its error code.
        code: Arc<str>,
        /// Its detail.
        #[serde(default)]
        detail: Arc<str>,
    },
    /// The event that came in.
    Echo,
}

/// A function that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolved<'a> {
    /// The function's name: the ARN's last part, or the name as called.
    pub name: &'a str,
    /// The entry's own text, which names it in the store.
    pub entry: &'a str,
    /// What carries it out.
    pub target: &'a Target,
}

impl Registry {
    /// Finds the function that `resource` (a `resourceArn`) names: by name, then by the whole ARN, then by the longest
    /// pattern that matches either.
    #[must_use]
    pub fn resolve<'a>(&'a self, resource: &'a str) -> Option<Resolved<'a>> {
        let name = function_name(resource);
        let found = self
            .exact(name)
            .or_else(|| self.exact(resource))
            .or_else(|| self.longest_match(resource, name))?;
        Some(Resolved {
            name,
            entry: found.pattern.as_str(),
            target: &found.target,
        })
    }

    fn exact(&self, text: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.pattern.as_str() == text)
    }

    fn longest_match(&self, resource: &str, name: &str) -> Option<&Function> {
        self.functions
            .iter()
            .filter(|function| !function.pattern.is_exact())
            .filter(|function| function.pattern.matches(resource) || function.pattern.matches(name))
            .max_by_key(|function| function.pattern.as_str().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(pattern: &str) -> Function {
        Function {
            pattern: Pattern::new(pattern),
            target: Target::Http { url: pattern.into() },
        }
    }

    #[test]
    fn name_then_arn_then_longest_pattern() {
        let arn = "acs:fc:cn:1:functions/pay/LATEST";
        let registry = Registry {
            functions: vec![
                http("acs:fc:*"),
                http("acs:fc:*:functions/pay/*"),
                http(arn),
                http("pay"),
            ],
        };
        let entry = |count: usize| {
            let registry = Registry {
                functions: registry.functions.iter().take(count).cloned().collect(),
            };
            registry
                .resolve(arn)
                .map(|found| (found.name.to_owned(), found.entry.to_owned()))
        };
        assert_eq!(entry(0), None);
        assert_eq!(entry(1), Some(("pay".into(), "acs:fc:*".into())));
        assert_eq!(entry(2), Some(("pay".into(), "acs:fc:*:functions/pay/*".into())));
        assert_eq!(entry(3), Some(("pay".into(), arn.into())));
        assert_eq!(entry(4), Some(("pay".into(), "pay".into())));
    }
}
