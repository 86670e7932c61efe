//! The distributed Map: every item, or every batch of items, is an execution of its own.
//!
//! It is chosen by `ProcessorConfig`, beside or inside of the Processor. Its fields are checked, but it does not run yet:
//! it lowers to a Map that `run` refuses. What stands inside of ItemReader, ItemBatcher and ResultWriter is not documented
//! to its end, so a key that is not known there is ignored with a warning, and nothing inside of them is required.
//!
//! **Invariant:** what is not in [`FIELDS`] is no different in an inline Map.
//!
//! Source: specification 1.3.

use stepwell_model::{Block, BlockPath};

use crate::actions::check_constants;
use crate::checker::{Checker, Unsupported};
use crate::checks::check_express_children;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};
use crate::listing::all_of;
use crate::scope::{Member, Scope};
use crate::states::map::{CONFIG, MODES};
use crate::variables::Place;

/// How many items may be asked for.
const ITEMS_MAX: u64 = 1_000_000;
/// How many bytes of input a batch may be asked to have.
const BATCH_BYTES_MAX: u64 = u32::MAX as u64;

const PERCENT: Takes = Takes::NumberFrom(0, 100);
const COUNT: Takes = Takes::Whole(0, ITEMS_MAX);

/// The fields that only a distributed Map has.
pub(crate) const FIELDS: &[Field] = &[
    Field::new("ItemReader", Takes::Map, "Where a distributed Map reads its items."),
    Field::new("ItemBatcher", Takes::Map, "How a distributed Map groups its items."),
    Field::new(
        "ResultWriter",
        Takes::Map,
        "Where a distributed Map writes its results.",
    ),
    Field::new(
        "MaxItems",
        Takes::Whole(1, ITEMS_MAX),
        "How many items a distributed Map processes.",
    ),
    Field::new(
        "ToleratedFailurePercentage",
        PERCENT,
        "How many percent of the items may fail.",
    ),
    Field::new("ToleratedFailureCount", COUNT, "How many items may fail."),
    Field::new(
        "ToleratedFailedPercentage",
        PERCENT,
        "Another spelling of ToleratedFailurePercentage.",
    ),
    Field::new(
        "ToleratedFailedCount",
        COUNT,
        "Another spelling of ToleratedFailureCount.",
    ),
];

/// Two spellings of one field; only one of them can stand.
pub(crate) const SPELLINGS: [(&str, &str); 2] = [
    ("ToleratedFailurePercentage", "ToleratedFailedPercentage"),
    ("ToleratedFailureCount", "ToleratedFailedCount"),
];

/// The fields of an ItemReader.
pub(crate) const ITEM_READER: &[Field] = &[
    Field::new(
        "SourceType",
        Takes::Text,
        "What kind of source it is, such as OSS.CSV or OSS.JSONList.",
    ),
    Field::new("SourceParameters", Takes::Template, "Where the source is.").computable(),
    Field::new("ReaderConfig", Takes::Map, "How the source is read."),
];
/// The fields of SourceParameters.
pub(crate) const SOURCE: &[Field] = &[
    Field::new("Bucket", Takes::Text, "The bucket that is read from.").computable(),
    Field::new("ObjectName", Takes::Text, "The object that is read.").computable(),
    Field::new("Prefix", Takes::Text, "What the names of the objects begin with.").computable(),
];
/// The fields of ReaderConfig.
pub(crate) const READER_CONFIG: &[Field] = &[Field::new(
    "CSVHeaders",
    Takes::List,
    "The names of a CSV file's columns; absent = its first line.",
)];
/// The fields of an ItemBatcher.
pub(crate) const ITEM_BATCHER: &[Field] = &[
    Field::new(
        "MaxItemsPerBatch",
        Takes::Whole(1, ITEMS_MAX),
        "How many items a batch has at most.",
    ),
    Field::new(
        "MaxItemsPerBatchPath",
        Takes::Expression,
        "Yields how many items a batch has at most.",
    ),
    Field::new(
        "MaxInputBytesPerBatch",
        Takes::Whole(1, BATCH_BYTES_MAX),
        "How many bytes the input of a batch has at most.",
    ),
    Field::new(
        "MaxInputBytesPerBatchPath",
        Takes::Expression,
        "Yields how many bytes the input of a batch has at most.",
    ),
    Field::new(
        "BatchInput",
        Takes::Template,
        "What every batch gets beside its Items; may use $Item.",
    )
    .computable(),
];
/// The fields of a ResultWriter.
pub(crate) const RESULT_WRITER: &[Field] =
    &[Field::new("Parameters", Takes::Template, "Where the results are written.").computable()];
