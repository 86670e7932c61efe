//! Map: a processor for every item.
//!
//! The distributed form is chosen by `ProcessorConfig`, beside or inside of the Processor. Its fields are checked, but
//! it does not run yet: it lowers to a Map that `run` refuses.
//!
//! Source: specification 1.3 and 1.9/13.

use stepwell_expression::Expr;
use stepwell_model::{Kind, Map};

use crate::checker::{Checker, Unsupported};
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};
use crate::older;
use crate::scope::{Member, Scope};
use crate::states::parallel::SCOPE;
use crate::variables::Place;

/// How many items of an inline Map run at once where nothing is said; CloudFlow's upper limit.
const INLINE_CONCURRENCY: u32 = 40;
/// How many items of a distributed Map run at once where nothing is said.
const DISTRIBUTED_CONCURRENCY: u32 = 100;
/// How many items a Map may run at once.
const CONCURRENCY_MAX: u64 = 10_000;
/// How many items of a distributed Map may be asked for.
const ITEMS_MAX: u64 = 1_000_000;

const CONCURRENCY: Takes = Takes::Whole(0, CONCURRENCY_MAX);

pub(super) const FIELDS: &[Field] = &[
    Field::new("ItemsPath", Takes::Expression, "Yields the list of items."),
    Field::new(
        "ItemConstructor",
        Takes::Template,
        "Builds the input of an item; may use $Item.",
    )
    .computable(),
    Field::new(
        "Processor",
        Takes::Map,
        "The scope that runs for every item, with StartAt and States.",
    )
    .required(),
    PROCESSOR_CONFIG,
    Field::new(
        "MaxConcurrency",
        CONCURRENCY,
        "How many items run at once; absent or 0 = 40.",
    ),
    Field::new(
        "MaxConcuccency",
        CONCURRENCY,
        "The documented, misspelt form of MaxConcurrency.",
    ),
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

const PERCENT: Takes = Takes::Whole(0, 100);
const COUNT: Takes = Takes::Whole(0, ITEMS_MAX);
const PROCESSOR_CONFIG: Field = Field::new(
    "ProcessorConfig",
    Takes::Map,
    "Makes the Map distributed, with ExecutionMode Standard or Express.",
);

/// The fields that only a distributed Map has.
const ONLY_DISTRIBUTED: [&str; 8] = [
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "MaxItems",
    "ToleratedFailurePercentage",
    "ToleratedFailureCount",
    "ToleratedFailedPercentage",
    "ToleratedFailedCount",
];

const MODES: &[&str] = &["Standard", "Express"];

const PROCESSOR: Shape =
    Shape::new("a Processor", &[SCOPE, &[PROCESSOR_CONFIG]], Unknown::Warned).elsewhere(older::elsewhere);
pub(super) const CONFIG_FIELDS: &[Field] =
    &[Field::new("ExecutionMode", Takes::OneOf(MODES), "In which mode the children run.").required()];
const CONFIG: Shape = Shape::new("ProcessorConfig", &[CONFIG_FIELDS], Unknown::Warned);

pub(super) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<Kind> {
    let fields = &member.fields;
    let processor = fields
        .find("Processor")
        .and_then(|found| checker.fields(found.value, &PROCESSOR));
    let inner = processor
        .as_ref()
        .and_then(|processor| processor.find("ProcessorConfig"));
    let config = match (fields.find("ProcessorConfig"), inner) {
        (Some(outer), Some(inner)) => {
            checker.both_forms(outer.key, inner.key);
            Some(outer)
        }
        (outer, inner) => outer.or(inner),
    };
    match config {
        Some(config) => distributed(checker, scope, member, config),
        None => inline(checker, fields),
    }
    let default = if config.is_some() {
        DISTRIBUTED_CONCURRENCY
    } else {
        INLINE_CONCURRENCY
    };
    let concurrency = concurrency(checker, fields, default);
    let items = items(checker, fields);
    let item = checker.constructor(fields, "ItemConstructor", Place::Item);
    let processor = checker.block(&processor?, scope.path.inner(member.index, 0));
    Some(Kind::Map(Map {
        items: items?,
        item,
        concurrency: concurrency?,
        processor: processor?,
    }))
}

fn items(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Expr> {
    match fields.find("ItemsPath") {
        Some(found) => checker.expression_of(found, Place::Input),
        // A reader brings the items; what stands here instead is never looked at.
        None if fields.has("ItemReader") => Expr::parse("$Input").ok(),
        None => {
            checker.missing(fields, "ItemsPath");
            None
        }
    }
}

fn concurrency(checker: &mut Checker<'_>, fields: &Fields<'_>, default: u32) -> Option<u32> {
    let found = match (fields.find("MaxConcurrency"), fields.find("MaxConcuccency")) {
        (None, None) => return Some(default),
        (Some(found), None) => found,
        (None, Some(found)) => {
            let message = "`MaxConcuccency` is the spelling of the documentation; `MaxConcurrency` is meant";
            checker.tell(Diagnostic::new(&codes::OTHER_SPELLING, found.key.span, message));
            found
        }
        (Some(first), Some(second)) => {
            let message = "`MaxConcurrency` stands here under both of its spellings";
            let diagnostic = Diagnostic::new(&codes::BOTH_FORMS, second.key.span, message);
            checker.tell(
                diagnostic
                    .label(first.key.span, "and here")
                    .help("keep `MaxConcurrency`"),
            );
            first
        }
    };
    let number = u32::try_from(checker.whole_of(found, 0, CONCURRENCY_MAX)?).ok()?;
    if number > default {
        let message = format!("CloudFlow runs at most {default} items of such a Map at once");
        checker.tell(Diagnostic::new(&codes::HIGH_CONCURRENCY, found.value.span, message));
    }
    Some(if number == 0 { default } else { number })
}

fn inline(checker: &mut Checker<'_>, fields: &Fields<'_>) {
    for found in ONLY_DISTRIBUTED.into_iter().filter_map(|name| fields.find(name)) {
        let message = format!("{} belongs to a distributed Map", shown(&found.key.text));
        let help = "add `ProcessorConfig: {ExecutionMode: Standard}`, or remove it";
        checker.tell(Diagnostic::new(&codes::ONLY_DISTRIBUTED, found.key.span, message).help(help));
    }
}

fn distributed(checker: &mut Checker<'_>, scope: &Scope, member: &Member<'_>, config: Found<'_>) {
    let fields = &member.fields;
    if let Some(config) = checker.fields(config.value, &CONFIG) {
        checker.one_of(&config, "ExecutionMode", MODES);
    }
    for (name, takes) in FIELDS.iter().map(|field| (field.name, field.takes)) {
        if let Some(found) = fields.find(name).filter(|_| ONLY_DISTRIBUTED.contains(&name)) {
            checker.constant(found, takes);
        }
    }
    let input = fields
        .find("ItemBatcher")
        .and_then(|batcher| batcher.value.entry("BatchInput"));
    if let Some(input) = input {
        checker.template(&input.value, Place::Item);
    }
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
