//! What one attempt may reach.

use std::{net::IpAddr, sync::Arc};

use stepwell_actions::{Granted, HostRule};

use crate::{
    Destination, Host, OutboundError,
    address::{self, Reach},
    secrets::SecretAt,
    url,
};

/// What is done with an answer that redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// It is followed, each hop checked.
    Follow,
    /// It is the answer.
    Return,
}

/// Who asks, for messages that say what to add to the grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The flow's name.
    pub flow: Arc<str>,
    /// `HTTP:Request`, `FC:InvokeFunction` …
    pub action: Arc<str>,
    /// The function, where the action calls one.
    pub function: Option<Arc<str>>,
}

/// What one attempt may reach, and which secrets go where.
#[derive(Clone, Debug)]
pub struct Policy {
    hosts: Vec<HostPort>,
    secrets: Vec<SecretAt>,
    redirects: Redirects,
    asker: Option<Asker>,
}

/// A granted host with its port rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    host: Host,
    port: Option<u16>,
}

impl Policy {
    /// What the grants allow to `asker`.
    #[must_use]
    pub fn of_grants(granted: &Granted, asker: Asker, redirects: Redirects) -> Self {
        Self {
            hosts: granted.http.iter().filter_map(HostPort::of).collect(),
            secrets: granted.secrets.iter().map(SecretAt::of).collect(),
            redirects,
            asker: Some(asker),
        }
    }

    /// What an `http:` function may reach: its own URL's host and port, granted by standing in the registry. Redirects
    /// are not followed. `granted` adds secrets for that host, and no hosts.
    ///
    /// # Errors
    ///
    /// [`OutboundError::InvalidRequest`] if `text` is no absolute URL.
    pub fn of_function_url(text: &str, granted: &Granted) -> Result<Self, OutboundError> {
        let Destination { host, port, scheme: _ } = Destination::of(&url::parse_url(text)?)?;
        Ok(Self {
            hosts: vec![HostPort { host, port: Some(port) }],
            secrets: granted.secrets.iter().map(SecretAt::of).collect(),
            redirects: Redirects::Return,
            asker: None,
        })
    }

    /// Whether a request may go to `destination` at all; names are not resolved yet.
    ///
    /// # Errors
    ///
    /// [`OutboundError::NotGranted`] with the line to add to the grants.
    pub fn admit(&self, destination: &Destination) -> Result<(), OutboundError> {
        if self.stands_in_the_list(&destination.host, destination.port) {
            return Ok(());
        }
        Err(OutboundError::NotGranted {
            host: destination.host.to_string(),
            port: destination.port,
            advice: self.advice(&destination.host, destination.port),
        })
    }

    /// Whether an admitted `destination` may lead to `address`. Every answer of a resolver is asked for, and one that
    /// is refused refuses the request.
    ///
    /// # Errors
    ///
    /// [`OutboundError::Address`] with the line to add to the grants.
    pub fn admit_address(&self, destination: &Destination, address: IpAddr) -> Result<(), OutboundError> {
        let kind = address::kind(address);
        let itself = Host::Address(address.to_canonical());
        if kind.reach == Reach::GrantedHost || self.stands_in_the_list(&itself, destination.port) {
            return Ok(());
        }
        Err(OutboundError::Address {
            host: destination.host.to_string(),
            address,
            kind: kind.name,
            advice: self.advice(&itself, destination.port),
        })
    }

    pub(crate) fn redirects(&self) -> Redirects {
        self.redirects
    }

    pub(crate) fn secrets(&self) -> &[SecretAt] {
        &self.secrets
    }

    fn stands_in_the_list(&self, host: &Host, port: u16) -> bool {
        self.hosts.iter().any(|rule| rule.admits(host, port))
    }

    fn advice(&self, host: &Host, port: u16) -> String {
        let Some(asker) = &self.asker else {
            return "a function behind a URL reaches nothing but that URL's host".to_owned();
        };
        let target = if port == 80 || port == 443 {
            host.to_string()
        } else {
            format!("{host}:{port}")
        };
        let function = asker
            .function
            .as_ref()
            .map_or_else(String::new, |name| format!(", function: {name:?}"));
        let Asker {
            flow,
            action,
            function: _,
        } = asker;
        format!("add `- {{flow: {flow:?}, action: {action:?}{function}, http: [{target:?}]}}` to the grants file")
    }
}

impl HostPort {
    /// `None` for a rule whose host is none; it admits nothing.
    pub(crate) fn of(rule: &HostRule) -> Option<Self> {
        Some(Self {
            host: Host::parse(&rule.host).ok()?,
            port: rule.port,
        })
    }

