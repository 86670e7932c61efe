//! Finds what somebody meant who misspelt a name.
//!
//! **Invariant:** long input costs nothing: names of very different length are not compared.

/// The known name that is closest to `name`, if one is close.
pub(crate) fn closest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distances = known.iter().map(|known| (distance(name, known), *known));
    let near = distances.filter(|(distance, known)| *distance <= known.len() / 3);
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// How many characters must be put in, left out or changed, whatever the case.
fn distance(one: &str, other: &str) -> usize {
    if one.len().abs_diff(other.len()) > 8 {
        return usize::MAX;
    }
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (one, other) = (lower(one), lower(other));
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, char) in one.iter().enumerate() {
        row = next_row(&row, at + 1, *char, &other);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

fn next_row(above: &[usize], first: usize, char: char, other: &[char]) -> Vec<usize> {
    let mut row = vec![first];
    let mut left = first;
    for (pair, known) in above.windows(2).zip(other) {
        let (diagonal, up) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
        left = (diagonal + usize::from(char != *known)).min(up + 1).min(left + 1);
        row.push(left);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        const KNOWN: [&str; 4] = ["length", "hash", "jsonMerge", "uuid"];
        for (name, expected) in [
            ("lenght", Some("length")),
            ("Length", Some("length")),
            ("len", None),
            ("json_merge", Some("jsonMerge")),
            ("UUID", Some("uuid")),
            ("hsh", Some("hash")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(closest(name, &KNOWN), expected, "{name}");
        }
        assert_eq!(closest(&"x".repeat(100_000), &KNOWN), None);
    }
}
