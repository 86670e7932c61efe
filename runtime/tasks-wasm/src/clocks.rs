//! Clocks that stand still: they start at the attempt's scheduled time, and only a sleep moves them.
//!
//! A sleep returns at once and advances both clocks by what it asked. Where a guest waits for a timer *and* for something
//! real, an answer from a host for instance, whichever comes first in real time ends the wait; the clocks advance only if
//! it is the timer.
//!
//! **Invariant:** a guest that waits for timers alone never sleeps, and two runs of an attempt read the same times.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::{Either, poll_immediate, select};
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime::{Result, bail};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::io::poll::{Host as PollHost, HostPollable};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// The wall clock is as fine as the time at which attempts are scheduled.
const NANOS_PER_MILLI: u32 = 1_000_000;

/// The clocks of one attempt and the timers that its guest holds.
#[derive(Debug)]
pub(crate) struct GuestClock {
    scheduled_ms: u64,
    elapsed_ns: u64,
    /// When each timer is due, by the number of its pollable.
    timers: BTreeMap<u32, u64>,
}

impl GuestClock {
    pub(crate) fn new(scheduled_ms: u64) -> Self {
        Self {
            scheduled_ms,
            elapsed_ns: 0,
            timers: BTreeMap::new(),
        }
    }

    fn advance_to(&mut self, instant_ns: u64) {
        self.elapsed_ns = self.elapsed_ns.max(instant_ns);
    }

    fn is_due(&self, instant_ns: u64) -> bool {
        instant_ns <= self.elapsed_ns
    }

    /// Seconds and nanoseconds since the Unix epoch.
    fn wall(&self) -> (u64, u32) {
        let scheduled = Duration::from_millis(self.scheduled_ms);
        let now = scheduled.saturating_add(Duration::from_nanos(self.elapsed_ns));
        (now.as_secs(), now.subsec_nanos())
    }
}

/// The data that the clock and poll interfaces work on.
pub(crate) struct Clocks;

impl HasData for Clocks {
    type Data<'a> = ClocksView<'a>;
}

/// A guest's clocks beside its table of resources.
pub(crate) struct ClocksView<'a> {
    pub(crate) clock: &'a mut GuestClock,
    pub(crate) table: &'a mut ResourceTable,
}

/// What a pollable of a timer points to; [`ClocksView`] knows when it is due.
struct Timer;

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {}
}

impl wall_clock::Host for ClocksView<'_> {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        let (seconds, nanoseconds) = self.clock.wall();
        Ok(wall_clock::Datetime { seconds, nanoseconds })
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime {
            seconds: 0,
            nanoseconds: NANOS_PER_MILLI,
        })
    }
}

impl monotonic_clock::Host for ClocksView<'_> {
    fn now(&mut self) -> Result<u64> {
        Ok(self.clock.elapsed_ns)
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let timer = self.table.push(Timer)?;
        let pollable = subscribe(self.table, timer)?;
        self.clock.timers.insert(pollable.rep(), when);
        Ok(pollable)
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        self.subscribe_instant(self.clock.elapsed_ns.saturating_add(duration))
    }
}

impl HostPollable for ClocksView<'_> {
    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        match self.clock.timers.get(&pollable.rep()).copied() {
            Some(due_ns) => {
                self.clock.advance_to(due_ns);
                Ok(())
            }
            None => HostPollable::block(self.table, pollable).await,
        }
    }

    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        match self.clock.timers.get(&pollable.rep()) {
            Some(due_ns) => Ok(self.clock.is_due(*due_ns)),
            None => HostPollable::ready(self.table, pollable).await,
        }
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.clock.timers.remove(&pollable.rep());
        HostPollable::drop(self.table, pollable)
    }
}

/// What a guest waits for, each with its place in the guest's list.
#[derive(Default)]
struct Waits {
    timers: Vec<(u32, u64)>,
    others: Vec<(u32, Resource<DynPollable>)>,
}

impl PollHost for ClocksView<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        let waits = self.sort(pollables)?;
        match waits.timers.iter().map(|(_, due_ns)| *due_ns).min() {
            None if waits.others.is_empty() => bail!("the task waits for nothing"),
            None => self.poll_others(waits.others).await,
            Some(first_ns) if waits.others.is_empty() => {
                self.clock.advance_to(first_ns);
                Ok(self.due(&waits.timers))
            }
            Some(first_ns) => self.poll_both(waits, first_ns).await,
        }
    }
}

