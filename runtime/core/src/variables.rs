//! What an expression sees.

use alloc::string::String;
use alloc::sync::Arc;
use core::cell::OnceCell;

use stepwell_expression::{Number, Value};
use stepwell_model::Block;

use crate::advance::Program;
use crate::scope::Kind;
use crate::{Failure, Snapshot};

/// What one evaluation may see beside what is always there.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    input: Value,
    output: Option<Value>,
    item: Option<Value>,
    error: Option<Failure>,
    token: Option<String>,
}

impl Sight {
    /// `$Input` alone.
    pub(crate) fn input(input: Value) -> Self {
        Self {
            input,
            output: None,
            item: None,
            error: None,
            token: None,
        }
    }

    /// And `$Output`.
    pub(crate) fn with_output(self, output: Value) -> Self {
        Self {
            output: Some(output),
            ..self
        }
    }

    /// And `$Item`.
    pub(crate) fn with_item(self, item: Value) -> Self {
        Self {
            item: Some(item),
            ..self
        }
    }

    /// And the error that is being caught.
    pub(crate) fn with_error(self, error: Failure) -> Self {
        Self {
            error: Some(error),
            ..self
        }
    }

    /// And the task token.
    pub(crate) fn with_token(self, token: String) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }
}

/// The variables of one evaluation.
pub(crate) struct Variables<'a> {
    program: &'a Program<'a>,
    snapshot: &'a Snapshot,
    block: &'a Block,
    sight: Sight,
    /// `$Context`, made once.
    context: OnceCell<Value>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(program: &'a Program<'a>, snapshot: &'a Snapshot, block: &'a Block, sight: Sight) -> Self {
        Self {
            program,
            snapshot,
            block,
            sight,
            context: OnceCell::new(),
        }
    }

    fn context(&self) -> Value {
        let item = self.snapshot.scope.item();
        let index = item.map_or(Value::Null, |index| Value::Number(Number::from(index)));
        let map = Value::object([("Item", Value::object([("Index", index)]))]);
        let flow = Value::object([("Name", text(&self.program.pins.flow)), ("Region", text("local"))]);
        Value::object([
            ("Execution", self.execution()),
            ("Current", self.current()),
            ("Flow", flow),
            ("Map", map),
            ("Environment", self.program.pins.environment.clone()),
        ])
    }

    fn execution(&self) -> Value {
        let pins = self.program.pins;
        Value::object([
            ("Name", text(&pins.name)),
            ("Input", pins.input.clone()),
            ("RoleArn", text("")),
        ])
    }

    /// The name of the state that is at work, and how often it was retried; of an `ItemConstructor` it is the Map.
    fn state(&self) -> (Option<&str>, u32) {
        match (&self.snapshot.at, &self.snapshot.scope.kind) {
            (Some(position), _) => {
                let state = self.block.state(position.state);
                (state.map(|state| &*state.name), position.retries)
            }
            (None, Kind::Lane(lane)) => (Some(&lane.state), lane.retries),
            (None, Kind::Root | Kind::Branch { .. }) => (None, 0),
        }
    }

    fn current(&self) -> Value {
        let (name, retries) = self.state();
        let error = self.sight.error.as_ref().or(self.snapshot.caught.as_ref());
        Value::object([
            ("Name", name.map_or(Value::Null, text)),
            ("Input", self.sight.input.clone()),
            ("Output", self.sight.output.clone().unwrap_or(Value::Null)),
            ("Error", error.map_or(Value::Null, described)),
            ("RetryCount", Value::Number(Number::from(u64::from(retries)))),
            ("TaskToken", self.sight.token.as_deref().map_or(Value::Null, text)),
        ])
    }
}

impl stepwell_expression::Variables for Variables<'_> {
    fn variable(&self, name: &str) -> Option<Value> {
        match name {
            "Input" => Some(self.sight.input.clone()),
            "Output" => self.sight.output.clone(),
            "Item" => self.sight.item.clone(),
            "Global" => Some(self.snapshot.globals.view.clone()),
            "Environment" => Some(self.program.pins.environment.clone()),
            "Context" => Some(self.context.get_or_init(|| self.context()).clone()),
            _ => None,
        }
    }
}

fn described(failure: &Failure) -> Value {
    Value::object([("Code", text(&failure.code)), ("Detail", text(&failure.detail))])
}

fn text(text: &str) -> Value {
    Value::String(Arc::from(text))
}
