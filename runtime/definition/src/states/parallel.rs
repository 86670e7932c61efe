//! Parallel: branches beside each other.
//!
//! Source: specification 1.3 and 1.9/12.

use stepwell_model::{Kind, Parallel};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fields::{Field, Shape, Takes, Unknown};
use crate::older;
use crate::scope::{Member, Scope};

/// How many branches there may be.
pub(crate) const BRANCHES_MAX: usize = 50;

pub(super) const FIELDS: &[Field] = &[Field::new(
    "Branches",
    Takes::List,
    "Scopes that run beside each other, each with StartAt and States.",
)
.required()];

/// The fields of a map that is a scope.
pub(super) const SCOPE: &[Field] = &[
    Field::new("StartAt", Takes::StateName, "The name of the first state.").required(),
    Field::new("States", Takes::List, "The states of the scope.").required(),
];

pub(crate) const BRANCH_SHAPE: Shape =
    Shape::new("a branch of a Parallel", &[SCOPE], Unknown::Warned).elsewhere(older::elsewhere);

pub(super) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<Kind> {
    let found = member.fields.find("Branches")?;
    let items = checker.list(found)?;
    if !(1..=BRANCHES_MAX).contains(&items.len()) {
        let message = format!("a Parallel has from 1 to {BRANCHES_MAX} branches, not {}", items.len());
        let help = "give every branch a `StartAt` and `States`; for the same work over many items use a Map";
        checker.tell(Diagnostic::new(&codes::OUT_OF_RANGE, found.key.span, message).help(help));
    }
    let branches: Vec<_> = (0u32..)
        .zip(items)
        .map(|(number, item)| {
            let fields = checker.fields(item, &BRANCH_SHAPE)?;
            checker.block(&fields, scope.path.inner(member.index, number))
        })
        .collect();
    Some(Kind::Parallel(Parallel {
        branches: branches.into_iter().collect::<Option<_>>()?,
    }))
}
