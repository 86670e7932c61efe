//! Chance from a seed: SplitMix64.

use std::sync::{Arc, Mutex, PoisonError};

use stepwell_ports::Seeds;

/// A stream of numbers that a seed decides. Clones share the stream.
#[derive(Clone, Debug)]
pub struct Chance {
    state: Arc<Mutex<u64>>,
    /// Nothing happens by chance: seeds are drawn, everything else takes its plainest course.
    is_calm: bool,
}

impl Chance {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(seed)),
            is_calm: false,
        }
    }

    /// The stream of a seed for a world in which nothing is left to chance but the seeds that the engine asks for.
    #[must_use]
    pub fn calm(seed: u64) -> Self {
        Self {
            is_calm: true,
            ..Self::new(seed)
        }
    }

    /// The next number.
    pub fn draw(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 for 0, and where the world is calm.
    pub fn below(&self, end: u64) -> u64 {
        if self.is_calm {
            return 0;
        }
        self.draw().checked_rem(end).unwrap_or(0)
    }

    /// True once in `times`; never where the world is calm.
    pub fn once_in(&self, times: u64) -> bool {
        !self.is_calm && self.below(times) == 0
    }
}

impl Seeds for Chance {
    fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        for chunk in seed.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw().to_le_bytes());
        }
        seed
    }
}
