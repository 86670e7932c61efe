//! `stepwell token`: tokens for a server.

use clap::{Args, Subcommand, ValueEnum};
use stepwell_wire::Scope;

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::host::Host;

const EXAMPLES: &str = "\
The first line is the token, which is shown once: it is handed to whoever asks. The second line is kept by whoever \
serves, in the file that `stepwell serve --tokens` names; it holds only a hash.

Scopes: read sees executions and flows, start starts executions, report completes waiting tasks, admin does everything.

Examples:
  stepwell token new --scope start --scope read
  stepwell token new --scope admin | tail -n 1 >> tokens.txt";

/// Make tokens for a server
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Print a new token, and the line with its hash
    New {
        /// What its bearer may do; may be given more than once
        #[arg(long, value_enum, required = true)]
        scope: Vec<ScopeName>,
    },
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum ScopeName {
    Read,
    Start,
    Report,
    Admin,
}

impl ScopeName {
    fn scope(self) -> Scope {
        match self {
            Self::Read => Scope::Read,
            Self::Start => Scope::Start,
            Self::Report => Scope::Report,
            Self::Admin => Scope::Admin,
        }
    }
}

impl Arguments {
    pub(crate) fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let Verb::New { scope } = self.verb;
        let scopes: Vec<Scope> = scope.into_iter().map(ScopeName::scope).collect();
        let made = host.make_token(&scopes);
        console.out(&format!("{}\n{}\n", made.token, made.line));
        Ok(Exit::Succeeded)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn a_token_and_its_line_are_printed() {
        let made = said(
            &Fake::default(),
            &["token", "new", "--scope", "start", "--scope", "read"],
        );
        assert_eq!(
            (made.exit, made.out.as_str()),
            (Exit::Succeeded, "stepwell_t\nstart,read hash\n")
        );
        for words in [&["token", "new"][..], &["token", "new", "--scope", "write"]] {
            assert_eq!(said(&Fake::default(), words).exit, Exit::Usage, "{words:?}");
        }
    }
}
