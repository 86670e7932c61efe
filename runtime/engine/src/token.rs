//! Task tokens: signed names of attempts.
//!
//! Shape: base64url without padding of `v1`, the execution, the scope and the attempt's number, separated by NUL, and a
//! 16-byte MAC (HMAC-SHA-256, cut). A token that anybody else made is refused before anything is read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stepwell_core::{AttemptNumber, ScopeId, Tokens};

/// What a token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) execution: String,
    pub(crate) scope: ScopeId,
    pub(crate) attempt: AttemptNumber,
}

/// Signs and checks tokens with the store's key.
#[derive(Clone)]
pub(crate) struct TokenKey(pub(crate) [u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenKey(..)")
    }
}

const MAC_BYTES: usize = 16;

impl TokenKey {
    pub(crate) fn sign(&self, named: &Named) -> String {
        let mut bytes = text(named).into_bytes();
        let mac = self.mac(&bytes);
        bytes.extend(mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn check(&self, token: &str) -> Option<Named> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (text, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        hmac.update(text);
        hmac.verify_truncated_left(mac).ok()?;
        named(std::str::from_utf8(text).ok()?)
    }

    fn mac(&self, bytes: &[u8]) -> Vec<u8> {
        // A key of any length is accepted; without one the token would be refused by `check`.
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return Vec::new();
        };
        hmac.update(bytes);
        hmac.finalize().into_bytes().into_iter().take(MAC_BYTES).collect()
    }
}

fn text(named: &Named) -> String {
    format!("v1\0{}\0{}\0{}", named.execution, named.scope.0, named.attempt.0)
}

fn named(text: &str) -> Option<Named> {
    let mut parts = text.split('\0');
    let (version, execution, scope, attempt) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version != "v1" || parts.next().is_some() {
        return None;
    }
    Some(Named {
        execution: execution.to_owned(),
        scope: ScopeId(scope.into()),
        attempt: AttemptNumber(attempt.parse().ok()?),
    })
}

/// Signs the tokens of one execution.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) key: TokenKey,
    pub(crate) execution: std::sync::Arc<str>,
}

impl Tokens for Signer {
    fn token(&self, scope: &ScopeId, attempt: AttemptNumber) -> String {
        self.key.sign(&Named {
            execution: self.execution.to_string(),
            scope: scope.clone(),
            attempt,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_attempt_and_no_other_key_makes_it() {
        let named = Named {
            execution: "f/e".into(),
            scope: ScopeId("3.0".into()),
            attempt: AttemptNumber(7),
        };
        let key = TokenKey([1; 32]);
        let token = key.sign(&named);
        assert_eq!(key.check(&token), Some(named));
        assert_eq!(TokenKey([2; 32]).check(&token), None);
        let mut forged = token.clone();
        forged.replace_range(4..5, if &token[4..5] == "A" { "B" } else { "A" });
        assert_eq!(key.check(&forged), None);
        for garbage in ["", "a", "====", &"x".repeat(5_000)] {
            assert_eq!(key.check(garbage), None);
        }
    }
}
