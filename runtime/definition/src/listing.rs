//! Names in a sentence: `a`, `a and b`, `a, b and c`.
//!
//! **Invariant:** no sentence has more than [`NAMES_MAX`] names.

/// How many names are told; of more, how many more there are.
const NAMES_MAX: usize = 40;

/// `there is a`, `there are a and b`.
pub fn there_are(names: &[impl AsRef<str>]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("there {verb} {}", all_of(names))
}

/// `a, b and c`; without names `none`.
pub(crate) fn all_of(names: &[impl AsRef<str>]) -> String {
    joined(names, "and")
}

/// `a, b or c`; without names `none`.
pub(crate) fn one_of(names: &[impl AsRef<str>]) -> String {
    joined(names, "or")
}

fn joined(names: &[impl AsRef<str>], word: &str) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let mut told: Vec<String> = names
        .iter()
        .take(NAMES_MAX)
        .map(|name| name.as_ref().to_owned())
        .collect();
    told.extend((more > 0).then(|| format!("{more} more")));
    match told.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_two_and_many_names_are_sentences() {
        assert_eq!(there_are(&[""; 0]), "there are none");
        assert_eq!(there_are(&["a"]), "there is a");
        assert_eq!(there_are(&["a", "b"]), "there are a and b");
        assert_eq!(there_are(&["a", "b", "c"]), "there are a, b and c");
        assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
        let many = [["a"; NAMES_MAX].as_slice(), &["b", "c"]].concat();
        assert!(all_of(&many).ends_with("a, a and 2 more"));
    }
}
