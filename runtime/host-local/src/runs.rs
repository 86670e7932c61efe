//! A run as this process goes through it: what happens is shown, a signal ends it cleanly.

use std::time::Duration;

use stepwell_api::service::{Next, Running, Unanswered};
use stepwell_cli::{Driven, HostError, Progress, RunEnd};
use stepwell_wire::{Answer, Begun, Naming, Refusal, Run};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::interrupt::Interrupt;
use crate::socket::Connection;
use stepwell_system::now;

/// How often a live tree is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// What became of watching a run in another process.
#[derive(Debug)]
pub(crate) enum Watched {
    /// It is over for this process too.
    Over(RunEnd),
    /// The process that drove it has gone.
    Gone,
}

/// Follows an execution that this process drives to its end.
pub(crate) async fn follow(
    running: &mut Running,
    interrupt: &Interrupt,
    progress: &mut Progress<'_>,
) -> Result<RunEnd, HostError> {
    progress.begun(&running.begun, Driven::Here);
    let name = running.begun.name.clone();
    let mut ticks = Ticks::of(progress);
    loop {
        tokio::select! {
            biased;
            () = interrupt.asked() => return Ok(RunEnd::Interrupted { name: Some(name) }),
            next = running.next() => match next.map_err(unanswered)? {
                Next::Event(event) => progress.event(event),
                Next::Ended(end) => {
                    progress.tick(now());
                    return Ok(RunEnd::Ended { name, end });
                }
            },
            () = ticks.next() => progress.tick(now()),
        }
    }
}

/// Hands a run to the process that holds the store and watches it there.
///
/// Whatever is learned of the execution's name is kept in `run`, so that it is the same execution that goes on if this
/// process has to drive it.
pub(crate) async fn watch(
    mut connection: Connection,
    run: &mut Run,
    interrupt: &Interrupt,
    progress: &mut Progress<'_>,
) -> Result<Watched, HostError> {
    let mut ticks = Ticks::of(progress);
    connection
        .ask(&stepwell_wire::Request::Run(Box::new(run.clone())))
        .await;
    loop {
        // An answer that has begun to arrive is read to its end, however often the tree is drawn meanwhile.
        let mut next = std::pin::pin!(connection.next());
        let answer = loop {
            tokio::select! {
                biased;
                () = interrupt.asked() => return Ok(Watched::Over(interrupted(progress))),
                answer = &mut next => break answer?,
                () = ticks.next() => progress.tick(now()),
            }
        };
        match answer {
            None => return Ok(Watched::Gone),
            Some(Answer::Begun(begun)) => {
                remember(run, &begun);
                progress.begun(&begun, Driven::Elsewhere);
            }
            Some(Answer::Event(event)) => progress.event(event),
            Some(Answer::Ended(end)) => {
                progress.tick(now());
                return Ok(Watched::Over(RunEnd::Ended {
                    name: run.name.clone(),
                    end,
                }));
            }
            Some(Answer::Refused(refusal)) => return Err(HostError::Refused(refusal)),
            Some(Answer::HistoryPart(_) | Answer::RowsPart(_) | Answer::Description(_) | Answer::Done) => {
                return Err(HostError::Broken(anyhow::anyhow!(
                    "a run was answered with something else"
                )));
            }
        }
    }
}

/// From now on the run is that of one execution.
pub(crate) fn remember(run: &mut Run, begun: &Begun) {
    run.name.clone_from(&begun.name);
    (run.naming, run.nonce, run.recount) = (Naming::Join, None, false);
}

/// The end of a run that the user interrupted.
pub(crate) fn interrupted(progress: &Progress<'_>) -> RunEnd {
    RunEnd::Interrupted {
        name: progress.execution().map(str::to_owned),
    }
}

pub(crate) fn unanswered(unanswered: Unanswered) -> HostError {
    HostError::Refused(match unanswered {
        Unanswered::Refused(refusal) => refusal,
        Unanswered::Closing => Refusal::host("the engine closed before it was asked to"),
    })
}

/// When a live tree is drawn again; where none is, nothing is to be woken for.
pub(crate) struct Ticks(Option<Interval>);

impl Ticks {
    pub(crate) fn of(progress: &Progress<'_>) -> Self {
        Self(progress.is_drawn().then(|| {
            let mut ticks = interval(DRAWN_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        }))
    }

    pub(crate) async fn next(&mut self) {
        match &mut self.0 {
            Some(ticks) => drop(ticks.tick().await),
            None => std::future::pending().await,
        }
    }
}
