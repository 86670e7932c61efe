//! What happened in an execution, page by page.
//!
//! A page is a stretch of the settled history, which only grows; so what one page gave no later one changes, and a mark
//! is a number of entries.

use std::sync::{Arc, Mutex, PoisonError};

use stepwell_engine::HistoryEvent;
use stepwell_wire::api::HistoryPage;

use crate::body::Reply;
use crate::fault::Fault;
use crate::pages;
use crate::router::{Call, Router};
use crate::told::{history_event, is_end};

/// Bytes of details after which a page is full, whatever its count.
const PAGE_BYTES: usize = 1 << 20;
/// The largest history that is kept at hand between two of its pages, in bytes of details.
const KEPT_BYTES_MAX: usize = 16 << 20;

type Events = Arc<Vec<HistoryEvent>>;

/// The history that was read last, if it was a whole one: its pages are asked for one after the other, and making one
/// takes reading all logs.
#[derive(Debug, Default)]
pub(crate) struct Ended(Mutex<Option<(String, Events)>>);

impl Router {
    /// Reads a page of a history.
    pub(crate) async fn history(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let execution = call.execution();
        let list = format!("history {execution}");
        let count = call.query.count()?;
        let from: usize = call
            .query
            .text("next")
            .map_or(Ok(0), |next| pages::place(&list, next))?;
        let events = self.events(&execution, from).await?;
        let rest = events.get(from..).unwrap_or_default();
        let page = rest.get(..fitting(rest, count)).unwrap_or(rest);
        let has_ended = events.last().is_some_and(|event| is_end(&event.kind));
        let at = from + page.len();
        let next = match has_ended && at >= events.len() {
            true => None,
            false => Some(pages::mark(&list, at)?),
        };
        Reply::json(&HistoryPage {
            events: page.iter().map(history_event).collect(),
            next,
        })
    }

    /// All that is settled; whoever goes on in what was just read finds it at hand.
    async fn events(&self, execution: &str, from: usize) -> Result<Events, Fault> {
        if let Some(events) = self.ended.of(execution).filter(|_| from > 0) {
            return Ok(events);
        }
        let events = Arc::new(self.engine.settled_history(execution).await?);
        self.ended.keep(execution, &events);
        Ok(events)
    }
}

impl Ended {
    fn of(&self, execution: &str) -> Option<Events> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, events) = kept.as_ref().filter(|(own, _)| own == execution)?;
        Some(events.clone())
    }

    /// Keeps a history that will not grow.
    fn keep(&self, execution: &str, events: &Events) {
        let bytes: usize = events.iter().map(|event| event.event_detail.len()).sum();
        let has_ended = events.last().is_some_and(|event| is_end(&event.kind));
        if has_ended && bytes <= KEPT_BYTES_MAX {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Some((execution.to_owned(), events.clone()));
        }
    }
}

/// How many of the entries make a page: at least one, if there is any.
fn fitting(events: &[HistoryEvent], count_max: usize) -> usize {
    let mut bytes = 0;
    let is_full = |event: &HistoryEvent| {
        bytes += event.event_detail.len();
        bytes >= PAGE_BYTES
    };
    let full = events.iter().take(count_max).position(is_full);
    full.map_or(events.len().min(count_max), |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> HistoryEvent {
        HistoryEvent {
            event_id: 1,
            schedule_event_id: 0,
            kind: "StepEntered".into(),
            step_name: "".into(),
            time: "".into(),
            event_detail: "x".repeat(bytes).into(),
        }
    }

    #[test]
    fn a_page_is_full_by_its_count_or_by_its_bytes() {
        let small = vec![event(1); 5];
        assert_eq!([1, 3, 9].map(|count| fitting(&small, count)), [1, 3, 5]);
        let large = vec![event(600_000); 5];
        assert_eq!([1, 3, 9].map(|count| fitting(&large, count)), [1, 2, 2]);
        assert_eq!((fitting(&[event(PAGE_BYTES)], 9), fitting(&[], 9)), (1, 0));
    }
}
