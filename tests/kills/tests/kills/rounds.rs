//! The rounds of every case.

use std::time::{Duration, Instant};

use crate::parent::{Tally, round};

#[expect(clippy::print_stdout, reason = "what was killed is worth reading")]
fn run(case: &str, rounds: u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (first, seconds) = (
        number("STEPWELL_KILLS_SEED").unwrap_or(0),
        number("STEPWELL_KILLS_SECONDS"),
    );
    let rounds = number("STEPWELL_KILLS").unwrap_or(rounds);
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut seed = first;
    while seconds.map_or(seed - first < rounds, |seconds| {
        begun.elapsed() < Duration::from_secs(seconds)
    }) {
        let dir = tempfile::Builder::new().prefix("stepwell-kills").tempdir().unwrap();
        round(case, seed, dir.path(), &mut tally);
        seed += 1;
    }
    println!(
        "kills: {case}, seeds {first} to {} in {:?}: {tally:?}",
        seed.saturating_sub(1),
        begun.elapsed()
    );
    assert!(tally.deaths() > 0, "nobody was killed: {tally:?}");
}

#[test]
fn branches_items_and_retries_survive_kills() {
    run("crash", 10);
}

#[test]
fn children_and_what_must_not_happen_twice_survive_kills() {
    run("family", 10);
}

#[test]
fn reports_survive_kills() {
    run("asked", 10);
}

#[test]
fn random_plans_survive_kills() {
    run("plan", 50);
}
