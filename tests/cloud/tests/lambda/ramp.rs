//! How many pollers work at once.

use stepwell_cloud::lambda::Options;
use stepwell_cloud::poller::PollerOptions;

use super::fixture::fixture;
use super::poller::{Bench, until};

/// Longer than any test.
const LATE_S: u32 = 3600;

#[tokio::test]
async fn pollers_become_more_while_all_are_busy_up_to_the_maximum() {
    let bench = Bench::new("ramp", LATE_S, fixture()).await;
    for _ in 0..6 {
        bench.send("sleep").await;
    }
    let options = PollerOptions {
        batch_size: 1,
        concurrency_first: 2,
        concurrency_max: 4,
        more_per_minute: 60_000,
        ..bench.options()
    };
    let poller = bench.poll(options);
    until(&poller, |counters| counters.batches == 4).await;
    let counters = poller.counters();
    assert_eq!(
        (counters.pollers_peak, counters.messages, counters.receives_empty),
        (4, 4, 0)
    );
    while bench.lambda.counters().invocations < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.lambda.counters().instances_peak, 4);
}

#[tokio::test]
async fn what_finds_no_process_is_left_to_the_queue() {
    let options = Options {
        instances_max: 1,
        ..fixture()
    };
    let bench = Bench::new("throttled", LATE_S, options).await;
    for _ in 0..3 {
        bench.send("sleep").await;
    }
    let poller = bench.poll(PollerOptions {
        batch_size: 1,
        concurrency_first: 3,
        concurrency_max: 3,
        ..bench.options()
    });
    until(&poller, |counters| counters.throttled == 2).await;
    let counters = poller.counters();
    assert_eq!((counters.batches, counters.batches_failed, counters.deleted), (3, 2, 0));
}
