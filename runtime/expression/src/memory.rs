//! What was loaded of the values that are stored elsewhere, and how to walk through it.
//!
//! **Invariant:** walking never copies large data: what is larger than [`INLINE_BYTES_MAX`] stays a pointer. Whether a
//! part is a pointer depends on its size only, never on what happens to be loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::json;
use crate::pointer::{Birth, Pointer, Step};
use crate::value::{DEPTH_MAX, Object, Value};

/// A subtree above this many bytes of compact JSON is handed on as a pointer.
pub const INLINE_BYTES_MAX: u64 = 256;

/// How often a walk may go on in another slot.
const HOPS_MAX: usize = 64;

/// The slots that must be loaded before the work can go on.
///
/// A birth that is loaded already stands here when its value cannot be followed: the pointer leads nowhere, in a
/// circle, or deeper than [`DEPTH_MAX`] levels. [`Memory::damaged`] finds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored values are needed: {}", list(.0))]
pub struct Needs(pub Vec<Birth>);

fn list(births: &[Birth]) -> String {
    births.iter().map(Birth::to_string).collect::<Vec<_>>().join(", ")
}

impl Needs {
    /// Both, each birth once, in order.
    #[must_use]
    pub fn and(self, other: Needs) -> Needs {
        let births: BTreeSet<Birth> = self.0.into_iter().chain(other.0).collect();
        Needs(births.into_iter().collect())
    }
}

/// The slots that were loaded.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    slots: BTreeMap<Birth, Value>,
    bytes: u64,
}

impl Memory {
    /// Remembers what stands in a slot.
    pub fn insert(&mut self, birth: Birth, value: Value) {
        self.bytes = self.bytes.saturating_add(value.own_bytes());
        if let Some(before) = self.slots.insert(birth, value) {
            self.bytes = self.bytes.saturating_sub(before.own_bytes());
        }
    }

    /// What stands in a slot, if it was loaded.
    pub fn get(&self, birth: &Birth) -> Option<&Value> {
        self.slots.get(birth)
    }

    /// The JSON bytes that are held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of slots that are held.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Memory::default();
    }

    /// Follows a pointer one level: the value that it names, with children above [`INLINE_BYTES_MAX`] as pointers.
    ///
    /// # Errors
    ///
    /// [`Needs`] names the slots on the way that are not loaded.
    pub fn open(&self, pointer: &Pointer) -> Result<Value, Needs> {
        let place = self.find(pointer, &[])?.ok_or_else(|| damage(&pointer.birth))?;
        Ok(place.opened())
    }

    /// Follows a pointer and then some steps; `None` if a step leads nowhere.
    ///
    /// # Errors
    ///
    /// [`Needs`] names the slots on the way that are not loaded.
    pub fn follow(&self, pointer: &Pointer, steps: &[Step]) -> Result<Option<Value>, Needs> {
        Ok(self.find(pointer, steps)?.map(Place::into_value))
    }

    /// The value with nothing stored elsewhere in it.
    ///
    /// # Errors
    ///
    /// [`Needs`] names all slots that are seen to be missing; loading them may uncover more.
    pub fn resolve(&self, value: &Value) -> Result<Value, Needs> {
        let mut resolver = Resolver {
            memory: self,
            missing: BTreeSet::new(),
            nodes_left: value.bytes(),
        };
        let resolved = resolver.resolve(value, None, 0);
        match resolver.missing.is_empty() {
            true => Ok(resolved.unwrap_or_else(|| value.clone())),
            false => Err(Needs(resolver.missing.into_iter().collect())),
        }
    }

    /// The first of `needs` that is loaded already: loading cannot help, what is stored there is damaged.
    pub fn damaged<'n>(&self, needs: &'n Needs) -> Option<&'n Birth> {
        needs.0.iter().find(|birth| self.slots.contains_key(birth))
    }

    fn find<'m>(&'m self, pointer: &Pointer, steps: &[Step]) -> Result<Option<Place<'m>>, Needs> {
        let mut walk = Walk {
            birth: pointer.birth.clone(),
            path: pointer.path.iter().chain(steps).cloned().collect(),
            certain: pointer.path.len(),
        };
        for _ in 0..HOPS_MAX {
            let slot = self
                .slots
                .get(&walk.birth)
                .ok_or_else(|| Needs(vec![walk.birth.clone()]))?;
            match walk.descend(slot)? {
                Descent::Nowhere => return Ok(None),
                Descent::Elsewhere(next) => walk = next,
                Descent::There(raw) => {
                    return Ok(Some(Place {
                        raw,
                        birth: walk.birth,
                        path: walk.path,
                    }));
                }
            }
        }
        Err(damage(&walk.birth))
    }
}

fn damage(birth: &Birth) -> Needs {
    Needs(vec![birth.clone()])
}

/// A way through one slot. Its first `certain` steps were promised by a pointer, the others may lead nowhere.
struct Walk {
    birth: Birth,
    path: Vec<Step>,
    certain: usize,
}

enum Descent<'m> {
    Nowhere,
    Elsewhere(Walk),
    There(&'m Value),
}

