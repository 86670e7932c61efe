//! URLs as far as a request needs them: parsed in one place, so that what is checked is what is sent.
//!
//! Source: RFC 3986, sections 3 and 5.

use std::fmt;

use http::Uri;

use crate::{Host, OutboundError};

/// The longest URL that is accepted.
const URL_BYTES_MAX: usize = 16 * 1024;

/// How a host is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where a request goes: its origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// The host, in its one spelling.
    pub host: Host,
    /// The port, the scheme's own if the URL names none.
    pub port: u16,
}

impl Destination {
    /// The origin of an absolute URI.
    ///
    /// # Errors
    ///
    /// [`OutboundError::InvalidRequest`], as [`parse_url`].
    pub fn of(uri: &Uri) -> Result<Self, OutboundError> {
        split(&uri.to_string()).map(|(destination, _)| destination)
    }

    /// The authority, without the port where the scheme implies it: what the `Host` header holds.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme.name(), self.authority())
    }
}

/// Reads an absolute `http` or `https` URL. The host takes its one spelling, the fragment is dropped, and characters
/// that a path or query may not hold are percent-encoded.
///
/// # Errors
///
/// [`OutboundError::InvalidRequest`] for another scheme, user information, a host or port that is none, control
/// characters, and more than 16 KiB.
pub fn parse_url(text: &str) -> Result<Uri, OutboundError> {
    let (destination, rest) = split(text)?;
    let rest = if rest.starts_with('/') {
        encoded(rest)
    } else {
        format!("/{}", encoded(rest))
    };
    format!("{destination}{rest}")
        .parse()
        .map_err(|_| OutboundError::invalid(format!("`{text}` is no URL")))
}

/// Resolves the `Location` of an answer against the URL that was asked.
pub(crate) fn resolve(base: &Uri, reference: &str) -> Result<Uri, OutboundError> {
    let reference = reference.trim_matches([' ', '\t']);
    let origin = Destination::of(base)?;
    let (path, query) = (
        base.path(),
        base.query().map_or_else(String::new, |query| format!("?{query}")),
    );
    let reference = before(reference, '#');
    let text = if has_scheme(reference) {
        reference.to_owned()
    } else if reference.starts_with("//") {
        format!("{}:{reference}", origin.scheme.name())
    } else if reference.is_empty() {
        format!("{origin}{path}{query}")
    } else if reference.starts_with('?') {
        format!("{origin}{path}{reference}")
    } else if reference.starts_with('/') {
        format!("{origin}{}", without_dots(reference))
    } else {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{origin}{}", without_dots(&format!("{folder}/{reference}")))
    };
    parse_url(&text)
}

