//! Random numbers from a seed that is printed.

use std::time::{SystemTime, UNIX_EPOCH};

/// A sequence of random numbers (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    /// From `STEPWELL_SEED`, or from the clock; printed either way.
    pub(crate) fn seeded() -> Self {
        let given = std::env::var("STEPWELL_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = given.unwrap_or_else(clock);
        println!("STEPWELL_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
