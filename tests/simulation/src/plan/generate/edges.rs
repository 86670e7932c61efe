//! Values that a limit just lets through, or just does not.
//!
//! Source: CloudFlow's limits of a global variable (256 KiB, and 128 bytes of name) and of a request (1 MiB).

use stepwell_expression::Value;

use super::Making;
use crate::plan::{Action, Expr, Kind, Mode, Plan, Root, State, Task, Template};

/// `limits.data` of such plans.
const LARGE_BYTES_MAX: u64 = 1024 * 1024;
const GLOBAL_BYTES_MAX: u64 = 256 * 1024;
const GLOBAL_KEY_BYTES_MAX: usize = 128;
/// How often a request holds the large text of the input.
const COPIES: [&str; 4] = ["a", "b", "c", "d"];
/// How many parts a large list has.
const PARTS: u64 = 50;
/// The quotation marks of a text.
const QUOTES: u64 = 2;

impl Making {
    /// Now and then the flow begins with such a value.
    pub(super) fn at_an_edge(&self, plan: &mut Plan) {
        let over = self.below(2);
        let edge = match self.below(100) {
            0..=3 => self.global(over, plan),
            4..=7 => self.request(over, plan),
            8 | 9 => self.key(),
            _ => return,
        };
        let first = plan.flow.block.states.first().map(|state| state.name.clone());
        plan.flow.block.states.insert(0, State { next: first, ..edge });
    }

    /// A global variable of 256 KiB.
    fn global(&self, over: u64, plan: &mut Plan) -> State {
        give(plan, many_parts(GLOBAL_BYTES_MAX + over));
        let mut state = State::new("Edge", Kind::Pass);
        state.global = Some(Template::object([("large", Template::Computed(large()))]));
        state
    }

    /// A name of 128 bytes.
    fn key(&self) -> State {
        let key = "k".repeat(GLOBAL_KEY_BYTES_MAX);
        let mut state = State::new("Edge", Kind::Pass);
        state.global = Some(Template::Object(vec![(key, Template::Literal(Value::from(1_u64)))]));
        state
    }

    /// Parameters of 1 MiB.
    fn request(&self, over: u64, plan: &mut Plan) -> State {
        let function = (*self.pick(&["pure", "effect0"], &"pure")).to_owned();
        let answers = Value::object([("n", Value::from(self.below(9)))]);
        let task = |rest: &str| {
            let copies = COPIES.map(|key| (key, Template::Computed(large())));
            let other = [
                ("answers", Template::Literal(answers.clone())),
                ("rest", Template::Literal(Value::from(rest))),
            ];
            Task {
                action: Action::Function(function.clone()),
                mode: Mode::RequestComplete,
                at_most_once: false,
                is_named: false,
                body: Template::object(copies.into_iter().chain(other)),
            }
        };
        // The expressions stand for nothing yet.
        let bare = task("");
        let written = bare.parameters().written().bytes();
        let expression = ".$".len() as u64 + large().to_string().len() as u64 + QUOTES;
        let left = LARGE_BYTES_MAX - (written - COPIES.len() as u64 * expression);
        give(plan, text(left / COPIES.len() as u64));
        let rest = usize::try_from(left % COPIES.len() as u64 + over).unwrap_or(0);
        let body = task(&"r".repeat(rest)).body;
        State::new("Edge", Kind::Task(Task { body, ..bare }))
    }
}

fn large() -> Expr {
    Expr::path(Root::ExecutionInput, &["large"])
}

/// A text whose JSON takes so many bytes.
fn text(bytes: u64) -> Value {
    let letters = usize::try_from(bytes.saturating_sub(QUOTES)).unwrap_or(0);
    Value::from("l".repeat(letters))
}

/// A list of texts whose JSON takes so many bytes.
fn many_parts(bytes: u64) -> Value {
    // Each with its comma, and the brackets around them in place of the last one's.
    let parts = (1..PARTS).map(|_| text(bytes / PARTS - 1));
    let last = bytes - 1 - (bytes / PARTS) * (PARTS - 1) - 1;
    Value::array(parts.chain([text(last)]))
}

/// Puts a large value into the input.
fn give(plan: &mut Plan, value: Value) {
    let entries = plan.input.as_object().cloned().unwrap_or_default();
    let large = [("large".into(), value)];
    plan.input = Value::object(entries.into_iter().chain(large));
    plan.data_bytes_max = LARGE_BYTES_MAX;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_as_many_bytes_as_they_are_to() {
        for bytes in [GLOBAL_BYTES_MAX, GLOBAL_BYTES_MAX + 1, 5_000] {
            assert_eq!((text(bytes).bytes(), many_parts(bytes).bytes()), (bytes, bytes));
        }
    }
}
