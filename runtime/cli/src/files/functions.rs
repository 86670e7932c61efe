//! The functions file, with the components that it names.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepwell_actions::Registry;
use stepwell_definition::{CheckedFile, FILE_BYTES_MAX, FunctionsFile, Source, Strictness, check_functions_file};

use super::reading::read;
use super::{Problems, folder};
use crate::console::Style;
use crate::exit::Trouble;
use crate::host::Component;

/// The largest component that is read.
const COMPONENT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The functions file, read and checked; or none.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    file: Option<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    checked: CheckedFile<FunctionsFile>,
}

/// The functions, with the components' contents.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) registry: Registry,
    /// In the order of the file; a component that is named twice stands there twice.
    pub(crate) components: Vec<Component>,
}

impl Functions {
    /// Reads and checks the file, if there is one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Trouble> {
        let Some(path) = path else { return Ok(Self::default()) };
        let bytes = read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?;
        let checked = check_functions_file(&bytes, &path.display().to_string());
        Ok(Self {
            file: Some(File {
                path: path.to_owned(),
                bytes,
                checked,
            }),
        })
    }

    /// Functions that stand in another file, which was found right.
    pub(crate) fn within(path: &Path, source: &Source, content: &FunctionsFile) -> Self {
        let checked = CheckedFile {
            content: Some(content.clone()),
            diagnostics: Vec::new(),
            source: source.clone(),
        };
        Self {
            file: Some(File {
                path: path.to_owned(),
                bytes: Vec::new(),
                checked,
            }),
        }
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.file.as_ref().map(|file| file.bytes.as_slice())
    }

    pub(crate) fn checked(&self) -> Option<&CheckedFile<FunctionsFile>> {
        self.file.as_ref().map(|file| &file.checked)
    }

    /// Says also which components are not there, without reading them.
    pub(crate) fn add_components(&mut self) {
        if let Some(file) = &mut self.file {
            let folder = folder(&file.path).to_owned();
            file.checked.add_components(|path| missing(&folder.join(path)));
        }
    }

    /// Adds what is wrong with it.
    pub(crate) fn tell(&self, problems: &mut Problems, style: Style, strictness: Strictness) {
        if let Some(checked) = self.checked() {
            problems.add(&checked.report(strictness), style);
        }
    }

    /// The functions without their components' contents, to check a flow against; nothing without a sound file.
    pub(crate) fn outline(&self) -> Option<Registry> {
        let content = self.checked()?.content.as_ref()?;
        let registry: Result<Registry, Infallible> = content.registry(|path| Ok(path.into()));
        registry.ok()
    }

    /// Reads the components. What cannot be read is drawn in its place in the file.
    pub(crate) fn resolve(&self, problems: &mut Problems, style: Style) -> Resolved {
        let Some((file, content)) = self
            .file
            .as_ref()
            .and_then(|file| Some((file, file.checked.content.as_ref()?)))
        else {
            return Resolved::default();
        };
        let mut components = Vec::new();
        let mut refused = BTreeMap::new();
        // One that cannot be read does not hide the next.
        let registry: Result<Registry, Infallible> = content.registry(|path| match component(file, path) {
            Ok(component) => {
                let digest = Arc::from(component.digest.as_str());
                components.push(component);
                Ok(digest)
            }
            Err(message) => {
                refused.entry(path.to_owned()).or_insert(message);
                Ok(Arc::default())
            }
        });
        if !refused.is_empty() {
            let mut told = CheckedFile {
                content: Some(content.clone()),
                diagnostics: Vec::new(),
                source: file.checked.source.clone(),
            };
            told.add_components(|path| refused.get(path).cloned());
            problems.add(&told.report(Strictness::Lenient), style);
        }
        let registry = registry.ok().filter(|_| refused.is_empty());
        Resolved {
            registry: registry.unwrap_or_default(),
            components,
        }
    }
}

fn component(file: &File, path: &str) -> Result<Component, String> {
    let path = folder(&file.path).join(path);
    let bytes = read(&path, COMPONENT_BYTES_MAX)?;
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(format!(
            "`{}` is larger than {COMPONENT_BYTES_MAX} bytes",
            path.display()
        ));
    }
    if let Some(message) = no_component(&path, &bytes) {
        return Err(message);
    }
    Ok(Component {
        digest: stepwell_model::digest(&bytes),
        bytes,
    })
}

