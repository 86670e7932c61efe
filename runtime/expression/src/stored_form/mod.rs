//! The stored form of values: JSON in which one key is special.
//!
//! ```text
//! {"@":["scope",7,0,["key",3],1234]}   a pointer: scope, revision, slot (a number or "joined"), path, bytes
//! {"@":"1e3"}                          a part as JSON text of its own: numbers that a reader would respell,
//!                                      and what stands TEXT_DEPTH levels deep, so that readers can bound nesting
//! {"@@":1}                             the user's {"@":1}: a key of nothing but `@` gets one more
//! ```
//! Keys that begin with serde_json's private prefix (after any `@`) get one more `@` too, since they would be mistaken
//! for numbers.
//!
//! **Invariant:** reading the text that was written gives the same value, to the byte. (On its way through a
//! `serde_json::Value` it may meet another spelling of a float.) The form only ever grows: what was written by an earlier
//! version is read.

mod pointer;
mod read;
mod write;

use crate::value::Value;

/// A value whose serde form is ordinary JSON; a stored part cannot be written.
///
/// Reading keeps numbers as written, except that serde_json itself writes a plus into exponents without a sign; use
/// [`Value::parse_json`] where that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain(pub Value);

/// The name under which serde_json hands numbers of any precision through serde.
const NUMBER: &str = "$serde_json::private::Number";
const PRIVATE: &str = "$serde_json::private::";
const MARK: &str = "@";

/// Parts at this depth are written as JSON text of their own.
const TEXT_DEPTH: usize = 48;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Stored,
}

fn is_special(key: &str) -> bool {
    let rest = key.trim_start_matches('@');
    (rest.is_empty() && !key.is_empty()) || rest.starts_with(PRIVATE)
}

/// The user's key behind a written one.
fn unmarked(key: &str) -> &str {
    if is_special(key) {
        key.strip_prefix(MARK).unwrap_or(key)
    } else {
        key
    }
}

#[cfg(test)]
mod tests;
