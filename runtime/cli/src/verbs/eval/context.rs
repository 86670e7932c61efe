//! What a state takes from a `$Context` that is given.

use stepwell_expression::Value;

use super::given::Given;
use crate::console::one_line;
use crate::exit::Trouble;

/// The number of the Map's item.
const ITEM: [&str; 3] = ["Map", "Item", "Index"];

/// Everything that a state takes.
const TAKEN: [&[&str]; 4] = [
    &["Execution", "Name"],
    &["Execution", "Input"],
    &["Current", "Error"],
    &ITEM,
];

/// Refuses fields that change nothing for a state: an expression sees whatever is given, a state what the core shows it.
pub(super) fn check(given: &Given) -> Result<(), Trouble> {
    match stray(&given.context, "", &TAKEN) {
        None => Ok(()),
        Some(path) => Err(Trouble::mistake(format!(
            "a state takes no `{}` from `--context`, only `Execution.Name`, `Execution.Input`, `Current.Error` and \
             `Map.Item.Index`; for retries there is `--retries`, for the environment `--environment`",
            one_line(&path, 60)
        ))),
    }
}

/// The first field that lies on none of the paths.
fn stray(value: &Value, above: &str, taken: &[&[&str]]) -> Option<String> {
    let Some(fields) = value.as_object() else {
        return Some(above.trim_end_matches('.').to_owned());
    };
    fields.iter().find_map(|(key, value)| {
        let path = format!("{above}{key}");
        let below = below(key, taken);
        if below.iter().any(|rest| rest.is_empty()) {
            None
        } else if below.is_empty() {
            Some(path)
        } else {
            stray(value, &format!("{path}."), &below)
        }
    })
}

/// What is left of the paths that begin with a key.
fn below<'a>(key: &str, paths: &[&'a [&'a str]]) -> Vec<&'a [&'a str]> {
    let split = paths.iter().filter_map(|path| path.split_first());
    split
        .filter(|(first, _)| **first == key)
        .map(|(_, rest)| rest)
        .collect()
}

/// The number of the item that the state works for.
pub(super) fn item(given: &Given) -> Result<Option<u64>, Trouble> {
    let number = field(&given.context, &ITEM).map(|number| number.to_json().unwrap_or_default().parse());
    number
        .transpose()
        .map_err(|_| Trouble::mistake("`Map.Item.Index` in `--context` must be an integer from 0 on"))
}

/// A field some keys below an object.
pub(super) fn field<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().try_fold(value, |value, key| value.as_object()?.get(*key))
}
