//! Stubs: answers that were written down beforehand.
//!
//! The n-th distinct attempt key that calls a stub in an execution gets its n-th entry. Who was the n-th stands in a log
//! of its own beside the root (`~stub/<entry>`), one attempt key a record, so that a repeat after a crash gets the same
//! answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::lock::Mutex;
use stepwell_actions::{StubAnswer, StubEntry};
use stepwell_core::Failure;
use stepwell_expression::Value;
use stepwell_ports::{Due, LogEntry, LogError, ScopeKey};

use crate::session::Shared;

/// Who called which stub as the how-manieth, as far as this session knows. Locked while a number is given out.
#[derive(Debug, Default)]
pub(crate) struct Stubs(Mutex<BTreeMap<Arc<str>, Callers>>);

/// The attempt keys that called a stub, with their numbers from 0.
#[derive(Debug, Default)]
struct Callers {
    numbers: BTreeMap<Bytes, u64>,
}

/// The stub's answer for that attempt.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    entry: &Arc<str>,
    answers: &[StubEntry],
    attempt_key: &Arc<str>,
    body: Value,
) -> Result<Result<Value, Failure>, LogError> {
    let number = number(shared, entry, attempt_key).await?;
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let Some(answer) = answers.get(number).or(answers.last()) else {
        return Ok(Err(Failure::new(
            "FC.Unknown",
            format!("the stub `{entry}` has no answer"),
        )));
    };
    if answer.delay_ms > 0 {
        let clock = &shared.engine.ports.clock;
        clock.sleep_until(clock.now().saturating_add(answer.delay_ms)).await;
    }
    Ok(match &answer.answer {
        StubAnswer::Result(value) => Ok(value.clone()),
        StubAnswer::Fail { code, detail } => Err(Failure::new(code.clone(), detail.clone())),
        StubAnswer::Echo => Ok(body),
    })
}

/// The log of a stub's callers.
pub(crate) fn key(execution: &Arc<str>, entry: &str) -> ScopeKey {
    ScopeKey {
        execution: execution.clone(),
        scope: format!("~stub/{entry}").into(),
    }
}

/// The number of that attempt among the stub's callers, from 0.
async fn number(shared: &Arc<Shared>, entry: &Arc<str>, attempt_key: &str) -> Result<u64, LogError> {
    let key = key(&shared.execution, entry);
    let body = Bytes::copy_from_slice(attempt_key.as_bytes());
    let mut stubs = shared.stubs.0.lock().await;
    let callers = stubs.entry(entry.clone()).or_default();
    loop {
        callers.read_on(shared, &key).await?;
        if let Some(number) = callers.numbers.get(&body) {
            return Ok(*number);
        }
        let revision = callers.numbers.len() as u64 + 1;
        let appended = shared.engine.ports.log.append(
            LogEntry {
                key: key.clone(),
                revision,
                body: body.clone(),
            },
            Due::Keep,
        );
        match appended.await {
            Ok(()) | Err(LogError::Taken { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

impl Callers {
    /// Reads what was appended since.
    async fn read_on(&mut self, shared: &Shared, key: &ScopeKey) -> Result<(), LogError> {
        const PAGE: usize = 256;
        loop {
            let known = self.numbers.len() as u64;
            let page = shared.engine.ports.log.range(key, known + 1, PAGE).await?;
            let is_last = page.len() < PAGE;
            self.numbers
                .extend(page.into_iter().map(|entry| (entry.body, entry.revision - 1)));
            if is_last {
                return Ok(());
            }
        }
    }
}
