//! Work on files, away from the threads that drive futures.

use futures::future::{BoxFuture, FutureExt};
use stepwell_ports::ObjectsError;
use tokio::runtime::Handle;

/// Runs `work` in tokio's pool for blocking work, or in place where there is no tokio.
pub(crate) fn run<T: Send + 'static>(
    during: &'static str,
    work: impl FnOnce() -> Result<T, ObjectsError> + Send + 'static,
) -> BoxFuture<'static, Result<T, ObjectsError>> {
    async move {
        match Handle::try_current() {
            Ok(runtime) => match runtime.spawn_blocking(work).await {
                Ok(done) => done,
                Err(stopped) => Err(ObjectsError::Store {
                    during,
                    source: Box::new(stopped),
                }),
            },
            Err(_) => work(),
        }
    }
    .boxed()
}
