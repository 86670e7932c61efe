//! Children: starting them, dealing items to lanes, joining.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use stepwell_core::{Branch, Event, Fork, Forked, Items, Kind, Millis, Revision, ScopeId, Status, Stop, child};
use stepwell_expression::{Birth, INLINE_BYTES_MAX, Pointer, Slot, Value};
use stepwell_ports::Due;

use crate::commit::{PENDING_BYTES_MAX, Weight};
use crate::driver::{Driver, EndedScope, SLEEP_THROUGH_MS, ended};
use crate::gather;
use crate::mail::{Answer, Mail, Message};
use crate::session::{Halt, Shared, work};

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

impl Dealing {
    fn new(parent: &ScopeId, fork: &Fork, origin: Origin) -> Option<Arc<Self>> {
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

    fn take(&self, end: u64) {
        *self.next() = Some(end);
    }
}

/// What a driver whose children run waits for.
enum News {
    Mail(Option<Mail>),
    Ended(u32, Result<EndedScope, Halt>),
    Time,
}

/// Where a fork comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Made here: no child has a record that was not written here.
    Made,
    /// Found in the log: children may have records.
    Found,
}

/// The children of a fork that are known here.
struct Children {
    fork: Fork,
    name: Arc<str>,
    dealing: Option<Arc<Dealing>>,
    running: FuturesUnordered<BoxFuture<'static, (u32, Result<EndedScope, Halt>)>>,
    live: BTreeSet<u32>,
    ended: BTreeMap<u32, EndedScope>,
    /// Children that rest in the store.
    resting: BTreeSet<u32>,
    origin: Origin,
    /// The time of the record that forked them, or later.
    stamp: Millis,
}

impl Driver {
    /// Drives the children of the fork until all have ended, one has failed, or the state is over.
    pub(crate) async fn children(&mut self) -> Result<(), Halt> {
        let origin = self.origin_of_fork();
        self.commit_pending().await?;
        let Some(mut children) = self.open_children(origin) else {
            return Ok(());
        };
        if origin == Origin::Made {
            self.start_all(&mut children).await?;
        }
        while self
            .snapshot
            .fork()
            .is_some_and(|fork| fork.revision == children.fork.revision)
        {
            if std::mem::take(&mut self.descend) {
                self.start_all(&mut children).await?;
            }
            if self.join(&mut children).await? {
                break;
            }
            self.wait_for_child(&mut children).await?;
        }
        self.shared.abandon(&self.id, children.fork.revision);
        Ok(())
    }

    /// Whether the fork is in the record in the making: then nobody else has begun its children.
    fn origin_of_fork(&self) -> Origin {
        let is_pending = self
            .snapshot
            .fork()
            .is_some_and(|fork| fork.revision == self.next_revision());
        if is_pending { Origin::Made } else { Origin::Found }
    }

    fn open_children(&self, origin: Origin) -> Option<Children> {
        let fork = self.snapshot.fork()?.clone();
        Some(Children {
            name: self.state()?.name.clone(),
            dealing: Dealing::new(&self.id, &fork, origin),
            running: FuturesUnordered::new(),
            live: BTreeSet::new(),
            ended: BTreeMap::new(),
            resting: BTreeSet::new(),
            origin,
            stamp: self.durable.map_or(self.after, |durable| durable.stamp),
            fork,
        })
    }

    async fn start_all(&mut self, children: &mut Children) -> Result<(), Halt> {
        for index in 0..children.fork.count() {
            self.start_child(children, index).await?;
        }
        Ok(())
    }

    /// Drives a child and everything inside, from its last record or from its beginning.
    async fn start_child(&mut self, children: &mut Children, index: u32) -> Result<(), Halt> {
        if let Some(mut driver) = self.open_child(children, index).await? {
            driver.descend = true;
            children.run(index, driver);
        }
        Ok(())
    }

    /// The driver of a child; nothing where it is driven already or has ended.
    async fn open_child(&self, children: &mut Children, index: u32) -> Result<Option<Driver>, Halt> {
        if children.live.contains(&index) || children.ended.contains_key(&index) {
            return Ok(None);
        }
        let id = self.id.child(children.fork.revision, index);
        let record = match children.origin {
            Origin::Made => None,
            Origin::Found => self.shared.last(&id).await?,
        };
        match record {
            Some(record) if !record.snapshot.status.is_running() => {
                self.shared.arm_unknown(&id);
                children.ended.insert(index, ended(&record.snapshot, record.stamp));
                Ok(None)
            }
            Some(record) => Ok(Some(Driver::resumed(
                &self.shared,
                id,
                record,
                children.dealing.clone(),
            ))),
            None => Ok(child(&self.snapshot, &children.name, index)
                .map(|snapshot| Driver::fresh(&self.shared, id, snapshot, children.stamp, children.dealing.clone()))),
        }
    }

