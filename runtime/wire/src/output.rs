//! What `--json` prints. These shapes are frozen: fields are never renamed, reordered or removed.

use serde::{Deserialize, Serialize};
use stepwell_expression::Plain;

/// One line of `run --json`, for every event of the execution's history as it becomes durable.
///
/// `note` and `guest_us` travel between processes, and are no part of the line that is printed; see [`EventLine::printed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine {
    /// The history's Type.
    pub event: String,
    /// The execution's name.
    pub execution: String,
    /// `""`, or `Map1/17/Inner/0`: state, then branch or item number.
    pub scope: String,
    /// The state's name, or `""`.
    pub state: String,
    /// The execution's status.
    pub status: String,
    /// From 1; 0 where the event speaks of no attempt.
    pub attempt: u32,
    /// When it happened.
    pub at_ms: u64,
    /// `CODE: detail` of a failure, for a person only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Microseconds inside a guest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub guest_us: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl EventLine {
    /// The line as it is printed.
    #[must_use]
    pub fn printed(mut self) -> Self {
        self.note = None;
        self.guest_us = 0;
        self
    }
}

/// How an execution stands, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How it stands.
    pub status: Status,
    /// What came of it; nothing while it runs.
    pub result: Option<Outcome>,
}

/// The output, or the error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ended well.
    Output(Plain),
    /// It did not.
    Error(Failure),
}

/// An error of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The error code.
    pub code: String,
    /// What a person reads.
    pub detail: String,
}

/// The public status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It goes on.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// It was stopped.
    Stopped,
    /// It took too long.
    TimedOut,
}

impl Status {
    /// The public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::TimedOut => "TimedOut",
        }
    }
}

/// The last line of `run --json`: `{"name", "status", "output"}` or `{"name", "status", "error"}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastLine {
    /// The execution's name.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Its output, if it ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Plain>,
    /// Its error, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

impl LastLine {
    /// The last line of an execution that ended so.
    pub fn new(name: impl Into<String>, end: End) -> Self {
        let (output, error) = split(end.result);
        Self {
            name: name.into(),
            status: end.status,
            output,
            error,
        }
    }
}

fn split(result: Option<Outcome>) -> (Option<Plain>, Option<Failure>) {
    match result {
        None => (None, None),
        Some(Outcome::Output(output)) => (Some(output), None),
        Some(Outcome::Error(error)) => (None, Some(error)),
    }
}

/// One line of `test --json`, for every case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseLine {
    /// The test file.
    pub file: String,
    /// The case's name.
    pub case: String,
    /// Whether it came as expected.
    pub passed: bool,
    /// How long it took in its own time.
    pub took_ms: u64,
    /// In how many rough worlds it came as expected.
    pub seeds: u64,
    /// The seed of the first one in which it did not; null where it passed, or failed in the calm one.
    pub seed: Option<u64>,
    /// What it waits for, if it has not ended.
    pub unended: Option<String>,
    /// In what it is not as expected.
    pub mismatches: Vec<MismatchLine>,
}

/// Something that a case expected and that did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MismatchLine {
    /// What, such as `status`, `output.items[2]` or `calls.pay`.
    pub field: String,
    /// What was expected, as a text.
    pub expected: String,
    /// What came.
    pub got: String,
}

/// The last line of `test --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CasesLine {
    /// How many cases ran.
    pub cases: u64,
    /// How many did not come as expected.
    pub failed: u64,
}

/// One entry of `list --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The execution's name.
    pub name: String,
    /// The flow's name.
    pub flow: String,
    /// How it stands.
    pub status: Status,
    /// When it started.
    pub started_ms: u64,
    /// When it ended; null while it runs.
    pub ended_ms: Option<u64>,
}

/// What `describe --json` is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What `list` shows of it too.
    pub row: Row,
    /// Its input.
    pub input: Plain,
    /// What came of it; nothing while it runs.
    pub result: Option<Outcome>,
    /// The states that are open now.
    pub open: Vec<OpenState>,
    /// What it has cost; shown to people, no part of `--json`.
    pub cost: Cost,
}

/// What an execution has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Records in its logs.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Microseconds inside WASM components.
    pub guest_us: u64,
    /// What writing the records takes on DynamoDB, at most.
    #[serde(default)]
    pub write_units: u64,
    /// States that were entered, and retries of tasks.
    #[serde(default)]
    pub transitions: u64,
}

/// A state that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenState {
    /// Its scope.
    pub scope: String,
    /// Its name.
    pub state: String,
    /// The attempt from 1, or 0.
    pub attempt: u32,
    /// Since when.
    pub since_ms: u64,
    /// The token of a task that waits for a report; shown to people, no part of `--json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What `describe --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DescriptionLine {
    name: String,
    flow: String,
    status: Status,
    started_ms: u64,
    ended_ms: Option<u64>,
    input: Plain,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    open: Vec<OpenState>,
}

