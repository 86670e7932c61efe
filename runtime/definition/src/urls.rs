//! URLs that are written down.
//!
//! **Invariant:** what passes here is what a request takes: a scheme, and a host that the grants could name.

use crate::grants::parse_host;

/// What is wrong with a text that is no absolute URL; `None` for one that is, and for one that another tool still fills in.
pub(crate) fn wrong_url(text: &str) -> Option<&'static str> {
    const LIKE: &str = "write it like `http://127.0.0.1:8080/path`";
    let Some(rest) = ["http://", "https://"].iter().find_map(|scheme| behind(text, scheme)) else {
        return Some("begin with `https://` or `http://`");
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains(['$', '{', '<']) {
        return None;
    }
    if authority.is_empty() || authority.contains(char::is_whitespace) {
        return Some(LIKE);
    }
    if text.chars().any(char::is_control) || path.starts_with('\\') {
        return Some(LIKE);
    }
    if authority.contains('@') {
        return Some("no name and no password stand in a URL; put them into a header");
    }
    let host = authority.strip_suffix(':').unwrap_or(authority);
    if host.matches(':').count() > 1 && !host.starts_with('[') {
        return Some("an IPv6 address stands in brackets");
    }
    parse_host(host).err()
}

fn behind<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let begun = text.get(..scheme.len())?.eq_ignore_ascii_case(scheme);
    text.get(scheme.len()..).filter(|_| begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_looked_at() {
        for right in [
            "http://a",
            "HTTPS://a.example.com:8443/x?y=z#w",
            "http://[::1]:80/",
            "http://127.0.0.1:8080",
            "http://my_service/a b",
            "http://a:/",
            "https://{{host}}/",
            "https://a?b=c:d@e",
        ] {
            assert_eq!(wrong_url(right), None, "{right}");
        }
        for wrong in [
            "a",
            "ftp://a/",
            "http:/a",
            "http://",
            "http:///a",
            "http://a b/",
            "http://[::1/",
            "http://::1/",
            "https://a:99999/",
            "http://a:b/",
            "http://u:p@a/",
            "http://a\\b",
            "http://1.2.3/",
            "http://a\u{7}",
        ] {
            assert!(wrong_url(wrong).is_some(), "{wrong}");
        }
    }
}
