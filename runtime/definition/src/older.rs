//! The older dialect, as far as it is recognised.
//!
//! **Invariant:** nothing is lowered here; a flow of that dialect gets one clear message.

use crate::codes;
use crate::diagnostic::shown;
use crate::fields::Elsewhere;

/// Fields of the older dialect, and what stands in their place.
const FIELDS: &[(&str, &str)] = &[
    (
        "steps",
        "write `States`, a list in which every state has a Name, a Type, and Next or End",
    ),
    (
        "inputMappings",
        "write `InputConstructor`, a map such as `target.$: $Input.source`",
    ),
    (
        "outputMappings",
        "write `OutputConstructor`, a map such as `target.$: $Output.source`",
    ),
    (
        "resourceArn",
        "write `Action: FC:InvokeFunction`, and `resourceArn` under `Parameters`",
    ),
    ("serviceParams", "write `Parameters`"),
    ("pattern", "write `TaskMode`"),
    ("timeoutSeconds", "write `Timeout`"),
    ("goto", "write `Next`"),
    ("choices", "write `Branches`, each with Condition and Next"),
    ("iterationMapping", "write a Map with `ItemsPath` and `Processor`"),
    ("errorMappings", "write `OutputConstructor` in the Catch rule"),
    ("version", "write `SpecVersion: v1`"),
    ("duration", "write `Seconds`"),
    ("timestamp", "write `UntilDateTime`"),
];

/// Fields that only the older dialect has, if `key` is one.
pub(crate) fn elsewhere(key: &str) -> Option<Elsewhere> {
    let (_, help) = FIELDS.iter().find(|(name, _)| *name == key)?;
    let message = format!("{} belongs to the older dialect", shown(key));
    Some(Elsewhere {
        code: &codes::MIXED_DIALECTS,
        message,
        help: (*help).to_owned(),
    })
}

/// The keys that only the older dialect has.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name)
}
