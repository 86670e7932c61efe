//! Carrying out an attempt that is owed.

use std::sync::Arc;

use futures::future::{BoxFuture, Fuse};
use futures::{FutureExt, StreamExt};
use stepwell_core::{
    Attempt, Event, Failure, Millis, Telemetry, Turn, Work, attempt_key, grants_of, visit_key, work_of,
};
use stepwell_expression::Value;
use stepwell_model::{Mode, Task};
use stepwell_ports::{Call, Outcome, TaskFailure};

use crate::commit::{PURE_WAIT_MS, Weight};
use crate::driver::Driver;
use crate::gather;
use crate::mail::Mail;
use crate::places::{Bulk, Manner, Place, Places};
use crate::session::Halt;

/// The work of an attempt; it yields the event that its outcome is.
type Running = BoxFuture<'static, Result<Event, Halt>>;

/// What a driver whose attempt runs waits for.
enum News {
    Outcome(Result<Event, Halt>),
    Mail(Option<Mail>),
    Time,
    Closing,
}

impl Driver {
    /// Runs an attempt that is owed, in the order of law 4: append, then act.
    pub(crate) async fn attempt(&mut self, attempt: Attempt) -> Result<(), Halt> {
        if self.shared.is_closing() {
            return self.leave().await;
        }
        let bulk = self.bulk(&attempt).await?;
        if self.may_fuse(&attempt)
            && let Some(place) = self.place_for_fused(&attempt, bulk).await?
        {
            return self.carry_out(&attempt, Weight::Pure, place).await;
        }
        if !self.is_current(attempt.number) {
            return Ok(());
        }
        if !self.pending.is_empty() || self.durable.is_none() {
            return self.commit().await;
        }
        let taken_over = self.turn() == Turn::Claim;
        let claims = attempt.claims + u32::from(taken_over && !attempt.released);
        let manner = if claims >= 2 { Manner::Alone } else { Manner::Beside };
        let Some(place) = self.wait_for_place(&attempt, (manner, bulk), None).await? else {
            return Ok(());
        };
        if taken_over || self.must_claim_first(&attempt) {
            self.unfused = true;
            self.fold(Event::Claimed, Weight::Heavy).await?;
            self.commit().await?;
            if self.shared.is_closing() {
                return self.leave().await;
            }
        }
        let current = self.snapshot.attempt().cloned();
        // A claim that lost to another's is no turn.
        match current.filter(|current| current.number == attempt.number && self.turn() == Turn::Act) {
            Some(attempt) if self.is_current(attempt.number) => self.carry_out(&attempt, Weight::Effect, place).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the attempt may run before the record that owes it is durable.
    fn may_fuse(&self, attempt: &Attempt) -> bool {
        let came_by_claim =
            self.unfused || (self.pending.is_empty() && self.durable.as_ref().is_some_and(|last| !last.mine));
        let waited = self.pending.append_by().is_some_and(|by| by <= self.shared.now());
        attempt.pure
            && self.shared.pins.settings.fuse
            && !came_by_claim
            && !waited
            && !self.pending.is_full()
            && !self.pending.is_heavy()
    }

    fn must_claim_first(&self, attempt: &Attempt) -> bool {
        attempt.claims == 0 && self.task().is_some_and(|task| task.at_most_once)
    }

    /// What the attempt is, where that matters.
    async fn bulk(&self, attempt: &Attempt) -> Result<Bulk, Halt> {
        let is_bounded = self.shared.engine.places.are_bounded();
        let Some(task) = self.task().filter(|_| is_bounded && !attempt.pure) else {
            return Ok(if attempt.pure { Bulk::Component } else { Bulk::Slight });
        };
        let parameters = gather::resolve(&self.shared, &attempt.parameters).await?;
        Ok(match work_of(&self.shared.pins, task, &parameters) {
            Ok(Work::Component { .. }) => Bulk::Component,
            Ok(Work::HttpFunction { .. } | Work::HttpRequest { .. } | Work::Stub { .. } | Work::StartExecution(_))
            | Err(_) => Bulk::Slight,
        })
    }

    /// A place for an attempt that no record owes yet: now, or where there is only so much room, in a moment. Nothing
    /// where it is owed by a record first.
    async fn place_for_fused(&mut self, attempt: &Attempt, bulk: Bulk) -> Result<Option<Place>, Halt> {
        let places = &self.shared.engine.places;
        let now = places.beside_now(bulk);
        if now.is_some() || !places.are_bounded() {
            return Ok(now);
        }
        let by = self.pending.append_by().unwrap_or(self.shared.now() + PURE_WAIT_MS);
        let place = self.wait_for_place(attempt, (Manner::Beside, bulk), Some(by)).await?;
        Ok(place.filter(|_| self.may_fuse(attempt)))
    }

    /// Waits for its place. Nothing where something else has ended the attempt meanwhile, or where `by` has come.
    async fn wait_for_place(
        &mut self,
        attempt: &Attempt,
        (manner, bulk): (Manner, Bulk),
        by: Option<Millis>,
    ) -> Result<Option<Place>, Halt> {
        let mut placing = place(self.shared.engine.places.clone(), manner, bulk).fuse();
        let mut asked = match manner {
            Manner::Beside => self.asked_to_leave(),
            Manner::Alone => Fuse::terminated(),
        };
        while self.is_current(attempt.number) {
            let mut sleep = self.sleep_until([self.timer(), by].into_iter().flatten().min()).fuse();
            let mut closing = self.shared.closing().fuse();
            futures::select_biased! {
                () = closing => return self.leave().await.map(|()| None),
                leave = asked => if self.hand_over(leave).await? {
                    return Err(Halt::HandedOut);
                },
                place = placing => return Ok(Some(place)),
                mail = self.inbox.next() => self.read(mail).await?,
                () = sleep => {
                    if by.is_some_and(|by| by <= self.shared.now()) {
                        return Ok(None);
                    }
                    self.fold(Event::TimerFired, Weight::Heavy).await?;
                }
            }
        }
        Ok(None)
    }

    /// Runs it until its outcome, its deadline, or until something else has ended it.
    async fn carry_out(&mut self, attempt: &Attempt, weight: Weight, place: Place) -> Result<(), Halt> {
        self.check_markers().await?;
        let began = self.shared.now();
        let mut running = self.begin(attempt).await?.fuse();
        let (adopted, mut is_owed) = (self.adopted, false);
        // After another's records an attempt that none owes is not the one of its number any more.
        while self.is_current(attempt.number) && (is_owed || adopted == self.adopted) {
            is_owed |= attempt.number <= self.owed();
            let append_by = if weight == Weight::Pure {
                self.pending.append_by()
            } else {
                None
            };
            let markers_due = self.markers_due();
            let mut sleep = self
                .sleep_until([self.timer(), append_by, markers_due].into_iter().flatten().min())
                .fuse();
            let mut cutting = self.shared.cutting().fuse();
            let news = futures::select_biased! {
                event = running => News::Outcome(event),
                mail = self.inbox.next() => News::Mail(mail),
                () = cutting => News::Closing,
                () = sleep => News::Time,
            };
            match news {
                News::Outcome(event) => {
                    self.unfused = false;
                    self.fold(event?, weight).await?;
                    break;
                }
                News::Mail(mail) => self.read(mail).await?,
                // To the log it is a death: a task that is longer than an invocation must come to an end, too.
                News::Closing if self.shared.has_had_its_time(began) => return Err(Halt::Closing),
                News::Closing => {
                    drop(running);
                    return self.release().await;
                }
                News::Time if markers_due.is_some_and(|due| due <= self.shared.now()) => self.check_markers().await?,
                News::Time if append_by.is_some_and(|by| by <= self.shared.now()) => self.commit().await?,
                News::Time => {
                    self.fold(Event::TimerFired, Weight::Heavy).await?;
                }
            }
        }
        drop(place);
        Ok(())
    }

    /// Stops cleanly before the attempt has begun here. What a dead driver left is not this one's to release.
    async fn leave(&mut self) -> Result<(), Halt> {
        if self.pending.is_empty() && self.durable.as_ref().is_some_and(|durable| !durable.mine) {
            return Err(Halt::Closing);
        }
        self.release().await
    }

    /// A clean stop: the next driver's claim counts nothing.
    async fn release(&mut self) -> Result<(), Halt> {
        self.fold(Event::Released, Weight::Heavy).await?;
        self.commit().await?;
        Err(Halt::Closing)
    }

    /// Begins the work; the future yields the event that its outcome is.
    async fn begin(&self, attempt: &Attempt) -> Result<Running, Halt> {
        let Some(task) = self.task().cloned() else {
            return Err(Halt::Bug("an attempt of a state that is no Task".to_owned()));
        };
        let parameters = gather::resolve(&self.shared, &attempt.parameters).await?;
        let number = attempt.number;
        let work = match work_of(&self.shared.pins, &task, &parameters) {
            Ok(work) => work,
            Err(failure) => return Ok(async move { Ok(failed(task.mode, number, failure)) }.boxed()),
        };
        Ok(self.work(attempt, &task, &parameters, work))
    }

    fn work(&self, attempt: &Attempt, task: &Task, parameters: &Value, work: Work) -> Running {
        let (number, mode) = (attempt.number, task.mode);
        let shared = self.shared.clone();
        let key: Arc<str> = attempt_key(&shared.pins.seed, &self.id, number).into();
        let work = match work {
            Work::StartExecution(start) => {
                let token = stepwell_core::Tokens::token(&shared.signer, &self.id, number);
                return crate::child_flow::start(shared, start, mode, number, key, token).boxed();
            }
            Work::Stub { entry, answers, body } => {
                return async move {
                    let outcome = crate::stub::answer(&shared, &entry, &answers, &key, body).await?;
                    Ok(event(mode, number, outcome, Telemetry::default()))
                }
                .boxed();
            }
            Work::Component { digest, function, body } => stepwell_ports::Work::Component {
                digest,
                operation: function,
                input: body,
            },
            Work::HttpFunction { url, body } => stepwell_ports::Work::HttpFunction { url, body },
            Work::HttpRequest(request) => stepwell_ports::Work::HttpRequest {
                url: request.url,
                method: request.method,
                headers: request.headers,
                body: request.body,
            },
        };
        let call = self.call(attempt, task, parameters, work, key);
        let outcome = shared.engine.ports.tasks.run(call);
        async move { Ok(of_outcome(mode, number, outcome.await)) }.boxed()
    }

    fn call(
        &self,
        attempt: &Attempt,
        task: &Task,
        parameters: &Value,
        work: stepwell_ports::Work,
        attempt_key: Arc<str>,
    ) -> Call {
        let pins = &self.shared.pins;
        let position = self.snapshot.at.as_ref();
        Call {
            flow: pins.flow.clone(),
            execution: pins.name.clone(),
            state: self.state().map_or_else(|| "".into(), |state| state.name.clone()),
            attempt: position.map_or(1, |position| position.retries + 1),
            visit_key: visit_key(&pins.seed, &self.id, position.map_or(0, |position| position.visit)).into(),
            attempt_key,
            scheduled_ms: attempt.scheduled_ms,
            deadline_ms: attempt.deadline_ms,
            action: task.action.clone(),
            work,
            granted: grants_of(pins, task, parameters),
            result_bytes_max: pins.settings.data_bytes_max,
        }
    }
}

/// Waits for a place; those that must run alone ask first, whoever was ready first.
fn place(places: Places, manner: Manner, bulk: Bulk) -> BoxFuture<'static, Place> {
    async move {
        if manner == Manner::Beside {
            crate::driver::yield_once().await;
        }
        places.wait(manner, bulk).await
    }
    .boxed()
}

fn of_outcome(mode: Mode, attempt: stepwell_core::AttemptNumber, outcome: Outcome) -> Event {
    let telemetry = Telemetry {
        log: outcome.telemetry.log,
        guest_us: outcome.telemetry.guest_us,
    };
    event(mode, attempt, outcome.result.map_err(failure), telemetry)
}

fn failure(failure: TaskFailure) -> Failure {
    Failure {
        code: failure.code,
        detail: failure.detail,
        retryable: failure.retryable,
    }
}

/// The event that an outcome is in that mode: where somebody else reports, the answer only says that it was submitted.
pub(crate) fn event(
    mode: Mode,
    attempt: stepwell_core::AttemptNumber,
    outcome: Result<Value, Failure>,
    telemetry: Telemetry,
) -> Event {
    match (mode, outcome) {
        (Mode::RequestComplete | Mode::WaitForSystemCallback, Ok(output)) => Event::TaskSucceeded {
            attempt,
            output,
            telemetry,
        },
        (Mode::RequestComplete | Mode::WaitForSystemCallback, Err(failure)) => Event::TaskFailed {
            attempt,
            failure,
            telemetry,
        },
        (Mode::WaitForCustomCallback, Ok(_)) => Event::TaskSubmitted { attempt },
        (Mode::WaitForCustomCallback, Err(failure)) => Event::TaskSubmitFailed { attempt, failure },
    }
}

fn failed(mode: Mode, attempt: stepwell_core::AttemptNumber, failure: Failure) -> Event {
    event(mode, attempt, Err(failure), Telemetry::default())
}
