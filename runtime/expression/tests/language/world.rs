//! What the expressions of these tests see.

use std::sync::Arc;

use stepwell_expression::{Birth, Context, EvalError, Expr, Memory, Pointer, Slot, Step, Template, Value, Variables};

/// Variables by name.
pub(crate) struct World {
    pub(crate) variables: Vec<(&'static str, Value)>,
    pub(crate) memory: Memory,
}

impl Variables for World {
    fn variable(&self, name: &str) -> Option<Value> {
        self.variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    }
}

/// The n-th draw has its number in every byte.
pub(crate) fn draw(n: u32) -> [u8; 16] {
    [u8::try_from(n).unwrap_or(u8::MAX); 16]
}

impl World {
    pub(crate) fn with_input(input: &str) -> World {
        World {
            variables: vec![("Input", json(input))],
            memory: Memory::default(),
        }
    }

    pub(crate) fn with_stored_input(input: &str) -> World {
        let value = json(input);
        let pointer = pointer(0, &[], value.bytes());
        let mut memory = Memory::default();
        memory.insert(birth(0), value);
        World {
            variables: vec![("Input", pointer)],
            memory,
        }
    }

    pub(crate) fn evaluate(&self, source: &str) -> Result<Value, EvalError> {
        Expr::parse(source).expect(source).evaluate(&mut self.context())
    }

    pub(crate) fn condition(&self, source: &str) -> Result<bool, EvalError> {
        Expr::parse(source).expect(source).condition(&mut self.context())
    }

    pub(crate) fn build(&self, template: &Template) -> Result<Value, EvalError> {
        template.evaluate(&mut self.context())
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context::new(self, &self.memory, &draw)
    }

    /// The value with everything loaded, as JSON.
    pub(crate) fn json_of(&self, source: &str) -> String {
        let value = self.evaluate(source).expect(source);
        self.memory.resolve(&value).expect(source).to_json().expect(source)
    }

    /// What a failing expression says.
    pub(crate) fn failure(&self, source: &str) -> String {
        match self.evaluate(source) {
            Err(EvalError::Failed { message, source: text }) => {
                assert_eq!(text, source);
                message
            }
            other => panic!("{source}: {other:?}"),
        }
    }

    /// The paths that led nowhere.
    pub(crate) fn missing(&self, source: &str) -> Vec<String> {
        let mut context = self.context();
        Expr::parse(source).expect(source).evaluate(&mut context).expect(source);
        context.missing()
    }
}

pub(crate) fn json(text: &str) -> Value {
    Value::parse_json(text).expect(text)
}

pub(crate) fn birth(slot: u32) -> Birth {
    Birth {
        scope: "root".into(),
        revision: 7,
        slot: Slot::Born(slot),
    }
}

pub(crate) fn pointer(slot: u32, path: &[Step], bytes: u64) -> Value {
    Value::Stored(Arc::new(Pointer {
        birth: birth(slot),
        path: path.to_vec(),
        bytes,
    }))
}

pub(crate) fn key(key: &str) -> Step {
    Step::Key(key.into())
}
