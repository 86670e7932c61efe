//! Which functions a flow calls, held against those that there are.
//!
//! **Invariant:** a call is known wherever its task was understood, whatever else is wrong with the flow.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwell_actions::{Pattern, Registry};

use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::editor::Syntax;
use crate::editor::spell;
use crate::similar::Guesses;
use crate::source::Span;

/// A task that calls a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which one, where that is written down.
    pub resource: Option<Arc<str>>,
    /// Where that stands, or else the name of the task's state.
    pub span: Span,
}

/// Checks whether every function that a flow names by a constant has an entry in the registry.
pub(crate) fn check_functions(calls: &[Call], registry: &Registry) -> Vec<Diagnostic> {
    let mut entries = Entries::of(registry);
    let mut diagnostics = Diagnostics::default();
    for Call { resource, span } in calls {
        let Some(resource) = resource.as_deref().filter(|resource| !entries.have(resource)) else {
            continue;
        };
        let name = stepwell_actions::function_name(resource);
        let message = format!("no entry of the functions file matches the function {}", shown(name));
        let diagnostic = Diagnostic::new(&codes::UNKNOWN_FUNCTION, *span, message);
        diagnostics.push(match entries.closest(name) {
            _ if resource.starts_with('$') => diagnostic.help(computed(resource)),
            close @ Some(_) => diagnostic.did_you_mean(close),
            None => diagnostic.help(format!("add {} to functions.yaml beside the flow", entry_for(name))),
        });
    }
    diagnostics.finish()
}

/// How a function is written that is known only once the flow runs.
fn computed(resource: &str) -> String {
    format!("to compute it, write {}", shown(&format!("resourceArn.$: {resource}")))
}

/// Says once that the functions that a flow names stand nowhere.
pub(crate) fn check_without_functions(calls: &[Call]) -> Option<Diagnostic> {
    let Call { resource, span } = calls.first()?;
    let resource = resource.as_deref().filter(|resource| !resource.starts_with('$'));
    let name = resource.map_or("myfunction", stepwell_actions::function_name);
    let message = "there is no functions file: what this task calls fails with `FC.FunctionNotFound`";
    let help = format!("write functions.yaml beside the flow: `functions: {{{}}}`", entry(name));
    Some(Diagnostic::new(&codes::NO_FUNCTIONS_FILE, *span, message).help(help))
}

/// What to add to a functions file so that it has a function.
#[must_use]
pub fn entry_for(name: &str) -> String {
    format!("`{}`", entry(name))
}

fn entry(name: &str) -> String {
    const CHARACTERS_MAX: usize = 128;
    let short: String = name.chars().take(CHARACTERS_MAX).collect();
    format!("{}: {{stub: [{{echo: true}}]}}", spell(&short, "", Syntax::Yaml))
}

/// How many characters of patterns are compared at most for one flow.
const COMPARED_MAX: usize = 200_000_000;

/// The names and patterns of a registry, to be found fast.
struct Entries<'r> {
    exact: BTreeSet<&'r str>,
    patterns: Vec<&'r Pattern>,
    /// How much may still be compared; beyond that every name passes.
    left: usize,
    guesses: Guesses,
}

impl<'r> Entries<'r> {
    fn of(registry: &'r Registry) -> Self {
        let all = || registry.functions.iter().map(|function| &function.pattern);
        Self {
            exact: all().map(Pattern::as_str).collect(),
            patterns: all().filter(|pattern| !pattern.is_exact()).collect(),
            left: COMPARED_MAX,
            guesses: Guesses::default(),
        }
    }

    /// Whether the registry resolves a resource.
    fn have(&mut self, resource: &str) -> bool {
        let name = stepwell_actions::function_name(resource);
        if self.exact.contains(name) || self.exact.contains(resource) {
            return true;
        }
        self.patterns.iter().any(|pattern| {
            let compared = pattern.as_str().len().saturating_add(2 * resource.len());
            match self.left.checked_sub(compared) {
                Some(left) => self.left = left,
                None => return true,
            }
            pattern.matches(resource) || pattern.matches(name)
        })
    }

    fn closest(&mut self, name: &str) -> Option<&'r str> {
        let names = self
            .exact
            .iter()
            .copied()
            .chain(self.patterns.iter().map(|pattern| pattern.as_str()));
        self.guesses.closest(name, names)
    }
}