/// The fields of a ResultWriter's Parameters.
pub(crate) const TARGET: &[Field] = &[
    Field::new("Bucket", Takes::Text, "The bucket that is written to.").computable(),
    Field::new(
        "Prefix",
        Takes::Text,
        "What the names of the written objects begin with.",
    )
    .computable(),
];

pub(crate) const READER_SHAPE: Shape = Shape::new("an ItemReader", &[ITEM_READER], Unknown::Warned);
pub(crate) const SOURCE_SHAPE: Shape = Shape::new("SourceParameters", &[SOURCE], Unknown::Warned);
pub(crate) const READER_CONFIG_SHAPE: Shape = Shape::new("ReaderConfig", &[READER_CONFIG], Unknown::Warned);
pub(crate) const BATCHER_SHAPE: Shape = Shape::new("an ItemBatcher", &[ITEM_BATCHER], Unknown::Warned);
pub(crate) const WRITER_SHAPE: Shape = Shape::new("a ResultWriter", &[RESULT_WRITER], Unknown::Warned);
pub(crate) const TARGET_SHAPE: Shape = Shape::new("the Parameters of a ResultWriter", &[TARGET], Unknown::Warned);

/// The kinds of sources whose names are known.
const SOURCE_TYPES: [&str; 2] = ["OSS.CSV", "OSS.JSONList"];

/// Checks what makes a Map distributed, and says that it does not run yet.
pub(super) fn check(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>, config: Found<'_>) {
    if let Some(config) = checker.fields(config.value, &CONFIG) {
        checker.one_of(&config, "ExecutionMode", MODES);
    }
    check_fields(checker, &member.fields);
    let span = config.key.span;
    let message = "distributed Maps do not run yet; `run` refuses this flow";
    let help = "without `ProcessorConfig` the items run inside of this execution";
    checker.tell(Diagnostic::new(&codes::DISTRIBUTED_MAP, span, message).help(help));
    let state = scope
        .name(member.index)
        .map(|name| name.text.clone())
        .unwrap_or_default();
    checker.unsupported.push(Unsupported {
        state,
        what: "a distributed Map".to_owned(),
        span,
    });
}

/// Checks whether children in the mode Express can do what the Processor asks of them.
pub(super) fn check_processor(checker: &mut Checker<'_>, config: Found<'_>, processor: &Block, path: &BlockPath) {
    let mode = config.value.entry("ExecutionMode").and_then(|mode| mode.value.scalar());
    if mode.is_some_and(|mode| &*mode.text == "Express") {
        let found = check_express_children(processor, path, &checker.places);
        checker.diagnostics.extend(found);
    }
}

/// Reports the fields that an inline Map does not have.
pub(super) fn refuse(checker: &mut Checker<'_>, fields: &Fields<'_>) {
    for found in FIELDS.iter().filter_map(|field| fields.find(field.name)) {
        let message = format!("{} belongs to a distributed Map", shown(&found.key.text));
        let help = "add `ProcessorConfig: {ExecutionMode: Standard}`, or remove it";
        checker.tell(Diagnostic::new(&codes::ONLY_DISTRIBUTED, found.key.span, message).help(help));
    }
}

