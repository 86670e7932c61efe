//! Chance that repeats: a hash of the seed, the scope and the number of the draw.

use alloc::format;
use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::{AttemptNumber, ScopeId};

/// The `draw`-th random number of a scope.
#[must_use]
pub fn draw(seed: &str, scope: &ScopeId, draw: u64) -> [u8; 16] {
    first_half(&Sha256::digest(format!("draw\0{seed}\0{}\0{draw}", scope.0)))
}

/// The key of one attempt: 32 hex digits.
#[must_use]
pub fn attempt_key(seed: &str, scope: &ScopeId, attempt: AttemptNumber) -> String {
    hex(&first_half(&Sha256::digest(format!(
        "attempt\0{seed}\0{}\0{}",
        scope.0, attempt.0
    ))))
}

/// The key of one visit of a state: 32 hex digits.
#[must_use]
pub fn visit_key(seed: &str, scope: &ScopeId, visit: u32) -> String {
    hex(&first_half(&Sha256::digest(format!(
        "visit\0{seed}\0{}\0{visit}",
        scope.0
    ))))
}

fn first_half(digest: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = *from;
    }
    half
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;

    #[test]
    fn keys_differ_by_seed_scope_and_number_and_never_change() {
        let (root, branch) = (ScopeId::root(), ScopeId::root().child(Revision(3), 1));
        let attempt = |seed, scope: &ScopeId, number| attempt_key(seed, scope, AttemptNumber(number));
        let keys = [
            attempt("a", &root, 1),
            attempt("a", &root, 2),
            attempt("b", &root, 1),
            attempt("a", &branch, 1),
            visit_key("a", &root, 1),
        ];
        let expected = [
            "5f0bba34ef81104e0be81d002ea1c2e0",
            "88c366ead24a68402c4d600d0e390c05",
            "8daea8538489906ac50aba84783a7b14",
            "9fe7d14b021d58ab66403008e55b120c",
            "66aed4aab77dc1db64c2b2bdb6d6bb4b",
        ];
        assert_eq!(keys, expected);
    }
}
