//! What an evaluation may see, and how much work it may do.
//!
//! **Invariant:** an evaluation sees its variables, the loaded values and its own draws; nothing else, so that two looks
//! at one record compute the same. Whether a value is loaded decides only whether the work must wait for it, never its
//! result.

use std::fmt;

use crate::error::shortened;
use crate::json;
use crate::memory::{INLINE_BYTES_MAX, Memory, Needs};
use crate::pointer::Step;
use crate::value::Value;

/// How many steps one evaluation may take, if nobody says otherwise.
pub const BUDGET: u64 = 1_000_000;

/// The longest text that an evaluation may produce, and the largest value that it may look through, in bytes.
pub const TEXT_BYTES_MAX: u64 = 16 << 20;

/// How many different missing paths are remembered.
pub const MISSING_MAX: usize = 20;

/// So many bytes of text count as one step.
const BYTES_PER_STEP: u64 = 64;

/// So many bytes of a value count as one step where only its length is counted.
const COUNTED_BYTES_PER_STEP: u64 = 256;

/// The variables of an evaluation.
pub trait Variables {
    /// The value of `$name`, given without the `$`; `None` if there is no such variable here.
    fn variable(&self, name: &str) -> Option<Value>;
}

/// What one evaluation may see, and what is left of its budget.
pub struct Context<'a> {
    variables: &'a dyn Variables,
    memory: &'a Memory,
    draw: &'a dyn Fn(u32) -> [u8; 16],
    draws: u32,
    budget: u64,
    /// The paths that led nowhere, as written, each once, at most [`MISSING_MAX`].
    pub missing: Vec<String>,
}

impl<'a> Context<'a> {
    /// A context with the full [`BUDGET`]. `draw` gives the n-th random number of this evaluation, from 0.
    pub fn new(variables: &'a dyn Variables, memory: &'a Memory, draw: &'a dyn Fn(u32) -> [u8; 16]) -> Context<'a> {
        Context {
            variables,
            memory,
            draw,
            draws: 0,
            budget: BUDGET,
            missing: Vec::new(),
        }
    }

    /// The paths that led nowhere, as written, each once, at most [`MISSING_MAX`].
    pub fn missing(self) -> Vec<String> {
        self.missing
    }

    /// The same with another budget: evaluations that share one get what the one before them left.
    #[must_use]
    pub fn with_budget(mut self, budget: u64) -> Context<'a> {
        self.budget = budget;
        self
    }

    /// The steps that are left.
    pub fn budget(&self) -> u64 {
        self.budget
    }

    pub(crate) fn variable(&self, name: &str) -> Result<Value, Halt> {
        self.variables
            .variable(name)
            .ok_or_else(|| Halt::failed(format!("`${}` is not available here", shortened(name))))
    }

    pub(crate) fn note_missing(&mut self, path: &str) {
        if self.missing.len() < MISSING_MAX && !self.missing.iter().any(|known| known == path) {
            self.missing.push(path.to_owned());
        }
    }

    pub(crate) fn draw(&mut self) -> [u8; 16] {
        let drawn = (self.draw)(self.draws);
        self.draws = self.draws.saturating_add(1);
        drawn
    }

    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Halt> {
        match self.budget.checked_sub(steps) {
            Some(left) => self.budget = left,
            None => return Err(Halt::Budget),
        }
        Ok(())
    }

    /// Pays for going through so much text.
    pub(crate) fn spend_bytes(&mut self, bytes: u64) -> Result<(), Halt> {
        self.spend(1 + bytes / BYTES_PER_STEP)
    }

    /// Pays for a text of so many bytes before it is made, if it may be made at all.
    pub(crate) fn allow_text(&mut self, bytes: u64) -> Result<(), Halt> {
        if bytes > TEXT_BYTES_MAX {
            return Err(Halt::failed(format!(
                "the text would be longer than {} MiB",
                TEXT_BYTES_MAX >> 20
            )));
        }
        self.spend_bytes(bytes)
    }

    /// The value itself if it is a pointer: one level, its large children still pointers.
    pub(crate) fn open(&mut self, value: &Value) -> Result<Value, Halt> {
        let Value::Stored(pointer) = value else {
            self.pay_for_long(value)?;
            return Ok(value.clone());
        };
        self.spend_bytes(pointer.bytes)?;
        self.memory.open(pointer).map_err(|needs| self.halt(needs))
    }

