//! Components that were compiled ahead of time: what is run of them, and what is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use stepwell_tasks_wasm::{
    AheadCompiler, COMPILED_FOLDER, ComponentError, Deployment, Digest, MANIFEST_FILE, Manifest, OpenError, Processor,
    WasmOptions, WasmTasks,
};
use tempfile::TempDir;

use crate::components::component;
use crate::guests::{Bench, MemoryObjects, told};

fn here() -> Processor {
    Processor::here().unwrap()
}

/// A package of one component, which answers 7.
struct Package {
    folder: TempDir,
    digest: Digest,
    /// The name of what it was compiled to.
    file: String,
}

impl Package {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes = component("", "");
        let digest = Digest::of(&bytes);
        let compiled = AheadCompiler::new(here()).unwrap().compile(&bytes).unwrap();
        let mut manifest = Manifest::new(here());
        let file = manifest.add(digest.clone(), &compiled).file_name();
        fs::write(folder.path().join(MANIFEST_FILE), manifest.to_json().unwrap()).unwrap();
        fs::create_dir(folder.path().join(COMPILED_FOLDER)).unwrap();
        fs::write(folder.path().join(COMPILED_FOLDER).join(&file), compiled).unwrap();
        Self { folder, digest, file }
    }

    fn open(&self) -> Deployment {
        Deployment::open(self.folder.path()).unwrap()
    }

    fn compiled(&self) -> std::path::PathBuf {
        self.folder.path().join(COMPILED_FOLDER).join(&self.file)
    }

    /// Takes what was compiled out of the package.
    fn take(&self) -> Vec<u8> {
        let content = fs::read(self.compiled()).unwrap();
        fs::remove_file(self.compiled()).unwrap();
        content
    }
}

/// What a call of the component answers.
async fn called(deployment: Deployment, digest: &Digest) -> Result<String, (String, String, bool)> {
    let bench = Bench::deployed(WasmOptions::deployed(deployment), digest.clone());
    told(&bench.run("any", "null").await)
}

fn unavailable(detail: String) -> Result<String, (String, String, bool)> {
    Err(("FnF.ComponentUnavailable".into(), detail, false))
}

