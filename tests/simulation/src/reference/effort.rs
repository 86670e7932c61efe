//! What a run costs, as bounds: how much it is exactly is the engine's business.
//!
//! Source: the setting `limits.states`: states in a scope without an effect, a Wait or a fork; a KiB of new data counts as
//! one, and so do 250 steps of expressions.

use std::cell::{Cell, RefCell};

use stepwell_expression::Value;

use super::run::{ANY, FRESH};

const BYTES_PER_STATE: u64 = 1024;
const STEPS_PER_STATE: u64 = 250;
/// A write of globals counts so often.
const WRITES: u64 = 4;
/// What an evaluation costs at most beside its parts.
const EVALUATION_STEPS: u64 = 40;
/// What a part costs at most, and every byte of what it yields.
const PART_STEPS: u64 = 8;
const BYTE_STEPS: u64 = 3;

/// What one interpreter has computed, and which limits its values come near.
#[derive(Debug, Default)]
pub(super) struct Effort {
    fresh: Cell<u64>,
    least_states: Cell<u64>,
    most_steps: Cell<u64>,
    /// The bytes of every value that is held against `limits.data`.
    pub(super) sizes: RefCell<Vec<u64>>,
    /// How many states had been counted at every entry of one, where that is certain.
    pub(super) counts: RefCell<Vec<u64>>,
    /// Whether the size of a value is not known.
    pub(super) is_unknown: Cell<bool>,
}

/// States in a scope since the last effect, Wait or fork.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    least: u64,
    most: u64,
    most_steps: u64,
}

impl Effort {
    /// A value as no other.
    pub(super) fn fresh(&self) -> Value {
        self.fresh.set(self.fresh.get() + 1);
        Value::from(format!("{FRESH}-{:027}", self.fresh.get()))
    }

    /// An expression or a constructor is evaluated.
    pub(super) fn evaluates(&self) {
        self.spend(EVALUATION_STEPS);
    }

    /// A part of it yields that value.
    pub(super) fn yields(&self, value: &Value) {
        self.spend(PART_STEPS + BYTE_STEPS * value.bytes());
    }

    /// So many items are gone through.
    pub(super) fn goes_through(&self, items: usize) {
        self.least_states
            .set(self.least_states.get() + items as u64 / STEPS_PER_STATE);
    }

    fn spend(&self, steps: u64) {
        self.most_steps.set(self.most_steps.get() + steps);
    }

    /// A value is held against `limits.data`.
    pub(super) fn measures(&self, value: &Value) {
        match is_known(value) {
            true => self.sizes.borrow_mut().push(value.bytes()),
            false => self.is_unknown.set(true),
        }
    }
}

impl Count {
    /// Adds what was computed since.
    pub(super) fn add(&mut self, effort: &Effort) {
        let least = effort.least_states.take();
        self.least += least;
        self.most_steps += effort.most_steps.take();
    }

    /// A state is entered.
    pub(super) fn enters(&mut self, effort: &Effort) {
        self.add(effort);
        self.least += 1;
        self.most += 1;
        if self.least == self.most() {
            effort.counts.borrow_mut().push(self.least);
        }
    }

    /// New data, some of which may be stored already.
    pub(super) fn makes(&mut self, bytes: u64) {
        self.most += bytes / BYTES_PER_STATE;
    }

    /// Globals are written.
    pub(super) fn writes(&mut self, bytes: u64) {
        self.most += WRITES * (bytes / BYTES_PER_STATE);
    }

    /// Something was waited for, or may have been.
    #[expect(clippy::fn_params_excessive_bools, reason = "it was, or it may have been")]
    pub(super) fn rests(&mut self, effort: &Effort, is_certain: bool) {
        self.add(effort);
        match is_certain {
            true => *self = Self::default(),
            false => self.least = 0,
        }
    }

    /// How many there are at least.
    pub(super) fn least(&self) -> u64 {
        self.least
    }

    /// How many there are at most.
    pub(super) fn most(&self) -> u64 {
        self.most + self.most_steps / STEPS_PER_STATE
    }
}

fn is_known(value: &Value) -> bool {
    match value {
        Value::String(text) => &**text != ANY,
        Value::Array(items) => items.iter().all(is_known),
        Value::Object(entries) => entries.values().all(is_known),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Stored(_) => true,
    }
}
