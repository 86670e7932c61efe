//! `stepwell cost`: what an execution would be billed on AWS, or what one of a flow costs at most.

mod bill;
mod execution;
mod flow;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, value_parser};
use stepwell_pricing::{Assumptions, Prices, RETENTION_DAYS};

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::host::{Host, HostError};
use crate::place::PlaceArgument;

const EXAMPLES: &str = "\
List prices of AWS, without free tiers and taxes; their source and date are printed with them. With NAME it is what the log of \
an execution shows. With --flow the flow is not run: the dearest way through it is added up, and what the flow does not say is \
assumed and printed. A flow with a loop has no bound: the loop is named, and the exit code is 1.

Examples:
  stepwell cost 9f86d081884c7d65
  stepwell cost --flow order.yaml
  stepwell cost --flow sizes.yaml --items 100 --task-ms 40
  stepwell cost --flow order.yaml --json | jq .bill.total_usd";

/// Print what an execution costs on AWS, or what one of a flow costs at most
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution
    #[arg(required_unless_present = "flow", conflicts_with = "flow")]
    name: Option<String>,
    /// A flow's definition instead, which is not run
    #[arg(long, value_name = "FILE")]
    flow: Option<PathBuf>,
    /// Items of every Map of the flow
    #[arg(long, value_name = "N", conflicts_with = "name")]
    items: Option<u64>,
    /// Milliseconds of the function that one attempt of a task takes [default: 10]
    #[arg(long, value_name = "N", conflicts_with = "name")]
    task_ms: Option<u64>,
    /// What a record takes in the table, in KB [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "name", value_parser = value_parser!(u64).range(1..=400))]
    record_kb: Option<u64>,
    /// The function's memory, in MB
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = value_parser!(u64).range(128..=10_240))]
    memory_mb: u64,
    /// For how many days records are kept
    #[arg(long, value_name = "N", default_value_t = RETENTION_DAYS)]
    retention_days: u32,
    #[command(flatten)]
    place: PlaceArgument,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let prices = Prices::listed().map_err(|error| HostError::Broken(anyhow::Error::new(error)))?;
        match (&self.name, &self.flow) {
            (Some(name), _) => execution::tell(name, &self, prices, host, console).await,
            (None, Some(file)) => flow::tell(file, &self, prices, console),
            (None, None) => Err(Trouble::mistake("name an execution, or a flow with --flow")),
        }
    }

    fn assumptions(&self) -> Assumptions {
        let usual = Assumptions::default();
        Assumptions {
            items: self.items,
            task_ms: self.task_ms.unwrap_or(usual.task_ms),
            record_kb: self.record_kb.unwrap_or(usual.record_kb),
            memory_mb: self.memory_mb,
            retention_days: self.retention_days,
        }
    }
}
