//! Regular expressions that users write, in RE2 syntax.
//!
//! **Invariant:** compiling is bounded in size and matching takes linear time, whatever the pattern.

mod re2;

use regex::{Regex, RegexBuilder};

use crate::context::{Context, Halt};

/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 4096;

const NESTING_MAX: u32 = 64;

/// How large the compiled form may be, and what compiling to that size costs.
struct Effort {
    bytes_max: usize,
    steps: u64,
}

/// Enough for almost all patterns.
const SMALL: Effort = Effort {
    bytes_max: 64 << 10,
    steps: 2_000,
};
/// For large counted repetitions of large classes.
const LARGE: Effort = Effort {
    bytes_max: 4 << 20,
    steps: 50_000,
};

/// Whether the pattern is found anywhere in the text.
pub(crate) fn is_match(pattern: &str, text: &str, context: &mut Context<'_>) -> Result<bool, Halt> {
    let regex = compile(pattern, context)?;
    context.spend_bytes(u64::try_from(text.len()).unwrap_or(u64::MAX))?;
    Ok(regex.is_match(text))
}

/// Compiles a pattern, or says what is wrong with it.
pub(crate) fn compile(pattern: &str, context: &mut Context<'_>) -> Result<Regex, Halt> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(Halt::failed(format!(
            "the regular expression is longer than {PATTERN_BYTES_MAX} bytes"
        )));
    }
    let pattern = re2::translate(pattern);
    for effort in [SMALL, LARGE] {
        context.spend(effort.steps)?;
        if let Some(regex) = build(&pattern, effort.bytes_max)? {
            return Ok(regex);
        }
    }
    Err(Halt::failed("the regular expression is too large when compiled"))
}

/// The compiled pattern, or nothing if it would be larger than that.
fn build(pattern: &str, bytes_max: usize) -> Result<Option<Regex>, Halt> {
    match RegexBuilder::new(pattern)
        .size_limit(bytes_max)
        .nest_limit(NESTING_MAX)
        .build()
    {
        Ok(regex) => Ok(Some(regex)),
        Err(regex::Error::CompiledTooBig(_)) => Ok(None),
        Err(error) => Err(Halt::failed(format!(
            "not a regular expression: {}",
            reason(&error.to_string())
        ))),
    }
}

/// The last line of a message that draws the pattern over several.
fn reason(message: &str) -> &str {
    message.lines().last().unwrap_or(message).trim_start_matches("error: ")
}
