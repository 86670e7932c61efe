//! The grants file: what the operator allows tasks to reach.
//!
//! ```yaml
//! grants:
//!   - {flow: "*", action: "FC:InvokeFunction", function: resize,
//!      http: ["api.example.com", "127.0.0.1:8080"],
//!      objects: [{bucket: media, prefix: in/, access: read}],
//!      secrets: [{name: API_KEY, host: api.example.com, header: Authorization}], memory_mb: 256, timeout_seconds: 60}
//! ```
//!
//! **Invariant:** unknown keys are errors: a slip here must never allow more, or less, than was meant.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use stepwell_actions::{Access, Grant, Grants, HostRule, ObjectRule, Pattern, SecretRule, runnable};

use crate::checker::{Checker, Text};
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Elsewhere, Field, Fields, Found, Shape, Takes, Unknown};
use crate::listing::there_are;
use crate::tree::Node;
use crate::{CheckedFile, check_file};

pub(crate) const FILE: Shape = Shape::new(
    "a grants file",
    &[&[Field::new("grants", Takes::List, "What is allowed; an empty list allows nothing.").required()]],
    Unknown::Refused,
);

/// The largest memory of a call: what 32-bit WASM can address.
const MEMORY_MB_MAX: u64 = 4_096;
/// The longest time of a call: a week.
const TIMEOUT_SECONDS_MAX: u64 = 604_800;

/// The fields of a grant.
pub(crate) const GRANT: &[Field] = &[
    Field::new("flow", Takes::Text, "Which flows; `*` is any run of characters.").required(),
    Field::new("action", Takes::Text, "Which actions.").required(),
    Field::new("function", Takes::Text, "Which functions; absent = every."),
    Field::new(
        "http",
        Takes::List,
        "Hosts that may be called: a name or an IP address, and a port; no port = 80 and 443.",
    ),
    Field::new("objects", Takes::List, "Objects that may be read or written."),
    Field::new("secrets", Takes::List, "Secrets that are put into requests to a host."),
    Field::new(
        "memory_mb",
        Takes::Whole(1, MEMORY_MB_MAX),
        "Memory of one call in MiB.",
    ),
    Field::new(
        "timeout_seconds",
        Takes::Whole(1, TIMEOUT_SECONDS_MAX),
        "Time of one call in seconds.",
    ),
];
pub(crate) const GRANT_SHAPE: Shape = Shape::new("a grant", &[GRANT], Unknown::Refused).elsewhere(meant);

/// What other words for the fields of a grant mean here.
fn meant(key: &str) -> Option<Elsewhere> {
    let meant = match key {
        "host" | "hosts" | "urls" | "network" | "egress" => "http",
        "buckets" | "storage" => "objects",
        "memory" => "memory_mb",
        "timeout" => "timeout_seconds",
        "functions" => "function",
        "actions" => "action",
        "flows" => "flow",
        _ => return None,
    };
    Some(Elsewhere::meant("a grant", key, meant))
}

const ACCESSES: &[&str] = &["read", "write", "read-write"];

/// The fields of an object rule.
pub(crate) const OBJECT: &[Field] = &[
    Field::new("bucket", Takes::Text, "The bucket.").required(),
    Field::new("prefix", Takes::Text, "What the keys begin with; absent = every key."),
    Field::new("access", Takes::OneOf(ACCESSES), "What may be done.").required(),
];
pub(crate) const OBJECT_SHAPE: Shape = Shape::new("an object rule", &[OBJECT], Unknown::Refused);

/// The fields of a secret rule.
pub(crate) const SECRET: &[Field] = &[
    Field::new(
        "name",
        Takes::Text,
        "The secret's name; its value is in STEPWELL_SECRET_<name>.",
    )
    .required(),
    Field::new("host", Takes::Text, "The host that it is sent to.").required(),
    Field::new("header", Takes::Text, "The header that carries it.").required(),
];
pub(crate) const SECRET_SHAPE: Shape = Shape::new("a secret rule", &[SECRET], Unknown::Refused);

/// Checks a grants file. `file_name` is what reports call it.
#[must_use]
pub fn check_grants_file(text: &[u8], file_name: &str) -> CheckedFile<Grants> {
    let help = "such a file begins with `grants:`, and below it an element such as \
                `  - {flow: \"*\", action: \"FC:InvokeFunction\", http: [api.example.com]}`";
    check_file(text, file_name, read).beginning_with(help)
}

