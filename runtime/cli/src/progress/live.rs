//! Progress as a tree that is redrawn in place.
//!
//! A drawing is one write: up to where the last one began, every line over the old one, the rest cleared; terminals that
//! know synchronised updates show it at once. Nothing is cleared first, so nothing flickers.

use std::sync::Arc;

use stepwell_definition::{OutlineLine, outline};
use stepwell_model::{BlockPath, Flow, Kind};
use stepwell_wire::Begun;
use stepwell_wire::output::EventLine;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::board::{Board, Doings, Phase, WayOut};
use super::duration;
use crate::console::{Style, one_line};

/// The widest that the tree itself becomes, so that the columns beside it stay in sight.
const TREE_WIDTH_MAX: usize = 44;

/// Progress as a tree.
#[derive(Debug)]
pub(super) struct Live {
    board: Board,
    rows: Vec<Row>,
    style: Style,
    title: String,
    started_ms: Option<u64>,
    ended: Option<(u64, String)>,
    /// How many lines the last drawing took.
    drawn: usize,
}

/// One line of the tree.
#[derive(Debug)]
struct Row {
    line: OutlineLine,
    what: What,
}

/// What a line shows beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A branch's heading: nothing.
    Heading,
    /// A state that is visited by one scope at a time.
    Single,
    /// A state that the items of a Map visit.
    Many,
    /// A Map.
    Map,
}

/// How a state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Ahead,
    Working,
    Waiting,
    Retrying,
    Done,
    Caught,
    CutOff,
    Failed,
}

impl Live {
    pub(super) fn new(flow: Arc<Flow>, style: Style) -> Self {
        let rows = outline(&flow)
            .into_iter()
            .map(|line| Row {
                what: what(&flow, &line),
                line,
            })
            .collect();
        Self {
            board: Board::new(flow),
            rows,
            style,
            title: String::new(),
            started_ms: None,
            ended: None,
            drawn: 0,
        }
    }

    pub(super) fn begin(&mut self, begun: &Begun, title: String) {
        self.title = title;
        begun.earlier.iter().for_each(|event| self.event(event));
    }

    pub(super) fn event(&mut self, event: &EventLine) {
        self.started_ms.get_or_insert(event.at_ms);
        if event.state.is_empty() && event.scope.is_empty() && event.event != "ExecutionStarted" {
            self.ended = Some((event.at_ms, event.status.clone()));
        }
        self.board.fold(event);
    }

    /// The next drawing, over the last one.
    pub(super) fn draw(&mut self, now_ms: u64) -> String {
        let (columns, rows) = (self.style.size)();
        let lines = self.lines(now_ms, columns.max(20), rows.max(5));
        let mut text = String::from("\u{1b}[?2026h");
        if self.drawn > 0 {
            text.push_str(&format!("\u{1b}[{}A", self.drawn));
        }
        for line in &lines {
            text.push_str(&format!("\r{line}\u{1b}[K\n"));
        }
        text.push_str("\u{1b}[J\u{1b}[?2026l");
        self.drawn = lines.len();
        text
    }

    /// Takes the last drawing away.
    pub(super) fn clear(&mut self) -> String {
        let up = std::mem::take(&mut self.drawn);
        if up == 0 {
            String::new()
        } else {
            format!("\u{1b}[{up}A\r\u{1b}[J")
        }
    }

    fn lines(&self, now_ms: u64, columns: usize, rows: usize) -> Vec<String> {
        let drawn: Vec<(Stand, String)> = self.rows.iter().map(|row| self.row(row, now_ms, columns)).collect();
        let mut lines = fit(drawn, rows.saturating_sub(3));
        lines.push(self.summary(now_ms));
        lines
    }

    fn summary(&self, now_ms: u64) -> String {
        let started = self.started_ms.unwrap_or(now_ms);
        match &self.ended {
            Some((ended, status)) => format!("{status} after {}", duration(ended.saturating_sub(started))),
            None => format!("running for {}", duration(now_ms.saturating_sub(started))),
        }
    }

