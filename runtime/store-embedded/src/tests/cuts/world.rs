//! One disk, and the lives of the stores over it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use redb::Database;
use stepwell_ports::LogError;
use stepwell_simulator::Chance;

use super::contents::{Change, Contents, Ended};
use crate::tests::faulty_disk::{FaultyDisk, Fuse};
use crate::writer::Writer;
use crate::{EmbeddedStore, OpenError, Options};

/// How many lives a world has.
const LIVES: u64 = 12;

/// In the middle of what a cut fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cut {
    /// The store was being made: its file has no name yet, and is begun again.
    Making,
    /// A store that nothing had hurt was being opened.
    Opening,
    /// What an earlier cut had left was being opened.
    Repairing,
    /// The store was being read.
    Reading,
    /// A group was being written.
    Writing,
    /// The space was being noted while nothing else happened.
    Settling,
    /// Nothing was being done.
    Resting,
    /// The file was being compacted.
    Compacting,
    /// The store was being closed.
    Closing,
}

/// How often what happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    cuts: BTreeMap<Cut, u64>,
    power_losses: u64,
    deaths: u64,
    acknowledged: u64,
    /// Changes that nobody was told of, and that survived all the same.
    survived: u64,
    /// Changes that nobody was told of, and that were lost.
    lost: u64,
}

