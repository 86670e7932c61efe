//! Measures embedded key-value stores with the log's own operation: append-if-absent of a 1 KB record with its due-time
//! entry, in groups, every acknowledgement after a sync. See README.md for the numbers and the choice.
//!
//! `store-choice DIR` measures all; each measurement is a process of its own (`store-choice DIR MODE STORE …`).

mod bare;
mod heads;
mod load;
mod operation;
mod process;
mod queue;
mod torn;
mod with_fjall;
mod with_redb;
mod with_sqlite;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use operation::{CANDIDATES, Failure};

/// The stores whose commit is one sync; an image of one that syncs twice would mix pages that the first keeps apart.
const ONE_SYNC: [&str; 3] = ["redb", "fjall", "sqlite"];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [dir] => all(Path::new(dir)),
        [dir, "load", store, appenders, appends] => {
            load(&fresh(dir, store)?, store, appenders.parse()?, appends.parse()?)
        }
        [dir, "wait", store, executions] => wait(&fresh(dir, store)?, store, executions.parse()?),
        [dir, "reopen", store] => reopen(&Path::new(dir).join(store), store),
        [dir, "torn", store, body_bytes, images] => {
            torn(&fresh(dir, store)?, store, body_bytes.parse()?, images.parse()?)
        }
        _ => Err("usage: store-choice DIR, a directory on the disk to be measured".into()),
    }
}

fn all(dir: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(dir)?;
    raw_syncs(dir)?;
    for (mode, rest, stores) in [
        ("load", ["50", "120000"].as_slice(), CANDIDATES.as_slice()),
        ("load", ["1", "6000"].as_slice(), CANDIDATES.as_slice()),
        ("wait", ["300000"].as_slice(), &CANDIDATES[1..]),
        ("reopen", [].as_slice(), &CANDIDATES[1..]),
        ("torn", ["1024", "200"].as_slice(), &ONE_SYNC),
        ("torn", ["16384", "200"].as_slice(), &ONE_SYNC),
    ] {
        let busy = std::fs::read_to_string("/proc/loadavg")?;
        println!("\n{mode} {}   (load average {})", rest.join(" "), busy.trim());
        for store in stores {
            let status = Command::new(std::env::current_exe()?)
                .arg(dir)
                .args([mode, store])
                .args(rest)
                .status()?;
            if !status.success() {
                println!("{store:10} {status}");
            }
        }
    }
    Ok(())
}

fn fresh(dir: &str, store: &str) -> Result<PathBuf, Failure> {
    let dir = Path::new(dir).join(store);
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// How often the disk syncs 4 KB at the end of a growing file, and 50 KB, with nothing else to do.
fn raw_syncs(dir: &Path) -> Result<(), Failure> {
    for bytes in [4096, 51200] {
        let mut file = File::create(dir.join("raw"))?;
        let (block, started, mut count) = (vec![1; bytes], Instant::now(), 0_u32);
        while started.elapsed() < Duration::from_secs(3) {
            file.write_all(&block)?;
            file.sync_data()?;
            count += 1;
        }
        println!(
            "raw syncs of {bytes} appended bytes: {:.0}/s",
            f64::from(count) / started.elapsed().as_secs_f64()
        );
    }
    std::fs::remove_file(dir.join("raw"))?;
    Ok(())
}

fn load(dir: &Path, store: &str, appenders: u64, appends: u64) -> Result<(), Failure> {
    let measured = load::run(store, dir, appenders, appends)?;
    println!(
        "{store:10} {:7.0} appends/s  p50 {:6} us  p99 {:6} us  cpu {:6.1} us/append  commits {:6}  syncs {:6}  \
         anon {:5.1} MiB  read-last p50 {:3} us  due {:5} us  disk {:6.1} MiB",
        measured.appends_per_s,
        measured.p50_us,
        measured.p99_us,
        measured.cpu_us,
        measured.commits,
        measured.syncs,
        measured.resident_kib as f64 / 1024.0,
        measured.read_last_p50_us,
        measured.due_us,
        process::disk_bytes(dir) as f64 / 1_048_576.0,
    );
    Ok(std::fs::remove_dir_all(dir)?)
}

fn wait(dir: &Path, store: &str, executions: u64) -> Result<(), Failure> {
    let started = Instant::now();
    let (resident_kib, due_us) = load::wait(store, dir, executions)?;
    println!(
        "{store:10} filled in {:5.1?}  anon {:5.1} MiB  due {due_us} us",
        started.elapsed(),
        resident_kib as f64 / 1024.0
    );
    process::die()
}

fn reopen(dir: &Path, store: &str) -> Result<(), Failure> {
    let (disk_bytes, started) = (process::disk_bytes(dir), Instant::now());
    let reopened = operation::open(store, dir)?;
    println!(
        "{store:10} {:.0} MiB left by a process that died; opened in {:.2?}  anon {:5.1} MiB",
        disk_bytes as f64 / 1_048_576.0,
        started.elapsed(),
        process::resident_kib() as f64 / 1024.0,
    );
    drop(reopened);
    Ok(std::fs::remove_dir_all(dir)?)
}

fn torn(dir: &Path, store: &str, body_bytes: usize, images: u64) -> Result<(), Failure> {
    let torn = torn::run(store, dir, body_bytes, images)?;
    println!(
        "{store:10} opened with the last group {:3}, without it {:3}, with a part {:3}  lost {:3}  refused {:3}  {}",
        torn.with_last, torn.without_last, torn.with_part, torn.lost, torn.refused, torn.reason
    );
    Ok(std::fs::remove_dir_all(dir)?)
}
