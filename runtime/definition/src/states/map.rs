//! Map: a processor for every item.
//!
//! The distributed form is chosen by `ProcessorConfig`, beside or inside of the Processor.
//!
//! Source: specification 1.3 and 1.9/13.

use stepwell_expression::Expr;
use stepwell_model::{Kind, Map};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fields::{Field, Fields, Found, Shape, Takes, Unknown};
use crate::older;
use crate::scope::{Member, Scope};
use crate::states::distributed;
use crate::states::parallel::SCOPE;
use crate::variables::Place;

/// How many items of an inline Map run at once where nothing is said; CloudFlow's upper limit.
const INLINE_CONCURRENCY: u32 = 40;
/// How many items of a distributed Map run at once where nothing is said.
const DISTRIBUTED_CONCURRENCY: u32 = 100;
/// How many items a Map runs at once at most, whatever is asked for.
const RUNNING_MAX: u32 = 10_000;
/// How many items may be asked for.
const CONCURRENCY_MAX: u64 = u32::MAX as u64;

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
        "How many items run at once, at most 10,000; absent or 0 = 40.",
    ),
    Field::new(
        "MaxConcuccency",
        CONCURRENCY,
        "The documented, misspelt form of MaxConcurrency.",
    ),
];

const PROCESSOR_CONFIG: Field = Field::new(
    "ProcessorConfig",
    Takes::Map,
    "Makes the Map distributed, with ExecutionMode Standard or Express.",
);

pub(super) const MODES: &[&str] = &["Standard", "Express"];

pub(crate) const PROCESSOR: Shape =
    Shape::new("a Processor", &[SCOPE, &[PROCESSOR_CONFIG]], Unknown::Warned).elsewhere(older::elsewhere);
pub(super) const CONFIG_FIELDS: &[Field] =
    &[Field::new("ExecutionMode", Takes::OneOf(MODES), "In which mode the children run.").required()];
pub(crate) const CONFIG: Shape = Shape::new("ProcessorConfig", &[CONFIG_FIELDS], Unknown::Warned);

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
            two_configs(checker, outer, inner);
            Some(outer)
        }
        (outer, inner) => outer.or(inner),
    };
    match config {
        Some(config) => distributed::check(checker, scope, member, config),
        None => distributed::refuse(checker, fields),
    }
    checker.starts_children |= config.is_some();
    let default = if config.is_some() {
        DISTRIBUTED_CONCURRENCY
    } else {
        INLINE_CONCURRENCY
    };
    let concurrency = concurrency(checker, fields, default);
    let items = items(checker, fields);
    let item = checker.constructor(fields, "ItemConstructor", Place::Item);
    let path = scope.path.inner(member.index, 0);
    let processor = checker.block(&processor?, path.clone());
    if let (Some(config), Some(processor)) = (config, &processor) {
        distributed::check_processor(checker, config, processor, &path);
    }
    Some(Kind::Map(Map {
        items: items?,
        item,
        concurrency: concurrency?,
        processor: processor?,
    }))
}

fn two_configs(checker: &mut Checker<'_>, outer: Found<'_>, inner: Found<'_>) {
    let message = "`ProcessorConfig` stands beside the Processor and inside of it";
    let diagnostic = Diagnostic::new(&codes::BOTH_FORMS, inner.key.span, message);
    let help = "keep one of the two; what stands beside the Processor is what counts here";
    checker.tell(diagnostic.label(outer.key.span, "and here").help(help));
}

fn items(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Option<Expr> {
    match fields.find("ItemsPath") {
        Some(found) => checker.expression_of(found, Place::Input),
        // A reader brings the items; what stands here instead is never looked at.
        None if fields.has("ItemReader") => Expr::parse("$Input").ok(),
        None => {
            let message = "a Map needs `ItemsPath`";
            let help = "add `ItemsPath: $Input.items`, an expression that yields the list of items";
            checker.tell(Diagnostic::new(&codes::MISSING_FIELD, fields.head, message).help(help));
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
            let help = "write `MaxConcurrency`, which CloudFlow's limits call it";
            checker.tell(Diagnostic::new(&codes::OTHER_SPELLING, found.key.span, message).help(help));
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
        let help = format!("write at most {default} if the flow is to run there too");
        checker.tell(Diagnostic::new(&codes::HIGH_CONCURRENCY, found.value.span, message).help(help));
    }
    Some(if number == 0 { default } else { number.min(RUNNING_MAX) })
}