    /// Waits for a child's end, mail, or the state's timeout. The children are at work, not the parent.
    async fn wait_for_child(&mut self, children: &mut Children) -> Result<(), Halt> {
        let due = self.due();
        self.shared.wants(&self.id, due.map_or(Due::Never, Due::At));
        if due.is_none_or(|due| due > self.shared.now() + SLEEP_THROUGH_MS) {
            self.working = None;
        }
        let mut sleep = self.sleep_until(due).fuse();
        let is_alone = children.live.is_empty();
        let mut closing = if is_alone {
            self.shared.engine.closing().boxed()
        } else {
            futures::future::pending().boxed()
        }
        .fuse();
        let news = futures::select_biased! {
            () = closing => return Err(Halt::Closing),
            mail = self.inbox.next() => News::Mail(mail),
            (index, end) = children.running.select_next_some() => News::Ended(index, end),
            () = sleep => News::Time,
        };
        self.working.get_or_insert_with(|| work(&self.shared));
        match news {
            News::Mail(mail) => self.read_for_children(children, mail).await,
            News::Ended(index, end) => children.end(index, end),
            News::Time => self.fold(Event::TimerFired, Weight::Heavy).await.map(drop),
        }
    }

    /// Reads mail while children run: for this scope, or for one inside.
    async fn read_for_children(&mut self, children: &mut Children, mail: Option<Mail>) -> Result<(), Halt> {
        let Some(mail) = mail else { return Err(Halt::Closing) };
        let Some(index) = children.towards(&self.id, &mail.target) else {
            return self.read(Some(mail)).await;
        };
        if let Some(driver) = self.open_child(children, index).await? {
            children.run(index, driver);
        }
        let child = self.id.child(children.fork.revision, index);
        if self.shared.is_live(&child) {
            self.shared.send(mail);
        } else {
            match mail.message {
                Message::Look => {}
                Message::Event(..) if mail.target == child => mail.refuse(Answer::Late),
                Message::Event(..) => mail.refuse(Answer::Gone),
            }
        }
        Ok(())
    }

    /// Folds the children's end if they have come to one; whether they have.
    async fn join(&mut self, children: &mut Children) -> Result<bool, Halt> {
        self.collect_ready(children)?;
        let failed = children
            .ended
            .values()
            .filter_map(|child| Some((child.index, child.status.failure()?)));
        let failed = failed
            .min_by_key(|(index, _)| *index)
            .map(|(index, failure)| (index, failure.clone()));
        let fork = children.fork.revision;
        let event = match failed {
            Some((index, failure)) => Event::ChildFailed { fork, index, failure },
            None if children.live.is_empty() && !self.shared.engine.is_closing() => {
                self.look_at_the_rest(children).await?;
                match children.all_ended() {
                    true => self.joined(children).await?,
                    false => return Ok(false),
                }
            }
            None => return Ok(false),
        };
        self.after = children
            .ended
            .values()
            .map(|child| child.stamp)
            .fold(self.after, Millis::max);
        self.fold(event, Weight::Heavy).await
    }

    /// Takes every end that is there already, so that several failures are seen at one look.
    fn collect_ready(&self, children: &mut Children) -> Result<(), Halt> {
        while let Some(Some((index, end))) = children.running.next().now_or_never() {
            children.end(index, end)?;
        }
        Ok(())
    }

    /// Reads how those children stand that nobody drives here. Ended ones are counted, lost ones begin.
    async fn look_at_the_rest(&mut self, children: &mut Children) -> Result<(), Halt> {
        for index in 0..children.fork.count() {
            if children.ended.contains_key(&index) || children.resting.contains(&index) {
                continue;
            }
            let id = self.id.child(children.fork.revision, index);
            match self.shared.last(&id).await? {
                Some(record) if record.snapshot.status.is_running() => {
                    children.resting.insert(index);
                }
                Some(record) => {
                    self.shared.arm_unknown(&id);
                    children.ended.insert(index, ended(&record.snapshot, record.stamp));
                }
                None => self.start_child(children, index).await?,
            }
        }
        Ok(())
    }

