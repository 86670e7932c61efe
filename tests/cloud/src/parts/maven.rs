//! Programs for Java, fetched by Maven.
//!
//! **Invariant:** what is fetched is named with its version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;

/// A program in a Maven repository.
#[derive(Clone, Copy, Debug)]
pub struct Artifact {
    /// Who publishes it.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Artifact {
    /// The folder of the program and all that it needs, fetched where nobody has yet.
    ///
    /// # Errors
    ///
    /// Maven is missing, or cannot fetch it.
    pub fn install(&self) -> Result<PathBuf> {
        let folder = tools::install(&format!("{}-{}", self.name, self.version), |folder| self.fetch(folder))?;
        Ok(folder.join("lib"))
    }

    fn fetch(&self, folder: &Path) -> Result<()> {
        let project = folder.join("pom.xml");
        fs::write(&project, self.project()).context("while writing the project for Maven")?;
        let mut maven = Command::new("mvn");
        maven.args([
            "-q",
            "-B",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-f",
        ]);
        maven.arg(&project);
        maven.arg(format!("-DoutputDirectory={}", folder.join("lib").display()));
        tools::run(
            &mut maven,
            "the tests on SQS need Maven (`mvn`) and Java 17 or later to run ElasticMQ",
        )
    }

    fn project(&self) -> String {
        let Self { group, name, version } = self;
        format!(
            "<project><modelVersion>4.0.0</modelVersion>\
             <groupId>local</groupId><artifactId>local</artifactId><version>1</version><packaging>pom</packaging>\
             <dependencies><dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>\
             <version>{version}</version></dependency></dependencies></project>"
        )
    }
}
