//! Times, and what stands at which place among them.
//!
//! **Invariant:** every time is kept, so that a percentile is one that was measured.

use std::time::{Duration, Instant};

/// A sample of times.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// Adds the time since then.
    pub fn add_since(&mut self, since: Instant) {
        self.0.push(since.elapsed());
    }

    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The least time that `percent` of the sample do not exceed (the nearest rank); zero of an empty sample.
    #[must_use]
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let mut sample = Sample::default();
        assert_eq!(sample.percentile(50), Duration::ZERO);
        (1..=200).rev().for_each(|ms| sample.add(Duration::from_millis(ms)));
        let found = [1, 50, 99, 100].map(|percent| sample.percentile(percent).as_millis());
        assert_eq!(found, [2, 100, 198, 200]);
    }
}
