//! What every [`Wakes`] promises.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::{BoxFuture, join_all};

use super::ODD_NAMES;
use crate::{Clock, Millis, ScopeKey, Wake, Wakes};

/// How often the receiving side is asked for what is missing.
const LOOKS_MAX: usize = 200;

/// The side that wakes come out of. A queue that hands out a message before its time belongs to it, too: it sends such a
/// one on, or hides it until then.
pub trait Receiver: Send + Sync {
    /// Waits a moment for wakes, and answers those that were handed out. What is not acknowledged is handed out again
    /// before long.
    fn receive(&self) -> BoxFuture<'_, Vec<Received>>;

    /// Acknowledges a wake.
    fn acknowledge(&self, handle: String) -> BoxFuture<'_, ()>;
}

/// A wake that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was sent.
    pub wake: Wake,
    /// What it is acknowledged by.
    pub handle: String,
}

/// What a suite runs on: nobody else sends or receives there.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The side that wakes go into.
    pub wakes: &'a dyn Wakes,
    /// The side that they come out of.
    pub receiver: &'a dyn Receiver,
    /// The time of both sides.
    pub clock: &'a dyn Clock,
    /// How far ahead wakes are sent; every way that a wake can take has one of its own.
    pub ahead_ms: &'a [Millis],
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bench").finish_non_exhaustive()
    }
}

/// Runs every case.
///
/// # Panics
///
/// At the first promise that is not kept.
pub async fn all(bench: Bench<'_>) {
    a_wake_comes_as_it_was_sent(bench).await;
    a_time_that_is_past_is_now(bench).await;
    no_wake_comes_before_its_time(bench).await;
    what_is_not_acknowledged_comes_again(bench).await;
    a_wake_may_be_sent_twice(bench).await;
    many_wakes_at_once(bench).await;
    odd_names_are_only_names(bench).await;
}

async fn a_wake_comes_as_it_was_sent(bench: Bench<'_>) {
    let sent = wake("as-sent", "conformance/as-sent", "2.0/3.1");
    bench.send(sent.clone(), bench.clock.now()).await;
    assert_eq!(bench.collect(&["as-sent"]).await, by_id([sent]));
}

async fn a_time_that_is_past_is_now(bench: Bench<'_>) {
    let (early, edge) = (wake("past", "conformance/past", ""), edges());
    let handed = Wake {
        children: (0..=u32::MAX).rev().take(Wake::CHILDREN_MAX).collect(),
        ..wake("handed", "conformance/handed", "4.0")
    };
    bench.send(early.clone(), 0).await;
    bench.send(edge.clone(), 1).await;
    bench.send(handed.clone(), 1).await;
    assert_eq!(
        bench.collect(&["edges", "handed", "past"]).await,
        by_id([early, edge, handed])
    );
}

/// The largest numbers.
fn edges() -> Wake {
    Wake {
        expects: u64::MAX,
        sent_ms: u64::MAX,
        ..wake("edges", "conformance/edges", "")
    }
}

async fn no_wake_comes_before_its_time(bench: Bench<'_>) {
    let begun = bench.clock.now();
    let sent: BTreeMap<Arc<str>, Millis> = bench
        .ahead_ms
        .iter()
        .map(|ahead| (format!("ahead-{ahead}").into(), begun + ahead))
        .collect();
    let sends = sent
        .iter()
        .map(|(id, at)| bench.send(wake(id, "conformance/ahead", ""), *at));
    join_all(sends).await;
    let mut missing = sent;
    for _ in 0..LOOKS_MAX {
        if missing.is_empty() {
            return;
        }
        let received = bench.receiver.receive().await;
        let now = bench.clock.now();
        for received in received {
            if let Some(at) = missing.remove(&received.wake.id) {
                assert!(now >= at, "`{}` came {} ms early", received.wake.id, at - now);
            }
            bench.receiver.acknowledge(received.handle).await;
        }
    }
    assert_eq!(missing, BTreeMap::new());
}

async fn what_is_not_acknowledged_comes_again(bench: Bench<'_>) {
    let sent = wake("again", "conformance/again", "1.0");
    bench.send(sent.clone(), bench.clock.now()).await;
    for _ in 0..2 {
        assert_eq!(bench.find("again").await.wake, sent);
    }
    assert_eq!(bench.collect(&["again"]).await, by_id([sent]));
}

