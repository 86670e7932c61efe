//! The queue between processes that share a table: at least once, late, doubled, in any order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Clock, Millis, Wake, Wakes, WakesError};
use stepwell_simulator::{Chance, VirtualClock};

use crate::Causes;

/// How long a message that was handed out is hidden from others.
const HIDDEN_MS: Millis = 70_000;

/// How long a message that is put back stays away at least.
const PUT_BACK_MS: Millis = 100;

/// A queue of wakes. Clones share it.
#[derive(Clone)]
pub struct Queue {
    clock: Arc<VirtualClock>,
    chance: Chance,
    faults: QueueFaults,
    /// Whether who sends by it drives executions; whoever calls from outside does not.
    drives: bool,
    state: Arc<Mutex<State>>,
}

/// What may go wrong; each number means once in so many, 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFaults {
    /// A wake is refused, and was not taken.
    pub refused: u64,
    /// A wake was taken, and its answer is lost.
    pub unanswered: u64,
    /// A wake comes late, by up to some seconds.
    pub late: u64,
    /// A message is handed out while somebody has it.
    pub doubled: u64,
}

/// How often each has gone wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStruck {
    /// Wakes that were refused.
    pub refused: u32,
    /// Wakes that were taken, and their answer was lost.
    pub unanswered: u32,
    /// Wakes that came late.
    pub late: u32,
    /// Messages that were handed out while somebody had them.
    pub doubled: u32,
    /// Wakes that hand children to another process: no fault, but it must go on beside them.
    pub handed_out: u32,
}

/// A message that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its place in the queue's book.
    pub number: u64,
    /// What it says.
    pub wake: Wake,
    /// How often it was handed out.
    pub times: u32,
}

#[derive(Default)]
struct State {
    count: u64,
    messages: Vec<Message>,
    struck: QueueStruck,
    /// Where a message was doubled.
    causes: Causes,
    /// Wakes whose sender was not answered, and sends them again.
    unanswered: BTreeSet<Arc<str>>,
    /// Every wake that was ever sent.
    sent: BTreeSet<Arc<str>>,
    /// Those that were sent by who drives.
    armed: Vec<Wake>,
    /// Wakes that were sent although they had been.
    armed_twice: Vec<Wake>,
}

struct Message {
    number: u64,
    wake: Wake,
    visible_at: Millis,
    times: u32,
    /// Who has it.
    held: u32,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(clock: Arc<VirtualClock>, chance: Chance, faults: QueueFaults) -> Self {
        Self {
            clock,
            chance,
            faults,
            drives: true,
            state: Arc::default(),
        }
    }

