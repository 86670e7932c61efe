//! Where values are born.

use alloc::format;
use alloc::vec;

use stepwell_expression::Memory;

use super::*;
use crate::story::json;
use crate::{Fact, Globals, Stop, root};

/// A text whose JSON takes so many bytes.
fn text(bytes: usize) -> Value {
    Value::from("x".repeat(bytes - 2))
}

fn entered(input: &Value) -> Entry {
    Entry {
        at: 0,
        item: None,
        fact: Fact::StepEntered {
            state: "A".into(),
            input: input.clone(),
        },
        missing: Vec::new(),
    }
}

/// Seals record 3 of scope `1.0` with those inputs as entries; what stands in the entries, and the slots.
fn sealed(inputs: &[&Value]) -> (Vec<Value>, Vec<Value>) {
    let mut entries: Vec<Entry> = inputs.iter().map(|input| entered(input)).collect();
    let slots = seal(&ScopeId("1.0".into()), Revision(3), &mut entries, &mut root());
    let inputs = entries.into_iter().map(|entry| {
        let Fact::StepEntered { input, .. } = entry.fact else {
            panic!("sealing changed what happened")
        };
        input
    });
    (inputs.collect(), slots)
}

fn pointer(slot: Slot, path: &[Step], bytes: u64) -> Value {
    let birth = Birth {
        scope: "1.0".into(),
        revision: 3,
        slot,
    };
    Value::Stored(Arc::new(Pointer {
        birth,
        path: path.to_vec(),
        bytes,
    }))
}

fn born(slot: u32, path: &[Step], bytes: u64) -> Value {
    pointer(Slot::Born(slot), path, bytes)
}

#[test]
fn small_values_stay_inline_up_to_the_byte() {
    let (at, above) = (text(256), text(257));
    assert_eq!(sealed(&[&at]), (vec![at.clone()], vec![]));
    assert_eq!(sealed(&[&above]), (vec![born(0, &[], 257)], vec![above.clone()]));
}

#[test]
fn a_value_is_stored_once_wherever_it_appears() {
    let large = text(300);
    let (inputs, slots) = sealed(&[&large, &large]);
    assert_eq!(
        (inputs, slots),
        (vec![born(0, &[], 300), born(0, &[], 300)], vec![large])
    );
}

#[test]
fn a_value_around_a_stored_one_is_stored_once_too() {
    let inner = text(300);
    let outer = Value::object([("inner", inner.clone()), ("other", Value::from("y".repeat(250)))]);
    let (inputs, slots) = sealed(&[&inner, &outer, &outer]);
    let (stands, bytes) = (born(0, &[], 300), outer.bytes());
    let linked = Value::object([("inner", stands.clone()), ("other", Value::from("y".repeat(250)))]);
    assert_eq!(inputs, [stands, born(1, &[], bytes), born(1, &[], bytes)]);
    assert_eq!(slots, [inner, linked]);
}

#[test]
fn globals_that_were_all_written_here_are_stored_once() {
    let mut snapshot = root();
    let memory = Memory::default();
    for (key, bytes) in [("a", 300), ("b", 400)] {
        let keys = Value::object([(key, text(bytes))]);
        assert!(snapshot.globals.write(&keys, &memory).is_ok());
    }
    let both = snapshot.globals.view.clone();
    let slots = seal(&ScopeId("1.0".into()), Revision(3), &mut [], &mut snapshot);
    assert_eq!(slots, core::slice::from_ref(&both));
    let stands = born(0, &[], both.bytes());
    assert_eq!(
        (snapshot.globals.view, snapshot.globals.writes),
        (stands.clone(), stands)
    );
}

#[test]
fn what_wraps_a_stored_value_holds_a_pointer_to_it() {
    let large = text(300);
    let wrapped = Value::object([("again", large.clone()), ("n", Value::from(1_u64))]);
    let expected = Value::object([("again", born(0, &[], 300)), ("n", Value::from(1_u64))]);
    let (inputs, slots) = sealed(&[&large, &wrapped]);
    assert_eq!((&inputs, slots), (&vec![born(0, &[], 300), expected], vec![large]));
    assert_eq!(
        inputs.last().unwrap().bytes(),
        wrapped.bytes(),
        "the size is known without loading"
    );
}

#[test]
fn a_part_of_a_stored_value_is_a_pointer_into_it() {
    let part = text(300);
    let whole = Value::object([("list", Value::array([Value::Null, part.clone()]))]);
    let path = [Step::Key("list".into()), Step::Index(1)];
    let (inputs, slots) = sealed(&[&whole, &part]);
    assert_eq!(
        (inputs, slots),
        (vec![born(0, &[], whole.bytes()), born(0, &path, 300)], vec![whole])
    );
}

#[test]
fn pointers_of_earlier_records_and_joined_items_stay_as_they_are() {
    let joined = pointer(Slot::Joined, &[], 100_000);
    let wrapped = Value::object([("Items", joined.clone())]);
    assert_eq!(sealed(&[&joined, &wrapped]), (vec![joined, wrapped], vec![]));
}

#[test]
fn every_place_of_a_snapshot_is_sealed() {
    let large = text(300);
    let mut snapshot = root();
    snapshot.globals = Globals {
        view: Value::object([("k", large.clone())]),
        writes: Value::object([("k", large.clone())]),
    };
    snapshot.status = Status::Succeeded(large.clone());
    let slots = seal(&ScopeId("1.0".into()), Revision(3), &mut [], &mut snapshot);
    let view = Value::object([("k", large.clone())]);
    let in_view = [Step::Key("k".into())];
    assert_eq!(snapshot.globals.view, born(0, &[], view.bytes()));
    assert_eq!(snapshot.globals.writes, Value::object([("k", born(0, &in_view, 300))]));
    assert_eq!(snapshot.status, Status::Succeeded(born(0, &in_view, 300)));
    assert_eq!(slots, [view]);
}

#[test]
fn sealed_values_resolve_to_what_they_were() {
    let items: Vec<Value> = (0..40)
        .map(|number| json(&format!(r#"{{"n": {number}, "t": "abcdefghij"}}"#)))
        .collect();
    let whole = Value::object([("items", Value::array(items)), ("small", Value::from(1_u64))]);
    let part = whole.as_object().unwrap().get("items").unwrap().clone();
    let wrapped = Value::array([part.clone(), whole.clone(), part.clone()]);
    let inputs = [&part, &whole, &wrapped];
    let (sealed, slots) = sealed(&inputs);
    let mut memory = Memory::default();
    assert!(matches!(
        memory.resolve(sealed.first().unwrap()).map_err(Stop::from),
        Err(Stop::Needs(_))
    ));
    let stored: u64 = slots.iter().map(Value::own_bytes).sum();
    assert!(
        stored < part.bytes() + 256,
        "{stored} bytes are stored for one value of {}",
        part.bytes()
    );
    for (value, slot) in slots.into_iter().zip(0..) {
        memory.insert(
            Birth {
                scope: "1.0".into(),
                revision: 3,
                slot: Slot::Born(slot),
            },
            value,
        );
    }
    for (before, after) in inputs.iter().zip(&sealed) {
        assert_eq!(memory.resolve(after).as_ref(), Ok(*before));
    }
}
