//! The floor: groups appended to one file, no index. No store that syncs each group can be faster.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::operation::{Append, Candidate, Failure, Reader, record_key};

/// One file that only grows.
pub struct BareFile(File);

impl BareFile {
    /// Creates it.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self(File::create(dir.join("log"))?))
    }
}

impl Candidate for BareFile {
    fn commit(&mut self, group: &[Append]) -> Result<Vec<bool>, Failure> {
        let mut buffer = Vec::with_capacity(group.len() * 1200);
        for append in group {
            buffer.extend_from_slice(&record_key(&append.execution, append.revision));
            buffer.extend_from_slice(&append.due_ms.to_be_bytes());
            buffer.extend_from_slice(&append.body);
        }
        self.0.write_all(&buffer)?;
        self.0.sync_data()?;
        Ok(vec![true; group.len()])
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Failure> {
        Ok(Box::new(Nothing))
    }
}

struct Nothing;

impl Reader for Nothing {
    fn last(&mut self, _execution: &str) -> Result<Option<u64>, Failure> {
        Ok(None)
    }

    fn due(&mut self, _until_ms: u64, _count_max: usize) -> Result<usize, Failure> {
        Ok(0)
    }
}
