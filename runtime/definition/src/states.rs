//! The types of states: what they have in common, and which module knows the rest.
//!
//! **Invariant:** a new type is one file below and one arm in each function here.
//!
//! Source: specification 1.2.

pub(crate) mod choice;
pub(crate) mod distributed;
mod fail;
pub(crate) mod map;
pub(crate) mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;

use stepwell_model::{Exit, Kind, State};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::{Elsewhere, Field, Fields, Shape, Takes, Unknown};
use crate::listing::{all_of, there_are};
use crate::older;
use crate::recovery::RECOVERY;
use crate::scope::{Member, Scope};
use crate::tree::Node;
use crate::variables::Place;

/// The fields of the maps inside of states.
pub(crate) const INNER_FIELDS: &[&[Field]] = &[
    choice::BRANCH,
    parallel::SCOPE,
    map::CONFIG_FIELDS,
    distributed::ITEM_READER,
    distributed::SOURCE,
    distributed::READER_CONFIG,
    distributed::ITEM_BATCHER,
    distributed::RESULT_WRITER,
    distributed::TARGET,
];

/// The longest timeout of a state in seconds.
pub(crate) const TIMEOUT_SECONDS_MAX: u64 = 604_800;

/// The type of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateType {
    /// Outside work.
    Task,
    /// Nothing but its constructors.
    Pass,
    /// Waits.
    Wait,
    /// Goes where the first true condition says.
    Choice,
    /// Runs branches beside each other.
    Parallel,
    /// Runs its processor for every item.
    Map,
    /// Ends its scope well.
    Succeed,
    /// Ends its scope badly.
    Fail,
}

const HEAD: &[Field] = &[
    Field::new("Type", Takes::OneOf(&StateType::NAMES), "What the state does.").required(),
    Field::new("Name", Takes::Text, "The state's name, unique in its scope.").required(),
    Field::new("Description", Takes::Text, "For people."),
    Field::new(
        "InputConstructor",
        Takes::Template,
        "Builds the effective input from the raw one.",
    )
    .computable(),
    Field::new(
        "GlobalConstructor",
        Takes::Template,
        "Builds what is written into $Global at the state's end.",
    )
    .computable(),
];
const OUTPUT: &[Field] = &[Field::new(
    "OutputConstructor",
    Takes::Template,
    "Builds the output from the raw result.",
)
.computable()];
const END: Field = Field::new("End", Takes::Flag, "Whether the state ends its scope.");
const EXIT: &[Field] = &[Field::new("Next", Takes::StateName, "The state that comes next."), END];
const TOLERATED_END: &[Field] = &[END];
const TIMEOUT: &[Field] = &[Field::new(
    "Timeout",
    Takes::Seconds(TIMEOUT_SECONDS_MAX),
    "Seconds: of one attempt of a Task, of the whole state for Parallel and Map; 0 = none.",
)
.computable()];

/// A state of which nothing is known.
const ANY: Shape = Shape::new("a state", &[], Unknown::Warned);

impl StateType {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::Task,
        Self::Pass,
        Self::Wait,
        Self::Choice,
        Self::Parallel,
        Self::Map,
        Self::Succeed,
        Self::Fail,
    ];

    /// Their names.
    pub const NAMES: [&'static str; 8] = ["Task", "Pass", "Wait", "Choice", "Parallel", "Map", "Succeed", "Fail"];

    /// The name in a definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Pass => "Pass",
            Self::Wait => "Wait",
            Self::Choice => "Choice",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
        }
    }

    /// Every field that a state of this type can have.
    pub fn fields(self) -> impl Iterator<Item = &'static Field> {
        self.shape().fields()
    }

    pub(crate) fn shape(self) -> Shape {
        let (owner, groups): (_, &'static [&'static [Field]]) = match self {
            Self::Task => ("a Task", &[HEAD, task::FIELDS, OUTPUT, TIMEOUT, RECOVERY, EXIT]),
            Self::Pass => ("a Pass", &[HEAD, OUTPUT, EXIT]),
            Self::Wait => ("a Wait", &[HEAD, wait::FIELDS, OUTPUT, EXIT]),
            Self::Choice => ("a Choice", &[HEAD, choice::FIELDS]),
            Self::Parallel => ("a Parallel", &[HEAD, parallel::FIELDS, OUTPUT, TIMEOUT, RECOVERY, EXIT]),
            Self::Map => (
                "a Map",
                &[HEAD, map::FIELDS, distributed::FIELDS, OUTPUT, TIMEOUT, RECOVERY, EXIT],
            ),
            Self::Succeed => ("a Succeed", &[HEAD, OUTPUT, TOLERATED_END]),
            Self::Fail => ("a Fail", &[HEAD, fail::FIELDS, OUTPUT, TOLERATED_END]),
        };
        Shape::new(owner, groups, Unknown::Warned).elsewhere(elsewhere)
    }
}

/// A key that belongs to other states, or to the older dialect.
pub(crate) fn elsewhere(key: &str) -> Option<Elsewhere> {
    let owners: Vec<&str> = StateType::ALL
        .into_iter()
        .filter(|kind| kind.fields().any(|field| field.name == key))
        .map(StateType::name)
        .collect();
    if owners.is_empty() {
        return older::elsewhere(key);
    }
    let message = format!("{} does not belong here", shown(key));
    let help = format!("it belongs to {}", all_of(&owners));
    Some(Elsewhere {
        code: &codes::FOREIGN_KEY,
        message,
        help,
    })
}

