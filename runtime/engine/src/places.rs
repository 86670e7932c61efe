//! Places where attempts run: most beside each other; one whose drivers died alone in the process.
//!
//! Those that must run alone come first: then every life of a process that ends any attempt ends one of them, and none is
//! cut off for the third time because others were faster.
//!
//! **Invariant:** whoever waits is woken once, when its place is free. (A readers-writer lock will not do: one was seen
//! whose waiting readers wake each other in a circle for as long as a writer waits.)

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use stepwell_core::Millis;

/// How much runs at once in a process whose work others can take. What waits longer for room is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many attempts, of whatever kind; at least one.
    pub attempts: u32,
    /// How many of them are components, each of which takes the room of several others; at least one.
    pub components: u32,
    /// For how many milliseconds a lane or branch waits for room before another process may have it.
    pub patience_ms: Millis,
}

/// The places of one process. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Without one there is room for everything.
    room: Option<Room>,
    state: Arc<Mutex<State>>,
}

/// What an attempt is, for the room that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// A component.
    Component,
    /// Anything else.
    Slight,
}

/// How an attempt runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Beside others.
    Beside,
    /// Alone in the process.
    Alone,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    manner: Manner,
    takes: u64,
}

#[derive(Debug, Default)]
struct State {
    /// The room that is taken by those beside each other, and by how many of them.
    taken: u64,
    beside: usize,
    is_alone: bool,
    waiting_alone: VecDeque<oneshot::Sender<Place>>,
    waiting_beside: VecDeque<(u64, oneshot::Sender<Place>)>,
}

impl State {
    /// Takes so much room beside others if it is free.
    fn take_beside(&mut self, takes: u64, room: u64) -> bool {
        let is_free = !self.is_alone && (self.beside == 0 || self.taken.saturating_add(takes) <= room);
        if is_free {
            self.beside += 1;
            self.taken += takes;
        }
        is_free
    }

    /// Whoever waits first and can have a place, which is taken.
    fn next(&mut self, room: u64) -> Option<(Manner, u64, oneshot::Sender<Place>)> {
        if self.waiting_alone.is_empty() {
            let takes = self.waiting_beside.front()?.0;
            let is_taken = self.take_beside(takes, room);
            let (takes, waiter) = self.waiting_beside.pop_front_if(|_| is_taken)?;
            return Some((Manner::Beside, takes, waiter));
        }
        if self.is_alone || self.beside > 0 {
            return None;
        }
        self.is_alone = true;
        Some((Manner::Alone, 0, self.waiting_alone.pop_front()?))
    }
}

impl Places {
    /// Places in so much room.
    pub(crate) fn within(room: Room) -> Self {
        let room = Room {
            attempts: room.attempts.max(1),
            components: room.components.max(1),
            ..room
        };
        Self {
            room: Some(room),
            ..Self::default()
        }
    }

    /// Whether it matters what an attempt is.
    pub(crate) fn are_bounded(&self) -> bool {
        self.room.is_some()
    }

    /// All the room, in units of which both kinds of attempts take a whole number.
    fn room(&self) -> u64 {
        let units = |room: Room| u64::from(room.attempts) * u64::from(room.components);
        self.room.map_or(u64::MAX, units)
    }