    /// The same queue for somebody who calls from outside.
    #[must_use]
    pub(crate) fn for_calls(&self) -> Self {
        Self {
            drives: false,
            ..self.clone()
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happens(&self, once_in: u64) -> bool {
        once_in > 0 && self.chance.once_in(once_in)
    }

    /// Hands a message out that is visible; sometimes one that somebody has.
    pub fn receive(&self) -> Option<Received> {
        let now = self.clock.now();
        let doubles = self.happens(self.faults.doubled);
        let mut state = self.state();
        let ready: Vec<usize> = (0..state.messages.len())
            .filter(|place| {
                let message = state.messages.get(*place);
                message.is_some_and(|message| message.visible_at <= now || (doubles && message.held > 0))
            })
            .collect();
        let pick = usize::try_from(self.chance.below(ready.len() as u64)).unwrap_or(0);
        let message = state.messages.get_mut(*ready.get(pick)?)?;
        let is_double = message.held > 0;
        message.times += 1;
        message.held += 1;
        message.visible_at = now + HIDDEN_MS;
        let received = Received {
            number: message.number,
            wake: message.wake.clone(),
            times: message.times,
        };
        if is_double {
            state.struck.doubled += 1;
            state.causes.doubled(&received.wake.key.execution, now);
        }
        Some(received)
    }

    /// A message is done with.
    pub fn acknowledge(&self, received: &Received) {
        self.state()
            .messages
            .retain(|message| message.number != received.number);
    }

    /// A message is to be handed out again at that time.
    pub fn put_back(&self, received: &Received, at: Millis) {
        if let Some(message) = self
            .state()
            .messages
            .iter_mut()
            .find(|message| message.number == received.number)
        {
            message.held = message.held.saturating_sub(1);
            if message.held == 0 {
                // A queue does not hand out at once what was just put back.
                message.visible_at = at.max(self.clock.now() + PUT_BACK_MS);
            }
        }
    }

    /// Whoever had it is dead: it is handed out again when it is visible again.
    pub fn dropped(&self, received: &Received) {
        if let Some(message) = self
            .state()
            .messages
            .iter_mut()
            .find(|message| message.number == received.number)
        {
            message.held = message.held.saturating_sub(1);
        }
    }

    /// When the next message becomes visible.
    #[must_use]
    pub fn next(&self) -> Option<Millis> {
        self.state().messages.iter().map(|message| message.visible_at).min()
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().messages.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often a message was handed out while somebody had it, or taken without an answer.
    #[must_use]
    pub fn doubled(&self) -> u32 {
        let struck = self.struck();
        struck.doubled + struck.unanswered
    }

    /// Where a message may have been carried out twice.
    #[must_use]
    pub fn causes(&self) -> Causes {
        self.state().causes.clone()
    }

    /// How often each has gone wrong.
    #[must_use]
    pub fn struck(&self) -> QueueStruck {
        self.state().struck
    }

    /// How often a wake was taken without an answer, so that whoever sent it sends it again.
    #[must_use]
    pub fn resent(&self) -> u32 {
        self.state().struck.unanswered
    }

    /// Every wake that was sent by who drives, once each.
    #[must_use]
    pub fn armed(&self) -> Vec<Wake> {
        self.state().armed.clone()
    }

    /// Wakes that somebody sent who had been answered before.
    #[must_use]
    pub fn armed_twice(&self) -> Vec<Wake> {
        self.state().armed_twice.clone()
    }

    fn take(&self, wake: Wake, at: Millis) {
        let late = if self.happens(self.faults.late) {
            self.chance.below(5_000)
        } else {
            0
        };
        let mut state = self.state();
        state.struck.late += u32::from(late > 0);
        state.struck.handed_out += u32::from(!wake.children.is_empty());
        let is_new = state.sent.insert(wake.id.clone());
        if is_new && self.drives {
            state.armed.push(wake.clone());
        }
        if !is_new && !state.unanswered.contains(&wake.id) {
            state.armed_twice.push(wake.clone());
        }
        state.count += 1;
        let number = state.count;
        state.messages.push(Message {
            number,
            wake,
            visible_at: at.saturating_add(late),
            times: 0,
            held: 0,
        });
    }
}

impl Wakes for Queue {
    fn send(&self, wake: Wake, at_ms: Millis) -> BoxFuture<'static, Result<(), WakesError>> {
        let queue = self.clone();
        let pause = self.clock.now()
            + if self.chance.once_in(4) {
                self.chance.below(50)
            } else {
                0
            };
        async move {
            queue.clock.sleep_until(pause).await;
            if queue.happens(queue.faults.refused) {
                queue.state().struck.refused += 1;
                return Err(WakesError("the queue is throttled".into()));
            }
            let (id, execution) = (wake.id.clone(), wake.key.execution.clone());
            queue.take(wake, at_ms);
            if queue.happens(queue.faults.unanswered) {
                queue.state().unanswered.insert(id);
                // It will be sent again under the same name.
                let mut state = queue.state();
                state.struck.unanswered += 1;
                state.causes.doubled(&execution, queue.clock.now());
                return Err(WakesError("the answer is lost".into()));
            }
            Ok(())
        }
        .boxed()
    }
}
