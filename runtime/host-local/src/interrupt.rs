//! Ctrl-C and SIGTERM: the first asks for a clean stop, the second stops.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stepwell_cli::Exit;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Tells whether the user wants the process to end.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    asked: watch::Receiver<bool>,
    /// How many want to stop cleanly; where nobody does, the first signal ends the process.
    careful: Arc<AtomicUsize>,
}

/// As long as it lives, the first signal only asks.
#[derive(Debug)]
pub(crate) struct Careful(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens from now on; needs tokio's runtime.
    ///
    /// # Errors
    ///
    /// Where the system does not deliver signals.
    pub(crate) fn listen() -> io::Result<Self> {
        let signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (sender, asked) = watch::channel(false);
        let careful = Arc::new(AtomicUsize::new(0));
        tokio::spawn(listen(signals, sender, careful.clone()));
        Ok(Self { asked, careful })
    }

    /// Asks for a clean stop instead of an end.
    pub(crate) fn careful(&self) -> Careful {
        self.careful.fetch_add(1, Ordering::SeqCst);
        Careful(self.careful.clone())
    }

    /// Waits for the first signal. Dropping the future loses nothing.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            // The listener lives as long as the runtime: nothing is going to be asked any more.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Careful {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn listen(
    (mut interrupts, mut terminations): (Signal, Signal),
    asked: watch::Sender<bool>,
    careful: Arc<AtomicUsize>,
) {
    let mut count = 0_u32;
    loop {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
        count += 1;
        if count > 1 || careful.load(Ordering::SeqCst) == 0 {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        asked.send_replace(true);
    }
}
