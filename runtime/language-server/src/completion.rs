//! What can be written, as the protocol tells it.

use stepwell_definition::editor::{Candidate, CandidateKind, complete};
use tower_lsp_server::ls_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent, MarkupKind, Position,
    TextEdit,
};

use crate::documents::Document;

/// Everything that can be written at a position.
pub(crate) fn at(document: &Document, position: Position) -> Vec<CompletionItem> {
    let candidates = complete(document.content(), document.kind, document.offset(position));
    candidates
        .into_iter()
        .enumerate()
        .map(|(at, candidate)| item(document, at, candidate))
        .collect()
}

fn item(document: &Document, at: usize, candidate: Candidate) -> CompletionItem {
    let required = candidate.kind == CandidateKind::RequiredField;
    let edit = TextEdit::new(document.range(candidate.replaced), candidate.text);
    CompletionItem {
        // Required fields first, everything else in the order of its table.
        sort_text: Some(format!("{}{at:05}", u8::from(!required))),
        // What an editor has of the token may begin with a quote; so may what it compares.
        filter_text: Some(edit.new_text.clone()).filter(|text| text.starts_with(['"', '\''])),
        label: candidate.label,
        kind: Some(kind(candidate.kind)),
        detail: Some(candidate.detail).filter(|detail| !detail.is_empty()),
        documentation: Some(candidate.doc).filter(|doc| !doc.is_empty()).map(markdown),
        text_edit: Some(CompletionTextEdit::Edit(edit)),
        ..CompletionItem::default()
    }
}

fn markdown(value: String) -> Documentation {
    Documentation::MarkupContent(MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    })
}

fn kind(kind: CandidateKind) -> CompletionItemKind {
    match kind {
        CandidateKind::RequiredField | CandidateKind::Field => CompletionItemKind::FIELD,
        CandidateKind::State => CompletionItemKind::REFERENCE,
        CandidateKind::Choice => CompletionItemKind::ENUM_MEMBER,
        CandidateKind::Variable => CompletionItemKind::VARIABLE,
        CandidateKind::Function => CompletionItemKind::FUNCTION,
        CandidateKind::ErrorName => CompletionItemKind::EVENT,
    }
}
