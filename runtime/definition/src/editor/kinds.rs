//! The kinds of maps that files consist of, and what stands inside of their fields.
//!
//! **Invariant:** which fields a map has is said by the checker's shapes; here stands only how they nest.

use crate::actions::{self, Integration};
use crate::editor::FileContent;
use crate::fields::{Field, Shape, Takes};
use crate::states::{StateType, choice, distributed, map, parallel};
use crate::variables::Place;
use crate::{flow, functions, grants, recovery};

/// A kind of map.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Flow,
    State(StateType),
    /// A state whose Type is not known yet.
    AnyState,
    ChoiceBranch,
    ParallelBranch,
    Processor,
    ProcessorConfig,
    RetryRule,
    CatchRule,
    OnErrorsRule,
    OnErrorsRetry,
    Parameters(&'static Integration),
    MessageAttributes,
    MailAttributes,
    SmsAttributes,
    ItemReader,
    SourceParameters,
    ReaderConfig,
    ItemBatcher,
    ResultWriter,
    WriterParameters,
    Functions,
    Function,
    Answer,
    Failure,
    Grants,
    Grant,
    ObjectRule,
    SecretRule,
}

/// What stands inside of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inside {
    /// What the field says.
    Constant,
    /// A map of a kind.
    Map(Kind),
    /// A list of maps of a kind.
    List(Kind),
    /// A map with any keys, whose values are of a kind.
    Named(Kind),
    /// The states of a scope.
    States,
    /// What is passed to an action.
    Parameters,
    /// Anything, with expressions in it.
    Template(Place),
    /// Codes of errors.
    ErrorNames,
}

impl Kind {
    /// The kind of a whole file.
    pub(crate) fn of_file(content: FileContent) -> Self {
        match content {
            FileContent::Flow => Self::Flow,
            FileContent::Functions => Self::Functions,
            FileContent::Grants => Self::Grants,
        }
    }

    /// Which fields it has; `None` where nothing is known of it.
    pub(crate) fn shape(self) -> Option<Shape> {
        Some(match self {
            Self::Flow => flow::FLOW,
            Self::State(kind) => kind.shape(),
            Self::AnyState => return None,
            Self::ChoiceBranch => choice::BRANCH_SHAPE,
            Self::ParallelBranch => parallel::BRANCH_SHAPE,
            Self::Processor => map::PROCESSOR,
            Self::ProcessorConfig => map::CONFIG,
            Self::RetryRule => recovery::RETRY_RULE,
            Self::CatchRule => recovery::CATCH_RULE,
            Self::OnErrorsRule => recovery::ON_ERRORS_RULE,
            Self::OnErrorsRetry => recovery::ON_ERRORS_RETRY_RULE,
            Self::Parameters(integration) => integration.shape,
            Self::MessageAttributes => actions::ATTRIBUTES_SHAPE,
            Self::MailAttributes => actions::MAIL_SHAPE,
            Self::SmsAttributes => actions::SMS_SHAPE,
            Self::ItemReader => distributed::READER_SHAPE,
            Self::SourceParameters => distributed::SOURCE_SHAPE,
            Self::ReaderConfig => distributed::READER_CONFIG_SHAPE,
            Self::ItemBatcher => distributed::BATCHER_SHAPE,
            Self::ResultWriter => distributed::WRITER_SHAPE,
            Self::WriterParameters => distributed::TARGET_SHAPE,
            Self::Functions => functions::FILE,
            Self::Function => functions::ENTRY_SHAPE,
            Self::Answer => functions::ANSWER_SHAPE,
            Self::Failure => functions::FAILURE_SHAPE,
            Self::Grants => grants::FILE,
            Self::Grant => grants::GRANT_SHAPE,
            Self::ObjectRule => grants::OBJECT_SHAPE,
            Self::SecretRule => grants::SECRET_SHAPE,
        })
    }

    /// What such a map is called.
    pub(crate) fn owner(self) -> &'static str {
        self.shape().map_or("a state", |shape| shape.owner)
    }

    /// The fields that it can have.
    pub(crate) fn fields(self) -> Vec<&'static Field> {
        match self.shape() {
            Some(shape) => shape.fields().collect(),
            None => common_to_states(),
        }
    }

    /// What stands inside of one of its fields.
    pub(crate) fn inside(self, field: &Field) -> Inside {
        match (self, field.name) {
            (_, "States") => Inside::States,
            (Self::State(StateType::Choice), "Branches") => Inside::List(Self::ChoiceBranch),
            (Self::State(StateType::Parallel), "Branches") => Inside::List(Self::ParallelBranch),
            (_, "Processor") => Inside::Map(Self::Processor),
            (_, "ProcessorConfig") => Inside::Map(Self::ProcessorConfig),
            (Self::State(_), "Parameters") => Inside::Parameters,
            (Self::State(_), "Retry") => Inside::List(Self::RetryRule),
            (Self::State(_), "Catch") => Inside::List(Self::CatchRule),
            (Self::State(_), "OnErrors" | "OnError") => Inside::List(Self::OnErrorsRule),
            (Self::OnErrorsRule, "Retry") => Inside::Map(Self::OnErrorsRetry),
            (Self::RetryRule | Self::CatchRule | Self::OnErrorsRule, "Errors") => Inside::ErrorNames,
            (_, "ItemReader") => Inside::Map(Self::ItemReader),
            (Self::ItemReader, "SourceParameters") => Inside::Map(Self::SourceParameters),
            (Self::ItemReader, "ReaderConfig") => Inside::Map(Self::ReaderConfig),
            (_, "ItemBatcher") => Inside::Map(Self::ItemBatcher),
            (_, "ResultWriter") => Inside::Map(Self::ResultWriter),
            (Self::ResultWriter, "Parameters") => Inside::Map(Self::WriterParameters),
            (Self::Parameters(_), "messageAttributes") => Inside::Map(Self::MessageAttributes),
            (Self::MessageAttributes, "MailAttributes") => Inside::Map(Self::MailAttributes),
            (Self::MessageAttributes, "SMSAttributes") => Inside::Map(Self::SmsAttributes),
            (Self::Functions, _) => Inside::Named(Self::Function),
            (Self::Function, "stub") => Inside::List(Self::Answer),
            (Self::Answer, "fail") => Inside::Map(Self::Failure),
            (Self::Grants, _) => Inside::List(Self::Grant),
            (Self::Grant, "objects") => Inside::List(Self::ObjectRule),
            (Self::Grant, "secrets") => Inside::List(Self::SecretRule),
            (Self::Parameters(_), _) => Inside::Template(Place::Parameters),
            (_, _) if field.takes == Takes::Template => Inside::Template(self.place(field)),
            (_, _) => Inside::Constant,
        }
    }

    /// What the expressions of a constructor can read.
    fn place(self, field: &Field) -> Place {
        match (self, field.name) {
            (Self::CatchRule | Self::OnErrorsRule, _) => Place::Catch,
            (_, "OutputConstructor" | "GlobalConstructor") => Place::Output,
            (_, "ItemConstructor" | "BatchInput") => Place::Item,
            (_, _) => Place::Input,
        }
    }
}

/// The fields that states of every type have.
fn common_to_states() -> Vec<&'static Field> {
    let has = |kind: StateType, name: &str| kind.fields().any(|field| field.name == name);
    let common = |field: &&'static Field| StateType::ALL.into_iter().all(|kind| has(kind, field.name));
    StateType::Pass.fields().filter(common).collect()
}
