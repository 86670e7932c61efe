//! Who may do what: bearer tokens, kept as hashes.
//!
//! A token is `stepwell_` and 256 random bits. Whoever serves keeps one line for each, which is useless to a thief:
//!
//! ```text
//! # scopes    SHA-256 of the token                                              a note
//! read,start  3b0c…64 hex digits                                                the nightly jobs
//! ```
//!
//! **Invariant:** no token is kept, shown again or told to anybody; the time of a comparison says nothing about one.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use stepwell_wire::Scope;

use crate::fault::Fault;

/// How a token begins, so that one that was lost is known for what it is.
const PREFIX: &str = "stepwell_";
/// How many tokens are kept at most: every request is compared with each.
const TOKENS_MAX: usize = 1_000;

/// Who is let in.
#[derive(Clone, Debug)]
pub enum Gate {
    /// Whoever reaches a server that listens on the machine's own address alone; but no page in a browser.
    Loopback,
    /// Bearers of these tokens; nobody where there are none.
    Tokens(Tokens),
}

/// The hashes of tokens, and what their bearers may do.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Vec<Kept>);

#[derive(Clone, Debug)]
struct Kept {
    hash: [u8; 32],
    scopes: Vec<Scope>,
}

/// Why a file of tokens was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    /// A line is none.
    #[error("line {line}: {what}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// There are too many.
    #[error("there are more than {TOKENS_MAX} tokens")]
    TooMany,
}

/// A token that was just made.
pub struct NewToken {
    /// What its bearer is given, once.
    pub token: String,
    /// What whoever serves keeps.
    pub line: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NewToken")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl NewToken {
    /// The token made of 256 random bits.
    #[must_use]
    pub fn new(seed: [u8; 32], scopes: &[Scope]) -> Self {
        let token = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(seed));
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let scopes: Vec<&str> = scopes.into_iter().map(Scope::name).collect();
        let hash = hash(&token)
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let line = format!("{} {hash}", scopes.join(","));
        Self { token, line }
    }
}

impl Tokens {
    /// Reads a file of tokens.
    ///
    /// # Errors
    ///
    /// [`TokensError`] for a line that is neither empty, nor a remark, nor a token's.
    pub fn parse(text: &str) -> Result<Self, TokensError> {
        let lines = text.lines().map(str::trim).enumerate();
        let kept = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let kept: Vec<Kept> = kept
            .map(|(at, line)| Kept::parse(line).map_err(|what| TokensError::Line { line: at + 1, what }))
            .collect::<Result<_, _>>()?;
        match kept.len() > TOKENS_MAX {
            true => Err(TokensError::TooMany),
            false => Ok(Self(kept)),
        }
    }

    /// What the bearer of a token may do; nothing for a token that is none. Every line is looked at, to its end.
    fn scopes_of(&self, token: &str) -> Vec<Scope> {
        let hash = hash(token);
        let mut scopes = Vec::new();
        for kept in &self.0 {
            if is_same(&kept.hash, &hash) {
                scopes.extend_from_slice(&kept.scopes);
            }
        }
        scopes
    }
}

impl Kept {
    fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let (Some(scopes), Some(hash)) = (words.next(), words.next()) else {
            return Err("a line is `SCOPE,SCOPE HASH`, as `stepwell token new` prints it".to_owned());
        };
        let scope = |name: &str| {
            let all = Scope::ALL.map(Scope::name).join(", ");
            Scope::named(name).ok_or_else(|| format!("there is no scope `{name}`; there are {all}"))
        };
        let hash = from_hex(hash).ok_or("the hash has 64 hex digits; is this the token itself?")?;
        Ok(Self {
            hash,
            scopes: scopes.split(',').map(scope).collect::<Result<_, _>>()?,
        })
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let nibble = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Compares in a time that does not depend on where the two differ.
fn is_same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let differing = left
        .iter()
        .zip(right)
        .fold(0, |found, (left, right)| found | (left ^ right));
    std::hint::black_box(differing) == 0
}