fn read(checker: &mut Checker<'_>, root: &Node) -> Option<Grants> {
    let fields = checker.fields(root, &FILE)?;
    granted(checker, &fields)
}

/// The grants that stand in the field `grants`.
pub(crate) fn granted(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Grants> {
    each(checker, fields, "grants", grant).map(Grants)
}

/// Reads every element of a list; absent or null = none.
pub(crate) fn each<T>(
    checker: &mut Checker<'_>,
    fields: &Fields<'_>,
    name: &str,
    mut read: impl FnMut(&mut Checker<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(found) = fields.find(name).filter(|found| found.value.kind() != "null") else {
        return Some(Vec::new());
    };
    let items: Vec<_> = checker.list(found)?.iter().map(|item| read(checker, item)).collect();
    items.into_iter().collect()
}

fn grant(checker: &mut Checker<'_>, node: &Node) -> Option<Grant> {
    let fields = checker.fields(node, &GRANT_SHAPE)?;
    let flow = pattern(checker, &fields, "flow");
    let action = pattern(checker, &fields, "action");
    check_action(checker, &fields, action.as_ref());
    let function = if fields.has("function") {
        pattern(checker, &fields, "function")
    } else {
        Some(Pattern::any())
    };
    let http = each(checker, &fields, "http", |checker, node| {
        host_in_list(checker, &fields, node)
    });
    let objects = each(checker, &fields, "objects", object);
    let granted = http.as_deref().unwrap_or_default();
    let secrets = each(checker, &fields, "secrets", |checker, node| {
        secret(checker, node, granted)
    });
    let memory_mb = bound(checker, &fields, "memory_mb", MEMORY_MB_MAX);
    let timeout_seconds = bound(checker, &fields, "timeout_seconds", TIMEOUT_SECONDS_MAX);
    Some(Grant {
        flow: flow?,
        action: action?,
        function: function?,
        http: http?,
        objects: objects?,
        secrets: secrets?,
        memory_mb,
        timeout_seconds,
    })
}

fn bound(checker: &mut Checker<'_>, fields: &Fields<'_>, name: &str, most: u64) -> Option<u32> {
    checker
        .whole(fields, name, 1, most)
        .and_then(|number| u32::try_from(number).ok())
}

fn pattern(checker: &mut Checker<'_>, fields: &Fields<'_>, name: &str) -> Option<Pattern> {
    filled(checker, fields, name).map(|text| Pattern::new(&*text.text))
}

/// A string that is not empty.
fn filled(checker: &mut Checker<'_>, fields: &Fields<'_>, name: &str) -> Option<Text> {
    let text = checker.text(fields, name)?;
    if text.text.is_empty() {
        let message = format!("`{name}` is empty");
        let help = format!("write a text behind `{name}`");
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, text.span, message).help(help));
    }
    Some(text)
}

fn check_action(checker: &mut Checker<'_>, fields: &Fields<'_>, action: Option<&Pattern>) {
    let (Some(found), Some(action)) = (fields.find("action"), action) else {
        return;
    };
    if runnable().iter().any(|known| action.matches(known)) {
        return;
    }
    let message = format!(
        "{} is no action that can run here, so this grant allows nothing",
        shown(action.as_str())
    );
    let help = there_are(&runnable());
    checker.tell(Diagnostic::new(&codes::USELESS_GRANT, found.value.span, message).help(help));
}

fn object(checker: &mut Checker<'_>, node: &Node) -> Option<ObjectRule> {
    let fields = checker.fields(node, &OBJECT_SHAPE)?;
    let bucket = filled(checker, &fields, "bucket");
    if let Some(bucket) = bucket.as_ref().filter(|bucket| bucket.text.contains('/')) {
        let message = format!("{} is no bucket: it holds a `/`", shown(&bucket.text));
        checker
            .tell(Diagnostic::new(&codes::BAD_VALUE, bucket.span, message).help("put what is behind it into `prefix`"));
    }
    let prefix = checker
        .text(&fields, "prefix")
        .map(|text| text.text.to_string())
        .unwrap_or_default();
    let access = match checker.one_of(&fields, "access", ACCESSES)? {
        "read" => Access::Read,
        "write" => Access::Write,
        _ => Access::ReadWrite,
    };
    Some(ObjectRule {
        bucket: bucket?.text.to_string(),
        prefix,
        access,
    })
}

