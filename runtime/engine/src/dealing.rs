//! Dealing the items of a Map to its lanes.

use std::sync::{Arc, Mutex, PoisonError};

use stepwell_core::{Event, Fork, Forked, Kind, Revision, ScopeId, Stop};

use crate::commit::{PENDING_BYTES_MAX, Weight};
use crate::driver::Driver;
use crate::session::{Halt, Shared};

/// Items that one record may reserve for a lane whose items need no record of their own.
const RESERVED_MAX: u64 = 64;

/// Deals the items of one Map to its lanes: always the lowest one that has not begun.
///
/// A lane's first item is its own number, known without a record; every other is named by the record that begins it.
/// Appends become durable in the order in which they are handed over, and an item is dealt and handed over without an
/// await in between, so the highest reserved item that is durable tells which is next.
#[derive(Debug)]
pub(crate) struct Dealing {
    parent: ScopeId,
    fork: Revision,
    lanes: u32,
    total: u64,
    /// The next item; unknown until somebody asks who did not see the fork begin. Held only to change it.
    next: Mutex<Option<u64>>,
}

/// Where a fork comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Made here: no child has a record that was not written here.
    Made,
    /// Found in the log: children may have records.
    Found,
}

impl Dealing {
    pub(crate) fn new(parent: &ScopeId, fork: &Fork, origin: Origin) -> Option<Arc<Self>> {
        match &fork.children {
            Forked::Branches { .. } => None,
            Forked::Lanes { count, total, .. } => Some(Arc::new(Self {
                parent: parent.clone(),
                fork: fork.revision,
                lanes: *count,
                total: *total,
                next: Mutex::new((origin == Origin::Made).then_some(u64::from(*count))),
            })),
        }
    }

    fn next(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from the lanes' last records which item is next, unless it is known.
    async fn learn(&self, shared: &Shared) -> Result<(), Halt> {
        if self.next().is_some() {
            return Ok(());
        }
        let mut highest = u64::from(self.lanes);
        for lane in 0..self.lanes {
            if let Some(record) = shared.last(&self.parent.child(self.fork, lane)).await?
                && let Kind::Lane(lane) = record.snapshot.scope.kind
            {
                highest = highest.max(lane.reserved_end);
            }
        }
        self.next().get_or_insert(highest);
        Ok(())
    }

    /// The items that would be dealt now: empty where none is left.
    fn offer(&self, chunk: u64) -> (u64, u64) {
        let next = self.next().unwrap_or(self.total).min(self.total);
        let fair = (self.total - next).div_ceil(2 * u64::from(self.lanes.max(1)));
        (next, next + chunk.min(fair.max(1)).min(self.total - next))
    }

    /// The item that a lane of a shared Map begins after that one: every lane has its own.
    fn stride(&self, item: u64) -> (u64, u64) {
        let next = item.saturating_add(u64::from(self.lanes)).min(self.total);
        (next, (next + 1).min(self.total))
    }

    fn take(&self, end: u64) {
        *self.next() = Some(end);
    }
}

impl Driver {
    /// Begins the lane's next items, or ends it.
    pub(crate) async fn deal(&mut self) -> Result<(), Halt> {
        let Some(dealing) = self.dealing.clone() else {
            return Err(Halt::Bug("a lane without a dealer".to_owned()));
        };
        loop {
            let (from, end) = match self.shared.engine.sharing {
                Some(_) => dealing.stride(self.item()),
                None => {
                    dealing.learn(&self.shared).await?;
                    dealing.offer(self.reservation())
                }
            };
            let bytes_before = self.output_bytes();
            match self.try_fold(&Event::ItemsDealt { from, end }, Weight::Light) {
                // What a lane strides to nobody else begins.
                Ok(()) if self.shared.engine.sharing.is_some() => return self.breathe().await,
                Ok(()) => {
                    dealing.take(end);
                    self.reserved = end - from;
                    self.ran_through =
                        self.snapshot.at.is_none() && self.output_bytes() - bytes_before < PENDING_BYTES_MAX;
                    // Handed over in the same breath: an item that is dealt later is durable later.
                    return self.commit().await;
                }
                Err(Stop::Needs(needs)) => self.load(&needs).await?,
                Err(Stop::Rejected(rejected)) => return Err(Halt::Bug(format!("an item was refused: {rejected}"))),
            }
        }
    }

    /// The lane's last item.
    fn item(&self) -> u64 {
        match &self.snapshot.scope.kind {
            Kind::Lane(lane) => lane.item,
            Kind::Root | Kind::Branch { .. } => 0,
        }
    }

    /// The bytes of the outputs of the lane's items so far.
    fn output_bytes(&self) -> u64 {
        match &self.snapshot.scope.kind {
            Kind::Lane(lane) => lane.bytes,
            Kind::Root | Kind::Branch { .. } => 0,
        }
    }

    /// How many items are reserved at once: one, unless the last ones needed no record; then twice as many.
    fn reservation(&self) -> u64 {
        if self.ran_through || self.pending.holds_an_item() {
            (2 * self.reserved).min(RESERVED_MAX)
        } else {
            1
        }
    }
}
