//! Reports: the one that won is the one that was accepted, and whoever came late was told so.
//!
//! What is cut off at the same moment may go either way: the report counts and nothing comes of it, or it is called late.
//!
//! Source: specification 1.8, and point 13 of 1.9.

use std::collections::BTreeMap;

use stepwell_core::Report;
use stepwell_engine::HistoryEvent;
use stepwell_expression::Value;

use super::Mismatch;
use super::history::field;
use crate::Reported;
use crate::plan::RING;
use crate::reports::GAVE_UP;

/// Holds every answer that somebody got who reported against the histories.
pub(super) fn check(reports: &[Reported], histories: &[&[HistoryEvent]]) -> Result<(), Mismatch> {
    let mut by_token: BTreeMap<&str, Vec<&Reported>> = BTreeMap::new();
    for report in reports {
        by_token.entry(&report.token).or_default().push(report);
    }
    for (token, reports) in by_token {
        let end = histories.iter().find_map(|history| end_of(history, token));
        check_attempt(&reports, &end.unwrap_or(UNTOLD))?;
    }
    Ok(())
}

/// How an attempt ended.
#[derive(Debug)]
struct End<'h> {
    event: Option<&'h HistoryEvent>,
    /// Whether its scope, or one around it, was cut off then or later.
    is_cut: bool,
    /// Whether it had a Timeout.
    is_timed: bool,
}

/// An attempt that no history tells of: what it lies in was cut off before.
const UNTOLD: End<'static> = End {
    event: None,
    is_cut: true,
    is_timed: false,
};

/// How the attempt ended that waits with a token; nothing where the history does not know the token.
fn end_of<'h>(history: &'h [HistoryEvent], token: &str) -> Option<End<'h>> {
    let place = history.iter().position(|event| is_of(event, token))?;
    let (before, after) = history.split_at(place + 1);
    let scheduled = before.last()?;
    let scope = scope(scheduled)?;
    let own = |event: &&HistoryEvent| self::scope(event).as_ref() == Some(&scope);
    let event = after.iter().filter(own).find(|event| &*event.kind != "TaskSubmitted");
    let is_cut = event.is_none() || after.iter().any(|event| is_cut_by(&scope, event));
    Some(End {
        event,
        is_cut,
        is_timed: scheduled.event_detail.contains("\"timeoutMs\":"),
    })
}

/// Whether an event schedules the attempt of a token; the flow that sends tokens on has them too.
fn is_of(event: &HistoryEvent, token: &str) -> bool {
    &*event.kind == "TaskScheduled" && &*event.step_name != RING && event.event_detail.contains(token)
}

/// Whether an event tells that a scope, or what it lies in, failed, was cut off or began again.
fn is_cut_by(cut: &str, event: &HistoryEvent) -> bool {
    let Some(other) = scope(event) else { return false };
    let Some(rest) = cut.strip_prefix(&*other) else {
        return false;
    };
    let is_own = rest.is_empty();
    let is_around = other.is_empty() || is_own || rest.starts_with('/');
    let error = error(event);
    let begins_again = matches!(&*event.kind, "BranchEntered" | "IterationEntered");
    is_around && (begins_again || error.as_deref() == Some("FnF.Canceled") || !is_own && error.is_some())
}

fn scope(event: &HistoryEvent) -> Option<String> {
    let detail = Value::parse_json(&event.event_detail).ok()?;
    field(&detail, "scope").and_then(Value::as_str).map(str::to_owned)
}

fn check_attempt(reports: &[&Reported], end: &End<'_>) -> Result<(), Mismatch> {
    let accepted: Vec<_> = reports.iter().filter(|report| report.refused.is_none()).collect();
    let may_have_won = reports
        .iter()
        .any(|report| report.refused.is_none() || report.is_unsure);
    let is_won = |report: &&&Reported| end.event.is_some_and(|end| says(end, &report.report));
    let complaint = if accepted.len() > 1 {
        "one accepted report at most"
    } else if !end.is_cut && accepted.iter().any(|report| !is_won(report)) {
        "the end that an accepted report gave"
    } else if !end.is_cut && !may_have_won && reports.iter().any(|report| is_won(&report)) {
        "a report that was accepted, where the attempt ended so"
    } else if reports.iter().any(|report| !is_refused_rightly(report, end)) {
        "TaskAlreadyCompleted for an attempt that has an outcome"
    } else {
        return Ok(());
    };
    Err(Mismatch {
        path: end.event.and_then(scope).unwrap_or_default(),
        event: end.event.map_or(0, |end| end.event_id),
        expected: complaint.to_owned(),
        got: format!("{reports:#?}\n{end:#?}"),
    })
}

fn is_refused_rightly(report: &Reported, end: &End<'_>) -> bool {
    match report.refused {
        None | Some("TaskAlreadyCompleted" | GAVE_UP) => true,
        // Whoever is asked may have a clock that is ahead of the deadline, or know of a failed submission before the log.
        Some("TaskInvalidState") => {
            let is_refused = |event: &HistoryEvent| &*event.kind == "TaskSubmitFailed";
            end.is_cut || end.is_timed || end.event.is_some_and(is_refused)
        }
        Some(_) => false,
    }
}

/// Whether an attempt ended as that report says.
fn says(end: &HistoryEvent, report: &Report) -> bool {
    let detail = Value::parse_json(&end.event_detail).unwrap_or_default();
    match (report, &*end.kind) {
        (Report::Succeeded(output), "TaskSucceeded") => field(&detail, "output") == Some(output),
        (Report::Failed(failure), "TaskFailed") => error(end).as_deref() == Some(&*failure.code),
        // What is too large fails.
        (Report::Succeeded(_), "TaskFailed") => error(end).is_some_and(|code| code.contains("Limit")),
        (Report::Succeeded(_) | Report::Failed(_), _) => false,
    }
}

fn error(event: &HistoryEvent) -> Option<String> {
    let detail = Value::parse_json(&event.event_detail).ok()?;
    field(&detail, "error").and_then(Value::as_str).map(str::to_owned)
}
