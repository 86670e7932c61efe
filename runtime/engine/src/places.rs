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

/// The places of one process. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Mutex<State>>);

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
}

#[derive(Debug, Default)]
struct State {
    beside: usize,
    is_alone: bool,
    waiting_alone: VecDeque<oneshot::Sender<Place>>,
    waiting_beside: VecDeque<oneshot::Sender<Place>>,
}

impl State {
    /// Takes a place of that manner if it is free.
    fn take(&mut self, manner: Manner) -> bool {
        let is_free = match manner {
            Manner::Beside => !self.is_alone,
            Manner::Alone => !self.is_alone && self.beside == 0,
        };
        match manner {
            Manner::Beside if is_free => self.beside += 1,
            Manner::Alone if is_free => self.is_alone = true,
            Manner::Beside | Manner::Alone => {}
        }
        is_free
    }

    /// Whoever waits first and can have a place, which is taken.
    fn next(&mut self) -> Option<(Manner, oneshot::Sender<Place>)> {
        let manner = match self.waiting_alone.is_empty() {
            true => Manner::Beside,
            false => Manner::Alone,
        };
        let waits = match manner {
            Manner::Beside => !self.waiting_beside.is_empty(),
            Manner::Alone => true,
        };
        if !waits || !self.take(manner) {
            return None;
        }
        let waiter = match manner {
            Manner::Beside => self.waiting_beside.pop_front(),
            Manner::Alone => self.waiting_alone.pop_front(),
        };
        Some((manner, waiter?))
    }
}

impl Places {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, manner: Manner) -> Place {
        Place {
            places: self.clone(),
            manner,
        }
    }

    /// A place beside others, if one is free now and nobody waits to be alone.
    pub(crate) fn beside_now(&self) -> Option<Place> {
        let mut state = self.state();
        let is_taken = state.waiting_alone.is_empty() && state.take(Manner::Beside);
        drop(state);
        is_taken.then(|| self.place(Manner::Beside))
    }

    /// A place of that manner, when it is free.
    pub(crate) async fn wait(self, manner: Manner) -> Place {
        let (waiter, place) = oneshot::channel();
        {
            let mut state = self.state();
            match manner {
                Manner::Beside => state.waiting_beside.push_back(waiter),
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
            let next = self.state().next();
            let Some((manner, waiter)) = next else { return };
            // What cannot be sent is dropped here, outside the lock.
            drop(waiter.send(self.place(manner)));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        match self.manner {
            Manner::Beside => state.beside -= 1,
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
        let beside = places.beside_now().unwrap();
        let mut alone = places.clone().wait(Manner::Alone).boxed();
        let mut later = places.clone().wait(Manner::Beside).boxed();
        assert!((&mut alone).now_or_never().is_none());
        assert!((&mut later).now_or_never().is_none());
        assert!(places.beside_now().is_none());
        drop(beside);
        let alone = block_on(alone);
        assert!((&mut later).now_or_never().is_none());
        drop(alone);
        let later = block_on(later);
        assert!(places.beside_now().is_some());
        drop(later);
    }

    #[test]
    fn a_waiter_that_has_gone_holds_nothing() {
        let places = Places::default();
        let beside = places.beside_now().unwrap();
        let mut alone = places.clone().wait(Manner::Alone).boxed();
        assert!((&mut alone).now_or_never().is_none());
        drop(beside);
        // Handed out, and never received.
        drop(alone);
        assert!(places.beside_now().is_some());
    }

    #[test]
    fn waiters_wake_nobody_while_somebody_is_alone() {
        let places = Places::default();
        let alone = block_on(places.clone().wait(Manner::Alone));
        let (waker, count) = futures_test_waker();
        let mut context = std::task::Context::from_waker(&waker);
        let mut waiting: Vec<_> = (0..3).map(|_| places.clone().wait(Manner::Beside).boxed()).collect();
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
