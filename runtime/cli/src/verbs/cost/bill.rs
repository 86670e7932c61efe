//! A bill as a table, and as JSON.

use serde::Serialize;
use stepwell_pricing::{Bill, Line, Prices};

/// A bill as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct BillLine {
    lines: Vec<Component>,
    total_usd: f64,
    /// Null where no state was entered.
    usd_per_million_transitions: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Component {
    what: &'static str,
    amount: f64,
    unit_usd: f64,
    usd: f64,
}

/// Where the prices are from.
#[derive(Debug, Serialize)]
pub(super) struct PricesLine {
    source: &'static str,
    region: &'static str,
    date: &'static str,
}

impl BillLine {
    pub(super) fn of(bill: &Bill, transitions: f64) -> Self {
        let component = |line: &Line| Component {
            what: line.what,
            amount: line.amount,
            unit_usd: line.unit_usd,
            usd: line.usd,
        };
        Self {
            lines: bill.lines.iter().map(component).collect(),
            total_usd: bill.total_usd,
            usd_per_million_transitions: bill.usd_per_million(transitions),
        }
    }
}

impl From<&'static Prices> for PricesLine {
    fn from(prices: &'static Prices) -> Self {
        Self {
            source: &prices.source,
            region: &prices.region,
            date: &prices.date,
        }
    }
}

/// The bill as a table, with its sum and the price of a million transitions.
pub(super) fn table(bill: &Bill, transitions: f64) -> String {
    let head = ["", "amount", "USD each", "USD"].map(str::to_owned);
    let row = |line: &Line| {
        [
            line.what.to_owned(),
            number(line.amount),
            number(line.unit_usd),
            usd(line.usd),
        ]
    };
    let total = ["total".to_owned(), String::new(), String::new(), usd(bill.total_usd)];
    let rows: Vec<[String; 4]> = std::iter::once(head)
        .chain(bill.lines.iter().map(row))
        .chain([total])
        .collect();
    let width =
        |column: fn(&[String; 4]) -> &String| rows.iter().map(|row| column(row).len()).max().unwrap_or_default();
    let widths = (
        width(|[what, ..]| what),
        width(|[_, amount, ..]| amount),
        width(|[_, _, each, _]| each),
        width(|[.., usd]| usd),
    );
    let (whats, amounts, prices, sums) = widths;
    let line = |[what, amount, each, usd]: &[String; 4]| {
        format!("{what:<whats$}  {amount:>amounts$}  {each:>prices$}  {usd:>sums$}\n")
    };
    let mut table: String = rows.iter().map(line).collect();
    if let Some(price) = bill.usd_per_million(transitions) {
        table.push_str(&format!("\nA million transitions at that price: {price:.2} USD\n"));
    }
    table
}

/// Where the prices are from, in a line.
pub(super) fn origin(prices: &Prices) -> String {
    let Prices {
        region, date, source, ..
    } = prices;
    format!("List prices of {region}, {date}: {source}\n")
}

/// A whole number as one, and else as many digits as count.
pub(super) fn number(amount: f64) -> String {
    let digits = format!("{amount:.10}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn usd(amount: f64) -> String {
    format!("{amount:.10}")
}
