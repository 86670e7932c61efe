//! Executions beside each other, each to its end, for a while.
//!
//! **Invariant:** whoever has begun an execution ends it before it is counted: what is counted is whole executions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use stepwell_store_embedded::StoreStats;

use crate::{Counts, House, Sample, Shape, Usage, flows};

/// What a while of executions took.
#[derive(Clone, Debug)]
pub struct Load {
    /// Executions that ended.
    pub executions: u64,
    /// From the start of the first to the end of the last.
    pub elapsed: Duration,
    /// Processor time of this process, the generator's included.
    pub cpu: Duration,
    /// From each start to its end.
    pub latencies: Sample,
    /// What was asked of the store.
    pub counts: Counts,
    /// Commits of the embedded store.
    pub commits: u64,
    /// Its syncs.
    pub syncs: u64,
    /// One of the executions.
    pub example: Arc<str>,
}

impl Load {
    /// Processor time per record, in milliseconds.
    #[must_use]
    pub fn cpu_ms_per_record(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.counts.records.max(1) as f64
    }

    /// So many of something for each execution.
    #[must_use]
    pub fn each(&self, count: u64) -> f64 {
        count as f64 / self.executions.max(1) as f64
    }
}

/// Runs executions of a shape, `concurrency` at once, and begins new ones for that long; a few run before to warm up.
pub async fn run_for(house: &Arc<House>, shape: &Shape, concurrency: usize, time: Duration) -> Load {
    let numbers = Arc::new(AtomicU64::new(0));
    generate(house, shape, concurrency, time / 10, &numbers).await;
    let (counts, stats) = (house.counts(), house.stats());
    let (usage, first) = (Usage::begin(), numbers.load(Ordering::Relaxed));
    let latencies = generate(house, shape, concurrency, time, &numbers).await;
    let (elapsed, cpu) = (usage.elapsed(), usage.cpu());
    let StoreStats { commits, syncs, .. } = house.stats();
    Load {
        executions: latencies.count(),
        elapsed,
        cpu,
        latencies,
        counts: house.counts().since(counts),
        commits: commits - stats.commits,
        syncs: syncs - stats.syncs,
        example: format!("{}/{}", shape.flow, name(first)).into(),
    }
}

async fn generate(
    house: &Arc<House>,
    shape: &Shape,
    concurrency: usize,
    time: Duration,
    numbers: &Arc<AtomicU64>,
) -> Sample {
    let until = Instant::now() + time;
    let generators = (0..concurrency).map(|_| {
        let (house, shape, numbers) = (house.clone(), shape.clone(), numbers.clone());
        tokio::spawn(async move {
            let mut sample = Sample::default();
            while Instant::now() < until {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let before = Instant::now();
                house.run(&shape, &name(number), flows::input(number)).await;
                sample.add_since(before);
            }
            sample
        })
    });
    let mut all = Sample::default();
    for sample in join_all(generators).await {
        all.merge(sample.expect("a generator ends"));
    }
    all
}

/// Names in no order, as made-up names are.
fn name(number: u64) -> String {
    format!("{:016x}", (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
