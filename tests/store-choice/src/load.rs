//! The loop: appenders that each wait for their acknowledgement, then reads of what they left.

use std::path::Path;
use std::time::Instant;

use futures::executor::block_on;
use futures::future::join_all;

use crate::operation::{Append, Candidate, Failure, open};
use crate::process::{cpu_us, resident_kib, syncs};
use crate::queue::Queue;

/// Records per execution, as in a flow of five tasks.
const REVISIONS: u64 = 6;
/// A time behind every due time.
const LATEST_MS: u64 = 1 << 60;
const BODY_BYTES: usize = 1024;
const WAITING_BYTES: usize = 300;

/// What one run of the loop showed.
pub struct Measured {
    /// Acknowledged appends per second.
    pub appends_per_s: f64,
    /// Median wait for an acknowledgement.
    pub p50_us: u64,
    /// 99th percentile of that wait.
    pub p99_us: u64,
    /// CPU time of the whole process per append.
    pub cpu_us: f64,
    /// Groups committed.
    pub commits: u64,
    /// Syncs that the process asked for.
    pub syncs: u64,
    /// Anonymous resident memory at the end.
    pub resident_kib: u64,
    /// Median of reading a scope's last record.
    pub read_last_p50_us: u64,
    /// One look at the head of the due-time index, behind everything that was replaced.
    pub due_us: u64,
}

/// Runs `appenders` beside each other until `appends` are acknowledged.
pub fn run(store: &str, dir: &Path, appenders: u64, appends: u64) -> Result<Measured, Failure> {
    let candidate = open(store, dir)?;
    let mut reader = candidate.reader()?;
    let executions = appends.div_ceil(REVISIONS * appenders);
    let (queue, writer) = Queue::start(candidate);
    let (cpu_before, syncs_before, started) = (cpu_us(), syncs(), Instant::now());
    let pool = bodies();
    let each = (0..appenders).map(|appender| walk(&queue, &pool, appender, executions));
    let waits = block_on(join_all(each)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let (seconds, cpu, syncs) = (
        started.elapsed().as_secs_f64(),
        cpu_us() - cpu_before,
        syncs() - syncs_before,
    );
    drop(queue);
    let resident_kib = resident_kib();
    let mut waits: Vec<u64> = waits.into_iter().flatten().collect();
    let count = waits.len() as f64;
    let mut reads = Vec::new();
    for turn in 0..5000 {
        let before = Instant::now();
        let found = reader.last(&execution(turn % appenders, turn.wrapping_mul(7919) % executions))?;
        assert!(store == "bare-file" || found == Some(REVISIONS), "{found:?}");
        reads.push(micros(before));
    }
    let before = Instant::now();
    let due = reader.due(LATEST_MS, 100)?;
    let due_us = micros(before);
    assert!(
        store == "bare-file" || due == 100.min(usize::try_from(executions * appenders)?),
        "{due}"
    );
    let written = writer.join().map_err(|_| "the writer panicked")??;
    Ok(Measured {
        appends_per_s: count / seconds,
        p50_us: percentile(&mut waits, 50),
        p99_us: percentile(&mut waits, 99),
        cpu_us: cpu as f64 / count,
        commits: written.commits,
        syncs,
        resident_kib,
        read_last_p50_us: percentile(&mut reads, 50),
        due_us,
    })
}

/// Puts `executions` waiting executions of one small record each into the store; answers the resident memory after it.
pub fn wait(store: &str, dir: &Path, executions: u64) -> Result<(u64, u64), Failure> {
    let mut candidate: Box<dyn Candidate> = open(store, dir)?;
    let pool = bodies();
    for first in (0..executions).step_by(500) {
        let group: Vec<Append> = (first..executions.min(first + 500))
            .map(|number| append(execution(1, number), 1, 1_000_000 + number, &pool, WAITING_BYTES))
            .collect();
        candidate.commit(&group)?;
    }
    let before = Instant::now();
    candidate.reader()?.due(LATEST_MS, 100)?;
    let due_us = micros(before);
    // Closing would tidy up; the process is to die as if killed.
    std::mem::forget(candidate);
    Ok((resident_kib(), due_us))
}

async fn walk(queue: &Queue, pool: &[u8], appender: u64, executions: u64) -> Result<Vec<u64>, Failure> {
    let mut waits = Vec::new();
    for number in 0..executions {
        for revision in 1..=REVISIONS {
            let due_ms = 1_000_000 + number * REVISIONS + revision;
            let append = append(execution(appender, number), revision, due_ms, pool, BODY_BYTES);
            let before = Instant::now();
            let written = queue.append(append).await.map_err(|_| "the writer stopped")?;
            waits.push(micros(before));
            assert!(written, "a fresh revision was refused");
        }
    }
    Ok(waits)
}

/// A record that nothing compresses.
pub fn append(execution: String, revision: u64, due_ms: u64, pool: &[u8], body_bytes: usize) -> Append {
    let start = usize::try_from(mix(due_ms) % (pool.len() / 2) as u64).unwrap_or(0);
    let body = pool.get(start..start + body_bytes).unwrap_or_default().to_vec();
    Append {
        execution,
        revision,
        due_ms,
        body,
    }
}

/// Names like the product's: a flow and 16 hex digits in no order.
pub fn execution(appender: u64, number: u64) -> String {
    format!("order-flow/{:016x}", mix(appender << 40 | number))
}

/// A megabyte of noise.
pub fn bodies() -> Vec<u8> {
    (0..1_u64 << 17).flat_map(|number| mix(number).to_le_bytes()).collect()
}

/// SplitMix64.
pub fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn percentile(sample: &mut [u64], percent: usize) -> u64 {
    sample.sort_unstable();
    sample.get(sample.len() * percent / 100).copied().unwrap_or(0)
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
