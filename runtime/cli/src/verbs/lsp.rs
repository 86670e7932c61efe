//! `stepwell lsp`: an editor is told about flows while they are written.

use clap::Args;

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::host::{EditorEnd, Host};

const EXAMPLES: &str = "\
An editor starts this command and speaks the Language Server Protocol with it over standard input and output. It checks \
flows, functions.yaml and grants.yaml as they are typed, completes fields, states, variables and functions, explains \
words, and finds and renames states. How editors are set up stands in docs/editors.md.

Examples:
  stepwell lsp";

/// Why the conversation is over without a farewell.
const GONE: &str = "error: the conversation ended without `shutdown` and `exit`: standard input has ended";

/// Serve an editor as its language server
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What it speaks over anyway; some editors say so
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let Self { stdio: _ } = self;
        Ok(match host.serve_editor().await {
            EditorEnd::Asked => Exit::Succeeded,
            EditorEnd::Gone => {
                console.say(GONE);
                Exit::Failed
            }
            EditorEnd::Lost(reason) => {
                console.say(&format!("error: the conversation cannot go on: {reason}"));
                Exit::Failed
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn the_exit_tells_whether_the_editor_said_goodbye() {
        let gone = format!("{GONE}\n");
        for (end, exit, error) in [
            (EditorEnd::Asked, Exit::Succeeded, ""),
            (EditorEnd::Gone, Exit::Failed, &gone),
            (
                EditorEnd::Lost("it is too long".to_owned()),
                Exit::Failed,
                "error: the conversation cannot go on: it is too long\n",
            ),
        ] {
            for words in [&["lsp"][..], &["lsp", "--stdio"]] {
                let said = said(&Fake::editing(end.clone()), words);
                assert_eq!((said.exit, said.out.as_str(), said.error.as_str()), (exit, "", error));
            }
        }
    }
}
