//! Which store a verb speaks of.

use std::path::{Path, PathBuf};

use clap::Args;

/// Where the store is if nobody says anything else.
const DEFAULT: &str = ".stepwell";

/// The option that every verb with a store has.
#[derive(Args, Debug, Clone)]
pub(crate) struct StoreArgument {
    /// The directory of the store
    #[arg(long, value_name = "DIR", env = "STEPWELL_STORE", default_value = DEFAULT, hide_env_values = true)]
    store: PathBuf,
}

impl StoreArgument {
    pub(crate) fn path(&self) -> &Path {
        &self.store
    }

    /// `--store DIR`, where it is needed to find the same store again.
    pub(crate) fn words(&self) -> String {
        if self.store == Path::new(DEFAULT) {
            String::new()
        } else {
            format!(" --store {}", word(&self.store))
        }
    }

    /// Whether there is anything yet.
    pub(crate) fn exists(&self) -> bool {
        self.store.is_dir()
    }
}

/// A path as a word of a shell.
pub(crate) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_alphanumeric() || "/._-+=:,@%".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_words_of_a_shell() {
        assert_eq!(word(Path::new("a/b-c.yaml")), "a/b-c.yaml");
        assert_eq!(word(Path::new("my flow's.yaml")), r"'my flow'\''s.yaml'");
    }
}
