//! Reading files within bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::exit::Trouble;

/// Reads at most `bytes_max` + 1 bytes, so that whoever checks the content sees that it is too large.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    if is_named_pipe(path) {
        return Err(format!(
            "`{}` is a named pipe, which may never end; hand its contents over by a file",
            path.display()
        ));
    }
    let file = File::open(path).map_err(|error| cannot(path, &error))?;
    if file.metadata().is_ok_and(|facts| facts.is_dir()) {
        return Err(format!("`{}` is a directory, not a file", path.display()));
    }
    read_all(file, bytes_max).map_err(|error| cannot(path, &error))
}

/// Reads a file of plain text.
pub(crate) fn text(path: &Path, bytes_max: usize) -> Result<String, Trouble> {
    let bytes = read(path, bytes_max).map_err(Trouble::Mistake)?;
    let shown = path.display();
    if bytes.len() > bytes_max {
        return Err(Trouble::mistake(format!("`{shown}` has more than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| Trouble::mistake(format!("`{shown}` is not UTF-8")))
}

/// Reads a stream in the same way.
pub(crate) fn read_all(stream: impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether opening it would wait for somebody to write. A pipe that the shell has opened already, such as `<(command)`,
/// has no name and is read like a file.
#[cfg(unix)]
fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    let named = path.canonicalize().and_then(|path| path.symlink_metadata());
    named.is_ok_and(|facts| facts.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_named_pipe(_: &Path) -> bool {
    false
}

fn cannot(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return format!("there is no file `{path}`");
    }
    format!("`{path}` cannot be read: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.yaml");
        assert_eq!(
            read(&path, 9).unwrap_err(),
            format!("there is no file `{}`", path.display())
        );
        assert_eq!(
            read(folder.path(), 9).unwrap_err(),
            format!("`{}` is a directory, not a file", folder.path().display())
        );
        std::fs::write(&path, "0123456789ab").unwrap();
        assert_eq!(read(&path, 9).unwrap(), b"0123456789");
    }
}
