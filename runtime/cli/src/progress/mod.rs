//! What a run shows while it goes on.
//!
//! A live tree of states where a terminal can redraw it, plain lines where it cannot, JSON lines where they were asked
//! for.
//!
//! **Invariant:** nothing that is shown decides anything, and showing is bounded by the flow's size.

mod board;
mod duration;
mod live;
mod plain;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use stepwell_model::Flow;
use stepwell_wire::output::EventLine;
use stepwell_wire::{Begun, Standing};

use crate::console::Console;
use live::Live;
use plain::Plain;

pub(crate) use duration::{duration, size};

/// Shows one run.
#[derive(Debug)]
pub struct Progress<'c> {
    console: &'c mut Console,
    execution: String,
    flow: Arc<Flow>,
    shape: Shape,
    /// Settings were asked for.
    asked_settings: bool,
    begun: bool,
    /// Whether the execution had ended before.
    stored: bool,
    now_ms: u64,
    guest_us: u64,
    kept: Option<Kept>,
}

/// Which process drives an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driven {
    /// This one.
    Here,
    /// Another one.
    Elsewhere,
}

/// What a run left in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Records.
    pub records: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// How it is shown.
#[derive(Debug)]
enum Shape {
    Live(Box<Live>),
    Plain(Box<Plain>),
    Json,
}

impl<'c> Progress<'c> {
    /// A live tree where standard error can show one, plain lines elsewhere.
    pub(crate) fn for_people(console: &'c mut Console, flow: Arc<Flow>) -> Self {
        let style = console.style();
        let shape = match style.live {
            true => Shape::Live(Box::new(Live::new(flow.clone(), style))),
            false => Shape::Plain(Box::new(Plain::new(flow.clone()))),
        };
        Self {
            console,
            execution: String::new(),
            flow,
            shape,
            asked_settings: false,
            begun: false,
            stored: false,
            now_ms: 0,
            guest_us: 0,
            kept: None,
        }
    }

    /// One JSON object per line on standard output.
    pub(crate) fn for_programs(console: &'c mut Console, flow: Arc<Flow>) -> Self {
        Self {
            console,
            execution: String::new(),
            flow,
            shape: Shape::Json,
            asked_settings: false,
            begun: false,
            stored: false,
            now_ms: 0,
            guest_us: 0,
            kept: None,
        }
    }

    /// Settings were asked for, which count for a new execution only.
    pub(crate) fn asked_for_settings(&mut self) {
        self.asked_settings = true;
    }

    /// The run has begun, or goes on in another process.
    pub fn begun(&mut self, begun: &Begun, driven: Driven) {
        if self.begun {
            return;
        }
        (self.begun, self.execution) = (true, begun.name.clone());
        if self.asked_settings && begun.standing != Standing::New {
            self.say("it keeps the settings that it was started with; `--set` changes nothing");
        }
        self.stored = begun.standing == Standing::Ended;
        let standing = match (begun.standing, driven) {
            (Standing::New, _) => "started",
            (Standing::Running, Driven::Here) => "goes on where it was",
            (Standing::Running, Driven::Elsewhere) => "runs; watching it in the process that drives it",
            (Standing::Ended, _) => "has ended already; this is its stored result",
        };
        let line = format!("{}/{}: {standing}", self.flow.name, begun.name);
        match &mut self.shape {
            Shape::Json => return,
            Shape::Live(live) => live.begin(begun, line.clone()),
            Shape::Plain(plain) => plain.begin(begun),
        }
        self.say(&line);
    }

    /// Something became durable.
    pub fn event(&mut self, event: EventLine) {
        self.guest_us += event.guest_us;
        match &mut self.shape {
            Shape::Live(live) => live.event(&event),
            Shape::Plain(plain) => {
                if let Some(line) = plain.event(&event) {
                    self.console.say(&line);
                }
            }
            // A line of seven plain fields can always be written.
            Shape::Json => _ = self.console.json(&event.printed()),
        }
    }

    /// Whether a tree is shown that time changes.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        matches!(self.shape, Shape::Live(_))
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        if let Shape::Live(live) = &mut self.shape {
            let drawn = live.draw(now_ms);
            self.console.error(&drawn);
        }
    }

    /// Says something beside what is shown.
    pub fn say(&mut self, line: &str) {
        match &mut self.shape {
            Shape::Live(live) => {
                let cleared = live.clear();
                self.console.error(&cleared);
                self.console.say(line);
            }
            Shape::Plain(_) => self.console.say(line),
            Shape::Json => {}
        }
    }

    /// What the run left in its store, to be told at the end.
    pub fn kept(&mut self, kept: Kept) {
        self.kept = Some(kept);
    }

    /// Whether the execution had ended before.
    pub(crate) fn is_stored(&self) -> bool {
        self.stored
    }

    /// Shows the last state, and what it took.
    pub(crate) fn finish(mut self) {
        self.tick(self.now_ms);
        match &self.shape {
            Shape::Live(_) | Shape::Plain(_) => self.console.say_if(self.cost()),
            Shape::Json => {}
        }
    }

    fn cost(&self) -> Option<String> {
        let kept = self.kept.filter(|kept| self.begun && kept.records > 0);
        let records = kept.map(|Kept { records, bytes }| {
            format!(
                "{records} record{}, {} written",
                if records == 1 { "" } else { "s" },
                size(bytes)
            )
        });
        let guests = (self.guest_us > 0).then(|| format!("{:.1} ms inside components", self.guest_us as f64 / 1000.0));
        let told: Vec<String> = [records, guests].into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// The execution's name, once it has begun.
    #[must_use]
    pub fn execution(&self) -> Option<&str> {
        self.begun.then_some(self.execution.as_str())
    }
}
