//! The process is killed while it appends: what it was told stays, in order, without a gap.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use futures::executor::block_on;
use stepwell_ports::{Due, DueEntry, Log, LogEntry};

use super::{entry, key, mix};
use crate::{EmbeddedStore, Options};

const DIRECTORY: &str = "STEPWELL_KILL_TEST_STORE";
const SCOPES: u64 = 7;
const KILLS: u64 = 15;
/// How many appends are under way at a time.
const WINDOW: usize = 64;

#[test]
fn a_killed_process_loses_nothing_that_it_was_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut there = 0;
    for kill in 0..KILLS {
        // The first ones die while they open the store.
        let lines = if kill < 3 { 0 } else { 1 + mix(kill) % 600 };
        let told = run_and_kill(dir.path(), lines);
        let now = count_and_check(dir.path());
        assert!(
            now >= there && told.is_none_or(|told| now > told),
            "{now} there, told {told:?}, before {there}"
        );
        there = now;
    }
    assert!(there > 1000, "{there}");
}

/// Not a test of its own: the process that is killed. It appends for ever and says which numbers are acknowledged.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let store = EmbeddedStore::open(Path::new(&dir), Options::default()).unwrap();
    let first = (0..SCOPES).map(|scope| last(&store, scope)).sum();
    let mut under_way = VecDeque::new();
    let mut out = std::io::stdout();
    for number in first.. {
        under_way.push_back((number, store.append(nth(number), Due::At(number))));
        if under_way.len() == WINDOW {
            let (number, appended) = under_way.pop_front().unwrap();
            block_on(appended).unwrap();
            writeln!(out, "\nacknowledged {number}").unwrap();
            out.flush().unwrap();
        }
    }
}

/// Starts the child and kills it after so many acknowledgements; answers the last one that it told.
fn run_and_kill(dir: &Path, lines: u64) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::kill::child", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut told, mut count) = (None, 0);
    if lines == 0 {
        child.kill().unwrap();
    }
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        let Some(number) = line.strip_prefix("acknowledged ") else {
            continue;
        };
        // A line that was cut off is not a number, or a smaller one.
        told = told.max(number.parse::<u64>().ok());
        count += 1;
        if count == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    told
}

/// Checks that exactly the first appends are there, whole; answers how many.
fn count_and_check(dir: &Path) -> u64 {
    let store = EmbeddedStore::open(dir, Options::default()).unwrap();
    let there: u64 = (0..SCOPES).map(|scope| last(&store, scope)).sum();
    let mut due = vec![];
    for scope in 0..SCOPES {
        let numbers = (scope..there).step_by(usize::try_from(SCOPES).unwrap());
        let expected: Vec<LogEntry> = numbers.clone().map(nth).collect();
        assert_eq!(block_on(store.range(&nth(scope).key, 0, usize::MAX)).unwrap(), expected);
        due.extend(numbers.last().map(|number| DueEntry {
            at: number,
            key: nth(number).key,
        }));
    }
    due.sort();
    assert_eq!(block_on(store.due(None, u64::MAX, usize::MAX)).unwrap(), due);
    there
}

fn last(store: &EmbeddedStore, scope: u64) -> u64 {
    block_on(store.last(&key(&scope.to_string())))
        .unwrap()
        .map_or(0, |entry| entry.revision)
}

/// The `number`th append: scopes take turns.
fn nth(number: u64) -> LogEntry {
    entry(&(number % SCOPES).to_string(), number / SCOPES + 1)
}
