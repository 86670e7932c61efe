//! Every request but a run: one question, one answer in parts.

use std::sync::Arc;

use stepwell_core::Failure;
use stepwell_engine::{Engine, EngineError};
use stepwell_wire::output::Row;
use stepwell_wire::{Answer, Refusal, Request};

use super::Unanswered;
use crate::STOPPED;
use crate::told::{described, history_event, reported, row};

/// Entries of a history or of the index in one answer.
const PART: usize = 1000;
/// Bytes of them after which an answer is full.
const PART_BYTES: usize = 1 << 20;

/// Answers every request but a run, whose answers come one by one from [`super::Running`].
///
/// # Errors
///
/// [`Unanswered`] where the request is refused, or the engine closes.
pub async fn answer(engine: &Engine, request: Request) -> Result<Vec<Answer>, Unanswered> {
    match request {
        Request::Run(_) => Err(Unanswered::Refused(Refusal::host(
            "a run was asked for as a single answer",
        ))),
        Request::History { execution } => {
            let events = engine.history(&find(engine, &execution).await?).await?;
            let events = events.iter().map(history_event).collect();
            Ok(in_parts(events, |event| event.event_detail.len(), Answer::HistoryPart))
        }
        Request::Describe { execution } => {
            let execution = find(engine, &execution).await?;
            let description = engine.describe(&execution).await?;
            Ok(vec![Answer::Description(Box::new(described(
                description,
                engine.cost(&execution).await?,
            )))])
        }
        Request::List => {
            let mut rows: Vec<Row> = engine.list().await?.iter().map(row).collect();
            rows.sort_by(|left, right| (right.started_ms, &left.name).cmp(&(left.started_ms, &right.name)));
            Ok(in_parts(rows, |row| row.name.len(), Answer::RowsPart))
        }
        Request::Stop { execution } => {
            engine
                .stop(&find(engine, &execution).await?, Failure::new(STOPPED.0, STOPPED.1))
                .await?;
            Ok(vec![Answer::Done])
        }
        Request::Report { token, report } => {
            engine.report(&token, reported(report)).await?;
            Ok(vec![Answer::Done])
        }
    }
}

/// Cuts what is told into answers that are neither too many nor too large.
fn in_parts<T>(all: Vec<T>, bytes: fn(&T) -> usize, part: fn(Vec<T>) -> Answer) -> Vec<Answer> {
    let mut answers = Vec::new();
    let (mut current, mut size) = (Vec::new(), 0);
    for one in all {
        size += bytes(&one);
        current.push(one);
        if current.len() >= PART || size >= PART_BYTES {
            answers.push(part(std::mem::take(&mut current)));
            size = 0;
        }
    }
    answers.push(part(current));
    answers.push(Answer::Done);
    answers
}

/// The one execution that a user's name means: `flow/name`, or a name that only one flow has.
async fn find(engine: &Engine, name: &str) -> Result<Arc<str>, Unanswered> {
    if name.contains('/') {
        return Ok(name.into());
    }
    only(name, engine.named(name).await?)
}

/// The one execution of a name, of those that were found.
///
/// # Errors
///
/// [`Unanswered::Refused`] where there is none, or more than one.
pub fn only(name: &str, mut found: Vec<Arc<str>>) -> Result<Arc<str>, Unanswered> {
    match found.pop() {
        None => Err(EngineError::ExecutionNotExists { execution: name.into() }.into()),
        Some(only) if found.is_empty() => Ok(only),
        Some(last) => {
            found.push(last);
            let all = found.join("`, `");
            let message = format!("several flows have an execution `{name}`; say which: `{all}`");
            Err(Unanswered::Refused(Refusal::user("InvalidArgument", message)))
        }
    }
}

#[cfg(test)]
mod tests {
    use stepwell_wire::output::Status;

    use super::*;

    #[test]
    fn answers_are_cut_by_number_and_by_size() {
        let lengths = |sizes: Vec<usize>| -> Vec<usize> {
            let row = |size: usize| Row {
                name: "x".repeat(size),
                flow: String::new(),
                status: Status::Running,
                started_ms: 0,
                ended_ms: None,
            };
            let parts = in_parts(
                sizes.into_iter().map(row).collect(),
                |row| row.name.len(),
                Answer::RowsPart,
            );
            let length = |part: &Answer| {
                if let Answer::RowsPart(rows) = part {
                    rows.len()
                } else {
                    0
                }
            };
            parts.iter().map(length).collect()
        };
        assert_eq!(lengths(vec![]), [0, 0]);
        assert_eq!(lengths(vec![1; 2500]), [1000, 1000, 500, 0]);
        assert_eq!(lengths(vec![600_000; 5]), [2, 2, 1, 0]);
    }
}
