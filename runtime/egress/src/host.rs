//! A host in its one spelling, so that a rule and a request compare equal exactly when they mean the same.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// A name in lower case without a final dot, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A DNS name.
    Name(Arc<str>),
    /// An address; an IPv6 address that maps an IPv4 address stands as the latter.
    Address(IpAddr),
}

impl Host {
    /// Reads a host as it stands in a URL or in the grants: a name, an IPv4 address, or an IPv6 address with or
    /// without brackets.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong. Other spellings of IPv4 addresses (`127.1`, `0x7f.0.0.1`, `2130706433`) are
    /// refused, since programs disagree on what they mean.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(address) = ipv6(text) {
            return address.map(|address| Self::Address(address.to_canonical()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        name(text).map(Self::Name)
    }
}

/// The host as it stands in an authority: IPv6 in brackets.
impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(out),
            Self::Address(IpAddr::V6(address)) => write!(out, "[{address}]"),
        }
    }
}

/// `None` if the text is not meant as an IPv6 address.
fn ipv6(text: &str) -> Option<Result<IpAddr, String>> {
    let inner = match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').unwrap_or_default(),
        None if text.contains(':') => text,
        None => return None,
    };
    let wrong = || format!("`{text}` is no IPv6 address");
    Some(inner.parse::<Ipv6Addr>().map(IpAddr::from).map_err(|_| wrong()))
}

fn name(text: &str) -> Result<Arc<str>, String> {
    if !text.is_ascii() {
        return Err(format!(
            "write the host `{text}` in its ASCII form, which begins with `xn--`"
        ));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if name.is_empty() {
        return Err("the host is missing".to_owned());
    }
    if name.len() > NAME_BYTES_MAX || !name.split('.').all(is_label) {
        return Err(format!("`{text}` is no host name"));
    }
    if name.rsplit('.').next().is_some_and(is_number) {
        return Err(format!(
            "`{text}` is no host name; write an IPv4 address as four decimal numbers"
        ));
    }
    Ok(name.into())
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(allowed)
}

/// Whether programs may take a name that ends in this label for an IPv4 address.
fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_host() {
        let name = |text: &str| Ok(Host::Name(text.into()));
        let address = |text: &str| Ok(Host::Address(text.parse().unwrap()));
        let odd = |text: &str| {
            Err(format!(
                "`{text}` is no host name; write an IPv4 address as four decimal numbers"
            ))
        };
        let none = |text: &str| Err(format!("`{text}` is no host name"));
        let no_v6 = |text: &str| Err(format!("`{text}` is no IPv6 address"));
        let long = "a".repeat(64);
        let cases = [
            ("API.Example.com", name("api.example.com")),
            ("api.example.com.", name("api.example.com")),
            ("api.example.com..", none("api.example.com..")),
            ("localhost", name("localhost")),
            ("my_service", name("my_service")),
            ("xn--bcher-kva.example", name("xn--bcher-kva.example")),
            (
                "bücher.example",
                Err("write the host `bücher.example` in its ASCII form, which begins with `xn--`".into()),
            ),
            (
                "１２７.0.0.1",
                Err("write the host `１２７.0.0.1` in its ASCII form, which begins with `xn--`".into()),
            ),
            ("127.0.0.1", address("127.0.0.1")),
            ("127.1", odd("127.1")),
            ("127.0.0.1.", odd("127.0.0.1.")),
            ("0x7f.0.0.1", odd("0x7f.0.0.1")),
            ("0x7F.1", odd("0x7F.1")),
            ("0x7f000001", odd("0x7f000001")),
            ("0177.0.0.1", odd("0177.0.0.1")),
            ("2130706433", odd("2130706433")),
            ("127.0.0.0x1", odd("127.0.0.0x1")),
            ("1.2.3.4.5", odd("1.2.3.4.5")),
            ("256.0.0.1", odd("256.0.0.1")),
            ("[::1]", address("::1")),
            ("::1", address("::1")),
            ("[0:0::0:1]", address("::1")),
            ("[::ffff:127.0.0.1]", address("127.0.0.1")),
            ("[::ffff:7f00:1]", address("127.0.0.1")),
            ("[fe80::1%25eth0]", no_v6("[fe80::1%25eth0]")),
            ("[::1", no_v6("[::1")),
            ("[127.0.0.1]", no_v6("[127.0.0.1]")),
            ("", Err("the host is missing".into())),
            (".", Err("the host is missing".into())),
            ("a b", none("a b")),
            ("a%2eb", none("a%2eb")),
            ("a..b", none("a..b")),
            (long.as_str(), none(&long)),
        ];
        for (text, expected) in cases {
            assert_eq!(Host::parse(text), expected, "`{text}`");
        }
    }

    #[test]
    fn an_authority_holds_ipv6_in_brackets() {
        let shown = |text: &str| Host::parse(text).unwrap().to_string();
        assert_eq!(["::1", "127.0.0.1", "A.b"].map(shown), ["[::1]", "127.0.0.1", "a.b"]);
    }
}
