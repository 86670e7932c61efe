//! Where the socket of a store is.
//!
//! It is `socket` in the store's directory. A system's limit on the length of such a path is about 100 bytes; beyond
//! that, or where the file system has no sockets, it stands in a private directory of its own, and `socket.path` in the
//! store says where.
//!
//! **Invariant:** only the holder of the store's lock makes or removes any of these files, and nobody but the user can
//! reach the socket at any moment.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::UnixListener;

const SOCKET: &str = "socket";
const ELSEWHERE: &str = "socket.path";
/// Where the socket is made before it is moved to its place.
const MAKING: &str = ".s";
/// How a private directory elsewhere begins.
const PREFIX: &str = "stepwell-";
const PRIVATE: u32 = 0o700;
const PATH_BYTES_MAX: usize = 100;

/// The listening socket; its files go with it.
pub(super) struct Bound {
    pub(super) listener: UnixListener,
    files: Vec<PathBuf>,
    _elsewhere: Option<TempDir>,
}

impl Drop for Bound {
    fn drop(&mut self) {
        for file in &self.files {
            // Whoever holds the store next removes it before making its own.
            _ = fs::remove_file(file);
        }
    }
}

/// Listens beside the store whose lock this process holds.
///
/// # Errors
///
/// Where neither the store's directory nor the system's place for such files takes a socket.
pub(super) fn bind(store: &Path) -> io::Result<Bound> {
    tidy(store)?;
    if beside(store).is_some()
        && let Ok(bound) = bind_beside(store)
    {
        return Ok(bound);
    }
    bind_elsewhere(store)
}

/// The path on which the socket of a store is reached now; nothing where nobody listens.
pub(super) fn find(store: &Path) -> Option<PathBuf> {
    if let Ok(path) = fs::read_to_string(store.join(ELSEWHERE)) {
        return Some(path.into());
    }
    beside(store).filter(|path| path.exists())
}

/// The socket's path beside the store, written in the shorter way, unless it is too long.
fn beside(store: &Path) -> Option<PathBuf> {
    let ways = [Some(store.to_owned()), std::path::absolute(store).ok()];
    let shortest = ways
        .into_iter()
        .flatten()
        .map(|store| store.join(SOCKET))
        .min_by_key(|path| path.as_os_str().len())?;
    (shortest.as_os_str().len() <= PATH_BYTES_MAX).then_some(shortest)
}

/// Made in a private directory and then moved, so that it is private from its first moment.
fn bind_beside(store: &Path) -> io::Result<Bound> {
    let making = beside(store)
        .ok_or(io::ErrorKind::InvalidFilename)?
        .with_file_name(MAKING);
    _ = fs::remove_dir_all(&making);
    DirBuilder::new().mode(PRIVATE).create(&making)?;
    let (made, place) = (making.join("s"), store.join(SOCKET));
    let listener = UnixListener::bind(&made)?;
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    fs::rename(&made, &place)?;
    fs::remove_dir(&making)?;
    Ok(Bound {
        listener,
        files: vec![place],
        _elsewhere: None,
    })
}

fn bind_elsewhere(store: &Path) -> io::Result<Bound> {
    let base = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|base| base.is_dir());
    let folder = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(PRIVATE))
        .tempdir_in(base.unwrap_or_else(std::env::temp_dir))?;
    let path = folder.path().join(SOCKET);
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let (writing, place) = (store.join(".socket.path"), store.join(ELSEWHERE));
    fs::write(&writing, path.as_os_str().as_encoded_bytes())?;
    fs::rename(&writing, &place)?;
    Ok(Bound {
        listener,
        files: vec![place],
        _elsewhere: Some(folder),
    })
}

/// Removes what a killed process left.
fn tidy(store: &Path) -> io::Result<()> {
    if let Ok(path) = fs::read_to_string(store.join(ELSEWHERE)) {
        let path = PathBuf::from(path);
        let folder = path.parent().filter(|folder| is_ours(folder));
        // Nothing but an empty folder of ours is removed, and nobody needs it gone.
        _ = folder.map(|folder| fs::remove_file(&path).and_then(|()| fs::remove_dir(folder)));
    }
    remove(&store.join(SOCKET))?;
    remove(&store.join(ELSEWHERE))
}

fn is_ours(folder: &Path) -> bool {
    folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_socket_stands_beside_its_store_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let bound = bind(folder.path()).unwrap();
        let path = folder.path().join(SOCKET);
        assert_eq!((find(folder.path()), mode(&path)), (Some(path.clone()), 0o600));
        UnixStream::connect(&path).await.unwrap();
        drop(bound);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn a_long_path_is_replaced_by_a_short_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("deep/".repeat(30));
        fs::create_dir_all(&store).unwrap();
        fs::write(store.join(SOCKET), "left by a dead process").unwrap();
        let bound = bind(&store).unwrap();
        let path = find(&store).unwrap();
        assert!(path.as_os_str().len() <= PATH_BYTES_MAX, "{path:?}");
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, PRIVATE));
        UnixStream::connect(&path).await.unwrap();
        // A killed process drops nothing; the next one tidies up.
        std::mem::forget(bound);
        drop(bind(&store).unwrap());
        assert_eq!((find(&store), path.parent().unwrap().exists()), (None, false));
    }
}