    async fn joined(&self, children: &mut Children) -> Result<Event, Halt> {
        let fork = children.fork.revision;
        match children.fork.children {
            Forked::Branches { .. } => {
                let branches = children.ended.values().map(|child| Branch {
                    output: output(&child.status),
                    writes: child.writes.clone(),
                });
                Ok(Event::BranchesEnded {
                    fork,
                    branches: branches.collect(),
                })
            }
            Forked::Lanes { total, .. } if children.items_ended() != total => Err(Halt::Bug(format!(
                "{} of {total} items ended (scope `{}`)",
                children.items_ended(),
                self.id.0
            ))),
            Forked::Lanes { .. } => Ok(Event::LanesEnded {
                fork,
                items: self.items(children).await?,
            }),
        }
    }

    /// The items' ends: their outputs stay with the lanes until an expression touches them.
    async fn items(&self, children: &mut Children) -> Result<Items, Halt> {
        let lanes: Vec<_> = children.ended.values().filter_map(|child| child.lane).collect();
        let bytes = 1 + lanes.iter().map(|lane| lane.bytes + 1).sum::<u64>();
        let pointer = Pointer {
            birth: Birth {
                scope: self.id.0.clone(),
                revision: children.fork.revision.0,
                slot: Slot::Joined,
            },
            path: Vec::new(),
            bytes,
        };
        let behind = Value::Stored(Arc::new(pointer));
        let wrote = lanes.iter().any(|lane| lane.wrote);
        if bytes > INLINE_BYTES_MAX && !wrote {
            return Ok(Items {
                outputs: behind,
                writes: Value::Object(Arc::default()),
            });
        }
        let items = gather::items_of_fork(&self.shared, &self.id, children.fork.revision).await?;
        let writes = gather::merged_writes(&self.shared, &items).await?;
        let inline = || Value::array(items.into_iter().map(|item| item.output));
        Ok(Items {
            outputs: if bytes > INLINE_BYTES_MAX { behind } else { inline() },
            writes,
        })
    }

    /// Begins the lane's next items, or ends it.
    pub(crate) async fn deal(&mut self) -> Result<(), Halt> {
        let Some(dealing) = self.dealing.clone() else {
            return Err(Halt::Bug("a lane without a dealer".to_owned()));
        };
        loop {
            dealing.learn(&self.shared).await?;
            let (from, end) = dealing.offer(self.reservation());
            let bytes_before = self.output_bytes();
            match self.try_fold(&Event::ItemsDealt { from, end }, Weight::Light) {
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

impl Children {
    fn run(&mut self, index: u32, driver: Driver) {
        self.resting.remove(&index);
        self.live.insert(index);
        self.running.push(driver.run().map(move |end| (index, end)).boxed());
    }

    fn end(&mut self, index: u32, end: Result<EndedScope, Halt>) -> Result<(), Halt> {
        self.live.remove(&index);
        match end {
            // The others still stop cleanly, each in its own time.
            Err(Halt::Closing) => {
                self.resting.insert(index);
            }
            Err(halt) => return Err(halt),
            Ok(end) => {
                self.ended.insert(index, end);
            }
        }
        Ok(())
    }

    fn items_ended(&self) -> u64 {
        self.ended
            .values()
            .filter_map(|child| child.lane)
            .map(|lane| lane.ended)
            .sum()
    }

    fn all_ended(&self) -> bool {
        u32::try_from(self.ended.len()).is_ok_and(|ended| ended == self.fork.count())
    }

    /// Which child lies on the way to `target`, if it is one of this fork's.
    fn towards(&self, parent: &ScopeId, target: &ScopeId) -> Option<u32> {
        let mut scope = target.clone();
        loop {
            let (above, fork, index) = scope.parent()?;
            if above == *parent {
                return (fork == self.fork.revision && index < self.fork.count()).then_some(index);
            }
            scope = above;
        }
    }
}

fn output(status: &Status) -> Value {
    match status {
        Status::Succeeded(output) => output.clone(),
        Status::Running | Status::Failed(_) | Status::Stopped(_) | Status::TimedOut(_) => Value::Null,
    }
}
