//! Choice: goes where the first true condition says.
//!
//! Source: specification 1.3.

use stepwell_model::{Choice, ChoiceBranch, Kind};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fields::{Field, Fields, Shape, Takes, Unknown};
use crate::older;
use crate::scope::{Member, Scope};
use crate::tree::Node;
use crate::variables::Place;

pub(super) const FIELDS: &[Field] = &[
    Field::new(
        "Branches",
        Takes::List,
        "Conditions and where they lead; the first true one wins.",
    )
    .required(),
    Field::new("Default", Takes::StateName, "Where it leads if no condition is true."),
];

pub(super) const BRANCH: &[Field] = &[
    Field::new("Condition", Takes::Expression, "When the branch is taken.").required(),
    Field::new("Next", Takes::StateName, "Where it leads.").required(),
];

pub(crate) const BRANCH_SHAPE: Shape =
    Shape::new("a branch of a Choice", &[BRANCH], Unknown::Warned).elsewhere(older::elsewhere);

pub(super) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<Kind> {
    let default = member.fields.find("Default");
    let Some(items) = items(checker, member) else {
        scope.leads_anywhere(member.index);
        return None;
    };
    let branches = branches(checker, scope, member, items);
    if default.is_none() {
        let message = "this Choice has no `Default`: it fails with `FnF.NoChoiceMatched` when no condition is true";
        let help = "add `Default` with the name of the state that comes then";
        let span = scope.name_span(member.index);
        checker.tell(Diagnostic::new(&codes::NO_DEFAULT, span, message).help(help));
    }
    let target = default.and_then(|found| scope.transition(checker, member.index, found));
    Some(Kind::Choice(Choice {
        branches: branches?,
        default: target,
    }))
}

fn items<'n>(checker: &mut Checker<'_>, member: &Member<'n>) -> Option<&'n [Node]> {
    let found = member.fields.find("Branches")?;
    let items = checker.list(found)?;
    if items.is_empty() && !member.fields.has("Default") {
        let message = "a Choice without branches and without `Default` leads nowhere";
        let help = "add a branch such as `- {Condition: $Input.ok, Next: Done}`";
        checker.tell(Diagnostic::new(&codes::BAD_VALUE, found.key.span, message).help(help));
        return None;
    }
    Some(items)
}

fn branches(
    checker: &mut Checker<'_>,
    scope: &mut Scope,
    member: &Member<'_>,
    items: &[Node],
) -> Option<Vec<ChoiceBranch>> {
    let mut branches = Vec::new();
    for item in items {
        let branch = checker.fields(item, &BRANCH_SHAPE);
        branches.push(branch.and_then(|branch| lower_branch(checker, scope, member, &branch)));
        if branches.last().is_none_or(Option::is_none) {
            scope.leads_anywhere(member.index);
        }
    }
    branches.into_iter().collect()
}

fn lower_branch(
    checker: &mut Checker<'_>,
    scope: &mut Scope,
    member: &Member<'_>,
    branch: &Fields<'_>,
) -> Option<ChoiceBranch> {
    let condition = branch
        .find("Condition")
        .and_then(|found| checker.expression_of(found, Place::Input));
    let next = branch
        .find("Next")
        .and_then(|found| scope.transition(checker, member.index, found));
    Some(ChoiceBranch {
        condition: condition?,
        next: next?,
    })
}
