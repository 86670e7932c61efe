//! Evaluation of a syntax tree.
//!
//! **Invariant:** every part that is visited costs a step, and large values are handed on as pointers.

use crate::context::{Context, Halt, collect};
use crate::functions;
use crate::operators::{apply, is_zero, negate, require_bool};
use crate::pointer::Step;
use crate::tree::{Infix, Path, PathStep, Tree};
use crate::value::{DEPTH_MAX, Value};

/// Computes the value of a part.
pub(crate) fn evaluate(tree: &Tree, context: &mut Context<'_>) -> Result<Value, Halt> {
    context.spend(1)?;
    match tree {
        Tree::Literal(value) => Ok(value.clone()),
        Tree::Path(path) => walk(path, context),
        Tree::Array(parts) => Ok(Value::array(evaluate_all(parts, context)?)),
        Tree::Object(entries) => {
            let values = collect(entries.iter().map(|(_, part)| evaluate(part, context)))?;
            Ok(Value::object(entries.iter().map(|(key, _)| key.clone()).zip(values)))
        }
        Tree::Call { function, arguments } => {
            let arguments = evaluate_all(arguments, context)?;
            functions::call(*function, &arguments, context)
        }
        Tree::Not(operand) => Ok(Value::Bool(!evaluate_bool(operand, "!", context)?)),
        Tree::Negative(operand) => {
            let value = evaluate(operand, context)?;
            negate(&context.open(&value)?)
        }
        Tree::Chain { first, rest } => evaluate_chain(first, rest, context),
        Tree::And(parts) => all_hold(parts, context).map(Value::Bool),
        Tree::Or(parts) => any_holds(parts, context).map(Value::Bool),
        Tree::Coalesce(parts) => coalesce(parts, context),
        Tree::Choose { test, then, otherwise } => {
            let test = evaluate(test, context)?;
            evaluate(
                if is_zero(&context.open(&test)?) {
                    otherwise
                } else {
                    then
                },
                context,
            )
        }
    }
}

fn evaluate_all(parts: &[Tree], context: &mut Context<'_>) -> Result<Vec<Value>, Halt> {
    collect(parts.iter().map(|part| evaluate(part, context)))
}

fn evaluate_bool(part: &Tree, symbol: &str, context: &mut Context<'_>) -> Result<bool, Halt> {
    let value = evaluate(part, context)?;
    require_bool(symbol, &context.open(&value)?)
}

