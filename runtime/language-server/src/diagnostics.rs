//! What is wrong with a text, as the protocol tells it.
//!
//! **Invariant:** every diagnostic is the checker's own; none is added or left out here.

use std::fs::File;
use std::io::Read;

use stepwell_actions::Registry;
use stepwell_definition::editor::FileContent;
use stepwell_definition::{
    Diagnostic, FILE_BYTES_MAX, FunctionsFile, Label, Severity, check, check_functions_file, check_grants_file,
};
use tower_lsp_server::ls_types::{
    self, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Uri,
};

use crate::documents::{Document, Documents, folder};

/// Everything that the checker says of a text.
pub(crate) fn of(uri: &Uri, document: &Document, documents: &Documents) -> Vec<ls_types::Diagnostic> {
    let bytes = document.text().as_bytes();
    let found = match document.kind.content {
        FileContent::Flow => {
            let mut checked = check(bytes, "");
            if let Some(registry) = functions_beside(uri, documents) {
                checked.add_functions(&registry);
            }
            checked.diagnostics
        }
        FileContent::Functions => check_functions_file(bytes, "").diagnostics,
        FileContent::Grants => check_grants_file(bytes, "").diagnostics,
    };
    let tell = |diagnostic: &Diagnostic| {
        let severity = diagnostic.severity_under(document.agreed.strictness)?;
        Some(told(uri, document, diagnostic, severity))
    };
    found.iter().filter_map(tell).collect()
}

fn told(uri: &Uri, document: &Document, diagnostic: &Diagnostic, severity: Severity) -> ls_types::Diagnostic {
    let severity = match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Note => DiagnosticSeverity::INFORMATION,
    };
    let message = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let related = |label: &Label| DiagnosticRelatedInformation {
        location: Location::new(uri.clone(), document.range(label.span)),
        message: label.text.clone(),
    };
    let labels: Vec<_> = diagnostic.labels.iter().map(related).collect();
    ls_types::Diagnostic {
        range: document.range(diagnostic.span),
        severity: Some(severity),
        code: Some(NumberOrString::String(diagnostic.code().to_owned())),
        source: Some("stepwell".to_owned()),
        message,
        related_information: Some(labels).filter(|labels| !labels.is_empty()),
        ..ls_types::Diagnostic::default()
    }
}

/// The functions of the file beside a flow, as it stands in the editor or else on the disk; none without a sound one.
fn functions_beside(uri: &Uri, documents: &Documents) -> Option<Registry> {
    let beside: Uri = format!("{}functions.yaml", folder(uri)).parse().ok()?;
    let file = match documents.latest(&beside) {
        Some(document) => check_functions_file(document.text().as_bytes(), ""),
        None => check_functions_file(&read(&beside)?, ""),
    };
    outline(&file.content?)
}

fn outline(file: &FunctionsFile) -> Option<Registry> {
    // What a component holds does not matter to who may call it.
    file.registry(|path| Ok::<_, std::convert::Infallible>(path.into()))
        .ok()
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
