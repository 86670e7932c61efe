//! The file formats: flows, the functions file, the grants file, the test file and inputs.
//!
//! A file is read into a tree whose every node knows its place, checked as a whole, and lowered to what the runtime works
//! with: [`stepwell_model::Flow`], [`stepwell_actions::Registry`], [`stepwell_actions::Grants`]. Every problem is told at
//! once, each with its place, a stable code and what to do about it.
//!
//! ```text
//! bytes ── source ── yaml ── tree ─┬─ flow ── scope ── states/<type> ── model::Flow
//!                                  │            └── recovery, template, expression
//!                                  ├─ functions ── actions::Registry
//!                                  ├─ cases ── TestFile
//!                                  └─ grants ── actions::Grants
//!                     every module ── diagnostic ── report
//! ```
//!
//! **Invariant:** no executions, no time, no environment, and no file but the one that is given. A file of any size or
//! shape gives diagnostics within bounds, never a panic.

mod actions;
mod alone;
mod beside;
mod blanks;
mod calls;
mod cases;
mod checker;
mod checks;
mod codes;
mod core_schema;
mod data;
mod diagnostic;
pub mod editor;
mod expression;
mod fields;
mod flow;
mod foreign;
mod functions;
mod grants;
mod graph;
mod input;
mod listing;
mod older;
mod outline;
mod places;
mod recovery;
mod report;
mod scalar_field;
mod schemas;
mod scope;
mod similar;
mod size;
mod source;
mod states;
mod syntax;
mod template;
mod tree;
mod urls;
mod variables;
mod vocabulary;
mod ways;
mod yaml;

use stepwell_actions::Registry;
use stepwell_model::Flow;

pub use alone::check_expression;
pub use beside::{FUNCTIONS_FILE_NAMES, GRANTS_FILE_NAMES};
pub use calls::{Call, entry_for};
pub use cases::{
    Case, Expectation, ExpectedState, Given, PlannedReport, TestFile, Written, check_test_file, named_flow,
};
pub use checker::Unsupported;
pub use checks::check_express;
pub use codes::{Code, codes};
pub use data::read_data;
pub use diagnostic::{Diagnostic, Label, Severity, Strictness};
pub use fields::{Field, Takes};
pub use flow::FIELDS as FLOW_FIELDS;
pub use functions::{Declared, FunctionsFile, check_functions_file};
pub use grants::check_grants_file;
pub use graph::mermaid;
pub use input::{check_input, check_json};
pub use listing::there_are;
pub use outline::{OutlineLine, outline};
pub use places::{Places, StatePlace};
pub use report::{Characters, Colour, Drawing, Entry, Report};
pub use schemas::{FLOW_SCHEMA, FUNCTIONS_SCHEMA, GRANTS_SCHEMA, TESTS_SCHEMA, flow_schema, tests_schema};
pub use scope::{NAME_CHARACTERS_MAX, NESTING_MAX, STATES_MAX};
pub use similar::closest as closest_name;
pub use source::{FILE_BYTES_MAX, Position, Source, Span};
pub use states::StateType;
pub use tree::DEPTH_MAX;
pub use variables::{VARIABLES, Variable};
pub use yaml::{ALIASED_BYTES_MAX, ALIASED_NODES_MAX, NODES_MAX};

use checker::Checker;
use tree::Node;

/// A flow that was checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The lowered flow; there exactly when the definition itself has no error.
    pub flow: Option<Flow>,
    /// Everything that is wrong or worth knowing, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// What is accepted, but cannot run yet; a flow with any is not run.
    pub unsupported: Vec<Unsupported>,
    /// Where the states stand.
    pub places: Places,
    /// The calls of functions, whether or not the flow is there.
    pub calls: Vec<Call>,
    /// The text.
    pub source: Source,
}

/// Another file that was checked.
#[derive(Clone, Debug)]
pub struct CheckedFile<T> {
    /// What it holds; there exactly when there is no error.
    pub content: Option<T>,
    /// Everything that is wrong or worth knowing, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// The text.
    pub source: Source,
}

impl Checked {
    /// Whether the flow is refused.
    #[must_use]
    pub fn is_refused(&self, strictness: Strictness) -> bool {
        refuses(&self.diagnostics, strictness)
    }

