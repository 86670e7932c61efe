//! What executions were meant to cost.
//!
//! **Invariant:** an aim that is missed is told, not hidden; what may not be missed stands in the cases.

use super::spent::Spent;
use super::table::Row;

/// USD for a million transitions of a row, at most.
const PRICES: [(&str, f64); 4] = [
    ("5 tasks with effects", 1.30),
    ("20 tasks with effects", 1.00),
    ("5 pure tasks", 0.80),
    ("5 pure tasks, started from the queue", 0.40),
];

/// Writes of an item of a Map, at most, from so many items on.
const ITEM_WRITES_MAX: f64 = 1.1;
const ITEMS_MANY: u64 = 1_000;

/// What one item more may cost, compared with one more of fewer.
const GROWTH_MAX: f64 = 1.1;

/// A line for each aim.
pub(super) fn told(rows: &[Row]) -> String {
    let prices = PRICES.iter().filter_map(|(what, most)| {
        let row = rows.iter().find(|row| row.what == *what)?;
        let what = format!("{what}, USD a million transitions");
        Some(line(&what, row.usd_per_million(), *most))
    });
    let large = rows.iter().filter(|row| row.items >= ITEMS_MANY);
    let writes = large.map(|row| {
        let what = format!("{}, write units an item", row.what);
        line(&what, row.spent.write_units / row.items as f64, ITEM_WRITES_MAX)
    });
    let lines: Vec<String> = prices.chain(writes).chain(growth(rows)).collect();
    lines.join("\n")
}

/// One item more between 1,000 and 10,000, beside one more between 100 and 1,000.
fn growth(rows: &[Row]) -> Option<String> {
    let map = |items| rows.iter().find(|row| row.items == items);
    let (small, middle, large) = (map(100)?, map(1_000)?, map(10_000)?);
    let grown = per_item(middle, large) / per_item(small, middle);
    let what = "an item more between 1,000 and 10,000, in USD beside one between 100 and 1,000";
    Some(line(what, grown, GROWTH_MAX))
}

fn per_item(from: &Row, to: &Row) -> f64 {
    let usd = |row: &Row| Spent::usd(&row.spent);
    (usd(to) - usd(from)) / (to.items - from.items) as f64
}

fn line(what: &str, measured: f64, most: f64) -> String {
    let met = if measured <= most { "met" } else { "MISSED" };
    format!("aim {met}: {what}: {measured:.2}, at most {most:.2}")
}
