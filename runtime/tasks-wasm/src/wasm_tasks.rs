//! The adapter itself: what a host opens and hands to the engine.

use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Call, Outcome, Tasks, Telemetry};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::attempt::{Host, carry_out};
use crate::components::Components;
use crate::failure::failure;
use crate::guest::{self, Reach};
use crate::linking::Linking;
use crate::ticker::Ticker;
use crate::{ComponentError, Digest, OpenError, Threads, WasmOptions, machine};

/// Runs tasks that are WebAssembly components.
pub struct WasmTasks {
    host: Arc<Host>,
    threads: Handle,
    own: Option<Runtime>,
}

impl WasmTasks {
    /// Starts the WebAssembly engine over the folders of `options`.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when a folder cannot be used, or the engine or its threads do not start.
    pub fn open(options: WasmOptions) -> Result<Self, OpenError> {
        let WasmOptions {
            origin,
            objects,
            outbound,
            pool,
            threads,
        } = options;
        let engine = machine::engine(pool).map_err(|error| OpenError::Engine(error.into()))?;
        let linker = guest::linker(&engine).map_err(|error| OpenError::Engine(error.into()))?;
        let components = Components::open(Linking::new(engine.clone(), linker, pool), origin)?;
        let places = usize::try_from(pool.guests_max()).unwrap_or(Semaphore::MAX_PERMITS);
        let host = Host {
            components: Arc::new(components),
            reach: Reach { objects, outbound },
            places: Arc::new(Semaphore::new(places)),
            ticker: Ticker::start(engine.clone()).map_err(OpenError::Threads)?,
            engine,
        };
        let (threads, own) = match threads {
            Threads::Of(handle) => (handle, None),
            Threads::OnePerCore => {
                let own = one_thread_per_core().map_err(OpenError::Threads)?;
                (own.handle().clone(), Some(own))
            }
        };
        Ok(Self {
            host: Arc::new(host),
            threads,
            own,
        })
    }

    /// Checks that `bytes` are a component of the world of a task, compiles it, and keeps both under its digest.
    ///
    /// Takes as long as the compiler does (a tenth of a second for Rust, some seconds for interpreted languages) and
    /// blocks the caller's thread.
    ///
    /// # Errors
    ///
    /// [`ComponentError`], which says what is wrong with the component; nothing was kept.
    pub fn install(&self, bytes: &[u8]) -> Result<Digest, ComponentError> {
        self.host.components.install(bytes)
    }

    /// Makes sure that an installed component is compiled, so that no call waits for it. Blocks like
    /// [`WasmTasks::install`] where it is not.
    ///
    /// # Errors
    ///
    /// [`ComponentError`], like [`WasmTasks::install`] and when there is no such component.
    pub fn precompile(&self, digest: &Digest) -> Result<(), ComponentError> {
        self.host.components.precompile(digest)
    }
}

fn one_thread_per_core() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .thread_name("stepwell-guests")
        .enable_time()
        .build()
}

impl Tasks for WasmTasks {
    fn run(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let host = Arc::clone(&self.host);
        let threads = self.threads.clone();
        Box::pin(async move {
            let pace = host.pace(&call);
            let is_short = pace.as_ref().is_some_and(|pace| pace.is_short());
            let mut attempt = caught(async move {
                match pace {
                    Some(pace) => pace.note(carry_out(host, call)).await,
                    None => carry_out(host, call).await,
                }
            });
            if is_short && let Poll::Ready(outcome) = poll_once(&threads, &mut attempt).await {
                return outcome;
            }
            AbortOnDrop(threads.spawn(attempt)).await
        })
    }
}

/// An attempt; a panic of the host becomes its outcome.
fn caught(attempt: impl Future<Output = Outcome> + Send + 'static) -> BoxFuture<'static, Outcome> {
    let caught = AssertUnwindSafe(attempt).catch_unwind();
    caught
        .map(|ended| ended.unwrap_or_else(|_| of_host("the host of the task panicked")))
        .boxed()
}

/// Has an attempt run here, up to its end or its guest's next tick; its timers are those of the guests' threads.
async fn poll_once(threads: &Handle, attempt: &mut BoxFuture<'static, Outcome>) -> Poll<Outcome> {
    poll_fn(|cx| {
        let _guests = threads.enter();
        Poll::Ready(attempt.as_mut().poll(cx))
    })
    .await
}

fn of_host(detail: impl Into<String>) -> Outcome {
    Outcome {
        result: Err(failure("FnF.HostError", detail.into())),
        telemetry: Telemetry::default(),
    }
}

/// An attempt that ends when nobody waits for it any more.
struct AbortOnDrop(JoinHandle<Outcome>);

impl Future for AbortOnDrop {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let ended = Pin::new(&mut self.0).poll(cx);
        ended.map(|ended| ended.unwrap_or_else(|error| of_host(format!("the host of the task failed: {error}"))))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for WasmTasks {
    fn drop(&mut self) {
        self.host.places.close();
        if let Some(own) = self.own.take() {
            // Waiting here could block a thread of the caller's runtime; guests end at their next tick.
            own.shutdown_background();
        }
    }
}

impl fmt::Debug for WasmTasks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WasmTasks")
            .field("places", &self.host.places.available_permits())
            .finish_non_exhaustive()
    }
}