/// A disk over many lives.
pub(super) struct World {
    seed: u64,
    chance: Chance,
    disk: FaultyDisk,
    /// What somebody has seen.
    known: Contents,
    /// Handed over since then.
    handed: Vec<Change>,
    /// So many of those are acknowledged.
    acknowledged: usize,
    /// What there is if all of them survive.
    now: Contents,
    is_made: bool,
    is_hurt: bool,
    /// There is something to note for an opening without a walk.
    is_unsettled: bool,
    pub(super) tally: Tally,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            chance: Chance::new(seed),
            disk: FaultyDisk::default(),
            known: Contents::default(),
            handed: vec![],
            acknowledged: 0,
            now: Contents::default(),
            is_made: false,
            is_hurt: false,
            is_unsettled: false,
            tally: Tally::default(),
        }
    }

    pub(super) fn run(&mut self) {
        for _ in 0..LIVES {
            self.light();
            let cut = self.life();
            self.is_hurt = cut.is_some();
            cut.into_iter().for_each(|cut| self.tally.count(cut));
            self.come_back();
        }
        self.finish();
    }

    fn life(&mut self) -> Option<Cut> {
        if !self.is_made {
            self.make()
        } else if self.chance.once_in(8) {
            self.compact()
        } else {
            self.live()
        }
    }

    /// The faults are over, and the store is as good as ever.
    fn finish(&mut self) {
        if self.is_made {
            let store = self.open().unwrap();
            self.recognise(Contents::of(&store).unwrap());
            let mut writer = Writer::new(store.shared()).unwrap();
            self.write(&store, &mut writer).unwrap();
        }
    }

    fn light(&mut self) {
        let changes = [3, 12, 40, 150][usize::try_from(self.chance.below(4)).unwrap()];
        match self.chance.below(5) {
            0 => {}
            1 => self.disk.light(Fuse::Operations(self.chance.below(4 * changes))),
            _ => self.disk.light(Fuse::Changes(self.chance.below(changes))),
        }
    }

    /// Without a cut, too, only a process has ended.
    fn come_back(&mut self) {
        if self.chance.once_in(4) {
            self.tally.deaths += 1;
            self.disk.after_death();
        } else {
            self.tally.power_losses += 1;
            self.disk.after_power_loss(&self.chance);
        }
    }

    fn open(&self) -> Result<EmbeddedStore, OpenError> {
        // With a small cache pages come to the disk before their commit, and are read again.
        let cache_bytes = [1 << 12, 1 << 16, 4 << 20][usize::try_from(self.chance.below(3)).unwrap()];
        let options = Options {
            cache_bytes,
            ..Options::default()
        };
        EmbeddedStore::open_by_hand(self.disk.clone(), options)
    }

    /// The file gets its name, and counts, once it is whole and closed.
    fn make(&mut self) -> Option<Cut> {
        self.disk.wipe();
        match self.open() {
            Ok(store) => close(&store),
            Err(error) => return Some(self.excuse(Cut::Making, error)),
        }
        self.is_made = !self.disk.is_gone();
        (!self.is_made).then_some(Cut::Making)
    }

    /// Opens the store, looks, works, and closes it, or dies.
    fn live(&mut self) -> Option<Cut> {
        let opening = if self.is_hurt { Cut::Repairing } else { Cut::Opening };
        let store = match self.open() {
            Ok(store) => store,
            Err(error) => return Some(self.excuse(opening, error)),
        };
        let cut = self.look_and_work(&store);
        if cut.is_some() {
            self.disk.cut();
        }
        close(&store);
        cut.or(self.disk.is_gone().then_some(Cut::Closing))
    }

    fn look_and_work(&mut self, store: &EmbeddedStore) -> Option<Cut> {
        match Contents::of(store) {
            Ok(found) => self.recognise(found),
            Err(error) => return Some(self.excuse(Cut::Reading, error)),
        }
        let mut writer = Writer::new(store.shared()).unwrap();
        self.is_unsettled = false;
        for _ in 0..self.chance.below(14) {
            if self.is_unsettled && self.chance.once_in(4) {
                self.is_unsettled = false;
                if writer.turn(Duration::ZERO).is_none() {
                    return Some(self.excuse(Cut::Settling, "settling failed"));
                }
            } else if let Err(error) = self.write(store, &mut writer) {
                return Some(self.excuse(Cut::Writing, error));
            }
        }
        self.chance.once_in(6).then_some(Cut::Resting)
    }

    /// What is found must be what was handed over up to some place behind the last acknowledgement.
    fn recognise(&mut self, found: Contents) {
        let mut expected = self.known.clone();
        let mut place = 0;
        while place < self.acknowledged || expected != found {
            let Some(change) = self.handed.get(place) else {
                panic!(
                    "seed {}: {} changes were handed over, {} acknowledged; no such beginning of them makes\n{found:?}",
                    self.seed,
                    self.handed.len(),
                    self.acknowledged
                )
            };
            expected.apply(change);
            place += 1;
        }
        self.tally.survived += (place - self.acknowledged) as u64;
        self.tally.lost += (self.handed.len() - place) as u64;
        self.now = found.clone();
        self.known = found;
        self.handed.clear();
        self.acknowledged = 0;
    }

    /// Hands some changes over and turns the writer; every end must be the right one, and come after a sync.
    fn write(&mut self, store: &EmbeddedStore, writer: &mut Writer<'_>) -> Result<(), LogError> {
        let syncs = self.disk.syncs();
        let count = 1 + self.chance.below(8);
        let under_way: Vec<_> = (0..count).map(|_| self.hand_over(store)).collect();
        let _over = writer.turn(Duration::ZERO);
        for (expected, ended) in under_way {
            let ended = ended.now_or_never().expect("the writer was turned");
            match (ended, expected) {
                (Ok(()), Ended::Changed) => assert!(
                    self.disk.syncs() > syncs,
                    "seed {}: acknowledged without a sync since it was handed over",
                    self.seed
                ),
                (Ok(()), Ended::Same)
                | (Err(LogError::Taken { .. }), Ended::Taken)
                | (Err(LogError::Gap { .. }), Ended::Gap) => {}
                (Err(error @ (LogError::Store { .. } | LogError::Closed)), _) => return Err(error),
                (ended, expected) => panic!("seed {}: {ended:?} instead of {expected:?}", self.seed),
            }
            self.is_unsettled |= expected == Ended::Changed;
            self.acknowledged += 1;
            self.tally.acknowledged += 1;
        }
        assert_eq!(self.acknowledged, self.handed.len());
        Ok(())
    }

    fn hand_over(&mut self, store: &EmbeddedStore) -> (Ended, impl Future<Output = Result<(), LogError>> + use<>) {
        let change = self.now.change(&self.chance);
        let expected = self.now.apply(&change);
        let ended = change.hand_over(store);
        self.handed.push(change);
        (expected, ended)
    }

    /// The store has no such operation; whoever has the file can do it with redb.
    fn compact(&mut self) -> Option<Cut> {
        let opened = Database::builder().create_with_backend(self.disk.clone());
        let compacted = opened
            .map_err(|error| format!("{error:?}"))
            .and_then(|mut database| database.compact().map_err(|error| format!("{error:?}")));
        match compacted {
            Ok(_) => self.disk.is_gone().then_some(Cut::Compacting),
            Err(error) => Some(self.excuse(Cut::Compacting, error)),
        }
    }

    /// The only excuse for a failure is a cut.
    fn excuse(&self, cut: Cut, error: impl std::fmt::Debug) -> Cut {
        assert!(self.disk.is_gone(), "seed {}, {cut:?}: {error:?}", self.seed);
        cut
    }
}

fn close(store: &EmbeddedStore) {
    store.close();
    store.shared().release();
}

impl Cut {
    pub(super) const ALL: [Self; 9] = [
        Self::Making,
        Self::Opening,
        Self::Repairing,
        Self::Reading,
        Self::Writing,
        Self::Settling,
        Self::Resting,
        Self::Compacting,
        Self::Closing,
    ];
}

impl Tally {
    fn count(&mut self, cut: Cut) {
        *self.cuts.entry(cut).or_default() += 1;
    }

    pub(super) fn of(&self, cut: Cut) -> u64 {
        self.cuts.get(&cut).copied().unwrap_or(0)
    }

    pub(super) fn all(&self) -> u64 {
        self.cuts.values().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (cut, more) in &other.cuts {
            *self.cuts.entry(*cut).or_default() += more;
        }
        self.power_losses += other.power_losses;
        self.deaths += other.deaths;
        self.acknowledged += other.acknowledged;
        self.survived += other.survived;
        self.lost += other.lost;
    }
}
