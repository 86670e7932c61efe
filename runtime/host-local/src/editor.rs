//! An editor on the other side of standard input and output.

use stepwell_cli::EditorEnd;
use stepwell_language_server::{End, serve};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

/// Serves the editor to its end.
pub(crate) async fn serve_editor() -> EditorEnd {
    let input = tokio::io::stdin().compat();
    let output = tokio::io::stdout().compat_write();
    match serve(input, output).await {
        End::Asked => EditorEnd::Asked,
        End::Gone => EditorEnd::Gone,
        End::Lost(reason) => EditorEnd::Lost(reason.to_string()),
    }
}