/// Why a file that begins like this is no component.
fn no_component(path: &Path, beginning: &[u8]) -> Option<String> {
    let path = path.display();
    match beginning.strip_prefix(b"\0asm") {
        Some([1, 0, 0, 0, ..]) => Some(format!("`{path}` is a core WebAssembly module, not a component")),
        Some(_) => None,
        None => Some(format!(
            "`{path}` is no WebAssembly component: it does not start with the bytes of one"
        )),
    }
}

/// What a file begins with; only one that cannot keep its reader waiting is opened.
fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(8).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a component could not be read.
fn missing(path: &Path) -> Option<String> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(facts) if facts.is_dir() => Some(format!("`{shown}` is a directory, not a file")),
        Ok(facts) if facts.len() > COMPONENT_BYTES_MAX as u64 => {
            Some(format!("`{shown}` is larger than {COMPONENT_BYTES_MAX} bytes"))
        }
        Ok(facts) if !facts.is_file() => None,
        Ok(_) => match beginning(path) {
            Ok(bytes) => no_component(path, &bytes),
            Err(error) => Some(format!("`{shown}` cannot be read: {error}")),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(format!("there is no file `{shown}`")),
        Err(error) => Some(format!("`{shown}` cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a component begins.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn what_is_no_component_is_told_in_its_place_before_and_when_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("functions.yaml");
        let written: [(&str, &[u8]); 4] = [
            ("text.wasm", b"not wasm"),
            ("core.wasm", b"\0asm\x01\0\0\0"),
            ("empty.wasm", b""),
            ("right.wasm", COMPONENT),
        ];
        let mut text = "functions:\n".to_owned();
        for (name, bytes) in written {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            text += &format!("  {}: {{component: {name}}}\n", name.trim_end_matches(".wasm"));
        }
        std::fs::write(&path, text).unwrap();
        let told = |problems: &Problems| {
            let entries = problems.entries().iter();
            let told = entries.map(|entry| format!("{} {} {}", entry.line, entry.code, entry.message));
            told.collect::<Vec<_>>()
        };
        let shown = folder.path().display();
        let begins = "it does not start with the bytes of one";
        let expected = [
            format!("2 definition::no_component `{shown}/text.wasm` is no WebAssembly component: {begins}"),
            format!("3 definition::no_component `{shown}/core.wasm` is a core WebAssembly module, not a component"),
            format!("4 definition::no_component `{shown}/empty.wasm` is no WebAssembly component: {begins}"),
        ];
        let mut functions = Functions::read(Some(&path)).unwrap();
        let mut read = Problems::default();
        functions.resolve(&mut read, Style::PLAIN);
        functions.add_components();
        let mut before = Problems::default();
        functions.tell(&mut before, Style::PLAIN, Strictness::Lenient);
        assert_eq!((told(&before), told(&read)), (expected.to_vec(), expected.to_vec()));
    }

    #[test]
    fn components_are_read_beside_the_file_and_missing_ones_are_placed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("functions.yaml");
        std::fs::write(folder.path().join("a.wasm"), COMPONENT).unwrap();
        std::fs::write(
            &path,
            "functions:\n  a: {component: a.wasm}\n  b: {component: b.wasm}\n",
        )
        .unwrap();
        let functions = Functions::read(Some(&path)).unwrap();
        let mut problems = Problems::default();
        functions.resolve(&mut problems, Style::PLAIN);
        let missing = folder.path().join("b.wasm");
        let entry = problems.entries().first().unwrap();
        let expected = format!("there is no file `{}`", missing.display());
        assert_eq!(
            (&*entry.code, entry.line, entry.column, &*entry.message),
            ("definition::no_component", 3, 18, &*expected)
        );
        let drawn = problems.drawn();
        assert!(drawn.contains(&format!("[{}:3:18]", path.display())), "{drawn}");

        std::fs::write(missing, COMPONENT).unwrap();
        let mut problems = Problems::default();
        let resolved = functions.resolve(&mut problems, Style::PLAIN);
        let component = Component {
            digest: stepwell_model::digest(COMPONENT),
            bytes: COMPONENT.to_vec(),
        };
        assert_eq!(
            (problems.drawn(), resolved.components),
            ("", vec![component.clone(), component])
        );
    }
}