/// The origin, and the path with the query.
fn split(text: &str) -> Result<(Destination, &str), OutboundError> {
    if text.len() > URL_BYTES_MAX {
        return Err(OutboundError::invalid(format!(
            "the URL is longer than {URL_BYTES_MAX} bytes"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(OutboundError::invalid("the URL holds control characters"));
    }
    let (scheme, rest) = scheme(text)?;
    let rest = before(rest, '#');
    let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if path.starts_with('\\') {
        return Err(OutboundError::invalid(format!(
            "`{text}` holds a backslash after its host"
        )));
    }
    let (host, port) = authority_parts(authority, scheme).map_err(OutboundError::invalid)?;
    Ok((Destination { scheme, host, port }, path))
}

fn scheme(text: &str) -> Result<(Scheme, &str), OutboundError> {
    let refused = || {
        OutboundError::invalid(format!(
            "`{text}` is no absolute URL that begins with http:// or https://"
        ))
    };
    let (name, rest) = text.split_once("://").ok_or_else(refused)?;
    if name.eq_ignore_ascii_case("http") {
        Ok((Scheme::Http, rest))
    } else if name.eq_ignore_ascii_case("https") {
        Ok((Scheme::Https, rest))
    } else {
        Err(refused())
    }
}

fn authority_parts(authority: &str, scheme: Scheme) -> Result<(Host, u16), String> {
    if authority.contains('@') {
        return Err("the URL holds a user name or password; put it into a header".to_owned());
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    if host.contains(':') && !host.starts_with('[') {
        return Err(format!("write the IPv6 address of `{authority}` in brackets"));
    }
    let port = match port {
        None | Some("") => scheme.default_port(),
        Some(digits) => port_number(digits).ok_or_else(|| format!("`{digits}` is no port"))?,
    };
    Ok((Host::parse(host)?, port))
}

/// Strictly digits: `u16` also parses `+80`.
fn port_number(digits: &str) -> Option<u16> {
    let port = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())??;
    (port != 0).then_some(port)
}

fn has_scheme(reference: &str) -> bool {
    let Some((name, _)) = reference.split_once(':') else {
        return false;
    };
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn before(text: &str, mark: char) -> &str {
    text.split(mark).next().unwrap_or(text)
}

/// Removes `.` and `..` from the path of `text`, which may end in a query.
fn without_dots(text: &str) -> String {
    let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let folder = if path.ends_with("/.") || path.ends_with("/..") {
        "/"
    } else {
        ""
    };
    let joined = kept.join("/");
    let folder = if joined.is_empty() { "" } else { folder };
    format!("/{joined}{folder}{query}")
}

/// Percent-encodes what a path or query may not hold; what is encoded already stays.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        parse_url(text)
            .map(|uri| uri.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn urls_take_one_spelling_or_are_refused() {
        let ok = |text: &str| Ok(text.to_owned());
        let no = |text: &str| Err(text.to_owned());
        let scheme = |text: &str| {
            Err(format!(
                "`{text}` is no absolute URL that begins with http:// or https://"
            ))
        };
        let user = || no("the URL holds a user name or password; put it into a header");
        let cases = [
            ("http://a.example", ok("http://a.example/")),
            ("HTTPS://A.Example.:443/x?y=1#z", ok("https://a.example/x?y=1")),
            ("http://a.example:80/", ok("http://a.example/")),
            ("http://a.example:8080?q", ok("http://a.example:8080/?q")),
            ("http://a.example:/", ok("http://a.example/")),
            ("http://[::ffff:127.0.0.1]:81/", ok("http://127.0.0.1:81/")),
            ("http://[::1]/", ok("http://[::1]/")),
            ("http://a/ü b?{x}", ok("http://a/%C3%BC%20b?%7Bx%7D")),
            ("http://a/%20", ok("http://a/%20")),
            ("http://a#@b", ok("http://a/")),
            ("http://a/@b:c", ok("http://a/@b:c")),
            ("ftp://a/", scheme("ftp://a/")),
            ("file:///etc/passwd", scheme("file:///etc/passwd")),
            ("a.example/x", scheme("a.example/x")),
            ("", scheme("")),
            ("http:a", scheme("http:a")),
            ("http://user@a/", user()),
            ("http://user:pw@a/", user()),
            ("http://a\\@b/", no("`http://a\\@b/` holds a backslash after its host")),
            ("http://a:99999/", no("`99999` is no port")),
            ("http://a:+80/", no("`+80` is no port")),
            ("http://a:0/", no("`0` is no port")),
            ("http://::1/", no("write the IPv6 address of `::1` in brackets")),
            ("http:///x", no("the host is missing")),
            ("http://a\n/", no("the URL holds control characters")),
            (
                "http://127.1/",
                no("`127.1` is no host name; write an IPv4 address as four decimal numbers"),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text), expected, "{text}");
        }
        assert_eq!(
            parsed(&format!("http://a/{}", "x".repeat(URL_BYTES_MAX))),
            no("the URL is longer than 16384 bytes")
        );
    }

    #[test]
    fn references_resolve_as_the_rfc_says() {
        let base: Uri = "http://a:81/b/c/d?q".parse().unwrap();
        let cases = [
            ("https://x.example/y", "https://x.example/y"),
            ("//x.example/y", "http://x.example/y"),
            ("/y/./z/../w?r", "http://a:81/y/w?r"),
            ("g", "http://a:81/b/c/g"),
            ("./g/", "http://a:81/b/c/g/"),
            ("..", "http://a:81/b/"),
            ("../../../g", "http://a:81/g"),
            ("../..", "http://a:81/"),
            ("?y", "http://a:81/b/c/d?y"),
            ("", "http://a:81/b/c/d?q"),
            ("#s", "http://a:81/b/c/d?q"),
            ("g?y/../x", "http://a:81/b/c/g?y/../x"),
            ("/\\evil.example", "http://a:81/%5Cevil.example"),
        ];
        for (reference, expected) in cases {
            assert_eq!(
                resolve(&base, reference).map(|uri| uri.to_string()),
                Ok(expected.to_owned()),
                "{reference}"
            );
        }
        for reference in ["javascript:alert(1)", "http:g", "file:///x", "//user@x/"] {
            assert!(
                matches!(resolve(&base, reference), Err(OutboundError::InvalidRequest { .. })),
                "{reference}"
            );
        }
    }
}
