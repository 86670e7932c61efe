//! Whatever an input holds: it is refused with a place, or read, and then writing and reading it changes nothing: numbers
//! stay as written, keys keep their order, and the stored form gives the same value back.
#![no_main]

mod seeds;

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stepwell_definition::{Strictness, check_input};
use stepwell_expression::Value;

/// Every JSON file of a fixture, and every line that is JSON.
fn seeds_of(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let texts: Vec<String> = files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
    let whole = texts.iter().filter(|text| Value::parse_json(text).is_ok()).cloned();
    let lines = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.starts_with('{'))
        .map(str::to_owned);
    whole.chain(lines.take(20)).map(String::into_bytes).collect()
}

fuzz_target!(init: seeds::write(seeds_of), |bytes: &[u8]| {
    let checked = check_input(bytes, "input.json");
    assert_eq!(checked.content.is_none(), checked.is_refused(Strictness::Lenient));
    let Some(value) = checked.content else { return };
    let json = value.to_json().expect("nothing is stored elsewhere");
    assert_eq!(json.len() as u64, value.bytes());
    let again = Value::parse_json(&json).expect("what was written can be read");
    assert_eq!(order(&again), order(&value));
    assert_eq!(again.to_json().as_deref(), Ok(json.as_str()));
    let stored = serde_json::to_vec(&value).expect("a value can be stored");
    let read: Value = serde_json::from_slice(&stored).expect("a stored value can be read");
    assert_eq!(read.to_json().as_deref(), Ok(json.as_str()));
});

/// The value with its order: `==` of values does not look at that of keys.
fn order(value: &Value) -> String {
    format!("{value:?}")
}
