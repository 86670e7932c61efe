//! Children: starting them, dealing items to lanes, joining.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::future::FusedFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use stepwell_core::{Branch, Event, Failure, Fork, Forked, Items, Millis, ScopeId, Status, child};
use stepwell_expression::{Birth, INLINE_BYTES_MAX, Pointer, Slot, Value};
use stepwell_ports::Due;

use crate::commit::Weight;
use crate::dealing::{Dealing, Origin};
use crate::driver::{Driver, EndedScope, ended};
use crate::gather;
use crate::handing::{HandOut, Leaving};
use crate::mail::{Answer, Mail, Message};
use crate::session::{Halt, work};

/// What a driver whose children run waits for.
enum News {
    Mail(Option<Mail>),
    Ended(u32, Result<EndedScope, Halt>),
    Left(HandOut),
    Time,
}

/// The children of a fork that are known here.
struct Children {
    fork: Fork,
    name: Arc<str>,
    dealing: Option<Arc<Dealing>>,
    running: FuturesUnordered<BoxFuture<'static, (u32, Result<EndedScope, Halt>)>>,
    live: BTreeSet<u32>,
    ended: BTreeMap<u32, EndedScope>,
    /// The failed child with the lowest number.
    failed: Option<(u64, Failure)>,
    /// Children that rest in the store, or are driven elsewhere.
    resting: BTreeSet<u32>,
    /// Children that were asked to leave.
    leaving: Leaving,
    origin: Origin,
    /// The time of the record that forked them, or later.
    stamp: Millis,
}

impl Driver {
    /// Drives the children of the fork until all have ended, one has failed, or the state is over.
    pub(crate) async fn children(&mut self) -> Result<(), Halt> {
        let origin = self.origin_of_fork();
        self.commit().await?;
        let Some(mut children) = self.open_children(origin) else {
            return Ok(());
        };
        if origin == Origin::Made {
            self.descend = false;
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
            failed: None,
            resting: BTreeSet::new(),
            leaving: Leaving::terminated(),
            origin,
            stamp: self.durable.as_ref().map_or(self.after, |durable| durable.stamp),
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
        if children.live.contains(&index) {
            // It may have been opened for one scope inside.
            let child = self.id.child(children.fork.revision, index);
            self.shared.send(Mail::look(child));
        } else if let Some(mut driver) = self.open_child(children, index).await? {
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
                children.take(index, ended(&record.snapshot, record.stamp));
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
        let nobody_leaves = children.leaving.is_terminated();
        if nobody_leaves && self.is_left_alone(due) {
            self.leave_to_wakes(due).await?;
            self.working = None;
        }
        let mut sleep = self.sleep_until(due).fuse();
        let is_alone = children.live.is_empty() && nobody_leaves;
        let mut closing = if is_alone {
            self.shared.closing().boxed()
        } else {
            futures::future::pending().boxed()
        }
        .fuse();
        let news = futures::select_biased! {
            () = closing => return Err(Halt::Closing),
            mail = self.inbox.next() => News::Mail(mail),
            (index, end) = children.running.select_next_some() => News::Ended(index, end),
            out = &mut children.leaving => News::Left(out),
            () = sleep => News::Time,
        };
        self.working.get_or_insert_with(|| work(&self.shared));
        match news {
            News::Mail(mail) => self.read_for_children(children, mail).await,
            News::Ended(index, end) => {
                self.remember_closing(&end);
                children.end(index, end)
            }
            News::Left(out) => self.hand_out(children.fork.revision, out).await,
            News::Time => self.fold(Event::TimerFired, Weight::Heavy).await.map(drop),
        }
    }

    /// A child that stopped cleanly is nobody's: what the wake asked for is not all done, whatever the clock says next.
    fn remember_closing(&self, end: &Result<EndedScope, Halt>) {
        if let (Err(Halt::Closing), Some(woken)) = (end, &self.shared.woken) {
            woken.again(self.shared.now());
        }
    }

    /// Reads mail while children run: for this scope, or for one inside.
    async fn read_for_children(&mut self, children: &mut Children, mail: Option<Mail>) -> Result<(), Halt> {
        let Some(mail) = mail else { return Err(Halt::Closing) };
        match &mail.message {
            Message::Refresh => children.resting.clear(),
            Message::Crowded if mail.target == self.id => {
                if children.leaving.is_terminated() {
                    children.leaving = self.ask_half(children.fork.revision);
                }
                return Ok(());
            }
            Message::Look | Message::Crowded | Message::Event(..) => {}
        }
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
                Message::Look | Message::Refresh | Message::Crowded => {}
                Message::Event(..) if mail.target == child => mail.refuse(Answer::Late),
                Message::Event(..) => mail.refuse(Answer::Gone),
            }
        }
        Ok(())
    }

    /// Folds the children's end if they have come to one; whether they have.
    async fn join(&mut self, children: &mut Children) -> Result<bool, Halt> {
        self.collect_ready(children)?;
        if children.failed.is_none() && children.live.is_empty() && !self.shared.is_closing() {
            // An end that is found here may be a failure.
            self.look_at_the_rest(children).await?;
        }
        let fork = children.fork.revision;
        let event = match children.failed.clone() {
            Some((index, failure)) => Event::ChildFailed { fork, index, failure },
            None if children.all_ended() && !self.shared.is_closing() => self.joined(children).await?,
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
                    children.take(index, ended(&record.snapshot, record.stamp));
                }
                // Whoever handed others out answers for it.
                None if self.came_by_a_hand_out() => {
                    children.resting.insert(index);
                }
                None => self.start_child(children, index).await?,
            }
        }
        Ok(())
    }

    /// Whether this session answers for children that were handed out, and for no others.
    fn came_by_a_hand_out(&self) -> bool {
        self.shared.woken.as_ref().is_some_and(|woken| woken.is_hand_out())
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
            Err(Halt::Closing | Halt::HandedOut) => {
                self.resting.insert(index);
            }
            Err(halt) => return Err(halt),
            Ok(end) => self.take(index, end),
        }
        Ok(())
    }

    fn take(&mut self, index: u32, end: EndedScope) {
        if let Some(failure) = end.status.failure()
            && self.failed.as_ref().is_none_or(|(lowest, _)| end.index < *lowest)
        {
            self.failed = Some((end.index, failure.clone()));
        }
        self.ended.insert(index, end);
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
