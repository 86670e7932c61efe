//! What was spent.
//!
//! **Invariant:** a request counts when it is sent, so each try counts, and one whose answer was lost does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// What objects cost so far, in S3's price classes.
///
/// Source: <https://aws.amazon.com/s3/pricing/>, "Requests & data retrievals"; requests that delete are free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that write or list.
    pub writes: u64,
    /// Requests that read.
    pub reads: u64,
}

/// Counts requests. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    writes: AtomicU64,
    reads: AtomicU64,
}

impl Meter {
    pub(crate) fn spent(&self) -> Spent {
        Spent {
            writes: self.0.writes.load(Ordering::Relaxed),
            reads: self.0.reads.load(Ordering::Relaxed),
        }
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        match request.method() {
            "DELETE" => return Ok(()),
            "GET" | "HEAD" if !request.uri().contains("list-type=2") => &self.0.reads,
            _ => &self.0.writes,
        }
        .fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
