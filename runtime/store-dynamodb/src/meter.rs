//! What the table was asked for, and what that cost.

use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::ConsumedCapacity;

/// What a store spent since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Write units, those of writes that lost included. As the table answered; for what it does not say (a write that
    /// lost) as computed from the item's size.
    pub write_units: f64,
    /// Read units, as the table answered.
    pub read_units: f64,
    /// Requests that were sent, those that the SDK sent again included.
    pub requests: u64,
    /// Writes that found their place taken.
    pub lost_writes: u64,
    /// Items that were written.
    pub items: u64,
    /// Their bytes, as DynamoDB counts them for a write; each takes 100 more where it is stored.
    pub bytes: u64,
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Held for an addition, never across a wait.
    spent: Mutex<Spent>,
}

impl Meter {
    pub(crate) fn spent(&self) -> Spent {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, change: impl FnOnce(&mut Spent)) {
        change(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A write was answered.
    pub(crate) fn wrote(&self, bytes: usize, computed: u32, consumed: Option<&ConsumedCapacity>) {
        self.add(|spent| {
            spent.write_units += units(computed, consumed);
            spent.items += 1;
            spent.bytes += bytes as u64;
        });
    }

    /// A write was answered: its place is taken. That costs what writing would have, and the table does not say so.
    pub(crate) fn lost(&self, computed: u32) {
        self.add(|spent| {
            spent.write_units += f64::from(computed);
            spent.lost_writes += 1;
        });
    }

    /// A read was answered.
    pub(crate) fn read(&self, computed: u32, consumed: Option<&ConsumedCapacity>) {
        self.add(|spent| spent.read_units += units(computed, consumed));
    }
}

/// What the table says, or else what was computed.
fn units(computed: u32, consumed: Option<&ConsumedCapacity>) -> f64 {
    consumed
        .and_then(ConsumedCapacity::capacity_units)
        .unwrap_or_else(|| f64::from(computed))
}

/// Counts every attempt of the SDK.
#[derive(Debug)]
pub(crate) struct Attempts(pub(crate) std::sync::Arc<Meter>);

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "stepwell attempts"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.add(|spent| spent.requests += 1);
        Ok(())
    }
}
