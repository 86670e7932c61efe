//! A fake of EventBridge Scheduler: one-off schedules that really send into queues.
//!
//! It speaks the service's protocol (restJson1) for `CreateSchedule`, `GetSchedule` and `DeleteSchedule`, checks what it
//! is asked as the service does, and sends the target's input to the target's queue at the second that was asked for, by
//! a clock that may be fast. What goes wrong in the service can be planned: see [`Fault`].
//!
//! Not there: `rate` and `cron`, time zones, flexible windows, targets other than queues, roles.
//!
//! Source: <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
//!
//! **Invariant:** a schedule fires at its second or later, never earlier.

mod answers;
mod book;
mod door;
mod firing;
mod requests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use stepwell_ports::{Clock, Millis};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::book::Book;
use crate::settings::settings;

/// What may go wrong with a request; each is planned for the next request that it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `CreateSchedule` is refused with `ThrottlingException`; nothing is made.
    Throttle,
    /// `CreateSchedule` is refused with `ServiceQuotaExceededException`; nothing is made.
    QuotaExceeded,
    /// `CreateSchedule` is carried out, and the connection closed without an answer.
    LoseAnswer,
    /// `CreateSchedule` is refused with `ConflictException`, although there is no schedule of that name.
    FalseConflict,
    /// The schedule that is made fires twice.
    FireTwice,
}

/// How a fake is set up.
#[derive(Clone)]
pub struct Options {
    /// The address of the queues that targets name.
    pub queues: String,
    /// The groups that exist, beside `default`.
    pub groups: Vec<String>,
    /// The time that schedules follow.
    pub clock: Arc<dyn Clock>,
    /// How long after its second a schedule fires; the service takes up to a minute.
    pub late_ms: Millis,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Schedules that were made.
    pub made: u32,
    /// Messages that were sent.
    pub fired: u32,
    /// Requests that were refused, for whatever reason.
    pub refused: u32,
}

/// A running fake; dropped, it is ended.
#[derive(Debug)]
pub struct Scheduler {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    /// Dropped, it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Options").finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Starts it on a free port of the loopback address, in a thread of its own.
    ///
    /// # Errors
    ///
    /// There is no port or no thread to be had.
    pub fn start(options: Options) -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("while looking for a free port")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let book = Arc::new(Mutex::new(Book::new(options.groups.clone())));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let theirs = book.clone();
        let thread = thread::Builder::new().name("scheduler".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener, theirs, options) => {}
                }
            });
        })?;
        Ok(Self {
            address,
            book,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets something go wrong with each of the next `times` requests that it fits.
    pub fn plan(&self, fault: Fault, times: usize) {
        self.book().plan(fault, times);
    }

    /// The names of the schedules that are there, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.book().names()
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.book().counts
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot fail: it only waits for the end of its runtime.
            thread.join().ok();
        }
    }
}

async fn serve(listener: std::net::TcpListener, book: Arc<Mutex<Book>>, options: Options) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let queues = aws_sdk_sqs::Client::new(&settings(&[("SQS", options.queues.clone())]));
    let firing = firing::fire_for_ever(queues, book.clone(), options);
    tokio::select! {
        () = door::answer_for_ever(listener, book) => {}
        () = firing => {}
    }
}

/// The book is changed in one go, and never held while anything is waited for.
fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
