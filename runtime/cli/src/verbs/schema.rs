//! `stepwell schema`: the JSON Schema of a file format.

use clap::{Args, ValueEnum};
use stepwell_definition::{FLOW_SCHEMA, FUNCTIONS_SCHEMA, GRANTS_SCHEMA, TESTS_SCHEMA};

use crate::console::Console;
use crate::exit::{Exit, Trouble};

const EXAMPLES: &str = "\
Editors check and complete with it what they do not ask the language server; docs/editors.md says how.

Examples:
  stepwell schema flow > schemas/flow.schema.json
  stepwell schema functions > schemas/functions.schema.json";

/// Print the JSON Schema of a file format
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Of which files
    #[arg(value_name = "FORMAT")]
    format: Format,
}

/// A file format.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Flow,
    Functions,
    Grants,
    Tests,
}

impl Arguments {
    #[expect(clippy::unnecessary_wraps, reason = "every verb is carried out in the same way")]
    pub(crate) fn carry_out(self, console: &mut Console) -> Result<Exit, Trouble> {
        let text = match self.format {
            Format::Flow => FLOW_SCHEMA,
            Format::Functions => FUNCTIONS_SCHEMA,
            Format::Grants => GRANTS_SCHEMA,
            Format::Tests => TESTS_SCHEMA,
        };
        console.out(text);
        Ok(Exit::Succeeded)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn the_schemas_are_those_that_are_published() {
        for (name, text) in [
            ("flow", FLOW_SCHEMA),
            ("functions", FUNCTIONS_SCHEMA),
            ("grants", GRANTS_SCHEMA),
            ("tests", TESTS_SCHEMA),
        ] {
            let said = said(&Fake::default(), &["schema", name]);
            assert_eq!(
                (said.exit, said.out.as_str(), said.error.as_str()),
                (Exit::Succeeded, text, "")
            );
        }
        assert_eq!(said(&Fake::default(), &["schema", "flows"]).exit, Exit::Usage);
    }
}
