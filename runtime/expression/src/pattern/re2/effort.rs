//! What the classes of a pattern cost.
//!
//! **Invariant:** an upper bound. To take the other case of a class into it, the crate goes through every character of its
//! ranges, however many there are.

/// What a group of Unicode characters costs: it stands for hundreds of ranges.
const GROUP_STEPS: u64 = 100;

/// So many characters cost one step where both cases count.
const CHARACTERS_PER_STEP: u64 = 200;

/// Every character there is.
const ALL: u64 = 0x11_0000;

/// No category and no script has more.
const GROUP: u64 = 150_000;

/// What the classes so far cost.
#[derive(Debug, Default)]
pub(super) struct Effort {
    groups: u64,
    /// How many characters the classes have, at most.
    characters: u64,
    /// The same of the class that is being read.
    class: u64,
    folds: bool,
}

impl Effort {
    /// Both cases count, at least in a part of the pattern.
    pub(super) fn fold(&mut self) {
        self.folds = true;
    }

    /// `\p{name}`, which is gone through by itself and in the class where it stands.
    pub(super) fn group(&mut self, name: &str) {
        let characters = if name == "Any" { ALL } else { GROUP };
        self.groups += 1;
        self.characters += characters;
        self.class += characters;
    }

    /// A range of a class.
    pub(super) fn range(&mut self, from: u32, to: u32) {
        self.class += u64::from(to.saturating_sub(from)) + 1;
    }

    /// What may be nearly everything, such as all but a few characters.
    pub(super) fn nearly_all(&mut self) {
        self.class += ALL;
    }

    /// The class ends.
    pub(super) fn class(&mut self) {
        self.characters += self.class.min(ALL);
        self.class = 0;
    }

    pub(super) fn steps(&self) -> u64 {
        let folding = if self.folds {
            self.characters / CHARACTERS_PER_STEP
        } else {
            0
        };
        self.groups * GROUP_STEPS + folding
    }
}
