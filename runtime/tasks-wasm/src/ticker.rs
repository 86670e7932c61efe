//! The thread that lets time pass for guests: at every tick a guest that computes gives its thread to others.
//!
//! **Invariant:** the thread sleeps without ticking while no guest runs, and ends with the last [`Ticker`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// A guest computes at most this long before others get their turn or its time is looked at.
const TICK: Duration = Duration::from_millis(5);

/// Owns the thread.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The lock guards two small fields and is never held across an await.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    guests: usize,
    is_over: bool,
}

/// While it lives, time passes.
#[derive(Debug)]
pub(crate) struct Running(Arc<Shared>);

impl Ticker {
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("stepwell-epochs".into())
            .spawn(move || of_thread.tick_until_over(&engine))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Counts one guest that runs.
    pub(crate) fn running(&self) -> Running {
        self.shared.lock().guests += 1;
        self.shared.changed.notify_one();
        Running(Arc::clone(&self.shared))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread ends within a tick; a panic in it has nothing left to harm.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().guests -= 1;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick_until_over(&self, engine: &Engine) {
        let mut state = self.lock();
        while !state.is_over {
            if state.guests == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            std::thread::sleep(TICK);
            engine.increment_epoch();
            state = self.lock();
        }
    }
}