impl Walk {
    fn descend<'m>(&self, slot: &'m Value) -> Result<Descent<'m>, Needs> {
        let mut raw = slot;
        for (done, step) in self.path.iter().enumerate() {
            if let Value::Stored(pointer) = raw {
                return Ok(Descent::Elsewhere(self.hop(pointer, done)));
            }
            match raw.child(step) {
                Some(child) => raw = child,
                None if done < self.certain => return Err(damage(&self.birth)),
                None => return Ok(Descent::Nowhere),
            }
        }
        match raw {
            Value::Stored(pointer) => Ok(Descent::Elsewhere(self.hop(pointer, self.path.len()))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Ok(Descent::There(raw))
            }
        }
    }

    fn hop(&self, pointer: &Pointer, done: usize) -> Walk {
        Walk {
            birth: pointer.birth.clone(),
            path: pointer
                .path
                .iter()
                .chain(self.path.iter().skip(done))
                .cloned()
                .collect(),
            certain: pointer.path.len() + self.certain.saturating_sub(done),
        }
    }
}

/// A value that was found, and where.
struct Place<'m> {
    raw: &'m Value,
    birth: Birth,
    path: Vec<Step>,
}

impl Place<'_> {
    fn into_value(self) -> Value {
        match pointed_bytes(self.raw) {
            None => self.raw.clone(),
            Some(bytes) => Value::Stored(Arc::new(Pointer {
                birth: self.birth,
                path: self.path,
                bytes,
            })),
        }
    }

    fn opened(&self) -> Value {
        match self.raw {
            Value::Array(items) => Value::array(
                (0u64..)
                    .zip(&**items)
                    .map(|(index, item)| self.child(item, || Step::Index(index))),
            ),
            Value::Object(entries) => Value::object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), self.child(value, || Step::Key(key.clone())))),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => self.raw.clone(),
        }
    }

    fn child(&self, raw: &Value, step: impl Fn() -> Step) -> Value {
        let Some(bytes) = pointed_bytes(raw) else {
            return raw.clone();
        };
        let path = self.path.iter().cloned().chain([step()]).collect();
        Value::Stored(Arc::new(Pointer {
            birth: self.birth.clone(),
            path,
            bytes,
        }))
    }
}

/// The length of what is too large to be handed on in itself.
fn pointed_bytes(raw: &Value) -> Option<u64> {
    let large = !matches!(raw, Value::Stored(_))
        && json::measure_until(raw, |pointer| pointer.bytes, INLINE_BYTES_MAX) > INLINE_BYTES_MAX;
    large.then(|| raw.bytes())
}

/// Replaces pointers by what they name. It visits at most one node per byte that the pointers promised, so that not even
/// a damaged store makes it run on.
struct Resolver<'m> {
    memory: &'m Memory,
    missing: BTreeSet<Birth>,
    nodes_left: u64,
}

impl Resolver<'_> {
    /// The value without pointers, or `None` if it has none. `inside` is the slot that it comes from.
    fn resolve(&mut self, value: &Value, inside: Option<&Birth>, depth: usize) -> Option<Value> {
        if let Value::Stored(pointer) = value {
            return Some(self.fetch(pointer, depth));
        }
        if let Some(birth) = inside.filter(|_| depth > DEPTH_MAX || self.nodes_left == 0) {
            self.missing.insert(birth.clone());
            return None;
        }
        self.nodes_left = self.nodes_left.saturating_sub(1);
        match value {
            Value::Array(items) => self.resolve_array(items, inside, depth + 1),
            Value::Object(entries) => self.resolve_object(entries, inside, depth + 1),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => None,
        }
    }

    fn resolve_array(&mut self, items: &[Value], inside: Option<&Birth>, depth: usize) -> Option<Value> {
        let resolved = items.iter().enumerate();
        let resolved: Vec<_> = resolved
            .filter_map(|(at, item)| Some((at, self.resolve(item, inside, depth)?)))
            .collect();
        (!resolved.is_empty()).then(|| {
            let mut items = items.to_vec();
            for (at, item) in resolved {
                items.get_mut(at).into_iter().for_each(|place| *place = item.clone());
            }
            Value::array(items)
        })
    }

    fn resolve_object(&mut self, entries: &Object, inside: Option<&Birth>, depth: usize) -> Option<Value> {
        let resolved = entries.iter();
        let resolved: Vec<_> = resolved
            .filter_map(|(key, value)| Some((key.clone(), self.resolve(value, inside, depth)?)))
            .collect();
        (!resolved.is_empty()).then(|| {
            let mut entries = entries.clone();
            entries.extend(resolved);
            Value::Object(Arc::new(entries))
        })
    }

    fn fetch(&mut self, pointer: &Pointer, depth: usize) -> Value {
        match self.memory.find(pointer, &[]) {
            Ok(Some(place)) => self
                .resolve(place.raw, Some(&place.birth), depth)
                .unwrap_or_else(|| place.raw.clone()),
            Ok(None) => self.give_up(damage(&pointer.birth)),
            Err(needs) => self.give_up(needs),
        }
    }

    fn give_up(&mut self, needs: Needs) -> Value {
        self.missing.extend(needs.0);
        Value::Null
    }
}