    /// Whoever opens a text or a number looks through it; only long ones are felt, and those cost what a pointer to them
    /// would.
    fn pay_for_long(&mut self, value: &Value) -> Result<(), Halt> {
        let bytes = match value {
            Value::Number(number) => number.as_str().len(),
            Value::String(text) => text.len(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Stored(_) => 0,
        };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        match bytes > INLINE_BYTES_MAX {
            true => self.spend_bytes(bytes),
            false => Ok(()),
        }
    }

    /// A part of a value, some steps below.
    pub(crate) fn follow(&mut self, value: &Value, steps: &[Step]) -> Result<Option<Value>, Halt> {
        let mut value = value.clone();
        for (done, step) in steps.iter().enumerate() {
            self.spend(1)?;
            if let Value::Stored(pointer) = &value {
                let below = steps.get(done..).unwrap_or(&[]);
                let found = self.memory.follow(pointer, below).map_err(|needs| self.halt(needs))?;
                // Its length was counted on the way.
                let counted = found
                    .as_ref()
                    .and_then(Value::as_pointer)
                    .map_or(0, |pointer| pointer.bytes);
                self.spend(counted / COUNTED_BYTES_PER_STEP)?;
                return Ok(found);
            }
            match value.child(step) {
                Some(child) => value = child.clone(),
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// The value without any pointer in it; every part of it costs a step, since whoever asks goes through all of them.
    pub(crate) fn resolve(&mut self, value: &Value) -> Result<Value, Halt> {
        let bytes = json::measure_until(value, |pointer| pointer.bytes, TEXT_BYTES_MAX);
        if bytes > TEXT_BYTES_MAX {
            return Err(Halt::failed(format!(
                "the value is larger than {} MiB",
                TEXT_BYTES_MAX >> 20
            )));
        }
        self.spend_bytes(bytes)?;
        let resolved = self.memory.resolve(value).map_err(|needs| self.halt(needs))?;
        self.spend(json::parts(&resolved))?;
        Ok(resolved)
    }

    /// The value as compact JSON.
    pub(crate) fn json_of(&mut self, value: &Value) -> Result<String, Halt> {
        let value = self.resolve(value)?;
        self.allow_text(value.bytes())?;
        json::write(&value).map_err(|error| Halt::Failed(error.to_string()))
    }

    fn halt(&self, needs: Needs) -> Halt {
        match self.memory.damaged(&needs) {
            Some(birth) => Halt::failed(format!("the value stored at `{birth}` is damaged or nested too deeply")),
            None => Halt::Needs(needs),
        }
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("memory", &self.memory.len())
            .field("draws", &self.draws)
            .field("budget", &self.budget)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

/// Why the evaluation of a part stopped; the whole expression makes an [`EvalError`](crate::EvalError) of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    Needs(Needs),
    Failed(String),
    Budget,
}

impl Halt {
    pub(crate) fn failed(message: impl Into<String>) -> Halt {
        Halt::Failed(message.into())
    }

    /// The failure of something that was tried out over written values; what did not fail may still work.
    pub(crate) fn into_failure(self) -> Option<String> {
        match self {
            Halt::Failed(message) => Some(message),
            Halt::Needs(_) | Halt::Budget => None,
        }
    }
}

/// An error that may be no failure, but a wait for stored values.
pub(crate) trait Waits: Sized {
    fn wait(needs: Needs) -> Self;
    fn into_needs(self) -> Result<Needs, Self>;
}

impl Waits for Halt {
    fn wait(needs: Needs) -> Halt {
        Halt::Needs(needs)
    }

    fn into_needs(self) -> Result<Needs, Halt> {
        if let Halt::Needs(needs) = self {
            Ok(needs)
        } else {
            Err(self)
        }
    }
}

/// Puts the results of parts together. What must be loaded is collected over all of them; a failure counts only when
/// nothing before it waits, since only then it would be the same with everything loaded.
pub(crate) fn collect<T, E: Waits>(parts: impl IntoIterator<Item = Result<T, E>>) -> Result<Vec<T>, E> {
    let mut values = Vec::new();
    let mut waiting: Option<Needs> = None;
    for part in parts {
        match part.map_err(E::into_needs) {
            Ok(value) => values.push(value),
            Err(Ok(needs)) => waiting = Some(waiting.map_or(needs.clone(), |before| before.and(needs))),
            Err(Err(failure)) if waiting.is_none() => return Err(failure),
            Err(Err(_)) => break,
        }
    }
    waiting.map_or(Ok(values), |needs| Err(E::wait(needs)))
}
