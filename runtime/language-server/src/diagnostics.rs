//! What is wrong with a text, as the protocol tells it.
//!
//! **Invariant:** every diagnostic is the checker's own; none is added or left out here, and nothing is said of a file of
//! another tool.

use stepwell_definition::editor::FileContent;
use stepwell_definition::{Diagnostic, Label, Severity, check, check_functions_file, check_grants_file};
use tower_lsp_server::ls_types::{
    self, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Uri,
};

use crate::documents::{Document, Documents};
use crate::functions;

/// Everything that the checker says of a text.
pub(crate) fn of(uri: &Uri, document: &Document, documents: &Documents) -> Vec<ls_types::Diagnostic> {
    if !document.is_ours() {
        return Vec::new();
    }
    let bytes = document.text().as_bytes();
    let name = uri.path().as_str();
    let found = match document.kind.content {
        FileContent::Flow => {
            let mut checked = check(bytes, name);
            if let Some(registry) = functions::beside(uri, documents).and_then(|beside| beside.registry()) {
                checked.add_functions(&registry);
            }
            checked.diagnostics
        }
        FileContent::Functions => check_functions_file(bytes, name).diagnostics,
        FileContent::Grants => check_grants_file(bytes, name).diagnostics,
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
