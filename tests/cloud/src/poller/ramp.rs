//! How many pollers there are: some at first, more while all of them are busy, fewer when there is nothing to do.
//!
//! **Invariant:** each poller has at most one batch, so there are never more invocations than pollers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Mapping;

/// How many pollers there are and how many have a batch.
#[derive(Debug, Default)]
struct Crew {
    all: AtomicUsize,
    busy: AtomicUsize,
}

/// Whether a poller stays when the queue is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    Always,
    WhileBusy,
}

/// Polls until it is told to stop; then waits for what is under way.
pub(super) async fn run(mapping: Arc<Mapping>, stopped: watch::Receiver<bool>) {
    let crew = Arc::<Crew>::default();
    let mut pollers = JoinSet::new();
    let options = &mapping.options;
    let (max, first) = (options.concurrency_max, options.concurrency_first.max(1));
    for _ in 0..first.min(max) {
        join(&mut pollers, &mapping, &crew, &stopped, Stay::Always);
    }
    let pause = Duration::from_secs(60) / options.more_per_minute;
    loop {
        tokio::select! {
            () = stop(stopped.clone()) => break,
            () = sleep(pause) => {}
        }
        while pollers.try_join_next().is_some() {}
        let all = crew.all.load(Ordering::SeqCst);
        if all < max && crew.busy.load(Ordering::SeqCst) == all {
            join(&mut pollers, &mapping, &crew, &stopped, Stay::WhileBusy);
        }
    }
    while pollers.join_next().await.is_some() {}
}

fn join(
    pollers: &mut JoinSet<()>,
    mapping: &Arc<Mapping>,
    crew: &Arc<Crew>,
    stopped: &watch::Receiver<bool>,
    stay: Stay,
) {
    let all = crew.all.fetch_add(1, Ordering::SeqCst) + 1;
    mapping
        .tally
        .add(|counters| counters.pollers_peak = counters.pollers_peak.max(all));
    pollers.spawn(poll(Arc::clone(mapping), Arc::clone(crew), stopped.clone(), stay));
}

async fn poll(mapping: Arc<Mapping>, crew: Arc<Crew>, stopped: watch::Receiver<bool>, stay: Stay) {
    // A poll is never broken off: what the queue hands out to it then would stay hidden for long.
    while !*stopped.borrow() {
        let messages = mapping.gather().await;
        if !messages.is_empty() {
            crew.busy.fetch_add(1, Ordering::SeqCst);
            mapping.hand_over(messages).await;
            crew.busy.fetch_sub(1, Ordering::SeqCst);
        } else if stay == Stay::WhileBusy {
            break;
        }
    }
    crew.all.fetch_sub(1, Ordering::SeqCst);
}

async fn stop(mut stopped: watch::Receiver<bool>) {
    // A mapping that is gone has stopped, too.
    stopped.wait_for(|stopped| *stopped).await.ok();
}
