//! The stored form of pointers: `["scope",7,0,["key",3],1234]`.
//!
//! **Invariant:** it is a list of exactly five, in this order.

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::number::Number;
use crate::pointer::{Birth, Pointer, Slot, Step};
use crate::value::Value;

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Birth { scope, revision, slot } = &self.birth;
        (scope, revision, slot, &self.path, self.bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pointer, D::Error> {
        let (scope, revision, slot, path, bytes) = Deserialize::deserialize(deserializer)?;
        Ok(Pointer {
            birth: Birth { scope, revision, slot },
            path,
            bytes,
        })
    }
}

const JOINED: &str = "joined";

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Slot::Born(slot) => serializer.serialize_u32(*slot),
            Slot::Joined => serializer.serialize_str(JOINED),
        }
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Slot, D::Error> {
        let slot = Value::deserialize(deserializer)?;
        if slot.as_str() == Some(JOINED) {
            return Ok(Slot::Joined);
        }
        let born = slot.as_number().and_then(index).map(Slot::Born);
        born.ok_or_else(|| de::Error::custom("a slot is a small number or \"joined\""))
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Step::Key(key) => serializer.serialize_str(key),
            Step::Index(index) => serializer.serialize_u64(*index),
        }
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
        let step = Value::deserialize(deserializer)?;
        if let Value::String(key) = step {
            return Ok(Step::Key(key));
        }
        let index = step.as_number().and_then(index).map(Step::Index);
        index.ok_or_else(|| de::Error::custom("a step is a key or an index"))
    }
}

fn index<T: std::str::FromStr>(number: &Number) -> Option<T> {
    number.as_str().parse().ok()
}
