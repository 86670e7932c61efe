//! The power goes, or the process dies, at any operation of the disk: in the middle of a group, while the store opens,
//! while it repairs what an earlier cut left, while its file is compacted, while it closes; several times in a row.
//!
//! A world is one disk and a seed. Its store is opened again and again over what survived, and each life hands over
//! changes until a cut ends it. What the next life finds must be what was handed over up to some place, whole and in
//! order, and that place must not lie before the last acknowledgement, nor before what an earlier life has seen. The
//! test turns the writer itself, without its thread, so that a seed brings a run back.
//!
//! It was seen to fail: with the writer acknowledging before the sync (a commit that is not durable), with syncs left out,
//! and with one change spread over two commits, each in the first world.
//!
//! `STEPWELL_CUTS=N` makes it N cuts (thousands by default), `STEPWELL_CUTS_SECONDS=N` as many as fit,
//! `STEPWELL_CUTS_SEED=N` begins with another seed.
//!
//! **Invariant:** at least one sync lies between a change's hand-over and its acknowledgement.

mod contents;
mod world;

use std::time::{Duration, Instant};

use world::{Cut, World};

const CUTS: u64 = 4_000;

#[test]
#[expect(clippy::print_stdout, reason = "what was cut is worth reading")]
fn what_was_acknowledged_survives_every_cut() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("STEPWELL_CUTS_SEED").unwrap_or(0);
    let (cuts, seconds) = (number("STEPWELL_CUTS"), number("STEPWELL_CUTS_SECONDS"));
    let begun = Instant::now();
    let goes_on = |tally: &world::Tally| match (cuts, seconds) {
        (None, Some(seconds)) => begun.elapsed() < Duration::from_secs(seconds),
        (cuts, _) => tally.all() < cuts.unwrap_or(CUTS),
    };
    let mut tally = world::Tally::default();
    let mut seed = first;
    while goes_on(&tally) {
        let mut world = World::new(seed);
        world.run();
        tally.add(&world.tally);
        seed += 1;
    }
    println!(
        "cuts: {} in {:?}, seeds {first} to {}: {tally:?}",
        tally.all(),
        begun.elapsed(),
        seed - 1
    );
    for cut in Cut::ALL {
        let share = tally.all() / 200;
        assert!(tally.of(cut) >= share, "{cut:?} happens too little: {tally:?}");
    }
}