    /// The diagnostics, ready to be shown.
    #[must_use]
    pub fn report(&self, strictness: Strictness) -> Report<'_> {
        Report::new(&self.source, &self.diagnostics, strictness)
    }

    /// Checks the flow also for what an Express execution cannot do; see [`check_express`].
    pub fn add_express(&mut self) {
        let found = self.flow.as_ref().map(|flow| check_express(flow, &self.places));
        self.add(found.unwrap_or_default());
    }

    /// Checks also whether the functions that the flow names are in the functions file.
    pub fn add_functions(&mut self, registry: &Registry) {
        self.add(calls::check_functions(&self.calls, registry));
    }

    /// Says also that there is no functions file, if the flow needs one.
    pub fn add_no_functions(&mut self) {
        self.add(calls::check_without_functions(&self.calls).into_iter().collect());
    }

    fn add(&mut self, diagnostics: Vec<Diagnostic>) {
        self.diagnostics.extend(diagnostics);
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    }
}

impl<T> CheckedFile<T> {
    /// Says how such a file begins where there is nothing in it.
    pub(crate) fn beginning_with(mut self, help: &str) -> Self {
        let is_empty = |diagnostic: &&mut Diagnostic| diagnostic.code() == codes::EMPTY.name;
        for diagnostic in self.diagnostics.iter_mut().filter(is_empty) {
            diagnostic.help = Some(help.to_owned());
        }
        self
    }

    /// Whether the file is refused.
    #[must_use]
    pub fn is_refused(&self, strictness: Strictness) -> bool {
        refuses(&self.diagnostics, strictness)
    }

    /// The diagnostics, ready to be shown.
    #[must_use]
    pub fn report(&self, strictness: Strictness) -> Report<'_> {
        Report::new(&self.source, &self.diagnostics, strictness)
    }
}

fn refuses(diagnostics: &[Diagnostic], strictness: Strictness) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity_under(strictness) == Some(Severity::Error))
}

/// Checks a flow, YAML or JSON, and lowers it. `file_name` is what reports call it.
#[must_use]
pub fn check(text: &[u8], file_name: &str) -> Checked {
    let (source, unfit) = Source::read(file_name, text);
    let unfit = unfit.map(|unfit| match unfit.kind == &codes::FILE_TOO_LARGE {
        true => unfit.help("pass data through the input or through objects; keep only the flow in its definition"),
        false => unfit,
    });
    let mut checker = Checker::new(&source);
    let flow = read_tree(&mut checker, unfit).and_then(|root| flow::check(&mut checker, &root));
    let Checker {
        diagnostics,
        unsupported,
        places,
        calls,
        ..
    } = checker;
    let flow = flow.filter(|_| !diagnostics.refuse());
    Checked {
        flow,
        diagnostics: diagnostics.finish(),
        unsupported,
        places,
        calls,
        source,
    }
}

/// Checks another YAML file with `read`.
fn check_file<T>(
    text: &[u8],
    file_name: &str,
    read: impl FnOnce(&mut Checker<'_>, &Node) -> Option<T>,
) -> CheckedFile<T> {
    let (source, unfit) = Source::read(file_name, text);
    let mut checker = Checker::new(&source);
    let content = read_tree(&mut checker, unfit).and_then(|root| read(&mut checker, &root));
    let diagnostics = checker.diagnostics;
    let content = content.filter(|_| !diagnostics.refuse());
    CheckedFile {
        content,
        diagnostics: diagnostics.finish(),
        source,
    }
}

fn read_tree(checker: &mut Checker<'_>, unfit: Option<Diagnostic>) -> Option<Node> {
    match unfit {
        Some(diagnostic) => {
            checker.tell(diagnostic);
            None
        }
        None => {
            let root = yaml::read(checker.source, &mut checker.diagnostics);
            tell_no_json(checker, root.as_ref());
            root
        }
    }
}

/// A file that is called JSON is read as YAML, which allows more; where it is neither, JSON is what was meant.
fn tell_no_json(checker: &mut Checker<'_>, root: Option<&Node>) {
    if !checker.source.is_called_json() {
        return;
    }
    let Err(error) = stepwell_expression::Value::parse_json(checker.source.text()) else {
        return;
    };
    let at = Span::at(error.offset);
    if root.is_none() {
        let message = format!("this file is called JSON, and is none: {}", error.message);
        let help = "check the quotes, the commas and the brackets from here backwards";
        let told = Diagnostic::new(&codes::NOT_JSON, at, message).help(help);
        return checker.diagnostics.replace(&codes::NOT_YAML, &told);
    }
    let message = format!("this file is called JSON, but is read as YAML: {}", error.message);
    let help =
        "other programs refuse it; JSON has no comments, no comma behind the last element, and only `\"` for quotes";
    checker.tell(Diagnostic::new(&codes::ONLY_YAML, at, message).help(help));
}
