//! Secrets: known to the host, put in at the door, seen by no flow, task or log.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use stepwell_actions::SecretRule;

use crate::{Destination, OutboundError, policy::HostPort};

/// Knows the values of secrets.
pub trait Secrets: Send + Sync {
    /// The value of the secret `name`, if there is one.
    fn secret(&self, name: &str) -> Option<SecretText>;
}

/// The value of a secret; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a value.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The header value; marked sensitive, so that it is not printed either.
    fn header_value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretText")
    }
}

/// A secret, the host that it is for and the header that carries it.
#[derive(Clone, Debug)]
pub(crate) struct SecretAt {
    name: String,
    host: Option<HostPort>,
    header: String,
}

impl SecretAt {
    pub(crate) fn of(rule: &SecretRule) -> Self {
        Self {
            name: rule.name.clone(),
            host: HostPort::of(&rule.host),
            header: rule.header.clone(),
        }
    }

    /// The header's name, if it is one.
    pub(crate) fn header(&self) -> Option<HeaderName> {
        HeaderName::from_bytes(self.header.as_bytes()).ok()
    }

    fn is_for(&self, destination: &Destination) -> bool {
        self.host
            .as_ref()
            .is_some_and(|rule| rule.admits(&destination.host, destination.port))
    }

    /// Puts the secret into `headers` if it is for `destination`, in place of whatever the header held.
    pub(crate) fn apply(
        &self,
        headers: &mut HeaderMap,
        destination: &Destination,
        secrets: &dyn Secrets,
    ) -> Result<(), OutboundError> {
        if !self.is_for(destination) {
            return Ok(());
        }
        let text = secrets
            .secret(&self.name)
            .ok_or_else(|| self.wrong("has no value on this host"))?;
        let header = self
            .header()
            .ok_or_else(|| self.wrong("is granted for a header whose name is none"))?;
        let value = text
            .header_value()
            .ok_or_else(|| self.wrong("holds characters that no header can carry"))?;
        headers.insert(header, value);
        Ok(())
    }

    fn wrong(&self, problem: &'static str) -> OutboundError {
        OutboundError::Secret {
            name: self.name.clone(),
            problem,
        }
    }
}

impl Secrets for std::collections::BTreeMap<String, SecretText> {
    fn secret(&self, name: &str) -> Option<SecretText> {
        self.get(name).cloned()
    }
}
