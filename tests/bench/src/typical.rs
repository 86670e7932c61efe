//! An expression as flows have them, and the same in Rust.
//!
//! **Invariant:** both see the same values and answer the same.

use serde_json::{Value as Json, json};
use stepwell_expression::{Context, Expr, Memory, Value, Variables};

/// An expression with the values that it sees.
#[derive(Debug)]
pub struct TypicalExpression {
    expression: Expr,
    input: Input,
    memory: Memory,
    json: Json,
}

/// `$Input`.
#[derive(Debug)]
struct Input(Value);

impl Variables for Input {
    fn variable(&self, name: &str) -> Option<Value> {
        (name == "Input").then(|| self.0.clone())
    }
}

impl Default for TypicalExpression {
    fn default() -> Self {
        let json = json!({"n": 17, "order": {"total": 120, "to": "a street"}, "lines": [1, 2, 3]});
        Self {
            expression: Expr::parse(Self::SOURCE).unwrap(),
            input: Input(Value::parse_json(&json.to_string()).unwrap()),
            memory: Memory::default(),
            json,
        }
    }
}

impl TypicalExpression {
    /// Its text.
    pub const SOURCE: &'static str = "$Input.order.total > 100 && $Input.n + 1 < 20 && length($Input.lines) == 3";

    /// Evaluates it.
    #[must_use]
    pub fn evaluate(&self) -> Value {
        let draw = |_| [0; 16];
        let mut context = Context::new(&self.input, &self.memory, &draw);
        self.expression.evaluate(&mut context).unwrap()
    }

    /// The same by hand.
    #[must_use]
    pub fn native(&self) -> bool {
        let json = std::hint::black_box(&self.json);
        let whole = |path: &str| json.pointer(path).and_then(Json::as_i64);
        whole("/order/total") > Some(100)
            && whole("/n").is_some_and(|n| n + 1 < 20)
            && json.get("lines").and_then(Json::as_array).map(Vec::len) == Some(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_answer_the_same() {
        let expression = TypicalExpression::default();
        assert_eq!((expression.evaluate(), expression.native()), (Value::Bool(true), true));
    }
}
