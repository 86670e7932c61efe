//! Settings of an execution, pinned when it starts.

use serde::{Deserialize, Serialize};

/// What `--set KEY=VALUE` and `stepwell.toml` can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `limits.data`: bytes of compact JSON of every input and output.
    pub data_bytes_max: u64,
    /// `limits.states`: states in a scope without an effect, Wait or fork.
    pub states_max: u64,
    /// `wait.max_seconds`: the longest Wait; none = no limit.
    pub wait_seconds_max: Option<u64>,
    /// `tasks.fuse`: whether pure tasks run without a record of their own.
    pub fuse: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_bytes_max: 64 * 1024,
            states_max: 100_000,
            wait_seconds_max: None,
            fuse: true,
        }
    }
}

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such key.
    #[error("no setting `{key}`; there are {}", Settings::KEYS.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The value does not fit.
    #[error("`{value}` is no value for `{key}`: it takes {takes}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What it takes.
        takes: &'static str,
    },
}

impl Settings {
    /// Every key that there is.
    pub const KEYS: [&'static str; 4] = ["limits.data", "limits.states", "wait.max_seconds", "tasks.fuse"];

    /// Changes one setting.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for an unknown key or a value that does not fit; nothing was changed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        match key {
            "limits.data" => self.data_bytes_max = data_bytes(value)?,
            "limits.states" => self.states_max = count("limits.states", value, 1)?,
            "wait.max_seconds" => self.wait_seconds_max = Some(count("wait.max_seconds", value, 1)?),
            "tasks.fuse" => self.fuse = switch("tasks.fuse", value)?,
            _ => return Err(SettingError::UnknownKey { key: key.to_owned() }),
        }
        Ok(())
    }
}

/// The largest `limits.data`: a record holds several such values, and a store has a limit of its own.
const DATA_BYTES_MAX: u64 = 4 * 1024 * 1024;

fn data_bytes(value: &str) -> Result<u64, SettingError> {
    let refused = || SettingError::BadValue {
        key: "limits.data",
        value: value.to_owned(),
        takes: "a whole number from 1 to 4194304",
    };
    let bytes = value.parse().ok().filter(|bytes| (1..=DATA_BYTES_MAX).contains(bytes));
    bytes.ok_or_else(refused)
}

fn count(key: &'static str, value: &str, least: u64) -> Result<u64, SettingError> {
    let refused = || SettingError::BadValue {
        key,
        value: value.to_owned(),
        takes: "a whole number from 1",
    };
    value.parse().ok().filter(|count| *count >= least).ok_or_else(refused)
}

fn switch(key: &'static str, value: &str) -> Result<bool, SettingError> {
    match value {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(SettingError::BadValue {
            key,
            value: value.to_owned(),
            takes: "`on` or `off`",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_change_and_others_are_named() {
        let mut settings = Settings::default();
        for (key, value) in [
            ("limits.data", "10"),
            ("limits.states", "5"),
            ("wait.max_seconds", "300"),
            ("tasks.fuse", "off"),
        ] {
            settings.set(key, value).unwrap();
        }
        let expected = Settings {
            data_bytes_max: 10,
            states_max: 5,
            wait_seconds_max: Some(300),
            fuse: false,
        };
        assert_eq!(settings, expected);
        let refused = |key, value| Settings::default().set(key, value).unwrap_err().to_string();
        assert_eq!(
            refused("limits.data", "0"),
            "`0` is no value for `limits.data`: it takes a whole number from 1 to 4194304"
        );
        assert_eq!(
            refused("limits.data", "4194305"),
            "`4194305` is no value for `limits.data`: it takes a whole number from 1 to 4194304"
        );
        assert_eq!(
            refused("tasks.fuse", "maybe"),
            "`maybe` is no value for `tasks.fuse`: it takes `on` or `off`"
        );
        assert_eq!(
            refused("limit.data", "1"),
            "no setting `limit.data`; there are limits.data, limits.states, wait.max_seconds, tasks.fuse"
        );
    }
}
