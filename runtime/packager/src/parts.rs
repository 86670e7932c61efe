//! What a folder holds that belongs into a package, read and checked.
//!
//! **Invariant:** what is wrong with any of the files is said before anything is compiled or written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use stepwell_actions::{Grants, Registry};
use stepwell_definition::{
    Characters, CheckedFile, Colour, Drawing, FILE_BYTES_MAX, FUNCTIONS_FILE_NAMES, FunctionsFile, GRANTS_FILE_NAMES,
    Report, Strictness, check, check_functions_file, check_grants_file, read_data,
};
use stepwell_wire::FlowText;

/// The hashes of tokens, beside the flows and in the package.
pub(crate) const TOKENS_FILE: &str = "tokens";
/// How many files are looked at.
const FILES_MAX: usize = 1000;
const DRAWING: Drawing = Drawing {
    characters: Characters::Ascii,
    colour: Colour::None,
    width: 100,
};

/// Flows, what their tasks may call, and what they may touch.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The flows, by their names.
    pub(crate) flows: BTreeMap<String, FlowText>,
    pub(crate) functions: FunctionsFile,
    pub(crate) grants: Grants,
    /// Who may use the API, as hashes of tokens; nobody where there is no such file.
    pub(crate) tokens: Option<Vec<u8>>,
}

impl Parts {
    /// Reads a folder's flows, functions and grants.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let functions = functions(folder)?;
        let registry = functions.as_ref().map(outline);
        let mut parts = Self {
            flows: BTreeMap::new(),
            functions: functions.unwrap_or_default(),
            grants: grants(folder)?,
            tokens: first(folder, &[TOKENS_FILE]).map(|path| read(&path)).transpose()?,
        };
        for path in candidates(folder)? {
            if let Some(flow) = flow(&path, registry.as_ref())? {
                parts.add(flow, &path)?;
            }
        }
        if parts.flows.is_empty() {
            bail!("there is no flow in `{}`", folder.display())
        }
        Ok(parts)
    }

    fn add(&mut self, flow: FlowText, path: &Path) -> Result<()> {
        let name = flow.name.clone();
        match self.flows.insert(name.clone(), flow) {
            None => Ok(()),
            Some(_) => bail!("two files define the flow `{name}`; the second is `{}`", path.display()),
        }
    }
}

fn functions(folder: &Path) -> Result<Option<FunctionsFile>> {
    let Some(path) = first(folder, &FUNCTIONS_FILE_NAMES) else {
        return Ok(None);
    };
    sound(check_functions_file(&read(&path)?, &path.display().to_string())).map(Some)
}

fn grants(folder: &Path) -> Result<Grants> {
    let Some(path) = first(folder, &GRANTS_FILE_NAMES) else {
        return Ok(Grants::default());
    };
    sound(check_grants_file(&read(&path)?, &path.display().to_string()))
}

/// The flow in a file, if it is one, as it travels.
fn flow(path: &Path, registry: Option<&Registry>) -> Result<Option<FlowText>> {
    let text = read(path)?;
    let shown = path.display().to_string();
    if !is_flow(&text, &shown) {
        return Ok(None);
    }
    let mut checked = check(&text, &shown);
    match registry {
        Some(registry) => checked.add_functions(registry),
        None => checked.add_no_functions(),
    }
    tell(&checked.report(Strictness::Lenient));
    let flow = checked
        .flow
        .as_ref()
        .filter(|_| !checked.is_refused(Strictness::Lenient));
    let flow = flow.with_context(|| format!("the flow in `{shown}` has errors"))?;
    if let Some(unsupported) = checked.unsupported.first() {
        bail!(
            "{shown}: the state `{}` cannot run yet: {}",
            unsupported.state,
            unsupported.what
        )
    }
    Ok(Some(FlowText {
        name: flow.name.to_string(),
        model: String::from_utf8(stepwell_model::encode(flow)?)?,
        definition: String::from_utf8(text)?,
    }))
}

