//! Settings: `stepwell.toml` in the store, and `--set` over it.

use std::path::Path;

use stepwell_model::Settings;

use super::reading::read;
use crate::exit::Trouble;

const FILE: &str = "stepwell.toml";
const FILE_BYTES_MAX: usize = 64 * 1024;

/// The settings of a run: the defaults, then the store's file, then `KEY=VALUE` in order.
pub(crate) fn settings(store: &Path, set: &[String]) -> Result<Settings, Trouble> {
    let mut settings = Settings::default();
    let path = store.join(FILE);
    if path.is_file() {
        from_file(&mut settings, &path)
            .map_err(|message| Trouble::mistake(format!("{}: {message}", path.display())))?;
    }
    self::set(&mut settings, set)?;
    Ok(settings)
}

/// Changes settings by `KEY=VALUE`, in order.
pub(crate) fn set(settings: &mut Settings, pairs: &[String]) -> Result<(), Trouble> {
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Trouble::mistake(format!("`--set {pair}` has no value; write `--set KEY=VALUE`")))?;
        settings
            .set(key.trim(), value.trim())
            .map_err(|error| Trouble::mistake(error.to_string()))?;
    }
    Ok(())
}

fn from_file(settings: &mut Settings, path: &Path) -> Result<(), String> {
    let bytes = read(path, FILE_BYTES_MAX)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("the file has more than {FILE_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "the file is not UTF-8".to_owned())?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string().trim_end().to_owned())?;
    apply(settings, &table, "")
}

/// Sets every key of a table; `[limits]` with `data` is the key `limits.data`.
fn apply(settings: &mut Settings, table: &toml::Table, prefix: &str) -> Result<(), String> {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value.as_table() {
            Some(inner) => apply(settings, inner, &format!("{key}."))?,
            None => settings
                .set(&key, &scalar(&key, value)?)
                .map_err(|error| error.to_string())?,
        }
    }
    Ok(())
}

fn scalar(key: &str, value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            Err(format!("`{key}` takes a text, a whole number or a boolean"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(file: Option<&str>, set: &[&str]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            std::fs::write(folder.path().join(FILE), text).unwrap();
        }
        let set: Vec<String> = set.iter().map(|pair| (*pair).to_owned()).collect();
        let place = folder.path().display().to_string();
        settings(folder.path(), &set).map_err(|trouble| trouble.to_string().replace(&place, "STORE"))
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = "tasks.fuse = false\n[limits]\ndata = 10\nstates = \"20\"\n";
        let expected = Settings {
            data_bytes_max: 30,
            states_max: 20,
            wait_seconds_max: None,
            fuse: false,
        };
        assert_eq!(read_with(Some(file), &["limits.data=30"]), Ok(expected));
        assert_eq!(read_with(None, &[]), Ok(Settings::default()));
    }

    #[test]
    fn mistakes_are_named() {
        let keys = "there are limits.data, limits.states, wait.max_seconds, tasks.fuse";
        let refused = |file, set: &[&str]| read_with(file, set).unwrap_err();
        assert_eq!(
            refused(Some("limit = 1"), &[]),
            format!("STORE/stepwell.toml: no setting `limit`; {keys}")
        );
        assert_eq!(refused(None, &["nope=1"]), format!("no setting `nope`; {keys}"));
        assert_eq!(
            refused(None, &["nope"]),
            "`--set nope` has no value; write `--set KEY=VALUE`"
        );
        let array = refused(Some("limits.data = [1]"), &[]);
        assert_eq!(
            array,
            "STORE/stepwell.toml: `limits.data` takes a text, a whole number or a boolean"
        );
        let large = "#".repeat(FILE_BYTES_MAX + 1);
        let large = read_with(Some(&large), &[]).unwrap_err();
        assert_eq!(large, "STORE/stepwell.toml: the file has more than 65536 bytes");
        let broken = refused(Some("limits.data = \n"), &[]);
        assert!(
            broken.starts_with("STORE/stepwell.toml: TOML parse error at line 1"),
            "{broken}"
        );
    }
}