impl ClocksView<'_> {
    fn sort(&self, pollables: Vec<Resource<DynPollable>>) -> Result<Waits> {
        let mut waits = Waits::default();
        for (place, pollable) in pollables.into_iter().enumerate() {
            let place = u32::try_from(place)?;
            match self.clock.timers.get(&pollable.rep()) {
                Some(due_ns) => waits.timers.push((place, *due_ns)),
                None => waits.others.push((place, pollable)),
            }
        }
        Ok(waits)
    }

    /// The places of the timers that are due.
    fn due(&self, timers: &[(u32, u64)]) -> Vec<u32> {
        timers
            .iter()
            .filter(|(_, due_ns)| self.clock.is_due(*due_ns))
            .map(|(place, _)| *place)
            .collect()
    }

    async fn poll_others(&mut self, others: Vec<(u32, Resource<DynPollable>)>) -> Result<Vec<u32>> {
        let (places, pollables): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        let ready = PollHost::poll(self.table, pollables).await?;
        Ok(ready
            .into_iter()
            .filter_map(|index| places.get(usize::try_from(index).ok()?).copied())
            .collect())
    }

    async fn poll_both(&mut self, waits: Waits, first_ns: u64) -> Result<Vec<u32>> {
        if self.clock.is_due(first_ns) {
            // Whoever asks in a loop without waiting leaves the thread to those who bring what is asked for.
            tokio::task::yield_now().await;
            let due = self.due(&waits.timers);
            let mut places = poll_immediate(self.poll_others(waits.others))
                .await
                .unwrap_or_else(|| Ok(Vec::new()))?;
            places.extend(due);
            return Ok(places);
        }
        let left = Duration::from_nanos(first_ns - self.clock.elapsed_ns);
        let winner = {
            let others = std::pin::pin!(self.poll_others(waits.others));
            let timer = std::pin::pin!(tokio::time::sleep(left));
            match select(others, timer).await {
                Either::Left((ready, _)) => Some(ready?),
                Either::Right(((), _)) => None,
            }
        };
        Ok(winner.unwrap_or_else(|| {
            self.clock.advance_to(first_ns);
            self.due(&waits.timers)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monotonic_clock::Host as _;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn with_view<T>(scheduled_ms: u64, test: impl FnOnce(&mut ClocksView<'_>) -> T) -> T {
        let mut clock = GuestClock::new(scheduled_ms);
        test(&mut ClocksView {
            clock: &mut clock,
            table: &mut ResourceTable::new(),
        })
    }

    fn wall(view: &mut ClocksView<'_>) -> (u64, u32) {
        view.clock.wall()
    }

    #[test]
    fn time_stands_still_until_a_sleep_moves_it() {
        with_view(1_500, |view| {
            assert_eq!((view.now().unwrap(), wall(view)), (0, (1, 500_000_000)));
            let century_ns = 100 * 365 * 24 * 3600 * 1_000_000_000;
            let timer = view.subscribe_duration(century_ns).unwrap();
            let rep = timer.rep();
            assert!(!block_on(HostPollable::ready(view, Resource::new_borrow(rep))).unwrap());
            block_on(HostPollable::block(view, Resource::new_borrow(rep))).unwrap();
            assert!(block_on(HostPollable::ready(view, Resource::new_borrow(rep))).unwrap());
            assert_eq!(
                (view.now().unwrap(), wall(view)),
                (century_ns, (3_153_600_001, 500_000_000))
            );
            HostPollable::drop(view, timer).unwrap();
            assert!(view.clock.timers.is_empty() && view.table.is_empty());
        });
    }

    #[test]
    fn the_earliest_of_several_timers_ends_the_wait() {
        with_view(0, |view| {
            let timers = [30, 10, 10, 20].map(|ns| view.subscribe_duration(ns).unwrap().rep());
            let pollables = timers.map(Resource::new_borrow);
            assert_eq!(block_on(PollHost::poll(view, pollables.into())).unwrap(), [1, 2]);
            assert_eq!(view.now().unwrap(), 10);
        });
    }

    #[test]
    fn a_timer_beside_something_real_takes_real_time() {
        struct Never;
        #[async_trait]
        impl Pollable for Never {
            async fn ready(&mut self) {
                std::future::pending().await
            }
        }
        with_view(0, |view| {
            let never = view.table.push(Never).unwrap();
            let never = subscribe(view.table, never).unwrap().rep();
            let timer = view.subscribe_duration(1_000).unwrap().rep();
            let both = || vec![Resource::new_borrow(never), Resource::new_borrow(timer)];
            assert_eq!(block_on(PollHost::poll(view, both())).unwrap(), [1]);
            assert_eq!(view.now().unwrap(), 1_000);
            // A timer that is due already does not hide what else is ready.
            assert_eq!(block_on(PollHost::poll(view, both())).unwrap(), [1]);
        });
    }

    #[test]
    fn waiting_for_nothing_or_until_the_end_of_time_is_no_hang() {
        with_view(u64::MAX, |view| {
            assert!(block_on(PollHost::poll(view, vec![])).is_err());
            let timer = view.subscribe_duration(u64::MAX).unwrap().rep();
            assert_eq!(
                block_on(PollHost::poll(view, vec![Resource::new_borrow(timer)])).unwrap(),
                [0]
            );
            assert_eq!(view.now().unwrap(), u64::MAX);
            let again = view.subscribe_duration(1).unwrap().rep();
            assert_eq!(
                block_on(PollHost::poll(view, vec![Resource::new_borrow(again)])).unwrap(),
                [0]
            );
            wall(view);
        });
    }
}
