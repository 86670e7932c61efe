//! The test file: a flow, and cases of what comes of it.
//!
//! ```yaml
//! flow: flow.yaml
//! functions: functions.yaml              # or the functions themselves; absent = functions.yaml beside the flow
//! grants: grants.yaml                    # or the grants themselves; absent = grants.yaml beside the flow
//! objects: objects                       # a folder of <bucket>/<key>, copied for every case; absent = none
//! cases:
//!   - name: refused
//!     input: {order: 17}                 # or the path of a JSON file
//!     functions: {pay: {stub: [{fail: {code: E, detail: d}}]}}
//!     environment: {shop: north}
//!     reports: [{state: Approve, after_ms: 5000, output: {}, times: 2}]
//!     stop: {after_ms: 60000}
//!     expect: {status: Failed, error: {code: E}, calls: {pay: 1}, path: [Pay, Undo]}
//! ```
//!
//! [`check_test_file`] reads the file alone; [`CheckedFile::add_flow`] looks at whether it fits the flow.
//!
//! **Invariant:** unknown keys are errors, and no other file is read here.

mod fit;
pub(crate) mod reading;

use std::sync::Arc;

use stepwell_actions::{Grants, Registry};
use stepwell_expression::Value;
use stepwell_model::Flow;

use crate::checker::Checker;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::functions::FunctionsFile;
use crate::source::{Source, Span};
use crate::{CheckedFile, check_file, codes, yaml};

/// What a test file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFile {
    /// The flow's definition.
    pub flow: Written,
    /// The functions of every case.
    pub functions: Option<Given<FunctionsFile>>,
    /// What the tasks may touch.
    pub grants: Option<Given<Grants>>,
    /// A folder of objects.
    pub objects: Option<Written>,
    /// The cases; never empty.
    pub cases: Vec<Case>,
}

/// A text, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text; a path is relative to the test file.
    pub text: Arc<str>,
    /// Its place.
    pub span: Span,
}

/// What can stand in a file of its own or in the test file.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<T> {
    /// In that file.
    File(Written),
    /// Here.
    Here(T),
}

/// One execution, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name, unique in the file.
    pub name: Written,
    /// The execution's input; absent = `{}`.
    pub input: Option<Given<Value>>,
    /// Functions of this case, before those of the file.
    pub functions: Option<Given<FunctionsFile>>,
    /// `$Environment`, an object.
    pub environment: Value,
    /// What is reported to tasks that wait for it; each at most once to one attempt.
    pub reports: Vec<PlannedReport>,
    /// After how many milliseconds the execution is stopped.
    pub stop_after_ms: Option<u64>,
    /// What is expected.
    pub expect: Expectation,
}

/// A report that a case gives to a task that waits for one.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedReport {
    /// The state's name, or its path such as `Each/2/Ask`.
    pub state: Written,
    /// How long after the task began to wait.
    pub after_ms: u64,
    /// How often it is given.
    pub times: u64,
    /// The output, or else the failure's code and detail.
    pub outcome: Result<Value, (Arc<str>, Arc<str>)>,
}

/// What a case expects; what is absent may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    /// The status by its public name.
    pub status: Option<&'static str>,
    /// The whole output.
    pub output: Option<Value>,
    /// The error's code, and its detail.
    pub error: Option<(Arc<str>, Option<Arc<str>>)>,
    /// How many attempts call a function, or carry out an action.
    pub calls: Vec<(Written, u64)>,
    /// The states that are entered.
    pub path: Option<Vec<ExpectedState>>,
}

/// A state that is entered.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedState {
    /// Its name.
    pub state: Written,
    /// For every branch of a Parallel or item of a Map its own path; absent = whatever happens inside.
    pub inside: Option<Vec<Vec<ExpectedState>>>,
}

/// Checks a test file alone. `file_name` is what reports call it.
#[must_use]
pub fn check_test_file(text: &[u8], file_name: &str) -> CheckedFile<TestFile> {
    let help = "such a file begins with `flow: flow.yaml`, and below it `cases:` with lines such as `  - {name: works, expect: {status: Succeeded}}`";
    check_file(text, file_name, reading::read).beginning_with(help)
}

/// The path of the flow that a test file names, even where the rest of the file is wrong.
#[must_use]
pub fn named_flow(source: &Source) -> Option<Arc<str>> {
    let root = yaml::read(source, &mut Diagnostics::default())?;
    let path = root.entry("flow")?.value.scalar()?.text.clone();
    Some(path).filter(|path| !path.is_empty())
}

impl CheckedFile<TestFile> {
    /// Says of a file that is named there why it cannot be read.
    pub fn add_unreadable(&mut self, named: &Written, why: &str) {
        let help = "write its path relative to this file";
        let diagnostic = Diagnostic::new(&codes::UNREADABLE_FILE, named.span, why).help(help);
        self.content = None;
        self.diagnostics.push(diagnostic);
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    }

    /// Checks also whether the file fits the flow that it tests: `children` are the flows that it may start, and
    /// `registry` answers the functions of a case. Of a file that is wrong itself as much is checked as can be read of it,
    /// but for what it calls; `registry` is then not asked.
    pub fn add_flow(&mut self, flow: &Flow, children: &[&Flow], registry: impl Fn(&Case) -> Registry) {
        let found = match &self.content {
            Some(file) => fit::check(file, flow, children, Some(&registry)),
            None => readable(&self.source).map_or_else(Vec::new, |file| fit::check(&file, flow, children, None)),
        };
        if crate::refuses(&found, crate::Strictness::Lenient) {
            self.content = None;
        }
        self.diagnostics.extend(found);
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    }
}

/// What can be read of a file that is wrong.
fn readable(source: &Source) -> Option<TestFile> {
    let root = yaml::read(source, &mut Diagnostics::default())?;
    reading::read(&mut Checker::new(source), &root)
}
