//! A disk in memory whose power can go, and that can be held at a sync.

use std::io;
use std::sync::{Arc, Condvar, Mutex};

use redb::StorageBackend;

use super::mix;

/// What a disk writes whole.
const SECTOR: usize = 512;

#[derive(Debug, Default)]
struct State {
    /// What the programs see.
    current: Vec<u8>,
    /// What survives.
    synced: Vec<u8>,
    /// Written since the last sync, in order: place and content of sectors or parts of them.
    unsynced: Vec<(usize, Vec<u8>)>,
    syncs: u64,
    /// How many more writes and syncs there will be.
    calls_left: Option<u64>,
    held: bool,
}

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultyDisk {
    state: Arc<Mutex<State>>,
    freed: Arc<Condvar>,
}

impl FaultyDisk {
    /// A disk that holds this.
    pub(super) fn holding(contents: Vec<u8>) -> Self {
        let disk = Self::default();
        let mut state = disk.state.lock().unwrap();
        state.current.clone_from(&contents);
        state.synced = contents;
        drop(state);
        disk
    }

    /// After `calls` more writes and syncs the power goes: every call fails.
    pub(super) fn fail_after(&self, calls: u64) {
        self.state.lock().unwrap().calls_left = Some(calls);
    }

    /// What is found when the power is back: of the sectors written since the last sync, any.
    pub(super) fn after_power_loss(&self, seed: u64) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        let mut chance = mix(seed);
        let odds = [1, 3, 15][usize::try_from(seed % 3).unwrap()];
        let mut found = state.synced.clone();
        if mix(chance) & 1 == 0 {
            found.resize(state.current.len(), 0);
        }
        for (place, sector) in &state.unsynced {
            chance = mix(chance);
            let Some(target) = found.get_mut(*place..place + sector.len()) else {
                continue;
            };
            if chance & odds != 0 {
                target.copy_from_slice(sector);
            }
        }
        found
    }

    /// The next sync waits until the disk is freed.
    pub(super) fn hold(&self) {
        self.state.lock().unwrap().held = true;
    }

    pub(super) fn free(&self) {
        self.state.lock().unwrap().held = false;
        self.freed.notify_all();
    }

    pub(super) fn syncs(&self) -> u64 {
        self.state.lock().unwrap().syncs
    }
}

impl State {
    fn use_power(&mut self) -> io::Result<()> {
        match &mut self.calls_left {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().unwrap().current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (state, start) = (self.state.lock().unwrap(), usize::try_from(offset).unwrap());
        let found = state.current.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.use_power()?;
        state.current.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self
            .freed
            .wait_while(self.state.lock().unwrap(), |state| state.held)
            .unwrap();
        state.use_power()?;
        state.synced = state.current.clone();
        state.unsynced.clear();
        state.syncs += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut state, start) = (self.state.lock().unwrap(), usize::try_from(offset).unwrap());
        state.use_power()?;
        state.current[start..start + data.len()].copy_from_slice(data);
        let mut rest = data;
        let mut place = start;
        while !rest.is_empty() {
            let (sector, behind) = rest.split_at(rest.len().min(SECTOR - place % SECTOR));
            state.unsynced.push((place, sector.to_vec()));
            place += sector.len();
            rest = behind;
        }
        Ok(())
    }
}
