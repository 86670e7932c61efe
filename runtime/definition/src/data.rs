//! A file as plain data, whatever it is meant to be.
//!
//! **Invariant:** keys that end with `.$` mean nothing special here.

use stepwell_expression::Value;

use crate::checker::Checker;
use crate::tree::{Content, Entry, Node};
use crate::{CheckedFile, check_file};

/// Reads a YAML or JSON file as plain data. `file_name` is what reports call it.
#[must_use]
pub fn read_data(text: &[u8], file_name: &str) -> CheckedFile<Value> {
    check_file(text, file_name, |checker, root| checker.data(root))
}

impl Checker<'_> {
    /// The value that a node is.
    pub(crate) fn data(&mut self, node: &Node) -> Option<Value> {
        match &node.content {
            Content::Scalar(scalar) => self.literal(node, scalar),
            Content::Sequence(items) => {
                let items: Vec<_> = items.iter().map(|item| self.data(item)).collect();
                Some(Value::array(items.into_iter().collect::<Option<Vec<_>>>()?))
            }
            Content::Mapping(entries) => {
                let entry = |Entry { key, value }: &Entry| Some((key.text.clone(), self.data(value)?));
                let entries: Vec<_> = entries.iter().map(entry).collect();
                Some(Value::object(entries.into_iter().collect::<Option<Vec<_>>>()?))
            }
        }
    }
}