async fn a_wake_may_be_sent_twice(bench: Bench<'_>) {
    for ahead in std::iter::once(&0).chain(bench.ahead_ms) {
        let at = bench.clock.now() + ahead;
        let sent = wake(&format!("twice-{at}"), "conformance/twice", "");
        bench.send(sent.clone(), at).await;
        bench.send(sent.clone(), at).await;
        assert_eq!(bench.collect(&[&sent.id.clone()]).await, by_id([sent]));
    }
}

async fn many_wakes_at_once(bench: Bench<'_>) {
    let ids: Vec<String> = (100..164).map(|number| format!("many-{number}")).collect();
    let sent: Vec<Wake> = ids.iter().map(|id| wake(id, "conformance/many", id)).collect();
    let now = bench.clock.now();
    join_all(sent.iter().map(|wake| bench.send(wake.clone(), now))).await;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(bench.collect(&ids).await, by_id(sent));
}

/// None of these may come out as anything else.
async fn odd_names_are_only_names(bench: Bench<'_>) {
    let mut names: Vec<String> = ODD_NAMES.map(str::to_owned).into();
    names.extend(
        [
            "\u{fffe}\u{ffff}",
            "\"",
            "\\u0041",
            "<aws.scheduler.execution-id>",
            "&lt;",
            "𝄞",
        ]
        .map(str::to_owned),
    );
    names.extend(["\u{1}", "n", "é", "\""].map(|char| char.repeat(ScopeKey::BYTES_MAX / 2 / char.len())));
    let now = bench.clock.now();
    let far = bench.ahead_ms.iter().max().map_or(now, |ahead| now + ahead);
    let mut sent = vec![];
    for (number, name) in names.iter().enumerate() {
        for (way, at) in [("now", now), ("far", far)] {
            let wake = wake(&format!("odd-{number}-{way}"), name, name);
            bench.send(wake.clone(), at).await;
            sent.push(wake);
        }
    }
    let ids: Vec<Arc<str>> = sent.iter().map(|wake| wake.id.clone()).collect();
    let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    assert_eq!(bench.collect(&ids).await, by_id(sent));
}

impl Bench<'_> {
    async fn send(&self, wake: Wake, at: Millis) {
        let id = wake.id.clone();
        let sent = self.wakes.send(wake, at).await;
        assert_eq!(sent.map_err(|error| format!("{error}: {}", error.0)), Ok(()), "`{id}`");
    }

    /// Waits for each of these once, and acknowledges it, and whatever else comes in the meantime.
    async fn collect(&self, ids: &[&str]) -> BTreeMap<Arc<str>, Wake> {
        let mut found = BTreeMap::new();
        for _ in 0..LOOKS_MAX {
            for received in self.receiver.receive().await {
                self.receiver.acknowledge(received.handle).await;
                if ids.contains(&&*received.wake.id) {
                    found.insert(received.wake.id.clone(), received.wake);
                }
            }
            if found.len() == ids.len() {
                return found;
            }
        }
        found
    }

    /// Waits for one, and acknowledges only what else comes in the meantime.
    async fn find(&self, id: &str) -> Received {
        let mut found = None;
        for _ in 0..LOOKS_MAX {
            for received in self.receiver.receive().await {
                match &*received.wake.id == id {
                    true => found = Some(received),
                    false => self.receiver.acknowledge(received.handle).await,
                }
            }
            if found.is_some() {
                break;
            }
        }
        found.expect("the wake")
    }
}

fn by_id(wakes: impl IntoIterator<Item = Wake>) -> BTreeMap<Arc<str>, Wake> {
    wakes.into_iter().map(|wake| (wake.id.clone(), wake)).collect()
}

fn wake(id: &str, execution: &str, scope: &str) -> Wake {
    Wake {
        id: id.into(),
        key: ScopeKey {
            execution: execution.into(),
            scope: scope.into(),
        },
        expects: 7,
        children: [].into(),
        sent_ms: 1_700_000_000_000,
    }
}