fn check_fields(checker: &mut Checker<'_>, fields: &Fields<'_>) {
    for field in FIELDS {
        if let Some(found) = fields.find(field.name).filter(|found| !found.computed) {
            checker.constant(found, field.takes);
        }
    }
    for (first, second) in SPELLINGS {
        if let (Some(first), Some(second)) = (fields.find(first), fields.find(second)) {
            two_spellings(checker, first, second);
        }
    }
    check_reader(checker, fields);
    check_batcher(checker, fields);
    if let Some(writer) = inner(checker, fields, "ResultWriter", &WRITER_SHAPE) {
        check_parameters(checker, &writer, "Parameters", &TARGET_SHAPE);
    }
}

fn two_spellings(checker: &mut Checker<'_>, first: Found<'_>, second: Found<'_>) {
    let message = format!(
        "{} and {} are one field",
        shown(&first.key.text),
        shown(&second.key.text)
    );
    let diagnostic = Diagnostic::new(&codes::BOTH_FORMS, second.key.span, message);
    let help = format!("keep {}", shown(&first.key.text));
    checker.tell(diagnostic.label(first.key.span, "and here").help(help));
}

/// A field that is a map; that it is none was reported before.
fn inner<'n>(checker: &mut Checker<'_>, fields: &Fields<'n>, name: &str, shape: &Shape) -> Option<Fields<'n>> {
    let found = fields.find(name).filter(|found| found.value.mapping().is_some())?;
    checker.fields(found.value, shape)
}

fn check_reader(checker: &mut Checker<'_>, fields: &Fields<'_>) {
    let Some(reader) = inner(checker, fields, "ItemReader", &READER_SHAPE) else {
        return;
    };
    check_source_type(checker, &reader);
    check_parameters(checker, &reader, "SourceParameters", &SOURCE_SHAPE);
    let Some(config) = reader.find("ReaderConfig") else {
        return;
    };
    let Some(config) = checker.fields(config.value, &READER_CONFIG_SHAPE) else {
        return;
    };
    let headers = config.find("CSVHeaders").filter(|found| !found.computed);
    for header in headers.and_then(|found| checker.list(found)).unwrap_or_default() {
        let found = headers.map(|found| Found { value: header, ..found });
        found.and_then(|found| checker.text_of(found));
    }
}

fn check_source_type(checker: &mut Checker<'_>, reader: &Fields<'_>) {
    let Some(kind) = checker.text(reader, "SourceType") else {
        return;
    };
    let close = checker.closest(&kind.text, SOURCE_TYPES);
    if SOURCE_TYPES.contains(&&*kind.text) || (close.is_none() && kind.text.starts_with("OSS.")) {
        return;
    }
    let message = format!("{} is no known kind of source", shown(&kind.text));
    let diagnostic = Diagnostic::new(&codes::UNKNOWN_SOURCE, kind.span, message);
    checker.tell(match close {
        Some(_) => diagnostic.did_you_mean(close),
        None => diagnostic.help(format!("known are {}", all_of(&SOURCE_TYPES))),
    });
}

fn check_batcher(checker: &mut Checker<'_>, fields: &Fields<'_>) {
    let Some(batcher) = inner(checker, fields, "ItemBatcher", &BATCHER_SHAPE) else {
        return;
    };
    for (name, path) in [
        ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
        ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
    ] {
        if let (Some(constant), Some(path)) = (batcher.find(name), batcher.find(path)) {
            two_spellings(checker, constant, path);
        }
        if let Some(found) = batcher.find(path).filter(|found| !found.computed) {
            checker.expression_of(found, Place::Input);
        }
    }
    check_constants(checker, &batcher, &BATCHER_SHAPE);
    checker.constructor(&batcher, "BatchInput", Place::Item);
}

/// A map of parameters: constants by the shape, anything else as in every constructor.
fn check_parameters(checker: &mut Checker<'_>, fields: &Fields<'_>, name: &str, shape: &Shape) {
    let found = fields.find(name).filter(|found| !found.computed);
    if let Some(found) = found.filter(|found| found.value.mapping().is_some())
        && let Some(parameters) = checker.fields(found.value, shape)
    {
        check_constants(checker, &parameters, shape);
    }
    checker.constructor(fields, name, Place::Input);
}
