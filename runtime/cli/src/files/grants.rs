//! The grants file.

use std::path::Path;

use stepwell_actions::Grants;
use stepwell_definition::{CheckedFile, FILE_BYTES_MAX, Strictness, check_grants_file};

use super::Problems;
use super::reading::read;
use crate::console::Style;
use crate::exit::Trouble;

/// Reads and checks the grants; no file grants nothing.
pub(crate) fn grants(path: Option<&Path>, problems: &mut Problems, style: Style) -> Result<Grants, Trouble> {
    let Some(checked) = checked_grants(path)? else {
        return Ok(Grants::default());
    };
    problems.add(&checked.report(Strictness::Lenient), style);
    Ok(checked.content.unwrap_or_default())
}

/// Reads and checks the grants, if there is a file.
pub(crate) fn checked_grants(path: Option<&Path>) -> Result<Option<CheckedFile<Grants>>, Trouble> {
    let Some(path) = path else { return Ok(None) };
    let bytes = read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?;
    Ok(Some(check_grants_file(&bytes, &path.display().to_string())))
}
