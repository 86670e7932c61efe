//! When a process is killed by a test.
//!
//! **Invariant:** with the same seed, the same invocations are killed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// A moment in the life of an invocation at which its process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// This long after the process was handed the invocation.
    After(Duration),
    /// When the process hands over its answer: what it did is done, and nobody hears of it.
    AtAnswer,
    /// When its answer has been taken, before it asks for the next invocation.
    AfterAnswer,
}

/// Random kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomKills {
    /// One invocation in so many is killed, on the average; 0 for none.
    pub one_in: u32,
    /// At a moment within this time, or, one time in four, as it answers.
    pub within: Duration,
}

/// Which invocations will be killed.
#[derive(Debug)]
pub(super) struct Plan {
    chance: StdRng,
    random: Option<RandomKills>,
    next: Vec<Kill>,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: StdRng::seed_from_u64(seed),
            random: None,
            next: Vec::new(),
        }
    }

    pub(super) fn random(&mut self, kills: RandomKills) {
        self.random = (kills.one_in > 0).then_some(kills);
    }

    /// Kills the next invocation that is begun and not to be killed yet.
    pub(super) fn next(&mut self, kill: Kill) {
        self.next.push(kill);
    }

    /// What becomes of the invocation that is begun now.
    pub(super) fn draw(&mut self) -> Option<Kill> {
        if !self.next.is_empty() {
            return Some(self.next.remove(0));
        }
        let RandomKills { one_in, within } = self.random?;
        if self.chance.random_range(0..one_in) != 0 {
            return None;
        }
        match self.chance.random_range(0..8) {
            0 => Some(Kill::AtAnswer),
            1 => Some(Kill::AfterAnswer),
            _ => Some(Kill::After(within.mul_f64(self.chance.random()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kill, Plan, RandomKills};
    use std::time::Duration;

    fn drawn(seed: u64) -> Vec<Option<Kill>> {
        let mut plan = Plan::new(seed);
        plan.random(RandomKills {
            one_in: 4,
            within: Duration::from_millis(100),
        });
        (0..400).map(|_| plan.draw()).collect()
    }

    #[test]
    fn a_seed_kills_the_same_invocations_again() {
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let killed = drawn(7).into_iter().flatten().count();
        assert!((60..140).contains(&killed), "{killed}");
    }

    #[test]
    fn what_was_chosen_comes_first_and_once() {
        let mut plan = Plan::new(0);
        plan.next(Kill::AtAnswer);
        plan.next(Kill::AfterAnswer);
        let drawn = [plan.draw(), plan.draw(), plan.draw()];
        assert_eq!(drawn, [Some(Kill::AtAnswer), Some(Kill::AfterAnswer), None]);
    }
}
