//! What the log of an execution would be billed.

use serde::Serialize;
use stepwell_pricing::{Bill, Logged, Prices};
use stepwell_wire::output::{Cost, Description, Row, Status};
use stepwell_wire::{Answer, Request};

use super::Arguments;
use super::bill::{BillLine, PricesLine, origin, table};
use crate::console::{Console, drawable};
use crate::exit::{Exit, Trouble};
use crate::host::Host;
use crate::progress::duration;
use crate::verbs::{refuse_no_store, unexpected};

const UNSEEN: &str = "The log does not show lost writes, reads, queue requests, schedules, invocations, the function's time \
    beside its components, and idle polling: they are not in the sum.\n";

const AT_MOST: &str = "Write units and bytes are at most those of the table, which deflates records.\n";

/// What `cost NAME --json` prints.
#[derive(Debug, Serialize)]
struct Told {
    name: String,
    flow: String,
    status: Status,
    cost: Cost,
    memory_mb: u64,
    retention_days: u32,
    bill: BillLine,
    prices: PricesLine,
}

pub(super) async fn tell(
    name: &str,
    asked: &Arguments,
    prices: &'static Prices,
    host: &dyn Host,
    console: &mut Console,
) -> Result<Exit, Trouble> {
    let place = asked.place.place();
    refuse_no_store(&place, name)?;
    let execution = name.to_owned();
    let answers = host.call(&place, Request::Describe { execution }).await?;
    let Description { row, cost, .. } = match answers.into_iter().last() {
        Some(Answer::Description(description)) => *description,
        other => return Err(unexpected(other)),
    };
    let logged = Logged {
        write_units: cost.write_units,
        bytes: cost.bytes,
        guest_us: cost.guest_us,
        took_ms: row.ended_ms.map(|ended| ended.saturating_sub(row.started_ms)),
    };
    let bill = prices.bill(&logged.usage(asked.memory_mb, asked.retention_days));
    match asked.json {
        true => console.json(&told(row, cost, asked, &bill, prices))?,
        false => console.out(&drawable(&text(&row, &cost, asked, &bill, prices))),
    }
    Ok(Exit::Succeeded)
}

fn told(row: Row, cost: Cost, asked: &Arguments, bill: &Bill, prices: &'static Prices) -> Told {
    Told {
        name: row.name,
        flow: row.flow,
        status: row.status,
        cost,
        memory_mb: asked.memory_mb,
        retention_days: asked.retention_days,
        bill: BillLine::of(bill, cost.transitions as f64),
        prices: prices.into(),
    }
}

fn text(row: &Row, cost: &Cost, asked: &Arguments, bill: &Bill, prices: &Prices) -> String {
    let Cost {
        records,
        bytes,
        guest_us,
        write_units: _,
        transitions,
    } = cost;
    let guest = duration(guest_us.div_ceil(1_000));
    let (status, table) = (row.status.name(), table(bill, *transitions as f64));
    let (memory, days) = (asked.memory_mb, asked.retention_days);
    format!(
        "{}/{}: {status}\n\
        log      {records} records, {bytes} bytes, {guest} in WASM, {transitions} transitions\n\n\
        {table}\n\
        Assumed: a function of {memory} MB, records kept for {days} days.\n\
        {AT_MOST}{UNSEEN}{}",
        row.flow,
        row.name,
        origin(prices)
    )
}
