//! The states of a text as a tree.

use stepwell_definition::editor::{Reading, ScopeId, State};
use stepwell_definition::{Span, StateType};
use tower_lsp_server::ls_types::{DocumentSymbol, SymbolKind};

use crate::documents::Document;

/// The states of the root, with those inside of them.
pub(crate) fn of(document: &Document) -> Vec<DocumentSymbol> {
    states(document, document.reading(), ScopeId(0))
}

fn states(document: &Document, reading: &Reading, scope: ScopeId) -> Vec<DocumentSymbol> {
    reading
        .states_of(scope)
        .map(|(_, state)| of_state(document, reading, state))
        .collect()
}

fn of_state(document: &Document, reading: &Reading, state: &State) -> DocumentSymbol {
    let children = state.inner.iter().flat_map(|scope| inside(document, reading, *scope));
    let kind = state.kind.map_or("a state", StateType::name);
    // An editor refuses a symbol without a name.
    let name = if state.name.is_empty() { kind } else { &state.name };
    let detail = Some(kind.to_owned());
    symbol(
        document,
        name.to_owned(),
        detail,
        (state.span, state.name_span),
        children.collect(),
    )
}

/// What stands in a scope: the states of a Processor, or a branch with its states.
fn inside(document: &Document, reading: &Reading, scope: ScopeId) -> Vec<DocumentSymbol> {
    let states = states(document, reading, scope);
    match reading.scopes().get(scope.0) {
        Some(found) if !found.title.is_empty() => {
            let place = (found.span, Span::at(found.span.start));
            vec![symbol(document, found.title.clone(), None, place, states)]
        }
        Some(_) | None => states,
    }
}

#[expect(deprecated, reason = "the field has to be named to be left out")]
fn symbol(
    document: &Document,
    name: String,
    detail: Option<String>,
    (whole, selected): (Span, Span),
    children: Vec<DocumentSymbol>,
) -> DocumentSymbol {
    // An editor refuses a selection outside of the whole.
    let whole = Span::new(whole.start.min(selected.start), whole.end.max(selected.end));
    DocumentSymbol {
        name,
        kind: if detail.is_some() {
            SymbolKind::FUNCTION
        } else {
            SymbolKind::NAMESPACE
        },
        detail,
        tags: None,
        deprecated: None,
        range: document.range(whole),
        selection_range: document.range(selected),
        children: Some(children).filter(|children| !children.is_empty()),
    }
}
