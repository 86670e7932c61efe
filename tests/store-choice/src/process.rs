//! What this process took: CPU time, resident memory, and syncs counted at the C library's door.

use std::sync::atomic::{AtomicU64, Ordering};

use libc::{c_int, c_long};

static SYNCS: AtomicU64 = AtomicU64::new(0);

/// How often this process asked the kernel to sync a file.
pub fn syncs() -> u64 {
    SYNCS.load(Ordering::Relaxed)
}

/// Stands before the C library's function of that name, for Rust's standard library and for SQLite alike.
///
/// # Safety
///
/// As safe as the system call: it takes a number and touches no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(file: c_int) -> c_int {
    counted(libc::SYS_fsync, file)
}

/// See [`fsync`].
///
/// # Safety
///
/// As safe as the system call: it takes a number and touches no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(file: c_int) -> c_int {
    counted(libc::SYS_fdatasync, file)
}

fn counted(call: c_long, file: c_int) -> c_int {
    SYNCS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: both calls take one file number, and the kernel checks it.
    c_int::try_from(unsafe { libc::syscall(call, file) }).unwrap_or(-1)
}

/// Ends the process without any tidying up, as a kill would.
pub fn die() -> ! {
    // SAFETY: the call takes a number and does not return.
    unsafe { libc::_exit(0) }
}

/// User and system time of all threads in microseconds.
pub fn cpu_us() -> u64 {
    // SAFETY: `usage` is plain data that the call fills in.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let microseconds = |time: libc::timeval| (time.tv_sec * 1_000_000 + time.tv_usec).unsigned_abs();
    microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
}

/// Resident memory that is not a mapped file, in KiB.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Bytes that the files below `dir` take on the disk.
pub fn disk_bytes(dir: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    });
    sizes.sum()
}
