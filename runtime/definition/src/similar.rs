//! What somebody may have meant.

/// Longer names are never compared: the work is quadratic in their length.
const CHARACTERS_MAX: usize = 64;

/// So many names are compared at most.
const CANDIDATES_MAX: usize = 2_000;

/// The name that `text` is most likely a slip of, if one is close: the same but for case, or so few letters away that
/// it must be a slip. Of equally close ones the first.
pub(crate) fn closest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(text)?;
    let allowed = slips_allowed(wanted.len());
    // A slip changes a name by at most one character, which takes at most four bytes.
    let far = |name: &&str| name.len().abs_diff(text.len()) > 4 * allowed.max(1);
    names
        .into_iter()
        .take(CANDIDATES_MAX)
        .filter(|name| !far(name))
        .filter_map(|name| Some((name, folded(name)?)))
        .filter(|(_, name)| name.len().abs_diff(wanted.len()) <= allowed)
        .map(|(original, name)| (original, distance(&wanted, &name)))
        .filter(|(original, slips)| *slips <= allowed && *original != text)
        .min_by_key(|(_, slips)| *slips)
        .map(|(original, _)| original)
}

fn slips_allowed(characters: usize) -> usize {
    match characters {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    }
}

fn folded(text: &str) -> Option<Vec<char>> {
    let characters: Vec<char> = text
        .chars()
        .take(CHARACTERS_MAX + 1)
        .flat_map(char::to_lowercase)
        .collect();
    (characters.len() <= CHARACTERS_MAX).then_some(characters)
}

/// Damerau's distance: insertions, deletions, replacements and swaps of neighbours.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, character) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&above, column) + usize::from(character != other);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let swapped =
                row > 0 && column > 0 && left.get(row - 1) == Some(other) && right.get(column - 1) == Some(character);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let fields = [
            "Next",
            "Name",
            "Timeout",
            "Retry",
            "End",
            "MaxConcurrency",
            "OutputConstructor",
        ];
        let meant = |text| closest(text, fields);
        assert_eq!(meant("next"), Some("Next"));
        assert_eq!(meant("Nxet"), Some("Next"));
        assert_eq!(meant("TimeOut"), Some("Timeout"));
        assert_eq!(meant("MaxConcurency"), Some("MaxConcurrency"));
        assert_eq!(meant("OutputContructor"), Some("OutputConstructor"));
        assert_eq!(meant("Comment"), None);
        assert_eq!(closest("allow", ["flow", "action"]), None);
        assert_eq!(meant("Metadata"), None);
        assert_eq!(meant("X"), None);
        assert_eq!(meant(&"x".repeat(100_000)), None);
    }

    #[test]
    fn distances_count_slips() {
        let count = |left: &str, right: &str| distance(&folded(left).unwrap(), &folded(right).unwrap());
        assert_eq!(
            [
                count("", "abc"),
                count("abc", "abc"),
                count("abc", "acb"),
                count("abc", "xbcd")
            ],
            [3, 0, 1, 2]
        );
    }
}
