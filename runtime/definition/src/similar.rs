//! What somebody may have meant.

/// Longer names are never compared: the work is quadratic in their length.
const CHARACTERS_MAX: usize = 64;

/// So many names are compared at most.
const CANDIDATES_MAX: usize = 2_000;

/// How many pairs of characters are compared at most for one file.
const COMPARED_MAX: usize = 20_000_000;

/// What looking at a name costs, in pairs of characters.
const LOOK: usize = 4;

/// What may still be compared to find out what somebody may have meant. Beyond that nothing is guessed any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guesses {
    left: usize,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { left: COMPARED_MAX }
    }
}

impl Guesses {
    /// The name that `text` is most likely a slip of, if one is close: the same but for case, or so few letters away
    /// that it must be a slip. Of equally close ones the first.
    pub(crate) fn closest<'a>(&mut self, text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let wanted = folded(text)?;
        let allowed = slips_allowed(wanted.len());
        let mut best: Option<(&str, usize)> = None;
        for name in names.into_iter().take(CANDIDATES_MAX) {
            let slips = self.slips(&wanted, text, name, allowed)?;
            let closer = best.is_none_or(|(_, least)| slips < least);
            if slips <= allowed && closer && name != text {
                best = Some((name, slips));
            }
        }
        best.map(|(name, _)| name)
    }

    /// How many slips lie between two names; nothing once too much was compared.
    fn slips(&mut self, wanted: &[char], text: &str, name: &str, allowed: usize) -> Option<usize> {
        self.left = self.left.checked_sub(LOOK)?;
        // A slip changes a name by at most one character, which takes at most four bytes.
        if name.len().abs_diff(text.len()) > 4 * allowed.max(1) {
            return Some(usize::MAX);
        }
        let near = folded(name).filter(|name| name.len().abs_diff(wanted.len()) <= allowed);
        let Some(name) = near else { return Some(usize::MAX) };
        self.left = self.left.checked_sub(wanted.len() * (name.len() + LOOK))?;
        Some(distance(wanted, &name))
    }
}

/// The name that `text` is most likely a slip of, if one is close, for one text alone.
pub fn closest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Guesses::default().closest(text, names)
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
    fn what_is_compared_is_bounded() {
        let mut guesses = Guesses { left: 400 };
        let long = "x".repeat(60);
        assert_eq!(guesses.closest("Nxet", ["Next"]), Some("Next"));
        assert_eq!(guesses.closest(&long, [long.replace("xx", "xy").as_str()]), None);
        assert_eq!(guesses.closest(&long, [format!("{long}y").as_str()]), None);
    }

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
