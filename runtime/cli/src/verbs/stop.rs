//! `stepwell stop`: an execution is ended from outside.

use clap::Args;
use stepwell_wire::Request;

use super::refuse_no_store;
use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::host::Host;
use crate::place::PlaceArgument;

const EXAMPLES: &str = "\
Running tasks are cancelled, and nothing is started any more. A stopped execution does not go on again.

Examples:
  stepwell stop 9f86d081884c7d65";

/// Stop an execution for good
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution
    name: String,
    #[command(flatten)]
    place: PlaceArgument,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let place = self.place.place();
        refuse_no_store(&place, &self.name)?;
        host.call(
            &place,
            Request::Stop {
                execution: self.name.clone(),
            },
        )
        .await?;
        console.say(&format!("`{}` is stopped", self.name));
        Ok(Exit::Succeeded)
    }
}

#[cfg(test)]
mod tests {
    use stepwell_wire::{Answer, Refusal};

    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn a_stop_is_told_and_so_is_a_refusal() {
        let stopped = said(&Fake::answering(vec![Answer::Done]), &["stop", "f/n", "--store", "."]);
        assert_eq!(
            (stopped.exit, stopped.error.as_str()),
            (Exit::Succeeded, "`f/n` is stopped\n")
        );
        let refusal = Refusal::user("ExecutionAlreadyCompleted", "execution `f/n` has ended already");
        let refused = said(
            &Fake::answering(vec![Answer::Refused(refusal)]),
            &["stop", "n", "--store", "."],
        );
        let message = "ExecutionAlreadyCompleted: execution `f/n` has ended already\n";
        assert_eq!((refused.exit, refused.error.as_str()), (Exit::Usage, message));
    }
}
