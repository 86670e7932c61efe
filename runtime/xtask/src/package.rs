//! `cargo xtask package`: the zip that is deployed as the step function, and what of it can be checked here.
//!
//! The step function is built alone, so that it gets none of the features that the rest of the workspace needs: there is
//! no compiler in it. What it needs beside its program is laid out by the packager.

mod archive;
mod fitness;
mod request;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{guests, house::House, program};
use archive::Entry;
use request::Request;
pub(crate) use request::Target;

/// The program's name, as functions want it.
const BOOTSTRAP: &str = "bootstrap";
/// Where everything else lies in the package, and in a layer.
const FOLDER: &str = "stepwell";
/// What a function may take unpacked.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const UNPACKED_BYTES_MAX: u64 = 250 * 1024 * 1024;

/// A package on the disk.
pub(crate) struct Package {
    /// What is in it, unpacked.
    pub(crate) folder: PathBuf,
    /// The archive, and that of the layer if there is one.
    pub(crate) archives: Vec<PathBuf>,
    entries: Vec<Entry>,
}

/// Builds what the arguments ask for, and shows how large each part is.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<()> {
    shown(house, &Request::parse(house, arguments)?).map(drop)
}

/// Builds the example's package for this machine, and shows how large each part is; answers where its program is.
pub(crate) fn example(house: &House) -> Result<PathBuf> {
    let target = Target::here().context("packages are built on Linux")?;
    let package = shown(house, &Request::of(house, target))?;
    Ok(package.folder.join(BOOTSTRAP))
}

#[expect(clippy::print_stdout, reason = "the table is what is asked for")]
fn shown(house: &House, request: &Request) -> Result<Package> {
    let package = build(house, request)?;
    print!("{}", archive::sizes(&package.entries, &package.archives)?);
    Ok(package)
}

/// Builds the packages for both processors twice, and has a component of this machine's run without a compiler; answers a
/// note.
pub(crate) fn check(house: &House) -> Result<String> {
    let Some(target) = Target::here() else {
        return Ok("skipped: packages are built on Linux".to_owned());
    };
    let here = check_for(house, target)?;
    Ok(format!("{here}; {}", check_for(house, Target::foreign())?))
}

/// Builds a package twice, and compares; what this machine can run of it is run.
fn check_for(house: &House, target: Target) -> Result<String> {
    let request = Request::of(house, target);
    let package = build(house, &request)?;
    let first = contents(&package)?;
    if contents(&build(house, &request)?)? != first {
        bail!("packaging twice does not give the same bytes");
    }
    if Some(target) == Target::here() {
        run_without_compiler(house, &package)?;
    }
    let bytes: u64 = first.iter().map(|content| content.len() as u64).sum();
    Ok(format!("{}, {}", target.name(), archive::megabytes(bytes)))
}

fn contents(package: &Package) -> Result<Vec<Vec<u8>>> {
    let read = |path: &PathBuf| fs::read(path).with_context(|| format!("while reading {}", path.display()));
    package.archives.iter().map(read).collect()
}

fn run_without_compiler(house: &House, package: &Package) -> Result<()> {
    let mut test = house.cargo(&[
        "test",
        "-p",
        "stepwell-tasks-wasm",
        "--no-default-features",
        "--test",
        "adapter",
    ]);
    program::shown(test.env("STEPWELL_PACKAGE", package.folder.join(FOLDER)))
}

fn build(house: &House, request: &Request) -> Result<Package> {
    if request.is_example {
        guests::build(house, guests::Output::Quiet)?;
    }
    let bootstrap = build_bootstrap(house, request)?;
    let packager = build_packager(house, request)?;
    let folder = house.target.join("packages").join(request.target.name());
    lay_out(&folder, &bootstrap, &packager, request)?;
    let entries = archive::entries(&folder)?;
    let unpacked: u64 = entries.iter().map(|entry| entry.bytes).sum();
    if unpacked > UNPACKED_BYTES_MAX {
        bail!(
            "the package takes {} unpacked; a function may take {}: leave components out with `--layer`, or in a bucket",
            archive::megabytes(unpacked),
            archive::megabytes(UNPACKED_BYTES_MAX)
        );
    }
    let archives = pack(house, request, &folder, &entries)?;
    Ok(Package {
        folder,
        archives,
        entries,
    })
}

/// Builds the program alone, and makes sure that it is fit for the function.
fn build_bootstrap(house: &House, request: &Request) -> Result<PathBuf> {
    let mut cargo = house.cargo(&["build", "-p", "stepwell-host-lambda", "--bin", BOOTSTRAP]);
    request.target.prepare(&mut cargo)?;
    if request.is_release {
        cargo.args(["--profile", "function"]);
    }
    program::quietly(&mut cargo).context("while building the step function")?;
    let profile = if request.is_release { "function" } else { "debug" };
    let bootstrap = request.target.folder(&house.target).join(profile).join(BOOTSTRAP);
    fitness::check(&bootstrap)?;
    Ok(bootstrap)
}

/// Builds the packager, which contains the compiler; for another processor, with every compiler that there is.
fn build_packager(house: &House, request: &Request) -> Result<PathBuf> {
    let arguments: &[&str] = match Some(request.target) == Target::here() {
        true => &["build", "--workspace", "--bin", "stepwell-packager"],
        false => &["build", "-p", "stepwell-packager", "--features", "cross"],
    };
    program::quietly(&mut house.cargo(arguments)).context("while building the packager")?;
    Ok(house.target.join("debug/stepwell-packager"))
}

fn lay_out(folder: &Path, bootstrap: &Path, packager: &Path, request: &Request) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("while making {}", folder.display()))?;
    fs::copy(bootstrap, folder.join(BOOTSTRAP)).context("while copying the step function")?;
    let mut command = Command::new(packager);
    command
        .arg("--from")
        .arg(&request.from)
        .arg("--out")
        .arg(folder.join(FOLDER));
    program::shown(command.args(["--target", request.target.name()]))
}

/// Writes the archive, and that of the layer, where the template finds them.
fn pack(house: &House, request: &Request, folder: &Path, entries: &[Entry]) -> Result<Vec<PathBuf>> {
    let out = house.root.join("out");
    fs::create_dir_all(&out).with_context(|| format!("while making {}", out.display()))?;
    let in_layer = |entry: &&Entry| request.has_layer && entry.name.starts_with("stepwell/components/");
    let (apart, together): (Vec<_>, Vec<_>) = entries.iter().partition(in_layer);
    let package = out.join(format!("stepwell-{}.zip", request.target.name()));
    archive::write(&package, folder, &together)?;
    // The template names this one, whatever it was built for.
    fs::copy(&package, out.join("stepwell.zip")).context("while copying the package")?;
    if !request.has_layer {
        return Ok(vec![package]);
    }
    let layer = out.join(format!("stepwell-components-{}.zip", request.target.name()));
    archive::write(&layer, folder, &apart)?;
    Ok(vec![package, layer])
}
