//! Whether a program is fit for the function: no compiler in it, and no newer C library than the function's system has.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

/// What every program that contains the compiler says somewhere: the paths of its sources stand in its panics.
const COMPILER: [&str; 2] = ["cranelift-codegen", "cranelift_codegen"];
/// What a program asks of the C library begins so.
const C_LIBRARY: &[u8] = b"GLIBC_2.";
/// The C library of Amazon Linux 2023 is 2.34.
///
/// Source: <https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html>
const C_LIBRARY_MAX: u32 = 34;

/// Checks a program.
pub(super) fn check(program: &Path) -> Result<()> {
    let content = fs::read(program).with_context(|| format!("while reading {}", program.display()))?;
    check_content(&content)
}

fn check_content(content: &[u8]) -> Result<()> {
    if COMPILER.iter().any(|name| contains(content, name.as_bytes())) {
        bail!("the step function contains the compiler; something turns on the feature `compiler`");
    }
    let found = newest(content);
    if found > C_LIBRARY_MAX {
        bail!(
            "the step function needs the C library 2.{found}; functions have 2.{C_LIBRARY_MAX}: build it on an older system"
        );
    }
    Ok(())
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

/// The newest C library that a program asks for; 0 where it asks for none.
fn newest(content: &[u8]) -> u32 {
    let starts = content.windows(C_LIBRARY.len()).enumerate();
    let versions = starts.filter(|(_, window)| *window == C_LIBRARY).map(|(at, _)| {
        let digits = content
            .iter()
            .skip(at + C_LIBRARY.len())
            .take_while(|byte| byte.is_ascii_digit());
        digits
            .take(3)
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    });
    versions.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_and_a_new_library_are_found() {
        let said = |content: &[u8]| check_content(content).map_err(|error| error.to_string());
        assert_eq!(said(b""), Ok(()));
        assert_eq!(said(b"..GLIBC_2.34\0GLIBC_2.2.5\0"), Ok(()));
        let new = "the step function needs the C library 2.38; functions have 2.34: build it on an older system";
        assert_eq!(said(b"GLIBC_2.38\0GLIBC_2.4"), Err(new.into()));
        let compiler = "the step function contains the compiler; something turns on the feature `compiler`";
        assert_eq!(said(b"/src/cranelift-codegen-0.1/src/lib.rs"), Err(compiler.into()));
    }
}
