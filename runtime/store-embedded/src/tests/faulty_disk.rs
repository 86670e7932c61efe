//! A disk in memory whose power can go, and that can be held at a sync.
//!
//! What was written since the last sync stands apart from what is sure to survive. When the power goes, any of it
//! survives: writes whole, in sectors, or in parts of a sector; in their order or in any other.
//!
//! **Invariant:** a sync makes everything before it survive, and nothing else does.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::StorageBackend;
use stepwell_simulator::Chance;

/// What a disk writes whole, unless it does not.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

/// When the power goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fuse {
    /// Before the operation after so many more, reads included.
    Operations(u64),
    /// Before the operation after so many more that change something, or sync.
    Changes(u64),
}

#[derive(Debug, Default)]
struct State {
    /// What the programs see.
    current: Vec<u8>,
    /// What survives.
    synced: Vec<u8>,
    /// Changed since the last sync, in order.
    unsynced: Vec<Change>,
    syncs: u64,
    fuse: Option<Fuse>,
    gone: bool,
    held: bool,
}

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultyDisk {
    state: Arc<Mutex<State>>,
    freed: Arc<Condvar>,
}

impl FaultyDisk {
    /// The power goes when this fuse has burnt down: every later operation fails.
    pub(super) fn light(&self, fuse: Fuse) {
        self.state().fuse = Some(fuse);
    }

    /// The power goes now.
    pub(super) fn cut(&self) {
        self.state().gone = true;
    }

    /// Empties the disk, for good.
    pub(super) fn wipe(&self) {
        let mut state = self.state();
        state.current.clear();
        state.synced.clear();
        state.unsynced.clear();
    }

    pub(super) fn is_gone(&self) -> bool {
        self.state().gone
    }

    /// Only the process has died: what it wrote is still there, and still not synced.
    pub(super) fn after_death(&self) {
        let mut state = self.state();
        (state.fuse, state.gone) = (None, false);
    }

    /// The power is back. Of what was not synced, chance has taken its part.
    pub(super) fn after_power_loss(&self, chance: &Chance) {
        let mut state = self.state();
        let unsynced = std::mem::take(&mut state.unsynced);
        for change in survivors(unsynced, chance) {
            change.apply(&mut state.synced);
        }
        state.current = state.synced.clone();
        (state.fuse, state.gone) = (None, false);
    }

    /// The next sync waits until the disk is freed.
    pub(super) fn hold(&self) {
        self.state().held = true;
    }

    pub(super) fn free(&self) {
        self.state().held = false;
        self.freed.notify_all();
    }

    pub(super) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// What survives of these changes, in the order in which it came to the disk.
fn survivors(changes: Vec<Change>, chance: &Chance) -> Vec<Change> {
    let mut pieces = if chance.once_in(2) {
        changes
    } else {
        changes.into_iter().flat_map(Change::sectors).collect()
    };
    if chance.once_in(2) {
        shuffle(&mut pieces, chance);
    }
    let odds = chance.below(5);
    let torn = if chance.once_in(2) {
        u64::MAX
    } else {
        2 + chance.below(30)
    };
    pieces.retain(|_| match odds {
        0 => chance.once_in(16),
        1 => chance.once_in(2),
        2 => !chance.once_in(4),
        3 => !chance.once_in(16),
        _ => true,
    });
    let tear = |piece: Change| {
        if chance.once_in(torn) {
            piece.torn(chance)
        } else {
            piece
        }
    };
    pieces.into_iter().map(tear).collect()
}

fn shuffle<T>(list: &mut [T], chance: &Chance) {
    for place in (1..list.len()).rev() {
        list.swap(place, below(chance, place + 1));
    }
}

fn below(chance: &Chance, end: usize) -> usize {
    usize::try_from(chance.below(end as u64)).unwrap()
}

impl Change {
    fn apply(&self, contents: &mut Vec<u8>) {
        match self {
            Self::Length(length) => contents.resize(*length, 0),
            Self::Bytes(place, bytes) => {
                // Where the file's new length was lost, what stands behind it is lost too.
                let end = contents.len().min(place + bytes.len());
                if let Some(target) = contents.get_mut(*place..end) {
                    target.copy_from_slice(&bytes[..target.len()]);
                }
            }
        }
    }

    fn sectors(self) -> Vec<Self> {
        let Self::Bytes(mut place, bytes) = self else {
            return vec![self];
        };
        let mut sectors = vec![];
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (sector, behind) = rest.split_at(rest.len().min(SECTOR - place % SECTOR));
            sectors.push(Self::Bytes(place, sector.to_vec()));
            place += sector.len();
            rest = behind;
        }
        sectors
    }

    /// Its beginning or its end, from the middle of a sector on.
    fn torn(self, chance: &Chance) -> Self {
        match self {
            Self::Length(_) => self,
            Self::Bytes(place, bytes) => {
                let (first, last) = bytes.split_at(below(chance, bytes.len() + 1));
                if chance.once_in(2) {
                    Self::Bytes(place, first.to_vec())
                } else {
                    Self::Bytes(place + first.len(), last.to_vec())
                }
            }
        }
    }
}

impl State {
    /// An operation that only reads.
    fn look(&mut self) -> io::Result<()> {
        match &mut self.fuse {
            Some(Fuse::Operations(left)) => burn(left, &mut self.gone),
            Some(Fuse::Changes(_)) | None => {}
        }
        self.check_power()
    }

    /// An operation that changes something, or syncs.
    fn touch(&mut self) -> io::Result<()> {
        match &mut self.fuse {
            Some(Fuse::Operations(left) | Fuse::Changes(left)) => burn(left, &mut self.gone),
            None => {}
        }
        self.check_power()
    }

    fn check_power(&self) -> io::Result<()> {
        if self.gone {
            Err(io::Error::other("the power is gone"))
        } else {
            Ok(())
        }
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        self.touch()?;
        change.apply(&mut self.current);
        self.unsynced.push(change);
        Ok(())
    }
}

fn burn(left: &mut u64, gone: &mut bool) {
    *gone |= *left == 0;
    *left = left.saturating_sub(1);
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.state();
        state.look()?;
        Ok(state.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (mut state, start) = (self.state(), usize::try_from(offset).unwrap());
        state.look()?;
        let found = state.current.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.state().change(Change::Length(usize::try_from(len).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.freed.wait_while(self.state(), |state| state.held).unwrap();
        state.touch()?;
        for change in std::mem::take(&mut state.unsynced) {
            change.apply(&mut state.synced);
        }
        state.syncs += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let end = usize::try_from(offset).unwrap() + data.len();
        if end > state.current.len() {
            state.change(Change::Length(end))?;
        }
        state.change(Change::Bytes(end - data.len(), data.to_vec()))
    }
}
