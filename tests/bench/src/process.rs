//! What a process takes: processor time, memory, room on the disk. Read from `/proc`; zero where there is none.
//!
//! **Invariant:** only read, so that no unsafe call is needed; processor time comes in ticks of ten milliseconds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A tick of the kernel's accounts: `USER_HZ` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Time and processor time of this process since a moment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    began: Instant,
    cpu: Duration,
}

impl Usage {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            cpu: own_cpu(),
            began: Instant::now(),
        }
    }

    /// The time since.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The processor time since, of all threads.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        own_cpu().saturating_sub(self.cpu)
    }
}

/// Processor time of this process so far, of all threads, without its children.
#[must_use]
pub fn own_cpu() -> Duration {
    cpu_of("self")
}

/// Processor time of a process so far.
#[must_use]
pub fn cpu_of(process: &str) -> Duration {
    ticks(process, 0..2)
}

/// Processor time of this process and of its children that have ended.
pub(crate) fn family_cpu() -> Duration {
    ticks("self", 0..4)
}

/// Fields of `/proc/<process>/stat`, counted from `utime`: utime, stime, cutime, cstime.
fn ticks(process: &str, fields: std::ops::Range<usize>) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may hold anything; what follows its parenthesis does not.
    let numbers = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let numbers = numbers.split_whitespace().skip(11 + fields.start).take(fields.len());
    let ticks: u32 = numbers.filter_map(|number| number.parse::<u32>().ok()).sum();
    TICK * ticks
}

/// Resident memory of a process in bytes.
#[must_use]
pub fn resident_of(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// How often each thread of a process has gone to sleep so far, by its number.
#[must_use]
pub fn sleeps_of(process: &str) -> BTreeMap<OsString, u64> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return BTreeMap::new();
    };
    let sleeps = threads.flatten().filter_map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        Some((thread.file_name(), line?.trim().parse::<u64>().ok()?))
    });
    sleeps.collect()
}

/// How often threads went to sleep between two counts: an upper bound of how often they were woken. A thread that has
/// ended meanwhile woke to do so.
#[must_use]
pub fn sleeps_between(before: &BTreeMap<OsString, u64>, after: &BTreeMap<OsString, u64>) -> u64 {
    let slept = after
        .iter()
        .map(|(thread, count)| count.saturating_sub(before.get(thread).copied().unwrap_or(0)));
    let ended = before.keys().filter(|thread| !after.contains_key(*thread)).count();
    slept.sum::<u64>() + ended as u64
}

/// Bytes that the files below a folder take on the disk.
#[must_use]
pub fn disk_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    });
    sizes.sum()
}
