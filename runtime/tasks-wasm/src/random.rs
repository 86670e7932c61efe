//! Random numbers that repeat with the attempt: a stream of SHA-256 blocks, seeded from the attempt key.
//!
//! **Invariant:** two runs of an attempt draw the same numbers, two attempts do not. A guest's secrets must not rest on
//! them: whoever knows the attempt key knows the numbers.

use sha2::{Digest, Sha256};
use wasmtime::component::HasData;
use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

/// The most that a guest may draw at once.
const DRAW_BYTES_MAX: u64 = 1024 * 1024;
const DOMAIN: &[u8] = b"stepwell guest random 1\0";

/// The random numbers of one attempt.
#[derive(Debug)]
pub(crate) struct GuestRandom {
    seed: [u8; 32],
    block: [u8; 32],
    used: usize,
    blocks: u64,
}

impl GuestRandom {
    pub(crate) fn new(attempt_key: &str) -> Self {
        let seed = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(attempt_key)
            .finalize()
            .into();
        Self {
            seed,
            block: [0; 32],
            used: 32,
            blocks: 0,
        }
    }

    fn next(&mut self) -> u8 {
        if let Some(byte) = self.block.get(self.used) {
            self.used += 1;
            return *byte;
        }
        self.block = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.blocks.to_le_bytes())
            .finalize()
            .into();
        self.blocks += 1;
        self.used = 1;
        let [first, ..] = self.block;
        first
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        if count > DRAW_BYTES_MAX {
            bail!("the task drew {count} random bytes at once; the limit is {DRAW_BYTES_MAX}");
        }
        Ok((0..count).map(|_| self.next()).collect())
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.next()))
    }
}

/// The data that the random interfaces work on.
pub(crate) struct Random;

impl HasData for Random {
    type Data<'a> = &'a mut GuestRandom;
}

impl random::Host for GuestRandom {
    fn get_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.bytes(count)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        Ok(self.number())
    }
}

impl insecure::Host for GuestRandom {
    fn get_insecure_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.bytes(count)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        Ok(self.number())
    }
}

impl insecure_seed::Host for GuestRandom {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.number(), self.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::GuestRandom;

    #[test]
    fn the_attempt_key_decides_every_number() {
        let draw = |key: &str| GuestRandom::new(key).bytes(100).unwrap();
        assert_eq!(draw("a/1"), draw("a/1"));
        assert_ne!(draw("a/1"), draw("a/2"));
    }

    #[test]
    fn the_stream_does_not_depend_on_how_it_is_cut() {
        let whole = GuestRandom::new("a").bytes(72).unwrap();
        let mut random = GuestRandom::new("a");
        let mut parts = random.bytes(31).unwrap();
        parts.extend(random.number().to_le_bytes());
        parts.extend(random.bytes(33).unwrap());
        assert_eq!(parts, whole);
        assert!(random.bytes(u64::MAX).is_err());
    }
}
