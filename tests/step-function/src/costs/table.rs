//! The table: what every flow took, per execution and per transition, and at list prices.

use std::fmt::Write as _;

use super::spent::Spent;

/// What one execution of a flow took, on the average.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) items: u64,
    /// Entered states, and tasks that were tried again.
    pub(super) transitions: f64,
    /// Of how many it is the average.
    pub(super) executions: usize,
    pub(super) spent: Spent,
}

type Column = (&'static str, fn(&Spent) -> f64);

const AMOUNTS: [Column; 12] = [
    ("write units", |spent| spent.write_units),
    ("lost writes", |spent| spent.lost_writes),
    ("read units", |spent| spent.read_units),
    ("queue requests", |spent| spent.queue_requests),
    ("idle polls", |spent| spent.idle_polls),
    ("schedules", |spent| spent.schedules),
    ("objects", |spent| spent.object_writes + spent.object_reads),
    ("invocations", |spent| spent.invocations),
    ("CPU ms", |spent| spent.cpu_ms),
    ("waiting ms", Spent::waiting_ms),
    ("billed ms", Spent::billed_ms),
    ("bytes stored", Spent::stored_bytes),
];

/// Components of the price: their heading, and the lines of a bill that they are the sum of.
const PRICES: [(&str, &[&str]); 8] = [
    ("writes", &["write units"]),
    ("reads", &["read units"]),
    ("queue", &["queue requests"]),
    ("idle polls", &["idle polls"]),
    ("schedules", &["schedules"]),
    ("invocations", &["invocations"]),
    ("time", &["GB-seconds"]),
    ("storage", &["GB-months", "objects written", "objects read"]),
];

impl Row {
    /// The list price of a million transitions.
    pub(super) fn usd_per_million(&self) -> f64 {
        self.spent.usd() / self.transitions * 1e6
    }
}

/// The three tables.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::from("Per execution:\n\n");
    amounts(&mut text, rows, |_| 1.0);
    text += "\nPer state transition:\n\n";
    amounts(&mut text, rows, |row| row.transitions);
    text += "\nList price of a million state transitions, in USD:\n\n";
    prices(&mut text, rows);
    text
}

fn amounts(text: &mut String, rows: &[Row], per: fn(&Row) -> f64) {
    let headings = AMOUNTS.iter().map(|(heading, _)| *heading);
    heading(text, ["of", "transitions"].into_iter().chain(headings));
    for row in rows {
        let spent = row.spent.each_of(per(row));
        let cells = AMOUNTS.iter().map(|(_, amount)| shown(amount(&spent)));
        let first = [row.executions.to_string(), shown(row.transitions)];
        line(text, &row.what, first.into_iter().chain(cells));
    }
}

fn prices(text: &mut String, rows: &[Row]) {
    let headings = PRICES.iter().map(|(heading, _)| *heading);
    heading(text, headings.chain(["all"]));
    for row in rows {
        let lines = row.spent.lines();
        let cells = PRICES.iter().map(|(_, parts)| {
            let parts = lines.iter().filter(|line| parts.contains(&line.what));
            let usd = parts.fold(0.0, |sum, line| sum + line.usd);
            shown(usd / row.transitions * 1e6)
        });
        let all = format!("**{:.2}**", row.usd_per_million());
        line(text, &row.what, cells.chain([all]));
    }
}

fn heading<'h>(text: &mut String, headings: impl Iterator<Item = &'h str>) {
    let headings: Vec<&str> = headings.collect();
    writeln!(
        text,
        "| flow | {} |\n|---|{}",
        headings.join(" | "),
        "--:|".repeat(headings.len())
    )
    .unwrap();
}

fn line(text: &mut String, what: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    writeln!(text, "| {what} | {} |", cells.join(" | ")).unwrap();
}

/// Three digits or more, of what is less than one two; nothing behind the point where nothing is there.
fn shown(amount: f64) -> String {
    let digits = match amount {
        _ if amount >= 100.0 => 0,
        _ if amount >= 10.0 => 1,
        _ if amount >= 0.1 || amount == 0.0 => 2,
        _ => 4,
    };
    let text = format!("{amount:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