    fn row(&self, row: &Row, now_ms: u64, columns: usize) -> (Stand, String) {
        let stem = if self.style.unicode {
            row.line.stem.clone()
        } else {
            ascii(&row.line.stem)
        };
        let Some(index) = row.line.state.filter(|_| row.what != What::Heading) else {
            return (Stand::Ahead, format!("{stem}{}", row.line.name));
        };
        let doings = self.board.doings(&(row.line.block.clone(), index));
        let stand = doings.map_or(Stand::Ahead, stand);
        let head = fill(
            &format!("{stem}{} {}", self.mark(stand), row.line.name),
            self.tree_width(),
        );
        let beside = doings
            .map(|doings| beside(row.what, doings, stand, now_ms))
            .unwrap_or_default();
        let line = cut(&format!("{head}  {beside}"), columns.saturating_sub(1));
        (stand, self.coloured(stand, line.trim_end()))
    }

    fn tree_width(&self) -> usize {
        let width = |row: &Row| row.line.stem.width() + row.line.name.width() + 2;
        self.rows
            .iter()
            .map(width)
            .max()
            .unwrap_or_default()
            .min(TREE_WIDTH_MAX)
    }

    fn mark(&self, stand: Stand) -> &'static str {
        match (stand, self.style.unicode) {
            (Stand::Ahead, true) => "·",
            (Stand::Ahead, false) => ".",
            (Stand::Working, true) => "▸",
            (Stand::Working, false) => ">",
            (Stand::Waiting, true) => "◦",
            (Stand::Waiting, false) => "o",
            (Stand::Retrying, true) => "↻",
            (Stand::Retrying, false) => "~",
            (Stand::Done, true) => "✓",
            (Stand::Done, false) => "+",
            (Stand::Caught, true) => "↷",
            (Stand::Caught, false) => "!",
            (Stand::CutOff, true) => "⊘",
            (Stand::CutOff, false) => "-",
            (Stand::Failed, true) => "✗",
            (Stand::Failed, false) => "x",
        }
    }

    fn coloured(&self, stand: Stand, line: &str) -> String {
        let colour = match stand {
            Stand::Ahead => "2",
            Stand::Working => "36",
            Stand::Waiting => "35",
            Stand::Retrying | Stand::Caught | Stand::CutOff => "33",
            Stand::Done => "32",
            Stand::Failed => "31",
        };
        if self.style.colour {
            format!("\u{1b}[{colour}m{line}\u{1b}[0m")
        } else {
            line.to_owned()
        }
    }
}

fn what(flow: &Flow, line: &OutlineLine) -> What {
    let Some(state) = line.state.and_then(|index| flow.block(&line.block)?.state(index)) else {
        return What::Heading;
    };
    let inside_map = !line.block.0.is_empty() && passes_map(flow, &line.block);
    match (&state.kind, inside_map) {
        (Kind::Map(_), _) => What::Map,
        (_, true) => What::Many,
        (_, false) => What::Single,
    }
}

/// Whether the path to a block leads through a Map.
fn passes_map(flow: &Flow, path: &BlockPath) -> bool {
    let mut block = Some(&flow.body);
    path.0.iter().any(|(index, number)| {
        let state = block.and_then(|block| block.state(*index));
        block = state.and_then(|state| state.blocks().nth(*number as usize));
        state.is_some_and(|state| matches!(state.kind, Kind::Map(_)))
    })
}

fn stand(doings: &Doings) -> Stand {
    match (doings.open, doings.phase) {
        (0, _) if doings.done == 0 && doings.failed > 0 => Stand::Failed,
        (0, _) => match doings.way_out {
            WayOut::Well => Stand::Done,
            WayOut::Caught => Stand::Caught,
            WayOut::CutOff => Stand::CutOff,
        },
        (_, Phase::Working) => Stand::Working,
        (_, Phase::Waiting) => Stand::Waiting,
        (_, Phase::Retrying) => Stand::Retrying,
    }
}

