//! The store without an engine: records of the same sizes handed straight to its log, by as many writers.
//!
//! **Invariant:** the same store with the same options; nothing is encoded, folded or read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use stepwell_ports::{Due, Log, LogEntry, ScopeKey};
use stepwell_store_embedded::Options;
use stepwell_store_memory::MemoryStore;

use crate::{Keeping, Sample, Usage};

/// What the loop showed.
#[derive(Clone, Debug)]
pub struct BareLoop {
    /// Appends.
    pub appends: u64,
    /// How long it went on.
    pub elapsed: Duration,
    /// Processor time of this process.
    pub cpu: Duration,
    /// From each call to its acknowledgement.
    pub waits: Sample,
}

impl BareLoop {
    /// Processor time per append, in milliseconds.
    #[must_use]
    pub fn cpu_ms_per_append(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.appends.max(1) as f64
    }
}

/// Appends executions whose records have these sizes, by `writers` at once, for that long.
pub async fn bare_loop(keeping: Keeping, sizes: &[usize], writers: u64, time: Duration) -> BareLoop {
    let folder = tempfile::tempdir().unwrap();
    let embedded = keeping.embedded(&folder.path().join("store"), Options::default());
    let log: Arc<dyn Log> = match &embedded {
        Some(store) => Arc::new(store.clone()),
        None => Arc::new(MemoryStore::new()),
    };
    let bodies: Arc<[Bytes]> = sizes.iter().map(|size| noise(*size)).collect();
    let usage = Usage::begin();
    let until = Instant::now() + time;
    let loops = (0..writers).map(|writer| tokio::spawn(append(log.clone(), bodies.clone(), writer, until)));
    let mut waits = Sample::default();
    for sample in join_all(loops).await {
        waits.merge(sample.unwrap());
    }
    let (elapsed, cpu) = (usage.elapsed(), usage.cpu());
    if let Some(store) = embedded {
        tokio::task::spawn_blocking(move || store.close()).await.unwrap();
    }
    BareLoop {
        appends: waits.count(),
        elapsed,
        cpu,
        waits,
    }
}

async fn append(log: Arc<dyn Log>, bodies: Arc<[Bytes]>, writer: u64, until: Instant) -> Sample {
    let mut sample = Sample::default();
    for number in 0_u64.. {
        if Instant::now() >= until {
            break;
        }
        let name = (number << 8 | writer).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let key = ScopeKey {
            execution: format!("five/{name:016x}").into(),
            scope: "".into(),
        };
        for (body, revision) in bodies.iter().zip(1..) {
            let entry = LogEntry {
                key: key.clone(),
                revision,
                body: body.clone(),
            };
            let before = Instant::now();
            log.append(entry, Due::Keep).await.unwrap();
            sample.add_since(before);
        }
    }
    sample
}

fn noise(size: usize) -> Bytes {
    let words = (1_u64..).flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    words.take(size).collect()
}
