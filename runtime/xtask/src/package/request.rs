//! What is to be packaged, and for which processor.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{house::House, program};

/// What is packaged where nobody says.
const EXAMPLE: &str = "examples/media";

/// What is to be packaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(super) target: Target,
    pub(super) is_release: bool,
    /// Whether compiled components go into a layer of their own.
    pub(super) has_layer: bool,
    /// The folder with flows, functions and grants.
    pub(super) from: PathBuf,
    /// Whether that is the example, whose components are built here.
    pub(super) is_example: bool,
}

/// A processor that functions run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    X86,
    Arm,
}

impl Request {
    /// The example, quickly built.
    pub(super) fn of(house: &House, target: Target) -> Self {
        Self {
            target,
            is_release: false,
            has_layer: false,
            from: house.root.join(EXAMPLE),
            is_example: true,
        }
    }

    pub(super) fn parse(house: &House, arguments: &[String]) -> Result<Self> {
        let mut request = Self::of(house, Target::here().unwrap_or(Target::X86));
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--release" => request.is_release = true,
                "--layer" => request.has_layer = true,
                "--target" => request.target = Target::named(words.next().context("`--target` names no processor")?)?,
                "--from" => {
                    request.from = words.next().context("`--from` names no folder")?.into();
                    request.is_example = false;
                }
                other => bail!("`{other}` is not understood; there are --target, --release, --layer and --from"),
            }
        }
        Ok(request)
    }
}

impl Target {
    /// The processor of this machine, if functions run on such.
    pub(crate) fn here() -> Option<Self> {
        match (std::env::consts::OS, std::env::consts::ARCH) {
            ("linux", "x86_64") => Some(Self::X86),
            ("linux", "aarch64") => Some(Self::Arm),
            _ => None,
        }
    }

    /// The one that is not this machine's.
    pub(crate) fn foreign() -> Self {
        match Self::here() {
            Some(Self::X86) | None => Self::Arm,
            Some(Self::Arm) => Self::X86,
        }
    }

    fn named(name: &str) -> Result<Self> {
        match name {
            "x86_64" => Ok(Self::X86),
            "arm64" => Ok(Self::Arm),
            other => bail!("`{other}` is no processor of functions; there are x86_64 and arm64"),
        }
    }

    /// As functions call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    fn architecture(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }

    fn triple(self) -> String {
        format!("{}-unknown-linux-gnu", self.architecture())
    }

    /// Where cargo builds for it.
    pub(super) fn folder(self, target: &Path) -> PathBuf {
        if Some(self) == Self::here() {
            target.to_owned()
        } else {
            target.join(self.triple())
        }
    }

    /// Has cargo build for it; for another processor that takes a target of the toolchain, and a linker.
    pub(super) fn prepare(self, cargo: &mut Command) -> Result<()> {
        if Some(self) == Self::here() {
            return Ok(());
        }
        let triple = self.triple();
        let linker = format!("{}-linux-gnu-gcc", self.architecture());
        let variable = format!("CARGO_TARGET_{}_LINKER", triple.replace('-', "_").to_uppercase());
        if std::env::var_os(&variable).is_none() {
            if !program::succeeds(Command::new(&linker).arg("--version")) {
                let package = format!("gcc-{}-linux-gnu", self.architecture().replace('_', "-"));
                bail!("the linker {linker} is missing; install the package {package}, or name a linker in {variable}");
            }
            cargo.env(&variable, &linker);
        }
        install(&triple)?;
        cargo.args(["--target", &triple]);
        Ok(())
    }
}

/// Adds a target to the toolchain; nothing happens where it is there.
fn install(triple: &str) -> Result<()> {
    let mut rustup = Command::new("rustup");
    program::output(rustup.args(["target", "add", triple]))
        .map(drop)
        .with_context(|| format!("the target {triple} is missing; install it with `rustup target add {triple}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> House {
        House {
            root: "/w".into(),
            target: "/t".into(),
            guests: Vec::new(),
        }
    }

    fn parsed(words: &[&str]) -> Result<Request, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Request::parse(&house(), &words).map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_is_read() {
        let example = Request::of(&house(), Target::here().unwrap_or(Target::X86));
        assert_eq!(parsed(&[]), Ok(example));
        let asked = Request {
            target: Target::Arm,
            is_release: true,
            has_layer: true,
            from: "flows".into(),
            is_example: false,
        };
        assert_eq!(
            parsed(&["--target", "arm64", "--release", "--layer", "--from", "flows"]),
            Ok(asked)
        );
    }

    #[test]
    fn a_mistake_is_named() {
        assert_eq!(parsed(&["--from"]), Err("`--from` names no folder".into()));
        assert_eq!(
            parsed(&["--target", "mips"]),
            Err("`mips` is no processor of functions; there are x86_64 and arm64".into())
        );
        assert_eq!(
            parsed(&["-r"]),
            Err("`-r` is not understood; there are --target, --release, --layer and --from".into())
        );
    }
}
