//! The verbs, and the way from arguments to an exit.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::host::Host;
use crate::verbs::{
    cost, describe, eval, graph, history, list, lsp, report, run, schema, serve, stop, test, token, validate,
};

/// What the help begins and ends with.
const ABOUT: &str = "Runs workflows one durable step at a time";
const EPILOGUE: &str = "\
An execution survives anything: stop the program, or kill it, run the same command again, and it goes on where it was.

Examples:
  stepwell run order.yaml --input order.json     run a flow to its end
  stepwell list                                  what has run here
  stepwell history 9f86d081884c7d65              what happened, step by step
  stepwell validate order.yaml --strict          check a flow without running it
  stepwell test tests.yaml --chaos 20            what comes of it, also when the process dies

Exit codes: 0 succeeded, 1 failed, 2 usage or refused definition, 3 timed out, 4 stopped, 5 host error, 130 Ctrl-C";

#[derive(Parser, Debug)]
#[command(name = "stepwell", version, about = ABOUT, after_help = EPILOGUE, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// The registry of verbs: one line each.
#[derive(Subcommand, Debug)]
enum Verb {
    Run(run::Arguments),
    Validate(validate::Arguments),
    Test(test::Arguments),
    Graph(graph::Arguments),
    Eval(eval::Arguments),
    History(history::Arguments),
    Describe(describe::Arguments),
    Cost(cost::Arguments),
    List(list::Arguments),
    Stop(stop::Arguments),
    Report(report::Arguments),
    Serve(serve::Arguments),
    Token(token::Arguments),
    Lsp(lsp::Arguments),
    Schema(schema::Arguments),
}

/// Does what the arguments say.
pub async fn main(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone> + Send,
    host: &dyn Host,
    console: &mut Console,
) -> Exit {
    let verb = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.verb,
        Err(error) => return refused_arguments(&error, console),
    };
    let exit = match verb.carry_out(host, console).await {
        Ok(exit) => exit,
        Err(trouble) => refused(&trouble, console),
    };
    let Some(error) = console.lost() else { return exit };
    console.say(&format!("error: standard output cannot be written: {error}"));
    Exit::Host
}

impl Verb {
    async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        match self {
            Self::Run(arguments) => arguments.carry_out(host, console).await,
            Self::Validate(arguments) => arguments.carry_out(console),
            Self::Test(arguments) => arguments.carry_out(host, console).await,
            Self::Graph(arguments) => arguments.carry_out(console),
            Self::Eval(arguments) => arguments.carry_out(console),
            Self::History(arguments) => arguments.carry_out(host, console).await,
            Self::Describe(arguments) => arguments.carry_out(host, console).await,
            Self::Cost(arguments) => arguments.carry_out(host, console).await,
            Self::List(arguments) => arguments.carry_out(host, console).await,
            Self::Stop(arguments) => arguments.carry_out(host, console).await,
            Self::Report(arguments) => arguments.carry_out(host, console).await,
            Self::Serve(arguments) => arguments.carry_out(host, console).await,
            Self::Token(arguments) => arguments.carry_out(host, console),
            Self::Lsp(arguments) => arguments.carry_out(host, console).await,
            Self::Schema(arguments) => arguments.carry_out(console),
        }
    }
}

fn refused(trouble: &Trouble, console: &mut Console) -> Exit {
    if let Some(message) = trouble.message() {
        console.say(&message);
    }
    trouble.exit()
}

/// Help and version are answers; everything else is a mistake.
fn refused_arguments(error: &clap::Error, console: &mut Console) -> Exit {
    let text = match console.style().colour {
        true => error.render().ansi().to_string(),
        false => error.render().to_string(),
    };
    if error.use_stderr() {
        console.error(&text);
        return Exit::Usage;
    }
    console.out(&text);
    Exit::Succeeded
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_hold_together_and_every_verb_teaches() {
        let mut command = Arguments::command();
        command.build();
        command.clone().debug_assert();
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            assert!(verb.get_about().is_some(), "{} says nothing of itself", verb.get_name());
            assert!(verb.get_after_help().is_some(), "{} has no example", verb.get_name());
        }
    }

    #[test]
    fn prose_of_the_help_is_broken_by_the_terminal_alone() {
        for verb in Arguments::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let prose = help.split("Examples:").next().unwrap_or_default().trim_end();
            for paragraph in prose.split("\n\n") {
                assert_eq!(paragraph.lines().count().max(1), 1, "{}: {paragraph}", verb.get_name());
            }
        }
    }
}
