//! An execution's input.

use std::io;
use std::path::Path;
use std::sync::Arc;

use stepwell_definition::{FILE_BYTES_MAX, Strictness, check_input};
use stepwell_expression::Value;

use super::Problems;
use super::reading::{read, read_all};
use crate::console::Style;
use crate::exit::Trouble;

/// Reads and checks the input: a JSON object that is written down, or from a file, or from standard input for `-`;
/// absent = `{}`.
pub(crate) fn input(path: Option<&Path>, problems: &mut Problems, style: Style) -> Result<Value, Trouble> {
    let empty = || Value::Object(Arc::default());
    let Some(path) = path else { return Ok(empty()) };
    let written = path.to_str().filter(|text| text.trim_start().starts_with('{'));
    let (bytes, name) = match (written, path == Path::new("-")) {
        (Some(text), _) => (text.as_bytes().to_vec(), "--input".to_owned()),
        (None, true) => {
            let bytes = read_all(io::stdin().lock(), FILE_BYTES_MAX);
            let refused = |error| Trouble::mistake(format!("the input cannot be read: {error}"));
            (bytes.map_err(refused)?, "standard input".to_owned())
        }
        (None, false) => (
            read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?,
            path.display().to_string(),
        ),
    };
    let checked = check_input(&bytes, &name);
    problems.add(&checked.report(Strictness::Lenient), style);
    Ok(checked.content.unwrap_or_else(empty))
}
