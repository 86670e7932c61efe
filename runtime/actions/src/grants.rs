//! The operator's grants: what a flow's task may reach.

use serde::{Deserialize, Serialize};

use crate::Pattern;

/// Everything that the operator allows; empty = nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(pub Vec<Grant>);

/// What one entry of the grants file allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Which flows.
    pub flow: Pattern,
    /// Which actions.
    pub action: Pattern,
    /// Which functions; `*` where the action is no function call.
    pub function: Pattern,
    /// Hosts that may be called.
    #[serde(default)]
    pub http: Vec<HostRule>,
    /// Objects that may be read or written.
    #[serde(default)]
    pub objects: Vec<ObjectRule>,
    /// Secrets that the host puts into requests.
    #[serde(default)]
    pub secrets: Vec<SecretRule>,
    /// Memory of one call in MiB.
    #[serde(default)]
    pub memory_mb: Option<u32>,
    /// Time of one call in seconds.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
}

/// A host that may be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRule {
    /// A name in lower case, or an IP address.
    pub host: String,
    /// The one port; none = 80 and 443.
    #[serde(default)]
    pub port: Option<u16>,
}

/// Objects that may be touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRule {
    /// The bucket.
    pub bucket: String,
    /// The prefix of the keys; empty = every key.
    #[serde(default)]
    pub prefix: String,
    /// What may be done.
    pub access: Access,
}

/// What may be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read, stat and list.
    Read,
    /// Write.
    Write,
    /// Both.
    ReadWrite,
}

/// A secret that the host puts into a header of requests to one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRule {
    /// The secret's name; its value is known to the host only.
    pub name: String,
    /// The host that it is for.
    pub host: HostRule,
    /// The header that carries it.
    pub header: String,
}

/// What all matching grants allow together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// Hosts that may be called.
    pub http: Vec<HostRule>,
    /// Objects that may be touched.
    pub objects: Vec<ObjectRule>,
    /// Secrets that the host puts in.
    pub secrets: Vec<SecretRule>,
    /// The largest memory that any of them allows, in MiB.
    pub memory_mb: Option<u32>,
    /// The longest time that any of them allows, in seconds.
    pub timeout_seconds: Option<u32>,
}

impl Grants {
    /// What `flow` may do when it calls `action` for `function`.
    #[must_use]
    pub fn granted(&self, flow: &str, action: &str, function: &str) -> Granted {
        let mut granted = Granted::default();
        for grant in self.0.iter().filter(|grant| grant.covers(flow, action, function)) {
            granted.add(grant);
        }
        granted
    }
}

impl Grant {
    fn covers(&self, flow: &str, action: &str, function: &str) -> bool {
        self.flow.matches(flow) && self.action.matches(action) && self.function.matches(function)
    }
}

impl Granted {
    /// Whether nothing outside can be touched, so that a repeat is invisible.
    #[must_use]
    pub fn reaches_nothing(&self) -> bool {
        self.http.is_empty() && self.objects.is_empty()
    }

    /// Whether an object may be read (or listed, where `key` is the prefix that is asked for).
    #[must_use]
    pub fn may_read(&self, bucket: &str, key: &str) -> bool {
        self.object_rules(bucket, key)
            .any(|rule| matches!(rule.access, Access::Read | Access::ReadWrite))
    }

    /// Whether an object may be written.
    #[must_use]
    pub fn may_write(&self, bucket: &str, key: &str) -> bool {
        self.object_rules(bucket, key)
            .any(|rule| matches!(rule.access, Access::Write | Access::ReadWrite))
    }

    fn object_rules(&self, bucket: &str, key: &str) -> impl Iterator<Item = &ObjectRule> {
        self.objects
            .iter()
            .filter(move |rule| rule.bucket == bucket && key.starts_with(&rule.prefix))
    }

    fn add(&mut self, grant: &Grant) {
        self.http.extend(grant.http.iter().cloned());
        self.objects.extend(grant.objects.iter().cloned());
        self.secrets.extend(grant.secrets.iter().cloned());
        self.memory_mb = self.memory_mb.max(grant.memory_mb);
        self.timeout_seconds = self.timeout_seconds.max(grant.timeout_seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching_grants_add_up_and_others_give_nothing() {
        let grant = |flow: &str, function: &str, host: &str, memory_mb| Grant {
            flow: Pattern::new(flow),
            action: Pattern::new("FC:InvokeFunction"),
            function: Pattern::new(function),
            http: vec![HostRule {
                host: host.into(),
                port: None,
            }],
            objects: vec![ObjectRule {
                bucket: "media".into(),
                prefix: "in/".into(),
                access: Access::Read,
            }],
            secrets: vec![],
            memory_mb,
            timeout_seconds: None,
        };
        let grants = Grants(vec![
            grant("*", "resize", "a", Some(64)),
            grant("shop*", "*", "b", Some(256)),
        ]);
        let both = grants.granted("shop-1", "FC:InvokeFunction", "resize");
        assert_eq!(
            both.http.iter().map(|rule| rule.host.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(both.memory_mb, Some(256));
        assert!(both.may_read("media", "in/x") && !both.may_write("media", "in/x") && !both.may_read("media", "out/x"));
        assert_eq!(grants.granted("other", "HTTP:Request", "*"), Granted::default());
        assert!(grants.granted("other", "HTTP:Request", "*").reaches_nothing());
    }
}
