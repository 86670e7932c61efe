//! The conformance suite on real queues, and what only these wakes promise.

mod far;
mod local;
mod messages;
mod near;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use stepwell_ports::conformance;

use crate::tests::local::{Local, Setup};

/// How far ahead wakes are sent that the queue delays.
const NEAR_MS: [u64; 5] = [0, 1, 500, 1_000, 2_500];

/// How far ahead wakes are sent that are scheduled: just beyond the queue's delay, and further.
const FAR_MS: [u64; 2] = [901_000, 1_800_000];

#[tokio::test]
async fn keeps_the_promises_of_wakes() {
    let local = Local::start(Setup::named("conformance")).await;
    conformance::wakes::all(local.bench(&NEAR_MS)).await;
    assert_eq!(local.scheduler.counts().made, 0);
}

#[tokio::test]
async fn keeps_the_promises_of_wakes_that_are_scheduled() {
    let setup = Setup {
        stepped: true,
        ..Setup::named("conformance-far")
    };
    let local = Local::start(setup).await;
    conformance::wakes::all(local.bench(&FAR_MS)).await;
    assert_eq!(local.wakes.spent().refused, 0);
    comes_to(&Vec::<String>::new(), || local.scheduler.names()).await;
}

/// Whatever was received, by its text.
fn counted(texts: Vec<String>) -> BTreeMap<String, usize> {
    texts.into_iter().fold(BTreeMap::new(), |mut counts, text| {
        *counts.entry(text).or_default() += 1;
        counts
    })
}

/// A schedule is noted as fired only after its queue took the message, which may be received before that.
async fn comes_to<T: PartialEq + Debug>(expected: &T, look: impl Fn() -> T) {
    for _ in 0..500 {
        if look() == *expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(look(), *expected);
}
