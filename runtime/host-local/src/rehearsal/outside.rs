//! Work outside of the world: HTTP requests and components, which take real time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use stepwell_ports::{Call, Clock, Millis, Outcome, Tasks, Work};
use stepwell_simulator::VirtualClock;

use crate::router::Router;

/// How long after a deadline an adapter that knows of it would give up: the world is to do so first.
const GRACE_MS: Millis = 60_000;

/// The tasks of a world, with what is under way of them.
#[derive(Clone, Debug)]
pub(super) struct Outside {
    router: Arc<Router>,
    clock: Arc<VirtualClock>,
    under_way: UnderWay,
}

/// What holds time up, by number: the states whose tasks are under way.
#[derive(Clone, Debug, Default)]
struct UnderWay(Arc<Mutex<Held>>);

/// What is held now; locked to look, add and remove.
#[derive(Debug, Default)]
struct Held {
    count: u64,
    states: BTreeMap<u64, Arc<str>>,
}

/// Holds time up as long as it lives.
struct Hold {
    number: u64,
    under_way: UnderWay,
}

impl UnderWay {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, state: &Arc<str>) -> Hold {
        let mut held = self.held();
        held.count += 1;
        let number = held.count;
        held.states.insert(number, state.clone());
        Hold {
            number,
            under_way: self.clone(),
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.under_way.held().states.remove(&self.number);
    }
}

impl Outside {
    pub(super) fn new(router: Arc<Router>, clock: Arc<VirtualClock>) -> Self {
        Self {
            router,
            clock,
            under_way: UnderWay::default(),
        }
    }

    /// The state of some task that holds time up.
    pub(super) fn under_way(&self) -> Option<Arc<str>> {
        self.under_way.held().states.values().next().cloned()
    }
}

impl Tasks for Outside {
    fn run(&self, mut call: Call) -> BoxFuture<'static, Outcome> {
        let hold = self.under_way.hold(&call.state);
        let left = call
            .deadline_ms
            .map(|deadline| deadline.saturating_sub(self.clock.now()));
        // Deadlines are moments of the world, which adapters cannot see: the engine enforces them.
        call.deadline_ms = match &call.work {
            Work::Component { .. } => None,
            Work::HttpFunction { .. } | Work::HttpRequest { .. } => {
                call.deadline_ms.map(|deadline| deadline.saturating_add(GRACE_MS))
            }
        };
        let work = self.router.run(call);
        async move {
            let Some(left) = left else {
                let outcome = work.await;
                drop(hold);
                return outcome;
            };
            let late = tokio::time::sleep(Duration::from_millis(left)).boxed();
            match select(work, late).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(((), work)) => {
                    drop(hold);
                    work.await
                }
            }
        }
        .boxed()
    }
}