impl From<Description> for DescriptionLine {
    fn from(description: Description) -> Self {
        let Description {
            row,
            input,
            result,
            open,
            cost: _,
        } = description;
        let (output, error) = split(result);
        let open = open
            .into_iter()
            .map(|state| OpenState { token: None, ..state })
            .collect();
        let Row {
            name,
            flow,
            status,
            started_ms,
            ended_ms,
        } = row;
        Self {
            name,
            flow,
            status,
            started_ms,
            ended_ms,
            input,
            output,
            error,
            open,
        }
    }
}

/// One entry of `history --json`: CloudFlow's six fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HistoryEvent {
    /// From 1, without a gap.
    pub event_id: u64,
    /// The event that caused this one; 0 for the first.
    pub schedule_event_id: u64,
    /// Its type.
    #[serde(rename = "Type")]
    pub kind: String,
    /// The state's name; of Branch… and Iteration… the Parallel's or Map's; `""` for the execution's own.
    pub step_name: String,
    /// RFC 3339, UTC, milliseconds.
    pub time: String,
    /// JSON text.
    pub event_detail: String,
}

/// One entry of `validate --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// The stable code.
    pub code: String,
    /// How bad it is.
    pub severity: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line on which it ends.
    pub end_line: usize,
    /// Behind its last character, counted like `column`.
    pub end_column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it, or null.
    pub help: Option<String>,
}

#[cfg(test)]
mod tests {
    use stepwell_expression::Value;

    use super::*;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    fn object(text: &str) -> Plain {
        Plain(Value::parse_json(text).unwrap())
    }

    #[test]
    fn an_event_is_one_line_of_seven_fields() {
        let line = EventLine {
            event: "TaskFailed".into(),
            execution: "run-1".into(),
            scope: "Sizes/17".into(),
            state: "Resize".into(),
            status: "Running".into(),
            attempt: 2,
            at_ms: 1_700_000_000_123,
            note: Some("Media.Busy: later".into()),
            guest_us: 12,
        };
        let expected = r#"{"event":"TaskFailed","execution":"run-1","scope":"Sizes/17","state":"Resize","status":"Running","attempt":2,"at_ms":1700000000123}"#;
        assert_eq!(json(&line.printed()), expected);
    }

    #[test]
    fn the_last_line_has_an_output_or_an_error() {
        let output = End {
            status: Status::Succeeded,
            result: Some(Outcome::Output(object(r#"{"b":1.0,"a":[]}"#))),
        };
        assert_eq!(
            json(&LastLine::new("n", output)),
            r#"{"name":"n","status":"Succeeded","output":{"b":1.0,"a":[]}}"#
        );
        let failure = Failure {
            code: "E".into(),
            detail: "d".into(),
        };
        let error = End {
            status: Status::TimedOut,
            result: Some(Outcome::Error(failure)),
        };
        assert_eq!(
            json(&LastLine::new("n", error)),
            r#"{"name":"n","status":"TimedOut","error":{"code":"E","detail":"d"}}"#
        );
    }

    #[test]
    fn a_description_adds_to_a_row() {
        let row = Row {
            name: "n".into(),
            flow: "f".into(),
            status: Status::Running,
            started_ms: 5,
            ended_ms: None,
        };
        assert_eq!(
            json(&row),
            r#"{"name":"n","flow":"f","status":"Running","started_ms":5,"ended_ms":null}"#
        );
        let open = vec![OpenState {
            scope: String::new(),
            state: "Ask".into(),
            attempt: 1,
            since_ms: 6,
            token: Some("secret".into()),
        }];
        let description = Description {
            row,
            input: object("{}"),
            result: None,
            open,
            cost: Cost::default(),
        };
        let expected = r#"{"name":"n","flow":"f","status":"Running","started_ms":5,"ended_ms":null,"input":{},"open":[{"scope":"","state":"Ask","attempt":1,"since_ms":6}]}"#;
        assert_eq!(json(&DescriptionLine::from(description)), expected);
    }

    #[test]
    fn a_history_entry_has_cloudflows_six_fields() {
        let event = HistoryEvent {
            event_id: 2,
            schedule_event_id: 1,
            kind: "StepEntered".into(),
            step_name: "Greet".into(),
            time: "2026-01-02T03:04:05.678Z".into(),
            event_detail: r#"{"scope":""}"#.into(),
        };
        let expected = r#"{"EventId":2,"ScheduleEventId":1,"Type":"StepEntered","StepName":"Greet","Time":"2026-01-02T03:04:05.678Z","EventDetail":"{\"scope\":\"\"}"}"#;
        assert_eq!(json(&event), expected);
    }

    #[test]
    fn a_problem_has_nine_fields() {
        let problem = Problem {
            file: "flow.yaml".into(),
            code: "definition::no_exit".into(),
            severity: "error".into(),
            line: 3,
            column: 5,
            end_line: 3,
            end_column: 9,
            message: "m".into(),
            help: None,
        };
        let expected = r#"{"file":"flow.yaml","code":"definition::no_exit","severity":"error","line":3,"column":5,"end_line":3,"end_column":9,"message":"m","help":null}"#;
        assert_eq!(json(&problem), expected);
    }
}
