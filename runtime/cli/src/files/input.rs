//! JSON that a command is given: written down, in a file, or on standard input.

use std::io;
use std::path::Path;
use std::sync::Arc;

use stepwell_definition::{CheckedFile, FILE_BYTES_MAX, Strictness, check_input, check_json};
use stepwell_expression::Value;

use super::Problems;
use super::reading::{read, read_all};
use crate::console::{Style, one_line};
use crate::exit::Trouble;

/// Reads and checks the input of an execution, a JSON object; absent = `{}`.
pub(crate) fn input(given: Option<&Path>, problems: &mut Problems, style: Style) -> Result<Value, Trouble> {
    let empty = || Value::Object(Arc::default());
    let Some(given) = given else { return Ok(empty()) };
    let checked = Text::given("--input", given)?.checked(check_input);
    problems.add(&checked.report(Strictness::Lenient), style);
    Ok(checked.content.unwrap_or_else(empty))
}

/// Reads and checks an input that stands in a file.
pub(crate) fn input_file(path: &Path, problems: &mut Problems, style: Style) -> Result<Option<Value>, Trouble> {
    let checked = Text::of_file(path)?.checked(check_input);
    problems.add(&checked.report(Strictness::Lenient), style);
    Ok(checked.content)
}

/// Reads and checks the JSON that an option is given; nothing where it is wrong, which is told.
pub(crate) fn json(option: &str, given: &str, problems: &mut Problems, style: Style) -> Result<Option<Value>, Trouble> {
    let checked = Text::given(option, Path::new(given))?.checked(check_json);
    problems.add(&checked.report(Strictness::Lenient), style);
    Ok(checked.content)
}

/// What is to be JSON, and what it is called.
struct Text {
    bytes: Vec<u8>,
    name: String,
}

impl Text {
    /// What an option is given: JSON that is written down, or else a file, or standard input for `-`.
    fn given(option: &str, given: &Path) -> Result<Self, Trouble> {
        if given == Path::new("-") {
            let bytes = read_all(io::stdin().lock(), FILE_BYTES_MAX);
            let bytes = bytes.map_err(|error| Trouble::mistake(format!("standard input cannot be read: {error}")))?;
            return Ok(Self {
                bytes,
                name: "standard input".to_owned(),
            });
        }
        if let Some(text) = given.to_str().filter(|text| is_written(text)) {
            return Ok(Self {
                bytes: text.as_bytes().to_vec(),
                name: option.to_owned(),
            });
        }
        Self::of_file(given).map_err(|missing| {
            let shown = one_line(&given.display().to_string(), 60);
            Trouble::mistake(format!("`{option} {shown}` is neither JSON nor a file: {missing}"))
        })
    }

    fn of_file(path: &Path) -> Result<Self, Trouble> {
        let bytes = read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?;
        Ok(Self {
            bytes,
            name: path.display().to_string(),
        })
    }

    fn checked(&self, check: fn(&[u8], &str) -> CheckedFile<Value>) -> CheckedFile<Value> {
        check(&self.bytes, &self.name)
    }
}

/// Whether it is JSON, if perhaps with a mistake, rather than the name of a file. No file is called like an object; one
/// may well be called `[id].json` or `17`.
fn is_written(text: &str) -> bool {
    let is_json = || text.trim_start().starts_with(['[', '"']) || Value::parse_json(text).is_ok();
    text.trim_start().starts_with('{') || (is_json() && !Path::new(text).exists())
}
