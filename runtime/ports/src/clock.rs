//! Time, chance and tasks of the host: what a simulator replaces.

use futures::future::BoxFuture;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = u64;

/// The only source of time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Millis;

    /// Completes at `until` or a little later; at once if that is past.
    fn sleep_until(&self, until: Millis) -> BoxFuture<'static, ()>;
}

/// The only source of chance.
pub trait Seeds: Send + Sync {
    /// 32 unpredictable bytes.
    fn seed(&self) -> [u8; 32];
}

/// Runs futures beside each other, in whatever way the host does.
pub trait Spawn: Send + Sync {
    /// Runs `future` to its end without anybody waiting for it; the host drops it when it stops.
    fn spawn(&self, future: BoxFuture<'static, ()>);
}