/// Parts behind the first false one are not looked at.
fn all_hold(parts: &[Tree], context: &mut Context<'_>) -> Result<bool, Halt> {
    for part in parts {
        if !evaluate_bool(part, "&&", context)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Parts behind the first true one are not looked at.
fn any_holds(parts: &[Tree], context: &mut Context<'_>) -> Result<bool, Halt> {
    for part in parts {
        if evaluate_bool(part, "||", context)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn coalesce(parts: &[Tree], context: &mut Context<'_>) -> Result<Value, Halt> {
    let mut last = Value::Null;
    for part in parts {
        last = evaluate(part, context)?;
        if !is_zero(&context.open(&last)?) {
            break;
        }
    }
    Ok(last)
}

fn evaluate_chain(first: &Tree, rest: &[(Infix, Tree)], context: &mut Context<'_>) -> Result<Value, Halt> {
    let parts = std::iter::once(first).chain(rest.iter().map(|(_, part)| part));
    let mut values = collect(parts.map(|part| evaluate(part, context)))?.into_iter();
    let mut result = values.next().unwrap_or(Value::Null);
    for ((operator, _), value) in rest.iter().zip(values) {
        context.spend(1)?;
        result = apply(*operator, &result, &value, context)?;
    }
    Ok(result)
}

/// Follows a path; where it leads nowhere, the value is null and the path is noted.
fn walk(path: &Path, context: &mut Context<'_>) -> Result<Value, Halt> {
    let root = context.variable(&path.name)?;
    let mut walker = Walker { context, path };
    match walker.descend(&root, &path.steps)? {
        Some(value) => Ok(value),
        None => {
            context.note_missing(&path.text);
            Ok(Value::Null)
        }
    }
}

struct Walker<'w, 'c> {
    context: &'w mut Context<'c>,
    path: &'w Path,
}

impl Walker<'_, '_> {
    fn descend(&mut self, from: &Value, steps: &[PathStep]) -> Result<Option<Value>, Halt> {
        let singles: Vec<Step> = steps.iter().map_while(single).cloned().collect();
        let Some(value) = self.context.follow(from, &singles)? else {
            return Ok(None);
        };
        match steps.get(singles.len()..) {
            Some([PathStep::Every, below @ ..]) => self.project(&value, below),
            _ => Ok(Some(value)),
        }
    }

    /// The rest of the path over every element; where it projects again, the results are joined to one list.
    fn project(&mut self, value: &Value, below: &[PathStep]) -> Result<Option<Value>, Halt> {
        let Some(elements) = self.elements(value)? else {
            return Ok(None);
        };
        let parts = collect(elements.iter().map(|element| self.descend(element, below)))?;
        if parts.iter().any(Option::is_none) {
            self.context.note_missing(&self.path.text);
        }
        if below.contains(&PathStep::Every) {
            return self.join(parts).map(Some);
        }
        Ok(Some(Value::array(
            parts.into_iter().map(|part| part.unwrap_or(Value::Null)),
        )))
    }

    fn elements(&mut self, value: &Value) -> Result<Option<Vec<Value>>, Halt> {
        let elements: Vec<Value> = match self.context.open(value)? {
            Value::Array(items) => items.to_vec(),
            Value::Object(entries) => entries.values().cloned().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => return Ok(None),
        };
        self.context.spend(u64::try_from(elements.len()).unwrap_or(u64::MAX))?;
        Ok(Some(elements))
    }

    fn join(&mut self, parts: Vec<Option<Value>>) -> Result<Value, Halt> {
        let lists = parts.into_iter().flatten().map(|part| self.elements(&part));
        let lists = collect(lists)?.into_iter().flatten().flatten();
        Ok(Value::array(lists))
    }
}

fn single(step: &PathStep) -> Option<&Step> {
    match step {
        PathStep::One(step) => Some(step),
        PathStep::Every => None,
    }
}

/// So many parts of a value that are passed by cost one step.
const PARTS_PER_STEP: u64 = 16;

/// Refuses values that nobody could read again.
pub(crate) fn check_depth(value: &Value, context: &mut Context<'_>) -> Result<(), Halt> {
    let allowed = context.budget().saturating_mul(PARTS_PER_STEP);
    let mut depth = Depth { parts_left: allowed };
    let checked = depth.check(value, DEPTH_MAX);
    context.spend((allowed - depth.parts_left) / PARTS_PER_STEP)?;
    checked
}

pub(crate) fn too_deep() -> Halt {
    Halt::failed(format!("the value is nested more than {DEPTH_MAX} levels deep"))
}

/// Looks how deep a value is: one large part may stand in it very often.
struct Depth {
    parts_left: u64,
}

impl Depth {
    fn check(&mut self, value: &Value, levels: usize) -> Result<(), Halt> {
        match value {
            Value::Array(items) => self.check_all(items.len(), items.iter(), levels),
            Value::Object(entries) => self.check_all(entries.len(), entries.values(), levels),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Stored(_) => Ok(()),
        }
    }

    fn check_all<'v>(
        &mut self,
        parts: usize,
        values: impl Iterator<Item = &'v Value>,
        levels: usize,
    ) -> Result<(), Halt> {
        let below = levels.checked_sub(1).ok_or_else(too_deep)?;
        let parts = u64::try_from(parts).unwrap_or(u64::MAX);
        self.parts_left = self.parts_left.checked_sub(parts).ok_or(Halt::Budget)?;
        for value in values {
            self.check(value, below)?;
        }
        Ok(())
    }
}
