//! What an execution that somebody starts may be called.

/// The longest name that an execution may have, in characters.
pub const NAME_CHARACTERS_MAX: usize = 128;

/// Refuses what cannot name an execution.
///
/// # Errors
///
/// What a name is, for whoever gave this one.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let length = name.chars().count();
    if (1..=NAME_CHARACTERS_MAX).contains(&length) && name.chars().all(fits) && !name.starts_with(['-', '.']) {
        return Ok(());
    }
    Err(format!(
        "an execution's name has 1 to {NAME_CHARACTERS_MAX} letters, digits, `_`, `-` and `.`, and starts with a letter, \
         a digit or `_`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "9f86d081884c7d65", "nightly-2", "_x.y"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "a/b", "-a", ".a", "a b", "ä", &"x".repeat(129)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
