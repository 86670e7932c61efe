//! What the server answers.
//!
//! **Invariant:** no answer waits for a check, and none is an error but where the editor asked for what cannot be.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stepwell_definition::editor::{FileContent, FileKind};
use stepwell_definition::{Span, Strictness};
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::*;

use crate::checking::Asking;
use crate::documents::{Agreed, Document, Documents};
use crate::positions::Encoding;
use crate::{completion, functions, symbols};

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
        let functions = FileKind::of(uri.path().as_str()).content == FileContent::Functions;
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
        let watched = params
            .capabilities
            .workspace
            .and_then(|workspace| workspace.did_change_watched_files);
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
            watches: watched.and_then(|watched| watched.dynamic_registration) == Some(true),
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
        let TextDocumentItem {
            uri,
            language_id,
            version,
            text,
        } = params.text_document;
        if !is_language(&language_id) {
            return;
        }
        self.documents.open(uri.clone(), version, text);
        self.changed(uri);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let VersionedTextDocumentIdentifier { uri, version } = params.text_document;
        self.documents.change(uri.clone(), version, params.content_changes);
        self.changed(uri);
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.changed(params.text_document.uri);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        params.changes.into_iter().for_each(|change| self.changed(change.uri));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        self.documents.close(&uri);
        self.changed(uri);
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let place = params.text_document_position;
        let uri = place.text_document.uri;
        let Some(document) = self.documents.latest(&uri) else {
            return Ok(None);
        };
        let functions = functions::beside(&uri, &self.documents).map(|beside| beside.names());
        let items = completion::at(&document, place.position, &functions.unwrap_or_default());
        Ok(Some(CompletionResponse::Array(items)))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let Some((document, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(None);
        };
        let reading = document.reading();
        let uri = &params.text_document_position_params.text_document.uri;
        let declared = || {
            let (span, resource) = reading.function_at(offset)?;
            let beside = functions::beside(uri, &self.documents)?;
            Some((span, beside.described(resource)?))
        };
        let shown = reading.hover(offset).or_else(declared).map(|(span, value)| Hover {
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
        let uri = &place.text_document.uri;
        let declared = || {
            let (_, resource) = reading.function_at(offset)?;
            functions::beside(uri, &self.documents)?.place(resource)
        };
        let location = |span: Span| Location::new(uri.clone(), document.range(span));
        let found = state.map(|state| location(state.name_span)).or_else(declared);
        Ok(found.map(GotoDefinitionResponse::Scalar))
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

/// Whether a text in that language can be one of ours.
fn is_language(id: &str) -> bool {
    let id = id.split('.').next().unwrap_or_default();
    id.is_empty() || ["yaml", "yml", "json", "jsonc", "stepwell"].contains(&id)
}

fn refused(refusal: stepwell_definition::editor::RenameRefusal) -> Error {
    Error::invalid_params(refusal.to_string())
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::Supported(true)),
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