fn beside(what: What, doings: &Doings, stand: Stand, now_ms: u64) -> String {
    match what {
        What::Heading => String::new(),
        What::Single => single(doings, stand, now_ms),
        What::Many => counts(doings),
        What::Map => {
            let (begun, ended) = doings.items;
            let running = begun.saturating_sub(ended);
            let time = doings
                .took_ms
                .unwrap_or_else(|| now_ms.saturating_sub(doings.entered_ms));
            format!(
                "{:>10}  {}",
                duration(time),
                parts([(ended, "done"), (running, "running")])
            )
        }
    }
}

fn single(doings: &Doings, stand: Stand, now_ms: u64) -> String {
    let time = match (stand, doings.took_ms) {
        (Stand::Done | Stand::Caught | Stand::CutOff | Stand::Failed, Some(took)) => took,
        _ => now_ms.saturating_sub(doings.entered_ms),
    };
    let mut said = Vec::new();
    let visits = doings.done + doings.cut_off + doings.failed + doings.open;
    if visits > 1 {
        said.push(format!("visit {visits}"));
    }
    if doings.attempt > 1 || stand == Stand::Retrying {
        said.push(format!("attempt {}", doings.attempt));
    }
    if stand == Stand::Retrying && doings.since_ms > now_ms {
        said.push(format!("in {}", duration(doings.since_ms - now_ms)));
    }
    if stand == Stand::Caught {
        said.push("caught".to_owned());
    }
    if stand == Stand::CutOff {
        said.push("cut off".to_owned());
    }
    if stand == Stand::Waiting {
        said.push("waits for a report".to_owned());
    }
    said.extend(doings.note.as_deref().map(|note| one_line(note, 80)));
    format!("{:>10}  {}", duration(time), said.join(", "))
}

fn counts(doings: &Doings) -> String {
    let parts = parts([
        (doings.done, "done"),
        (doings.open, "running"),
        (doings.cut_off, "cut off"),
        (doings.failed, "failed"),
        (doings.failed_attempts, "failed attempts"),
    ]);
    format!("{:>10}  {parts}", "")
}

fn parts<const N: usize>(parts: [(u64, &str); N]) -> String {
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    told.join(", ")
}

/// As many lines as there is room for: what is done is folded away first, then what lies ahead.
fn fit(lines: Vec<(Stand, String)>, room: usize) -> Vec<String> {
    if lines.len() <= room {
        return lines.into_iter().map(|(_, line)| line).collect();
    }
    let open = |stand: Stand| !matches!(stand, Stand::Done | Stand::Caught | Stand::Ahead);
    let first = lines
        .iter()
        .position(|(stand, _)| open(*stand))
        .unwrap_or(lines.len().saturating_sub(room));
    let room = room.saturating_sub(2).max(1);
    let from = first.saturating_sub(1).min(lines.len().saturating_sub(room));
    let behind = lines.len().saturating_sub(from + room);
    let mut shown = Vec::with_capacity(room + 2);
    if from > 0 {
        shown.push(format!("... {from} lines above"));
    }
    shown.extend(lines.into_iter().skip(from).take(room).map(|(_, line)| line));
    if behind > 0 {
        shown.push(format!("... {behind} lines below"));
    }
    shown
}

fn ascii(stem: &str) -> String {
    stem.chars()
        .map(|character| match character {
            '├' | '└' => '+',
            '─' => '-',
            '│' => '|',
            other => other,
        })
        .collect()
}

/// The text cut to a width.
fn cut(text: &str, width: usize) -> String {
    let mut left = width;
    text.chars()
        .take_while(|character| {
            let needed = character.width().unwrap_or_default();
            let fits = needed <= left;
            left = left.saturating_sub(needed);
            fits
        })
        .collect()
}

/// The text cut or filled to a width.
fn fill(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let blanks = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}
