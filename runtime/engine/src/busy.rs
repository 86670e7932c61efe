//! Counting who is at work in a session, so that it can end when nobody is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures::task::AtomicWaker;

/// How many are at work.
#[derive(Debug, Default)]
pub(crate) struct Busy {
    count: AtomicUsize,
    waker: AtomicWaker,
}

/// One who is at work, until dropped.
#[derive(Debug)]
pub(crate) struct Working(Arc<Busy>);

impl Busy {
    pub(crate) fn start(self: &Arc<Self>) -> Working {
        self.count.fetch_add(1, Ordering::SeqCst);
        Working(self.clone())
    }

    /// Completes when nobody is at work.
    pub(crate) async fn idle(&self) {
        futures::future::poll_fn(|context| {
            self.waker.register(context.waker());
            if self.count.load(Ordering::SeqCst) == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.waker.wake();
        }
    }
}
