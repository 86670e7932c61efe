//! What goes wrong between a queue and a function, by chance: all of it may happen at AWS.
//!
//! **Invariant:** a fault never deletes a message that was not handled.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// How often what goes wrong. A number of 0 stands for never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What chance is drawn from. Which messages are struck also depends on how pollers take turns.
    pub seed: u64,
    /// One batch in so many is handed out twice: at the same moment, or again when the first has been handled.
    pub doubled_one_in: u32,
    /// One batch in so many is held back before it is handed out, so that later ones overtake it.
    pub held_one_in: u32,
    /// The longest that a batch is held back.
    pub held_max: Duration,
    /// One batch in so many is handled, and its messages are not deleted.
    pub deletion_lost_one_in: u32,
    /// Whether the messages of a batch come in any order.
    pub order: Order,
}

/// In what order the messages of a batch are handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they were received.
    #[default]
    Received,
    /// In any order.
    Any,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) held: Option<Duration>,
    pub(super) doubled: Option<Doubled>,
    pub(super) deletion_lost: bool,
}

/// When the second one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubled {
    Beside,
    After,
}

/// The source of chance of all pollers.
#[derive(Debug)]
pub(super) struct Chance {
    faults: Faults,
    // Guards one small value and is never held across an await.
    source: Mutex<StdRng>,
}

impl Chance {
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            faults,
            source: Mutex::new(StdRng::seed_from_u64(faults.seed)),
        }
    }

    pub(super) fn fate(&self) -> Fate {
        let faults = self.faults;
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let mut once_in = |times: u32| times > 0 && source.random_range(0..times) == 0;
        let (held, doubled) = (once_in(faults.held_one_in), once_in(faults.doubled_one_in));
        let deletion_lost = once_in(faults.deletion_lost_one_in);
        let beside = once_in(2);
        Fate {
            held: held.then(|| faults.held_max.mul_f64(source.random())),
            doubled: doubled.then_some(if beside { Doubled::Beside } else { Doubled::After }),
            deletion_lost,
        }
    }

    pub(super) fn reorder<T>(&self, messages: &mut [T]) {
        match self.faults.order {
            Order::Received => {}
            Order::Any => messages.shuffle(&mut *self.source.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, Fate, Faults, Order};
    use std::time::Duration;

    fn faulty(seed: u64) -> Faults {
        Faults {
            seed,
            doubled_one_in: 3,
            held_one_in: 3,
            held_max: Duration::from_secs(1),
            deletion_lost_one_in: 3,
            order: Order::Any,
        }
    }

    #[test]
    fn a_seed_gives_the_same_fates_and_orders() {
        let draw = |seed| {
            let chance = Chance::new(faulty(seed));
            let mut numbers: Vec<u32> = (0..20).collect();
            chance.reorder(&mut numbers);
            let fates: Vec<Fate> = (0..50).map(|_| chance.fate()).collect();
            (numbers, fates)
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn without_faults_nothing_goes_wrong() {
        let chance = Chance::new(Faults::default());
        let mut numbers: Vec<u32> = (0..20).collect();
        chance.reorder(&mut numbers);
        let well = Fate {
            held: None,
            doubled: None,
            deletion_lost: false,
        };
        assert_eq!((numbers, chance.fate()), ((0..20).collect(), well));
    }
}