    fn takes(&self, bulk: Bulk) -> u64 {
        let takes = |room: Room| match bulk {
            Bulk::Component => room.attempts,
            Bulk::Slight => room.components,
        };
        self.room.map_or(0, |room| u64::from(takes(room)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, manner: Manner, takes: u64) -> Place {
        Place {
            places: self.clone(),
            manner,
            takes,
        }
    }

    /// A place beside others, if one is free now and nobody waits.
    pub(crate) fn beside_now(&self, bulk: Bulk) -> Option<Place> {
        let takes = self.takes(bulk);
        let mut state = self.state();
        let nobody_waits = state.waiting_alone.is_empty() && state.waiting_beside.is_empty();
        let is_taken = nobody_waits && state.take_beside(takes, self.room());
        drop(state);
        is_taken.then(|| self.place(Manner::Beside, takes))
    }

    /// A place of that manner, when it is free.
    pub(crate) async fn wait(self, manner: Manner, bulk: Bulk) -> Place {
        let (waiter, place) = oneshot::channel();
        {
            let mut state = self.state();
            match manner {
                Manner::Beside => state.waiting_beside.push_back((self.takes(bulk), waiter)),
                Manner::Alone => state.waiting_alone.push_back(waiter),
            }
        }
        self.hand_out();
        match place.await {
            Ok(place) => place,
            // The places outlive their waiters.
            Err(oneshot::Canceled) => futures::future::pending().await,
        }
    }

    /// Hands out what is free. A place whose waiter has gone is free again at once.
    fn hand_out(&self) {
        loop {
            let next = self.state().next(self.room());
            let Some((manner, takes, waiter)) = next else { return };
            // What cannot be sent is dropped here, outside the lock.
            drop(waiter.send(self.place(manner, takes)));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        match self.manner {
            Manner::Beside => {
                state.beside -= 1;
                state.taken -= self.takes;
            }
            Manner::Alone => state.is_alone = false,
        }
        drop(state);
        self.places.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn one_that_must_be_alone_waits_for_those_beside_and_goes_before_later_ones() {
        let places = Places::default();
        let beside = places.beside_now(Bulk::Slight).unwrap();
        let mut alone = places.clone().wait(Manner::Alone, Bulk::Slight).boxed();
        let mut later = places.clone().wait(Manner::Beside, Bulk::Slight).boxed();
        assert!((&mut alone).now_or_never().is_none());
        assert!((&mut later).now_or_never().is_none());
        assert!(places.beside_now(Bulk::Slight).is_none());
        drop(beside);
        let alone = block_on(alone);
        assert!((&mut later).now_or_never().is_none());
        drop(alone);
        let later = block_on(later);
        assert!(places.beside_now(Bulk::Slight).is_some());
        drop(later);
    }

    #[test]
    fn a_waiter_that_has_gone_holds_nothing() {
        let places = Places::default();
        let beside = places.beside_now(Bulk::Slight).unwrap();
        let mut alone = places.clone().wait(Manner::Alone, Bulk::Slight).boxed();
        assert!((&mut alone).now_or_never().is_none());
        drop(beside);
        // Handed out, and never received.
        drop(alone);
        assert!(places.beside_now(Bulk::Slight).is_some());
    }

    #[test]
    fn so_many_run_at_once_and_who_came_first_goes_first() {
        let places = Places::within(Room {
            attempts: 4,
            components: 2,
            patience_ms: 250,
        });
        let component = places.beside_now(Bulk::Component).unwrap();
        let slight = [places.beside_now(Bulk::Slight), places.beside_now(Bulk::Slight)];
        assert!(slight.iter().all(Option::is_some), "half of the room is that of two");
        assert!(places.beside_now(Bulk::Slight).is_none());
        let mut first = places.clone().wait(Manner::Beside, Bulk::Component).boxed();
        let mut second = places.clone().wait(Manner::Beside, Bulk::Slight).boxed();
        let [one, other] = slight;
        drop(one);
        assert!((&mut first).now_or_never().is_none(), "there is room for a slight one");
        assert!((&mut second).now_or_never().is_none(), "which came later");
        drop((other, component));
        assert!((&mut first).now_or_never().is_some());
        assert!((&mut second).now_or_never().is_some());
    }

    #[test]
    fn waiters_wake_nobody_while_somebody_is_alone() {
        let places = Places::default();
        let alone = block_on(places.clone().wait(Manner::Alone, Bulk::Slight));
        let (waker, count) = futures_test_waker();
        let mut context = std::task::Context::from_waker(&waker);
        let mut waiting: Vec<_> = (0..3)
            .map(|_| places.clone().wait(Manner::Beside, Bulk::Slight).boxed())
            .collect();
        for _ in 0..10 {
            for future in &mut waiting {
                assert!(future.poll_unpin(&mut context).is_pending());
            }
        }
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 0);
        drop(alone);
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 3);
    }

    fn futures_test_waker() -> (std::task::Waker, Arc<std::sync::atomic::AtomicUsize>) {
        struct Counting(Arc<std::sync::atomic::AtomicUsize>);
        impl futures::task::ArcWake for Counting {
            fn wake_by_ref(counting: &Arc<Self>) {
                counting.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        (futures::task::waker(Arc::new(Counting(count.clone()))), count)
    }
}
