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

/// Reads and checks the input: a JSON object from a file, or from standard input for `-`; absent = `{}`.
pub(crate) fn input(path: Option<&Path>, problems: &mut Problems, style: Style) -> Result<Value, Trouble> {
    let empty = || Value::Object(Arc::default());
    let Some(path) = path else { return Ok(empty()) };
    let (bytes, name) = match path == Path::new("-") {
        true => {
            let bytes = read_all(io::stdin().lock(), FILE_BYTES_MAX);
            let refused = |error| Trouble::mistake(format!("the input cannot be read: {error}"));
            (bytes.map_err(refused)?, "standard input".to_owned())
        }
        false => (
            read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?,
            path.display().to_string(),
        ),
    };
    let checked = check_input(&bytes, &name);
    problems.add(&checked.report(Strictness::Lenient), style);
    Ok(checked.content.unwrap_or_else(empty))
}
