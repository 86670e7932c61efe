//! Events from outside: folded by the session that drives the execution, or in its place.

use std::sync::Arc;

use futures::channel::mpsc::UnboundedReceiver;
use futures::channel::oneshot;
use stepwell_core::{AttemptNumber, Entry, Event, Fact, Kind, Record, Report, ScopeId, Status};
use stepwell_ports::{Due, ScopeKey};

use crate::api::EngineError;
use crate::commit::Weight;
use crate::driver::Driver;
use crate::engine::Inner;
use crate::inner::halted;
use crate::mail::{Answer, Mail, Message};
use crate::session::Halt;
use crate::token::Named;
use crate::tree;

impl Inner {
    /// Reports the outcome of the attempt that a token names.
    pub(crate) async fn report(self: &Arc<Self>, named: &Named, report: Report) -> Result<Answer, EngineError> {
        let event = Event::CallbackReported {
            attempt: named.attempt,
            report,
        };
        self.deliver(&named.execution.as_str().into(), &named.scope, event)
            .await
    }

    /// Tells the task that waits for an execution how it ended; it may be over.
    pub(crate) async fn tell(self: &Arc<Self>, token: &str, report: Report) -> Result<(), Halt> {
        let Some(named) = self.key.check(token) else {
            return Ok(());
        };
        let event = Event::CallbackReported {
            attempt: named.attempt,
            report,
        };
        let execution: Arc<str> = named.execution.as_str().into();
        self.deliver_or_halt(&execution, &named.scope, event).await.map(drop)
    }

    pub(crate) async fn deliver(
        self: &Arc<Self>,
        execution: &Arc<str>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, EngineError> {
        self.deliver_or_halt(execution, scope, event)
            .await
            .map_err(|halt| halted(execution, &halt))
    }

    /// Has an event folded: by the session that drives the execution, or here.
    async fn deliver_or_halt(
        self: &Arc<Self>,
        execution: &Arc<str>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, Halt> {
        loop {
            let (reply, answer) = oneshot::channel();
            let message = Message::Event(event.clone(), reply);
            let mail = Mail {
                target: scope.clone(),
                message,
                working: None,
            };
            if let Some(place) = self.take_place(execution, mail) {
                return self.deliver_in_place(execution, place, scope, event).await;
            }
            // The session may have ended with the mail unread: then it is delivered again.
            if let Ok(answer) = answer.await {
                return Ok(answer);
            }
            if self.is_closing() {
                return Err(Halt::Closing);
            }
        }
    }

    /// Folds an event in the place of a session, and whatever mail comes meanwhile; then a session goes on from there.
    async fn deliver_in_place(
        self: &Arc<Self>,
        execution: &Arc<str>,
        mut place: UnboundedReceiver<Mail>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, Halt> {
        let answer = self.deliver_alone(execution, scope, event).await;
        let mut looks = vec![scope.clone()];
        while let Some((mail, rest)) = self.leave_place(execution, place, &looks) {
            place = rest;
            looks.push(mail.target.clone());
            self.answer_alone(execution, mail).await;
        }
        answer
    }

    /// Folds the event of mail that came to a place.
    async fn answer_alone(self: &Arc<Self>, execution: &Arc<str>, mail: Mail) {
        if let Message::Event(event, reply) = mail.message
            && let Ok(answer) = self.deliver_alone(execution, &mail.target, event).await
        {
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        }
    }

    /// Folds and appends an event, and drives no further.
    async fn deliver_alone(
        self: &Arc<Self>,
        execution: &Arc<str>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, Halt> {
        let key = ScopeKey {
            execution: execution.clone(),
            scope: scope.0.clone(),
        };
        let first = self.fresh.take(execution);
        let Some(shared) = self.shared(execution, first.as_ref(), None).await? else {
            return Ok(Answer::Gone);
        };
        if !tree::is_alive(&*self.ports.log, &key).await? {
            return Ok(Answer::Gone);
        }
        let Some(record) = shared.last(scope).await? else {
            return Ok(Answer::Gone);
        };
        let revision = record.revision;
        let mut driver = Driver::resumed(&shared, scope.clone(), record, None);
        if !driver.fold(event, Weight::Heavy).await? {
            self.wake_again(key, revision).await?;
            return Ok(Answer::Late);
        }
        match self.sharing {
            Some(_) => driver.called = true,
            None => self.ports.log.arm(key, Due::At(self.ports.clock.now())).await?,
        }
        let stands = driver.commit_event().await?;
        let is_over = matches!(driver.snapshot.scope.kind, Kind::Root) && !driver.snapshot.status.is_running();
        // Where processes wake each other, whoever comes by the wake of the record writes the row.
        if is_over && self.sharing.is_none() {
            let stamp = driver.durable.as_ref().map_or(0, |durable| durable.stamp);
            self.index(execution, &shared.pins, &driver.snapshot.status, stamp)
                .await?;
        }
        Ok(if stands { Answer::Folded } else { Answer::Late })
    }

    /// Which of the two errors a late report gets.
    pub(crate) async fn late(&self, named: &Named) -> Result<EngineError, EngineError> {
        let key = ScopeKey {
            execution: named.execution.as_str().into(),
            scope: named.scope.0.clone(),
        };
        let Some(last) = tree::last(&*self.ports.log, &key).await? else {
            return Ok(EngineError::TaskInvalidState);
        };
        let waits_still = last.snapshot.attempts < named.attempt || is_at(&last, named.attempt);
        Ok(if waits_still || self.was_cut_off(&key, &last, named.attempt).await? {
            EngineError::TaskInvalidState
        } else {
            EngineError::TaskAlreadyCompleted
        })
    }

    /// Whether the scope was ended from outside while the attempt was under way, so that it never got an outcome.
    async fn was_cut_off(&self, key: &ScopeKey, last: &Record, attempt: AttemptNumber) -> Result<bool, EngineError> {
        if !matches!(last.snapshot.status, Status::Stopped(_) | Status::TimedOut(_)) {
            return Ok(false);
        }
        let before = tree::at(&*self.ports.log, key, last.revision.0 - 1).await?;
        Ok(before.is_some_and(|before| is_at(&before, attempt)) && !last.entries.iter().any(ends_attempt))
    }
}

/// Whether that attempt is under way after a record.
fn is_at(record: &Record, attempt: AttemptNumber) -> bool {
    record.snapshot.attempt().map(|attempt| attempt.number) == Some(attempt)
}

/// Whether an entry is an attempt's outcome.
fn ends_attempt(entry: &Entry) -> bool {
    matches!(
        entry.fact,
        Fact::TaskSubmitFailed { .. }
            | Fact::TaskSucceeded { .. }
            | Fact::TaskFailed { .. }
            | Fact::TaskTimedOut { .. }
    )
}
