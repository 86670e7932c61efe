//! What can be written, as the protocol tells it.

use stepwell_definition::Span;
use stepwell_definition::editor::{Candidate, CandidateKind, Standing, complete_among};
use tower_lsp_server::ls_types::{
    CompletionItem, CompletionItemKind, CompletionItemTag, CompletionTextEdit, Documentation, MarkupContent,
    MarkupKind, Position, TextEdit,
};

use crate::documents::Document;

/// Everything that can be written at a position of a flow that can call these functions.
pub(crate) fn at(document: &Document, position: Position, functions: &[String]) -> Vec<CompletionItem> {
    let offset = document.offset(position);
    let candidates = complete_among(document.content(), document.kind, offset, functions);
    candidates
        .into_iter()
        .enumerate()
        .map(|(at, candidate)| item(document, at, candidate))
        .collect()
}

fn item(document: &Document, at: usize, candidate: Candidate) -> CompletionItem {
    let required = candidate.kind == CandidateKind::RequiredField;
    // What an editor has of the token may begin with a quote; then so must what it compares with it.
    let first = Span::new(candidate.replaced.start, candidate.replaced.start + 1);
    let quote = document
        .content()
        .get(first.range())
        .filter(|first| matches!(*first, "\"" | "'"));
    let order = match (candidate.standing, required) {
        (Standing::Usual, true) => 0,
        (Standing::Usual, false) => 1,
        (Standing::NotYet, _) => 2,
        (Standing::Older, _) => 3,
    };
    let edit = TextEdit::new(document.range(candidate.replaced), candidate.text);
    CompletionItem {
        // Required fields first, what is better left alone last, everything else in the order of its table.
        sort_text: Some(format!("{order}{at:05}")),
        filter_text: Some(quote.map_or_else(
            || candidate.label.clone(),
            |quote| format!("{quote}{}", candidate.label),
        )),
        tags: (candidate.standing == Standing::Older).then(|| vec![CompletionItemTag::DEPRECATED]),
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
        CandidateKind::Function | CandidateKind::Declared => CompletionItemKind::FUNCTION,
        CandidateKind::ErrorName => CompletionItemKind::EVENT,
    }
}