/// Reads a state as far as its type says which fields it has.
pub(crate) fn read<'n>(checker: &mut Checker<'_>, node: &'n Node) -> Option<(StateType, Fields<'n>)> {
    let Some(kind) = type_of(checker, node) else {
        // Without a type nothing is known of the other fields.
        if node.mapping().is_none() {
            checker.fields(node, &ANY);
        }
        return None;
    };
    Some((kind, checker.fields(node, &kind.shape())?))
}

fn type_of(checker: &mut Checker<'_>, node: &Node) -> Option<StateType> {
    let entries = node.mapping()?;
    let spelt = |entry: &&crate::tree::Entry| entry.key.text.eq_ignore_ascii_case("Type");
    let Some(entry) = node.entry("Type").or_else(|| entries.iter().find(spelt)) else {
        checker.tell(
            Diagnostic::new(&codes::MISSING_FIELD, node.head(), "a state needs `Type`")
                .help(there_are(&StateType::NAMES)),
        );
        return None;
    };
    let text = entry.value.scalar().map(|scalar| &*scalar.text).unwrap_or_default();
    if let Some(kind) = named(text) {
        return Some(kind);
    }
    let message = format!("there is no state Type {}", shown(text));
    let diagnostic = Diagnostic::new(&codes::UNKNOWN_TYPE, entry.value.span, message);
    let close = checker.closest(text, StateType::NAMES);
    checker.tell(match close {
        Some(_) => diagnostic.did_you_mean(close),
        None => diagnostic.help(there_are(&StateType::NAMES)),
    });
    close.and_then(named)
}

fn named(text: &str) -> Option<StateType> {
    StateType::ALL.into_iter().find(|kind| kind.name() == text)
}

/// Lowers a state.
pub(crate) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<State> {
    let fields = &member.fields;
    let place = checker.places.state_mut(&scope.path, member.index);
    let name_span = scope.name_span(member.index);
    (place.name, place.mode) = (name_span, name_span);
    checker.text(fields, "Description");
    let input = checker.constructor(fields, "InputConstructor", Place::Input);
    let kind = kind(checker, scope, member);
    checker.result = kind.as_ref().and_then(task::result);
    let output = checker.constructor(fields, "OutputConstructor", Place::Output);
    let global = checker.constructor(fields, "GlobalConstructor", Place::Output);
    checker.result = None;
    let timeout = checker.timeout(fields, TIMEOUT_SECONDS_MAX);
    let recovery = checker.recovery(member, scope);
    let exit = exit(checker, scope, member);
    let name = scope.name(member.index)?.text.clone();
    Some(State {
        name,
        kind: kind?,
        exit: exit?,
        input,
        output,
        global,
        recovery,
        timeout,
    })
}

fn kind(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<Kind> {
    match member.kind {
        StateType::Task => task::lower(checker, scope, member),
        StateType::Pass => Some(pass::lower()),
        StateType::Wait => wait::lower(checker, member),
        StateType::Choice => choice::lower(checker, scope, member),
        StateType::Parallel => parallel::lower(checker, scope, member),
        StateType::Map => map::lower(checker, scope, member),
        StateType::Succeed => Some(succeed::lower(scope, member)),
        StateType::Fail => Some(fail::lower(checker, scope, member)),
    }
}

fn exit(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Option<Exit> {
    let fields = &member.fields;
    let end = checker.flag(fields, "End");
    if matches!(member.kind, StateType::Choice | StateType::Succeed | StateType::Fail) {
        return Some(Exit::End);
    }
    match (fields.find("Next"), end) {
        (None, Some(true)) => {
            scope.ends(member.index);
            Some(Exit::End)
        }
        (Some(next), Some(true)) => {
            let end = fields.find("End").map(|end| end.key.span).unwrap_or_default();
            let message = "`Next` is never taken: the state ends its scope with `End: true`";
            checker.tell(
                Diagnostic::new(&codes::TWO_EXITS, next.key.span, message)
                    .label(end, "wins")
                    .help("keep one of the two"),
            );
            scope.named(checker, next);
            scope.ends(member.index);
            Some(Exit::End)
        }
        (Some(next), Some(false) | None) => scope.transition(checker, member.index, next).map(Exit::Next),
        (None, Some(false) | None) => {
            no_exit(checker, scope, member);
            None
        }
    }
}

fn no_exit(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) {
    scope.leads_anywhere(member.index);
    let wrong_end = member
        .fields
        .find("End")
        .is_some_and(|end| end.value.kind() != "a boolean");
    if wrong_end {
        return;
    }
    let name = scope
        .name(member.index)
        .map(|name| shown(&name.text))
        .unwrap_or_default();
    let span = scope.name(member.index).map_or(member.fields.head, |name| name.span);
    let message = format!("the state {name} has neither `Next` nor `End: true`");
    checker.tell(Diagnostic::new(&codes::NO_EXIT, span, message).help("say where it leads, or write `End: true`"));
}
