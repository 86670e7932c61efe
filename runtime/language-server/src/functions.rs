//! The functions file beside a flow, as it stands in the editor or else on the disk.
//!
//! **Invariant:** no component is read: what it holds does not matter to who may call it.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read;

use stepwell_actions::{Registry, function_name};
use stepwell_definition::{
    Declared, FILE_BYTES_MAX, FUNCTIONS_FILE_NAMES, FunctionsFile, Source, Span, check_functions_file,
};
use tower_lsp_server::ls_types::{Location, Uri};

use crate::documents::{Documents, folder};
use crate::positions::{Encoding, Lines};

/// A sound functions file.
#[derive(Debug)]
pub(crate) struct Beside {
    uri: Uri,
    file: FunctionsFile,
    source: Source,
    encoding: Encoding,
}

/// The functions of the file beside a flow; none without a sound one.
pub(crate) fn beside(flow: &Uri, documents: &Documents) -> Option<Beside> {
    let uris = FUNCTIONS_FILE_NAMES
        .iter()
        .filter_map(|name| format!("{}{name}", folder(flow)).parse::<Uri>().ok());
    let (uri, checked) = uris.into_iter().find_map(|uri| {
        let checked = match documents.latest(&uri) {
            Some(document) => check_functions_file(document.text().as_bytes(), ""),
            None => check_functions_file(&read(&uri)?, ""),
        };
        Some((uri, checked))
    })?;
    let source = checked.source;
    let encoding = documents.agreed().encoding;
    checked.content.map(|file| Beside {
        uri,
        file,
        source,
        encoding,
    })
}

impl Beside {
    pub(crate) fn registry(&self) -> Option<Registry> {
        self.file.registry(|path| Ok::<_, Infallible>(path.into())).ok()
    }

    /// What the functions are called.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.file.entries.iter().map(|(pattern, _, _)| pattern.as_str());
        names.map(str::to_owned).collect()
    }

    /// What carries a function out, in Markdown.
    pub(crate) fn described(&self, resource: &str) -> Option<String> {
        let (key, _, declared) = self.entry(resource)?;
        let what = match declared {
            Declared::Component { path, .. } => format!("the component `{path}`"),
            Declared::Http { url } => format!("posted to `{url}`"),
            Declared::Stub(answers) if answers.len() == 1 => "a stub with one answer".to_owned(),
            Declared::Stub(answers) => format!("a stub with {} answers", answers.len()),
        };
        let name = function_name(resource);
        Some(format!("**{name}**, `{key}` of functions.yaml: {what}"))
    }

    /// Where a function is declared.
    pub(crate) fn place(&self, resource: &str) -> Option<Location> {
        let (_, span, _) = self.entry(resource)?;
        let text = self.source.text();
        let range = Lines::of(text).range(text, *span, self.encoding);
        Some(Location::new(self.uri.clone(), range))
    }

    fn entry(&self, resource: &str) -> Option<(&str, &Span, &Declared)> {
        let registry = self.registry()?;
        let key = registry.resolve(resource)?.entry.to_owned();
        let found = self.file.entries.iter().find(|(pattern, _, _)| pattern.as_str() == key);
        found.map(|(pattern, span, declared)| (pattern.as_str(), span, declared))
    }
}

fn read(uri: &Uri) -> Option<Vec<u8>> {
    if uri.scheme().as_str() != "file" {
        return None;
    }
    let path = uri.to_file_path().filter(|path| path.is_file())?;
    let mut bytes = Vec::new();
    let bound = FILE_BYTES_MAX as u64 + 1;
    File::open(path).ok()?.take(bound).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
