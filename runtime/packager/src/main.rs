//! The packager: lays out what the step function needs beside its program, with every component compiled ahead of time.
//!
//! ```text
//!   <out>/deployment.json                 the flows, checked and lowered; the functions; the grants
//!   <out>/tokens                          who may use the API, if there is such a file
//!   <out>/components.json                 what each component was compiled to
//!   <out>/components/<sha-256>.cwasm      what it was compiled to
//! ```
//!
//! **Invariant:** the same folder and the same compiler give the same bytes, on whatever machine and at whatever time.

mod parts;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser;
use stepwell_model::Settings;
use stepwell_tasks_wasm::{AheadCompiler, COMPILED_FOLDER, Digest, MANIFEST_FILE, Manifest, Processor};
use stepwell_wire::Deployment;

use crate::parts::{Parts, TOKENS_FILE};

/// Where the step function looks for what was deployed.
const DEPLOYMENT_FILE: &str = "deployment.json";

/// Lays out flows, functions, grants and compiled components for the step function.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder with flows, `functions.yaml` and `grants.yaml`
    #[arg(long)]
    from: PathBuf,
    /// The folder that is made; what is in it goes
    #[arg(long)]
    out: PathBuf,
    /// The processor that components are compiled for: `x86_64` or `arm64`
    #[arg(long, value_parser = processor)]
    target: Processor,
}

fn main() -> ExitCode {
    let Arguments { from, out, target } = Arguments::parse();
    match package(&from, &out, target) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn processor(name: &str) -> Result<Processor, String> {
    let found = Processor::ALL.into_iter().find(|processor| processor.name() == name);
    found.ok_or_else(|| "there are x86_64 and arm64".to_owned())
}

fn package(from: &Path, out: &Path, target: Processor) -> Result<()> {
    let parts = Parts::read(from)?;
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("while removing `{}`", out.display()))?;
    }
    let mut components = Components {
        out: out.join(COMPILED_FOLDER),
        manifest: Manifest::new(target),
        digests: BTreeMap::new(),
        compiler: AheadCompiler::new(target)
            .with_context(|| format!("this program compiles for {target} only with the feature `cross`"))?,
    };
    let registry = parts.functions.registry(|path| components.digest(from, path))?;
    if let Some(tokens) = &parts.tokens {
        write(&out.join(TOKENS_FILE), tokens)?;
    }
    let deployment = Deployment {
        flows: parts.flows.into_values().collect(),
        registry: serde_json::to_string(&registry)?,
        grants: serde_json::to_string(&parts.grants)?,
        settings: serde_json::to_string(&Settings::default())?,
    };
    write(
        &out.join(DEPLOYMENT_FILE),
        serde_json::to_string_pretty(&deployment)?.as_bytes(),
    )?;
    write(&out.join(MANIFEST_FILE), components.manifest.to_json()?.as_bytes())
}

/// The components of a package in the making.
struct Components {
    out: PathBuf,
    manifest: Manifest,
    /// By their paths as they are written.
    digests: BTreeMap<String, Arc<str>>,
    compiler: AheadCompiler,
}

impl Components {
    /// The digest of the component that a functions file names; it is compiled, at most once, under whatever name.
    fn digest(&mut self, from: &Path, written: &str) -> Result<Arc<str>> {
        if let Some(digest) = self.digests.get(written) {
            return Ok(digest.clone());
        }
        let path = from.join(written);
        let bytes = fs::read(&path).with_context(|| format!("while reading the component `{}`", path.display()))?;
        let digest = Digest::of(&bytes);
        if self.manifest.compiled(&digest).is_none() {
            let compiled = self.compiler.compile(&bytes);
            let compiled = compiled.with_context(|| format!("while compiling `{}`", path.display()))?;
            let file = self.manifest.add(digest.clone(), &compiled).file_name();
            write(&self.out.join(file), &compiled)?;
        }
        let digest = Arc::from(digest.as_str());
        self.digests.insert(written.to_owned(), Arc::clone(&digest));
        Ok(digest)
    }
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let writing = || format!("while writing `{}`", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(writing)?;
    }
    fs::write(path, content).with_context(writing)
}
