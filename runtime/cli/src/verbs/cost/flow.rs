//! What one execution of a flow costs at most.

use std::path::Path;

use serde::Serialize;
use stepwell_definition::Strictness;
use stepwell_pricing::{Assumptions, Bill, Forecast, ForecastError, Loop, Prices, forecast};

use super::Arguments;
use super::bill::{BillLine, PricesLine, number, origin, table};
use crate::console::{Console, drawable};
use crate::exit::{Exit, Trouble};
use crate::files::{FlowFile, Problems};

const UNCOUNTED: &str = "Not counted: lost writes, what a death or the end of an invocation repeats, what tasks call, idle \
    polling.\n";

/// What `cost --flow FILE --json` prints.
#[derive(Debug, Serialize)]
struct Told<'f> {
    flow: &'f str,
    records: f64,
    rows: f64,
    transitions: f64,
    assumptions: Assumed,
    bill: BillLine,
    prices: PricesLine,
}

#[derive(Debug, Serialize)]
struct Assumed {
    items: Option<u64>,
    task_ms: u64,
    record_kb: u64,
    memory_mb: u64,
    retention_days: u32,
    remarks: Vec<String>,
}

/// What it prints of a flow without a bound.
#[derive(Debug, Serialize)]
struct Unbounded<'f> {
    flow: &'f str,
    #[serde(rename = "loop")]
    found: Vec<&'f str>,
    line: usize,
    column: usize,
}

pub(super) fn tell(
    path: &Path,
    asked: &Arguments,
    prices: &'static Prices,
    console: &mut Console,
) -> Result<Exit, Trouble> {
    let file = FlowFile::read(path)?;
    let Some(flow) = &file.checked.flow else {
        return Err(refused(&file, console));
    };
    let assumptions = asked.assumptions();
    let bound = match forecast(flow, assumptions, prices) {
        Ok(bound) => bound,
        Err(error @ ForecastError::Items { .. }) => return Err(Trouble::mistake(format!("{error}: say `--items N`"))),
        Err(ForecastError::Loop(found)) => return unbounded(&file, &flow.name, found, asked, console),
    };
    let bill = prices.bill(&bound.usage);
    let assumptions = Assumed::of(assumptions, &bound);
    match asked.json {
        true => console.json(&Told {
            flow: &flow.name,
            records: bound.records,
            rows: bound.rows,
            transitions: bound.transitions,
            assumptions,
            bill: BillLine::of(&bill, bound.transitions),
            prices: prices.into(),
        })?,
        false => console.out(&drawable(&text(&flow.name, &assumptions, &bound, &bill, prices))),
    }
    Ok(Exit::Succeeded)
}

fn refused(file: &FlowFile, console: &mut Console) -> Trouble {
    let mut problems = Problems::default();
    problems.add(&file.checked.report(Strictness::Lenient), console.style());
    console.error(problems.drawn());
    Trouble::mistake(format!("{}: {}", file.path.display(), problems.summary()))
}

/// The loop is the answer; it stands where its last state is.
fn unbounded(
    file: &FlowFile,
    flow: &str,
    found: Loop,
    asked: &Arguments,
    console: &mut Console,
) -> Result<Exit, Trouble> {
    let span = file.checked.places.state(&found.block, found.closed_by).name;
    let place = file.checked.source.line_column(span.start);
    if asked.json {
        console.json(&Unbounded {
            flow,
            found: found.names.iter().map(|name| &**name).collect(),
            line: place.line,
            column: place.column,
        })?;
    }
    let path = file.path.display();
    let told = ForecastError::Loop(found);
    console.say(&format!("{path}:{}:{}: {told}", place.line, place.column));
    Ok(Exit::Failed)
}

impl Assumed {
    fn of(assumptions: Assumptions, bound: &Forecast) -> Self {
        let Assumptions {
            items,
            task_ms,
            record_kb,
            memory_mb,
            retention_days,
        } = assumptions;
        Self {
            items,
            task_ms,
            record_kb,
            memory_mb,
            retention_days,
            remarks: bound.remarks.iter().map(ToString::to_string).collect(),
        }
    }

    fn lines(&self) -> Vec<String> {
        let Self {
            items,
            task_ms,
            record_kb,
            memory_mb,
            retention_days,
            remarks,
        } = self;
        let mut lines = Vec::new();
        lines.extend(items.map(|items| format!("every Map has {items} items (--items)")));
        lines.push(format!("an attempt takes the function {task_ms} ms (--task-ms)"));
        lines.push(format!("a record takes {record_kb} KB (--record-kb)"));
        lines.push(format!("the function has {memory_mb} MB, on arm64 (--memory-mb)"));
        lines.push(format!("records are kept for {retention_days} days (--retention-days)"));
        lines.push("it is started by the API".to_owned());
        lines.extend(remarks.iter().cloned());
        lines
    }
}

fn text(flow: &str, assumed: &Assumed, bound: &Forecast, bill: &Bill, prices: &Prices) -> String {
    let counts = [bound.records, bound.rows, bound.transitions].map(number);
    let [records, rows, transitions] = &counts;
    let table = table(bill, bound.transitions);
    let assumed: String = assumed.lines().iter().map(|line| format!("  {line}\n")).collect();
    format!(
        "{flow}: one execution, at most\n\
        records {records}, rows in the index {rows}, transitions {transitions}\n\n\
        {table}\n\
        Assumed:\n{assumed}\
        {UNCOUNTED}{}",
        origin(prices)
    )
}
