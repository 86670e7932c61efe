//! What other languages of workflows call the fields of this one.
//!
//! **Invariant:** only a hint: such a key means nothing here.

/// Names of Amazon States Language and its kin, and the field that does the same here.
const FIELDS: &[(&str, &str)] = &[
    ("Choices", "Branches"),
    ("Cause", "Detail"),
    ("CausePath", "Detail"),
    ("Comment", "Description"),
    ("Error", "Code"),
    ("ErrorEquals", "Errors"),
    ("ErrorPath", "Code"),
    ("InputPath", "InputConstructor"),
    ("ItemProcessor", "Processor"),
    ("ItemSelector", "ItemConstructor"),
    ("Iterator", "Processor"),
    ("MaxDelaySeconds", "MaxBackoffSeconds"),
    ("OutputPath", "OutputConstructor"),
    ("Resource", "Action"),
    ("Result", "OutputConstructor"),
    ("ResultPath", "OutputConstructor"),
    ("ResultSelector", "OutputConstructor"),
    ("SecondsPath", "Seconds"),
    ("TimeoutSeconds", "Timeout"),
    ("TimeoutSecondsPath", "Timeout"),
    ("Timestamp", "UntilDateTime"),
    ("TimestampPath", "UntilDateTime"),
    ("Version", "SpecVersion"),
];

/// The field that a key of another language means.
pub(crate) fn meant(key: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(name, _)| *name == key).map(|(_, meant)| *meant)
}
