//! Programs that tests need and nobody ships: fetched from a package registry once, into a folder beside what is built.
//!
//! ```text
//! <tools>/<name>/         what is installed, complete
//! <tools>/<name>.lock     held by the process that installs it
//! <tools>/<name>.making/  what is being installed; of a process that died it is thrown away
//! ```
//!
//! **Invariant:** a folder under its own name is complete: it was renamed when everything was in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folder of all tools: `$STEPWELL_TOOLS`, else `tools` where cargo builds.
#[must_use]
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("STEPWELL_TOOLS") {
        return folder.into();
    }
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Path::new(workspace).join(target).join("tools")
}

/// The folder of the tool `name`, which `make` fills if it is not there yet; one process at a time does.
///
/// `name` holds the version, so another version is another tool. `make` is given the empty folder; it is renamed when
/// `make` has returned, so nothing in it may name its place.
///
/// # Errors
///
/// What `make` says, or the folder cannot be made.
pub fn install(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    install_into(&folder(), name, make)
}

fn install_into(tools: &Path, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let ready = tools.join(name);
    if ready.exists() {
        return Ok(ready);
    }
    fs::create_dir_all(tools).with_context(|| format!("while making `{}`", tools.display()))?;
    let lock = File::create(tools.join(format!("{name}.lock")))?;
    lock.lock().with_context(|| format!("while waiting for `{name}`"))?;
    // Somebody else may have installed it while this process waited.
    if !ready.exists() {
        let making = tools.join(format!("{name}.making"));
        if making.exists() {
            fs::remove_dir_all(&making)?;
        }
        fs::create_dir_all(&making)?;
        make(&making).with_context(|| format!("while installing `{name}` into `{}`", tools.display()))?;
        fs::rename(&making, &ready)?;
    }
    Ok(ready)
}

/// Runs a program that installs something; `missing` says what to install where there is no such program.
///
/// # Errors
///
/// There is no such program, or it failed; then the error ends with what it said.
pub fn run(command: &mut Command, missing: &str) -> Result<()> {
    let program = command.get_program().to_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("{missing}"),
        Err(error) => return Err(error).with_context(|| format!("while starting `{}`", shown(&program))),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed with {}: {}", shown(&program), output.status, said.trim());
    }
    Ok(())
}

fn shown(program: &OsStr) -> String {
    program.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_tool_is_installed_once_however_many_ask() {
        let tools = tempfile::tempdir().unwrap();
        let made = AtomicUsize::new(0);
        let make = |folder: &Path| -> Result<()> {
            made.fetch_add(1, Ordering::SeqCst);
            Ok(fs::write(folder.join("program"), "content")?)
        };
        let installed = thread::scope(|threads| {
            let askers = [(); 4].map(|()| threads.spawn(|| install_into(tools.path(), "tool-1", make).unwrap()));
            askers.map(|asker| asker.join().unwrap())
        });
        assert_eq!(installed, [(); 4].map(|()| tools.path().join("tool-1")));
        assert_eq!(fs::read_to_string(installed[0].join("program")).unwrap(), "content");
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn what_was_half_installed_is_made_again() {
        let tools = tempfile::tempdir().unwrap();
        let fail = |folder: &Path| -> Result<()> {
            fs::write(folder.join("half"), "")?;
            bail!("the registry is away")
        };
        let failed = format!("{:#}", install_into(tools.path(), "tool-1", fail).unwrap_err());
        assert!(failed.ends_with(": the registry is away"), "{failed}");
        let make = |folder: &Path| -> Result<()> { Ok(fs::write(folder.join("whole"), "")?) };
        let installed = install_into(tools.path(), "tool-1", make).unwrap();
        let names = fs::read_dir(installed).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["whole"]);
    }

    #[test]
    fn a_missing_program_is_told_in_one_line() {
        let missing = run(&mut Command::new("no-such-program"), "install `no-such-program`");
        assert_eq!(format!("{:#}", missing.unwrap_err()), "install `no-such-program`");
        let mut failing = Command::new("sh");
        let failed = run(failing.args(["-c", "echo broken >&2; exit 3"]), "");
        assert_eq!(
            format!("{:#}", failed.unwrap_err()),
            "`sh` failed with exit status: 3: broken"
        );
    }
}