impl Gate {
    /// What whoever sent a request may do.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<Vec<Scope>, Fault> {
        match self {
            Self::Loopback if is_local(headers) => Ok(vec![Scope::Admin]),
            Self::Loopback => Err(Fault::forbidden(
                "without tokens only programs on this machine are answered: no pages of a browser, no other host",
            )),
            Self::Tokens(tokens) => {
                let scopes = bearer(headers).map(|token| tokens.scopes_of(token)).unwrap_or_default();
                match scopes.is_empty() {
                    true => Err(Fault::unauthorized()),
                    false => Ok(scopes),
                }
            }
        }
    }
}

/// The one bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (given.next()?, given.next()) else {
        return None;
    };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a request was sent to this machine by its own name, and by no page of a browser: a page that somebody else
/// wrote would otherwise act in the user's name, also by a name that leads here. What has an effect comes from a page
/// with `Origin`.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_loopback = name.parse::<std::net::IpAddr>().map_or_else(
        |_| name.eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback(),
    );
    is_loopback && !headers.contains_key(ORIGIN)
}

/// What a request without a token is told to bring.
pub(crate) const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_token_is_known_by_its_line_alone() {
        let made = NewToken::new([7; 32], &[Scope::Start, Scope::Read, Scope::Start]);
        assert_eq!(made.token, "stepwell_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        assert!(
            !made.line.contains(&made.token) && made.line.starts_with("read,start "),
            "{}",
            made.line
        );
        let gate = Gate::Tokens(Tokens::parse(&format!("# mine\n\n{} a note\n", made.line)).unwrap());
        let admitted = |value: &str| gate.admit(&headers(&[("authorization", value)])).ok();
        assert_eq!(
            admitted(&format!("bearer {}", made.token)),
            Some(vec![Scope::Read, Scope::Start])
        );
        let other = NewToken::new([8; 32], &[Scope::Admin]).token;
        for wrong in [
            format!("Bearer {other}"),
            format!("Basic {}", made.token),
            made.token.clone(),
            String::new(),
        ] {
            assert_eq!(admitted(&wrong), None, "{wrong}");
        }
        let both = headers(&[
            ("authorization", "Bearer a"),
            ("authorization", &format!("Bearer {}", made.token)),
        ]);
        assert!(gate.admit(&both).is_err());
        assert!(!format!("{made:?}{gate:?}").contains(&made.token));
    }

    #[test]
    fn without_tokens_nobody_is_let_in_but_programs_of_this_machine() {
        let nobody = Gate::Tokens(Tokens::default());
        assert!(nobody.admit(&headers(&[("host", "localhost")])).is_err());
        let cases: [(&[(&'static str, &str)], bool); 8] = [
            (&[("host", "127.0.0.1:7700")], true),
            (&[("host", "localhost:7700")], true),
            (&[("host", "[::1]:7700")], true),
            (&[("host", "evil.example:7700")], false),
            (&[("host", "127.0.0.1.evil.example")], false),
            (&[("host", "10.0.0.1")], false),
            (&[], false),
            (&[("host", "localhost"), ("origin", "https://evil.example")], false),
        ];
        for (pairs, admitted) in cases {
            assert_eq!(Gate::Loopback.admit(&headers(pairs)).is_ok(), admitted, "{pairs:?}");
        }
    }

    #[test]
    fn lines_that_are_none_are_told_by_their_number() {
        let told = |text: &str| Tokens::parse(text).unwrap_err().to_string();
        assert_eq!(
            told("\nread"),
            "line 2: a line is `SCOPE,SCOPE HASH`, as `stepwell token new` prints it"
        );
        assert_eq!(
            told(&format!("write {}", "0".repeat(64))),
            "line 1: there is no scope `write`; there are read, start, report, admin"
        );
        for hash in ["0".repeat(63), "g".repeat(64), "stepwell_x".to_owned(), "é".repeat(32)] {
            assert_eq!(
                told(&format!("read {hash}")),
                "line 1: the hash has 64 hex digits; is this the token itself?"
            );
        }
        let many = format!("read {}\n", "0".repeat(64)).repeat(TOKENS_MAX + 1);
        assert_eq!(told(&many), "there are more than 1000 tokens");
    }
}
