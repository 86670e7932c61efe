//! What the server answers.
//!
//! **Invariant:** no answer waits for a check, and none is an error but where the editor asked for what cannot be.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stepwell_definition::editor::FileContent;
use stepwell_definition::{Span, Strictness};
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::*;

use crate::checking::Asking;
use crate::documents::{Agreed, Document, Documents};
use crate::positions::Encoding;
use crate::{completion, symbols};

/// The server of one editor.
#[derive(Debug)]
pub(crate) struct Server {
    documents: Arc<Documents>,
    asking: Asking,
    /// Whether the editor has said that it is going to end.
    ending: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn new(documents: Arc<Documents>, asking: Asking, ending: Arc<AtomicBool>) -> Self {
        Self {
            documents,
            asking,
            ending,
        }
    }

    /// Has a text checked that has changed, and the flows beside it if they depend on it.
    fn changed(&self, uri: Uri) {
        let functions = self
            .documents
            .latest(&uri)
            .is_none_or(|document| document.kind.content == FileContent::Functions);
        if functions {
            let beside = self.documents.beside(&uri);
            beside.into_iter().for_each(|uri| self.asking.check(uri));
        }
        self.asking.check(uri);
    }

    /// The text that a request is about, and the offset in it.
    fn place(&self, place: &TextDocumentPositionParams) -> Option<(Arc<Document>, usize)> {
        let document = self.documents.latest(&place.text_document.uri)?;
        let offset = document.offset(place.position);
        Some((document, offset))
    }
}

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let offered = params
            .capabilities
            .general
            .and_then(|general| general.position_encodings);
        let strict = params
            .initialization_options
            .as_ref()
            .and_then(|options| options.get("strict"));
        let agreed = Agreed {
            encoding: Encoding::of(&offered.unwrap_or_default()),
            strictness: match strict.and_then(serde_json::Value::as_bool) {
                Some(true) => Strictness::Strict,
                Some(false) | None => Strictness::Lenient,
            },
        };
        self.documents.agree(agreed);
        Ok(InitializeResult {
            capabilities: capabilities(agreed.encoding),
            server_info: Some(ServerInfo {
                name: "stepwell".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn shutdown(&self) -> Result<()> {
        self.ending.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let TextDocumentItem { uri, version, text, .. } = params.text_document;
        self.documents.open(uri.clone(), version, text);
        self.changed(uri);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let VersionedTextDocumentIdentifier { uri, version } = params.text_document;
        self.documents.change(uri.clone(), version, params.content_changes);
        self.changed(uri);
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        self.documents.close(&uri);
        self.changed(uri);
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let place = params.text_document_position;
        let document = self.documents.latest(&place.text_document.uri);
        Ok(document.map(|document| CompletionResponse::Array(completion::at(&document, place.position))))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let Some((document, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(None);
        };
        let shown = document.reading().hover(offset).map(|(span, value)| Hover {
            contents: HoverContents::Markup(MarkupContent {
                kind: MarkupKind::Markdown,
                value,
            }),
            range: Some(document.range(span)),
        });
        Ok(shown)
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        let place = params.text_document_position_params;
        let Some((document, offset)) = self.place(&place) else {
            return Ok(None);
        };
        let reading = document.reading();
        let state = reading.state_at(offset).and_then(|(id, _)| reading.state(id));
        let location = |span: Span| Location::new(place.text_document.uri.clone(), document.range(span));
        Ok(state.map(|state| GotoDefinitionResponse::Scalar(location(state.name_span))))
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let place = params.text_document_position;
        let Some((document, offset)) = self.place(&place) else {
            return Ok(None);
        };
        let reading = document.reading();
        let Some((id, _)) = reading.state_at(offset) else {
            return Ok(None);
        };
        let mut spans = reading.references(id);
        if params.context.include_declaration {
            spans.extend(reading.state(id).map(|state| state.name_span));
        }
        spans.sort_unstable();
        let location = |span: Span| Location::new(place.text_document.uri.clone(), document.range(span));
        Ok(Some(spans.into_iter().map(location).collect()))
    }

    async fn prepare_rename(&self, params: TextDocumentPositionParams) -> Result<Option<PrepareRenameResponse>> {
        let Some((document, offset)) = self.place(&params) else {
            return Ok(None);
        };
        let (span, name) = document.reading().renamable(offset).map_err(refused)?;
        Ok(Some(PrepareRenameResponse::RangeWithPlaceholder {
            range: document.range(span),
            placeholder: name.to_owned(),
        }))
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let place = params.text_document_position;
        let Some((document, offset)) = self.place(&place) else {
            return Ok(None);
        };
        let edits = document.reading().rename(offset, &params.new_name).map_err(refused)?;
        let edit = |edit: stepwell_definition::editor::Edit| TextEdit::new(document.range(edit.span), edit.text);
        let edits = edits.into_iter().map(edit).collect();
        Ok(Some(WorkspaceEdit::new(HashMap::from([(
            place.text_document.uri,
            edits,
        )]))))
    }

    async fn document_symbol(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>> {
        let document = self.documents.latest(&params.text_document.uri);
        Ok(document.map(|document| DocumentSymbolResponse::Nested(symbols::of(&document))))
    }
}

fn refused(refusal: stepwell_definition::editor::RenameRefusal) -> Error {
    Error::invalid_params(refusal.to_string())
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        ..TextDocumentSyncOptions::default()
    };
    let triggers = ["$", ".", " ", "\"", "["].map(str::to_owned);
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.into()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}