/// The functions without what carries them out, to check a flow against.
fn outline(functions: &FunctionsFile) -> Registry {
    let registry: Result<Registry, std::convert::Infallible> = functions.registry(|path| Ok(path.into()));
    registry.unwrap_or_default()
}

/// What a checked file holds, if nothing is wrong with it.
fn sound<T>(checked: CheckedFile<T>) -> Result<T> {
    tell(&checked.report(Strictness::Lenient));
    let is_refused = checked.is_refused(Strictness::Lenient);
    let CheckedFile { content, source, .. } = checked;
    content
        .filter(|_| !is_refused)
        .with_context(|| format!("`{}` has errors", source.name()))
}

/// Shows what is wrong or worth knowing.
fn tell(report: &Report<'_>) {
    if !report.is_empty() {
        eprint!("{}", report.draw(DRAWING));
    }
}

/// The files of which some may be flows.
fn candidates(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("while listing `{}`", folder.display()))?;
    let other: BTreeSet<&str> = FUNCTIONS_FILE_NAMES.into_iter().chain(GRANTS_FILE_NAMES).collect();
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if matches!(extension, Some("yaml" | "yml" | "json")) && !other.contains(name) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    match paths.len() {
        0..=FILES_MAX => Ok(paths),
        count => bail!(
            "`{}` holds {count} files; at most {FILES_MAX} are read",
            folder.display()
        ),
    }
}

/// Whether a file says that it is a flow, whether or not the rest of it is sound.
fn is_flow(text: &[u8], shown: &str) -> bool {
    match read_data(text, shown).content {
        Some(data) => {
            let kind = data.as_object().and_then(|object| object.get("Type"));
            kind.and_then(|kind| kind.as_str()) == Some("StateMachine")
        }
        None => String::from_utf8_lossy(text).contains("StateMachine"),
    }
}

/// The first of some names that is there.
fn first(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let reading = || format!("while reading `{}`", path.display());
    let bytes = fs::metadata(path).with_context(reading)?.len();
    if bytes > FILE_BYTES_MAX as u64 {
        bail!("`{}` has {bytes} bytes; the limit is {FILE_BYTES_MAX}", path.display())
    }
    fs::read(path).with_context(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: &str =
        "Type: StateMachine\nSpecVersion: v1\nName: small\nStartAt: A\nStates:\n  - {Type: Succeed, Name: A}\n";

    fn parts(files: &[(&str, &str)]) -> Result<(Vec<String>, usize, usize), String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let shown = folder.path().display().to_string();
        let parts = Parts::read(folder.path()).map_err(|error| format!("{error:#}").replace(&shown, "FROM"))?;
        let flows = parts.flows.into_keys().collect();
        Ok((flows, parts.functions.entries.len(), parts.grants.0.len()))
    }

    #[test]
    fn flows_functions_and_grants_are_found_and_the_rest_left() {
        let functions = "functions:\n  a: {component: ../a.wasm}\n  c: {stub: [{echo: true}]}\n";
        let files = [
            ("flow.yaml", FLOW),
            ("functions.yml", functions),
            ("grants.yaml", "grants: []\n"),
            ("input.json", "{\"Type\": 1}"),
            ("README.md", "StateMachine"),
        ];
        assert_eq!(parts(&files), Ok((vec!["small".into()], 2, 0)));
    }

    #[test]
    fn mistakes_are_told_before_anything_is_made() {
        assert_eq!(parts(&[]), Err("there is no flow in `FROM`".into()));
        assert_eq!(
            parts(&[("a.yaml", FLOW), ("b.yaml", FLOW)]),
            Err("two files define the flow `small`; the second is `FROM/b.yaml`".into())
        );
        assert_eq!(
            parts(&[("a.yaml", &FLOW.replace("StartAt: A", "StartAt: B"))]),
            Err("the flow in `FROM/a.yaml` has errors".into())
        );
        assert_eq!(
            parts(&[("a.yaml", FLOW), ("functions.yaml", "functions: 1")]),
            Err("`FROM/functions.yaml` has errors".into())
        );
    }
}