fn secret(checker: &mut Checker<'_>, node: &Node, granted: &[HostRule]) -> Option<SecretRule> {
    let fields = checker.fields(node, &SECRET_SHAPE)?;
    let word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let token = |character: char| character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
    let name = spelt(checker, &fields, "name", word, "use letters, digits and `_`");
    let header = spelt(checker, &fields, "header", token, "write the header's name alone");
    let host = fields.find("host").and_then(|found| host(checker, found));
    if let (Some(rule), Some(found)) = (&host, fields.find("host"))
        && !granted.iter().any(|granted| granted.host == rule.host)
    {
        let message = format!(
            "this grant does not allow {}, so the secret is never sent",
            shown(&rule.host)
        );
        let help = "add the host to `http`";
        checker.tell(Diagnostic::new(&codes::USELESS_SECRET, found.value.span, message).help(help));
    }
    Some(SecretRule {
        name: name?,
        host: host?,
        header: header?,
    })
}

fn spelt(
    checker: &mut Checker<'_>,
    fields: &Fields<'_>,
    name: &str,
    fits: fn(char) -> bool,
    help: &str,
) -> Option<String> {
    let text = filled(checker, fields, name)?;
    if !text.text.chars().all(fits) {
        let message = format!("`{name}` cannot be {}", shown(&text.text));
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, text.span, message).help(help));
    }
    Some(text.text.to_string())
}

fn host_in_list(checker: &mut Checker<'_>, fields: &Fields<'_>, node: &Node) -> Option<HostRule> {
    let list = fields.find("http")?;
    host(checker, Found { value: node, ..list })
}

fn host(checker: &mut Checker<'_>, found: Found<'_>) -> Option<HostRule> {
    let text = checker.text_of(found)?;
    match parse_host(&text.text) {
        Ok(rule) => Some(rule),
        Err(help) => {
            let message = format!("{} is no host", shown(&text.text));
            checker.tell(Diagnostic::new(&codes::BAD_HOST, text.span, message).help(help));
            None
        }
    }
}

/// Reads `name`, `name:port`, an IPv4 or IPv6 address, or `[IPv6]:port`.
pub(crate) fn parse_host(text: &str) -> Result<HostRule, &'static str> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(HostRule {
            host: address.to_string(),
            port: None,
        });
    }
    if text.contains("://") || text.contains('/') {
        return Err("write the host alone, without `https://` and without a path");
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or("the bracket is not closed")?;
        let address: Ipv6Addr = address.parse().map_err(|_| "only an IPv6 address stands in brackets")?;
        let port = port.strip_prefix(':').map(parse_port).transpose()?;
        return Ok(HostRule {
            host: address.to_string(),
            port,
        });
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(parse_port(port)?)),
        None => (text, None),
    };
    Ok(HostRule {
        host: parse_name(name)?,
        port,
    })
}

fn parse_port(text: &str) -> Result<u16, &'static str> {
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or("a port is a number from 1 to 65535")
}

fn parse_name(name: &str) -> Result<String, &'static str> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.contains('*') {
        return Err("there are no wildcards here; list every host");
    }
    if !name.is_ascii() {
        return Err("write the name in its ASCII form, `xn--…`");
    }
    let label = |label: &str| {
        let inner = label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return Err("write a name such as `api.example.com`, or an IP address");
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    // A name whose last part is a number is taken for an IPv4 address by whoever looks it up.
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        let address: Ipv4Addr = name
            .parse()
            .map_err(|_| "write an IPv4 address with four decimal numbers")?;
        return Ok(address.to_string());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_in_one_spelling() {
        let rule = |host: &str, port| {
            Ok(HostRule {
                host: host.into(),
                port,
            })
        };
        assert_eq!(parse_host("API.example.com."), rule("api.example.com", None));
        assert_eq!(parse_host("127.0.0.1:8080"), rule("127.0.0.1", Some(8080)));
        assert_eq!(parse_host("[::1]:81"), rule("::1", Some(81)));
        assert_eq!(parse_host("0:0::1"), rule("::1", None));
        assert_eq!(parse_host("localhost"), rule("localhost", None));
        for wrong in [
            "",
            "http://a",
            "a/b",
            "a:0",
            "a:99999",
            "*.example.com",
            "a b",
            "127.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "[::1",
            "[a]:1",
            "münchen.de",
            "-a.de",
            "a..b",
            "user@host",
        ] {
            assert!(parse_host(wrong).is_err(), "{wrong}");
        }
    }
}