#[cfg(unix)]
fn set_mode(package: &Package, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    for path in [
        package.folder.path().join(COMPILED_FOLDER),
        package.folder.path().into(),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_packaged_component_runs_and_nothing_is_written() {
    let package = Package::new();
    let before = files(package.folder.path());
    #[cfg(unix)]
    set_mode(&package, 0o555);
    assert_eq!(called(package.open(), &package.digest).await, Ok("7".into()));
    assert_eq!(files(package.folder.path()), before);
    #[cfg(unix)]
    set_mode(&package, 0o755);
}

#[tokio::test]
async fn what_was_not_deployed_does_not_run() {
    let package = Package::new();
    let other = Digest::of(b"another");
    let detail = format!("component `{other}` was not deployed with this program: package it again");
    assert_eq!(called(package.open(), &other).await, unavailable(detail));
    let tasks = WasmTasks::open(WasmOptions::deployed(package.open())).unwrap();
    assert!(matches!(
        tasks.install(b"\0asm"),
        Err(ComponentError::NotDeployed { .. })
    ));
    assert!(matches!(
        tasks.precompile(&other),
        Err(ComponentError::NotDeployed { .. })
    ));
    assert_eq!(tasks.install(&component("", "")).unwrap(), package.digest);
    tasks.precompile(&package.digest).unwrap();
}

#[tokio::test]
async fn a_layer_gives_what_the_manifest_names_and_nothing_else() {
    let package = Package::new();
    let layer = tempfile::tempdir().unwrap();
    let place = layer.path().join(COMPILED_FOLDER).join(&package.file);
    fs::create_dir(layer.path().join(COMPILED_FOLDER)).unwrap();
    let content = package.take();
    let deployment = package.open().with_layer(layer.path());
    let detail = format!("there is no component `{}`", package.digest);
    assert_eq!(called(deployment.clone(), &package.digest).await, unavailable(detail));
    fs::write(&place, &content).unwrap();
    assert_eq!(called(deployment.clone(), &package.digest).await, Ok("7".into()));
    let changed: Vec<u8> = content.iter().map(|byte| byte ^ 1).collect();
    for damaged in [Vec::new(), content[..content.len() / 2].to_vec(), changed] {
        fs::write(&place, damaged).unwrap();
        let detail = format!(
            "the file of component `{}` is damaged: its content has another SHA-256",
            package.digest
        );
        assert_eq!(called(deployment.clone(), &package.digest).await, unavailable(detail));
    }
}

#[tokio::test]
async fn a_bucket_gives_what_the_manifest_names_and_nothing_else() {
    let package = Package::new();
    let content = package.take();
    let objects = MemoryObjects::default();
    let deployment = package
        .open()
        .with_bucket(Arc::new(objects.clone()), "ours", "components/");
    let detail = format!("there is no component `{}`", package.digest);
    assert_eq!(called(deployment.clone(), &package.digest).await, unavailable(detail));
    let key = format!("components/{}", package.file);
    objects.put("ours", &key, &content);
    assert_eq!(called(deployment.clone(), &package.digest).await, Ok("7".into()));
    let longer = [&content[..], b"more"].concat();
    for damaged in [&content[..content.len() - 1], b"", &longer] {
        objects.put("ours", &key, damaged);
        let detail = format!(
            "the file of component `{}` is damaged: its content has another SHA-256",
            package.digest
        );
        assert_eq!(called(deployment.clone(), &package.digest).await, unavailable(detail));
    }
}

#[tokio::test]
async fn a_packaged_file_that_was_cut_off_is_refused() {
    let package = Package::new();
    let content = package.take();
    fs::write(package.compiled(), &content[..content.len() - 1]).unwrap();
    let detail = format!(
        "the file of component `{}` is damaged: its content has another SHA-256",
        package.digest
    );
    assert_eq!(called(package.open(), &package.digest).await, unavailable(detail));
}

#[test]
fn the_same_component_compiles_to_the_same_bytes() {
    let bytes = component("", "");
    let compiled = || AheadCompiler::new(here()).unwrap().compile(&bytes).unwrap();
    assert!(compiled() == compiled());
}

#[test]
fn what_is_no_task_is_not_compiled() {
    let compiler = AheadCompiler::new(here()).unwrap();
    assert!(matches!(compiler.compile(b"#!/bin/sh"), Err(ComponentError::NotWasm)));
    let empty = wat::parse_str("(component)").unwrap();
    assert!(matches!(
        compiler.compile(&empty),
        Err(ComponentError::MissingRun { .. })
    ));
}

/// Why a package with such a manifest is refused.
fn refused(change: impl FnOnce(String) -> String) -> String {
    let package = Package::new();
    let path = package.folder.path().join(MANIFEST_FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, change(text)).unwrap();
    match Deployment::open(package.folder.path()).unwrap_err() {
        OpenError::Manifest { source, .. } => source.to_string(),
        other @ (OpenError::Folder { .. } | OpenError::Engine(_) | OpenError::Threads(_)) => panic!("{other}"),
    }
}

#[test]
fn a_manifest_for_another_program_is_refused() {
    let engine = refused(|text| text.replace("wasmtime 48", "wasmtime 47"));
    assert_eq!(
        engine,
        "its components were compiled by wasmtime 47; this program runs those of wasmtime 48: package it again"
    );
    let other = Processor::ALL
        .into_iter()
        .find(|processor| *processor != here())
        .unwrap();
    let name = |processor: Processor| format!("\"{processor}\"");
    assert_eq!(
        refused(|text| text.replace(&name(here()), &name(other))),
        format!(
            "its components were compiled for {other}; this is {0}: package it again with `--target {0}`",
            here()
        )
    );
    let format = refused(|text| text.replace("\"format\": 1", "\"format\": 2"));
    assert_eq!(format, "its format is 2; this program knows 1");
    assert_eq!(refused(|_| "[]".into()), "it is no list of compiled components");
    let digest = refused(|text| text.replace("\"sha256\": \"", "\"sha256\": \"../"));
    assert_eq!(digest, "it is no list of compiled components");
}

#[test]
fn a_folder_without_a_manifest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Deployment::open(folder.path()).unwrap_err();
    let path = folder.path().join(MANIFEST_FILE);
    assert_eq!(error.to_string(), format!("cannot use `{}`", path.display()));
}