    pub(crate) fn admits(&self, host: &Host, port: u16) -> bool {
        let port_fits = self.port.map_or(port == 80 || port == 443, |own| own == port);
        port_fits && self.host == *host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(host: &str, port: Option<u16>) -> HostRule {
        HostRule {
            host: host.into(),
            port,
        }
    }

    fn policy(rules: Vec<HostRule>) -> Policy {
        let asker = Asker {
            flow: "shop".into(),
            action: "HTTP:Request".into(),
            function: None,
        };
        Policy::of_grants(
            &Granted {
                http: rules,
                ..Granted::default()
            },
            asker,
            Redirects::Follow,
        )
    }

    fn destination(url: &str) -> Destination {
        Destination::of(&url::parse_url(url).unwrap()).unwrap()
    }

    #[test]
    fn only_listed_hosts_and_ports_are_admitted() {
        let policy = policy(vec![
            rule("Api.Example.com", None),
            rule("127.0.0.1", Some(8080)),
            rule("::1", Some(81)),
            rule("127.1", None),
            rule("", None),
        ]);
        let cases = [
            ("http://api.example.com/", true),
            ("https://API.example.com./x", true),
            ("https://api.example.com:8443/", false),
            ("http://api.example.com:443/", true),
            ("http://www.api.example.com/", false),
            ("http://example.com/", false),
            ("http://127.0.0.1:8080/", true),
            ("http://[::ffff:127.0.0.1]:8080/", true),
            ("http://127.0.0.1/", false),
            ("http://127.0.0.2:8080/", false),
            ("http://localhost:8080/", false),
            ("http://[::1]:81/", true),
        ];
        for (url, admitted) in cases {
            assert_eq!(policy.admit(&destination(url)).is_ok(), admitted, "{url}");
        }
    }

    #[test]
    fn a_refusal_names_the_line_to_add() {
        assert_eq!(
            policy(vec![])
                .admit(&destination("https://api.example.com/"))
                .unwrap_err()
                .to_string(),
            "`api.example.com` with port 443 is not granted: add `- {flow: \"shop\", action: \"HTTP:Request\", http: \
             [\"api.example.com\"]}` to the grants file"
        );
        let asker = Asker {
            flow: "f".into(),
            action: "FC:InvokeFunction".into(),
            function: Some("resize".into()),
        };
        let guest = Policy::of_grants(&Granted::default(), asker, Redirects::Return);
        assert_eq!(
            guest.admit(&destination("http://[::1]:81/")).unwrap_err().to_string(),
            "`[::1]` with port 81 is not granted: add `- {flow: \"f\", action: \"FC:InvokeFunction\", function: \"resize\", \
             http: [\"[::1]:81\"]}` to the grants file"
        );
    }

    #[test]
    fn a_name_may_lead_to_private_addresses_but_not_to_a_metadata_service() {
        let named = policy(vec![rule("a.example", None), rule("metadata.google.internal", None)]);
        let both = policy(vec![rule("a.example", None), rule("169.254.169.254", None)]);
        let cases = [
            ("8.8.8.8", true, true),
            ("127.0.0.1", true, true),
            ("::1", true, true),
            ("10.1.2.3", true, true),
            ("fd00::1", true, true),
            ("100.64.0.1", true, true),
            ("169.254.169.254", false, true),
            ("::ffff:169.254.169.254", false, true),
            ("64:ff9b::a9fe:a9fe", false, false),
            ("169.254.1.1", false, false),
            ("fe80::1", false, false),
            ("224.0.0.1", false, false),
            ("0.0.0.0", false, false),
            ("255.255.255.255", false, false),
            ("192.0.2.1", false, false),
        ];
        for (address, by_name, by_both) in cases {
            let admitted = |policy: &Policy| {
                policy
                    .admit_address(&destination("http://a.example/"), address.parse().unwrap())
                    .is_ok()
            };
            assert_eq!((admitted(&named), admitted(&both)), (by_name, by_both), "{address}");
        }
        assert_eq!(
            named
                .admit_address(
                    &destination("http://metadata.google.internal/"),
                    "169.254.169.254".parse().unwrap()
                )
                .unwrap_err()
                .to_string(),
            "`metadata.google.internal` leads to 169.254.169.254, a metadata service's address, which a granted name may \
             not: add `- {flow: \"shop\", action: \"HTTP:Request\", http: [\"169.254.169.254\"]}` to the grants file"
        );
    }

    #[test]
    fn a_function_reaches_its_own_url_only() {
        let policy = Policy::of_function_url("http://127.0.0.1:8080/pay", &Granted::default()).unwrap();
        let admitted = |url: &str| policy.admit(&destination(url)).is_ok();
        assert_eq!(
            [
                "http://127.0.0.1:8080/other",
                "http://127.0.0.1/pay",
                "http://localhost:8080/pay"
            ]
            .map(admitted),
            [true, false, false]
        );
        assert_eq!(policy.redirects(), Redirects::Return);
        assert_eq!(
            Policy::of_function_url("pay", &Granted::default())
                .unwrap_err()
                .to_string(),
            "`pay` is no absolute URL that begins with http:// or https://"
        );
    }
}
