//! A flow's file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepwell_definition::{Checked, FILE_BYTES_MAX, Strictness, check};
use stepwell_model::Flow;
use stepwell_wire::FlowText;

use super::Problems;
use super::reading::read;
use crate::console::Style;
use crate::exit::Trouble;

/// A flow's file, read and checked.
#[derive(Debug)]
pub(crate) struct FlowFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) checked: Checked,
}

impl FlowFile {
    /// Reads and checks a flow.
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let bytes = read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?;
        let checked = check(&bytes, &path.display().to_string());
        Ok(Self {
            path: path.to_owned(),
            bytes,
            checked,
        })
    }

    /// Adds what is wrong with it; what cannot run yet is wrong where it is to be run.
    pub(crate) fn tell_for_run(&self, problems: &mut Problems, style: Style) {
        problems.add(&self.checked.report(Strictness::Lenient), style);
        for unsupported in &self.checked.unsupported {
            let place = self.checked.source.line_column(unsupported.span.start);
            let (path, line, column) = (self.path.display(), place.line, place.column);
            let (state, what) = (&unsupported.state, &unsupported.what);
            problems.add_message(&format!(
                "{path}:{line}:{column}: the state `{state}` cannot run yet: {what}"
            ));
        }
    }

    /// The flow; after its problems were told.
    pub(crate) fn flow(&self) -> Result<Arc<Flow>, Trouble> {
        self.checked.flow.clone().map(Arc::new).ok_or(Trouble::Told)
    }

    /// The flow as it travels.
    pub(crate) fn text(&self, flow: &Flow) -> Result<FlowText, Trouble> {
        let refused = |what: &str| Trouble::mistake(format!("`{}` {what}", self.path.display()));
        let model = stepwell_model::encode(flow).map_err(|error| refused(&error.to_string()))?;
        Ok(FlowText {
            name: flow.name.to_string(),
            definition: String::from_utf8(self.bytes.clone()).map_err(|_| refused("is not UTF-8"))?,
            model: String::from_utf8(model).map_err(|_| refused("has a model that is not UTF-8"))?,
        })
    }
}
