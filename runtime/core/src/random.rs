//! Chance that repeats: a hash of the seed, the scope and the number of the draw.

use alloc::format;
use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::{AttemptNumber, ScopeId};

/// The `draw`-th random number of a scope.
pub(crate) fn draw(seed: &str, scope: &ScopeId, draw: u64) -> [u8; 16] {
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
