//! What the engine tells, as it travels.

use stepwell_core::Failure;
use stepwell_engine::{Ended, Observed};
use stepwell_expression::{Plain, Value};
use stepwell_ports::ExecutionRow;
use stepwell_wire::Report;
use stepwell_wire::output::{Cost, Description, End, EventLine, HistoryEvent, OpenState, Outcome, Row, Status};

/// The execution's own name.
fn own_name(execution: &str) -> (&str, &str) {
    execution.rsplit_once('/').unwrap_or(("", execution))
}

pub(crate) fn line(event: &Observed) -> EventLine {
    EventLine {
        event: event.event.to_string(),
        execution: own_name(&event.execution).1.to_owned(),
        scope: event.scope.to_string(),
        state: event.state.to_string(),
        status: event.status.to_string(),
        attempt: event.attempt,
        at_ms: event.at_ms,
        note: event.note.as_deref().map(str::to_owned),
        guest_us: event.guest_us,
    }
}

/// How an execution ended, as it travels.
#[must_use]
pub fn end(ended: Ended) -> End {
    let (status, result) = match ended {
        Ended::Running => (Status::Running, None),
        Ended::Succeeded(output) => (Status::Succeeded, Some(Outcome::Output(Plain(output)))),
        Ended::Failed(failure) => (Status::Failed, Some(error(&failure))),
        Ended::Stopped(failure) => (Status::Stopped, Some(error(&failure))),
        Ended::TimedOut(failure) => (Status::TimedOut, Some(error(&failure))),
    };
    End { status, result }
}

fn error(failure: &Failure) -> Outcome {
    let Failure { code, detail, .. } = failure;
    Outcome::Error(stepwell_wire::output::Failure {
        code: code.to_string(),
        detail: detail.to_string(),
    })
}

pub(crate) fn history_event(event: &stepwell_engine::HistoryEvent) -> HistoryEvent {
    HistoryEvent {
        event_id: event.event_id,
        schedule_event_id: event.schedule_event_id,
        kind: event.kind.to_string(),
        step_name: event.step_name.to_string(),
        time: event.time.to_string(),
        event_detail: event.event_detail.to_string(),
    }
}

pub(crate) fn row(row: &ExecutionRow) -> Row {
    let (flow, name) = own_name(&row.execution);
    Row {
        name: name.to_owned(),
        flow: flow.to_owned(),
        status: status(&row.status),
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
    }
}

/// A status by its public name; the index holds no other.
pub(crate) fn status(name: &str) -> Status {
    let all = [Status::Succeeded, Status::Failed, Status::Stopped, Status::TimedOut];
    all.into_iter()
        .find(|status| status.name() == name)
        .unwrap_or(Status::Running)
}

pub(crate) fn described(description: stepwell_engine::Description, cost: stepwell_engine::Cost) -> Description {
    let stepwell_engine::Description {
        flow,
        name,
        end: ended,
        input,
        started_ms,
        ended_ms,
        open,
    } = description;
    let End { status, result } = end(ended);
    let row = Row {
        name: name.to_string(),
        flow: flow.to_string(),
        status,
        started_ms,
        ended_ms,
    };
    let open_state = |state: stepwell_engine::OpenState| OpenState {
        scope: state.scope.to_string(),
        state: state.state.to_string(),
        attempt: state.attempt,
        since_ms: state.since_ms,
        token: state.token.as_deref().map(str::to_owned),
    };
    let stepwell_engine::Cost {
        records,
        bytes,
        guest_us,
        write_units,
        transitions,
    } = cost;
    let cost = Cost {
        records,
        bytes,
        guest_us,
        write_units,
        transitions,
    };
    Description {
        row,
        input: Plain(input),
        result,
        open: open.into_iter().map(open_state).collect(),
        cost,
    }
}

/// A report as the engine takes it.
pub(crate) fn reported(report: Report) -> stepwell_core::Report {
    match report {
        Report::Output(Plain(output)) => stepwell_core::Report::Succeeded(output),
        Report::Error { code, cause } => stepwell_core::Report::Failed(Failure::new(code, cause)),
    }
}

/// An entry of the history as an event that is past; nothing where it is none that this version writes.
#[must_use]
pub fn earlier(name: &str, event: &HistoryEvent) -> Option<EventLine> {
    let detail = Value::parse_json(&event.event_detail).ok()?;
    let detail = detail.as_object()?;
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let attempt = detail
        .get("attempt")
        .and_then(Value::as_number)
        .and_then(|number| number.as_i64());
    let at: jiff::Timestamp = event.time.parse().ok()?;
    Some(EventLine {
        event: event.kind.clone(),
        execution: name.to_owned(),
        scope: text("scope").unwrap_or_default().to_owned(),
        state: event.step_name.clone(),
        status: end_of(&event.kind).unwrap_or(Status::Running).name().to_owned(),
        attempt: attempt
            .and_then(|attempt| u32::try_from(attempt).ok())
            .unwrap_or_default(),
        at_ms: u64::try_from(at.as_millisecond()).ok()?,
        note: text("error").map(|error| format!("{error}: {}", text("cause").unwrap_or_default())),
        guest_us: 0,
    })
}

/// Whether nothing follows an entry of the history.
pub(crate) fn is_end(kind: &str) -> bool {
    end_of(kind).is_some()
}

/// How an execution has ended by an entry of its history.
fn end_of(kind: &str) -> Option<Status> {
    let all = [Status::Succeeded, Status::Failed, Status::Stopped, Status::TimedOut];
    let status = kind.strip_prefix("Execution")?;
    all.into_iter().find(|end| end.name() == status)
}
