//! The process that kills: it starts children and lets none of them live for long, until it lets one end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use stepwell_simulator::Chance;

use crate::case::Case;
use crate::clock::system_ms;
use crate::driven::{Asked, Verb};
use crate::verdict;

/// A child that does nothing for so long is a failed test, not a slow one.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many processes are killed by chance in a round. Of an attempt that dies alone in its process for the third time
/// it is said that it crashes, and five deaths can bring that about.
const KILLS_MAX: u64 = 4;
/// How many children a round has at most after the last one that is killed by chance.
const LAST_MAX: usize = 20;

/// How often what happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rounds: u32,
    /// Killed before they had the store.
    pub(crate) deaths_opening: u32,
    /// Killed between opening and their start's acknowledgement.
    pub(crate) deaths_recovering: u32,
    /// Killed while they drove.
    pub(crate) deaths_driving: u32,
    /// Killed while they reported.
    pub(crate) deaths_reporting: u32,
    /// Effects that began once more because of a death.
    pub(crate) repeats: u32,
    pub(crate) effects: u32,
    pub(crate) records: u32,
}

impl Tally {
    /// How many processes were killed.
    pub(crate) fn deaths(&self) -> u32 {
        self.deaths_opening + self.deaths_recovering + self.deaths_driving + self.deaths_reporting
    }
}

/// One round: a directory, its children, and what they said.
pub(crate) struct Round<'a> {
    asked: Asked,
    is_reported_to: bool,
    lasts_ms: u64,
    chance: Chance,
    started: bool,
    deaths: u32,
    tally: &'a mut Tally,
}

/// When a child is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after it was started.
    Spawned(Duration),
    /// So long after it had the store.
    Opened(Duration),
    /// So long after its start was acknowledged.
    Started(Duration),
    /// When only a report can help.
    Waiting,
}

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Killed,
    Ended,
}

/// Runs a round and checks what is left of it.
pub(crate) fn round(case: &str, seed: u64, dir: &Path, tally: &mut Tally) {
    let asked = Asked {
        dir: dir.to_owned(),
        case: case.to_owned(),
        seed,
        begun_ms: system_ms(),
        verb: Verb::Drive,
    };
    let case = Case::named(case, seed);
    let mut round = Round {
        is_reported_to: case.report.is_some(),
        lasts_ms: case.lasts_ms,
        asked,
        chance: Chance::new(seed),
        started: false,
        deaths: 0,
        tally,
    };
    round.run();
    let deaths = round.deaths;
    let found = verdict::check(&round.asked, deaths);
    tally.rounds += 1;
    tally.repeats += found.repeats;
    tally.effects += found.effects;
    tally.records += found.records;
}

impl Round<'_> {
    fn run(&mut self) {
        let kills = 1 + self.chance.below(KILLS_MAX);
        for _ in 0..kills {
            let moment = self.moment();
            if self.child(Verb::Drive, moment) == Fate::Ended {
                return;
            }
            if self.is_reported_to && self.chance.once_in(2) {
                let moment = self.moment();
                self.child(Verb::Report, moment);
            }
        }
        for _ in 0..LAST_MAX {
            if self.child(Verb::Drive, Moment::Waiting) == Fate::Ended {
                return;
            }
            if self.is_reported_to {
                self.child(Verb::Report, Moment::Waiting);
            }
        }
        panic!("{}: it has no end", self.name());
    }

    fn moment(&self) -> Moment {
        let within = |ms: u64| Duration::from_micros(self.chance.below(ms * 1_000));
        match self.chance.below(6) {
            0 => Moment::Spawned(within(30)),
            1 => Moment::Opened(within(8)),
            2 => Moment::Started(within(20)),
            _ => Moment::Started(within(self.lasts_ms)),
        }
    }

    fn name(&self) -> String {
        format!("case {}, seed {}", self.asked.case, self.asked.seed)
    }

    /// Starts a child, kills it when its moment has come, and hears what it says until it is gone.
    fn child(&mut self, verb: Verb, moment: Moment) -> Fate {
        self.asked.verb = verb;
        let mut child = spawn(&self.asked);
        let said = listen(&mut child);
        let mut heard = Heard::new(moment);
        loop {
            match said.recv_timeout(heard.until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.remember_start(&line);
                    heard.hear(&line);
                }
                Err(RecvTimeoutError::Timeout) => {
                    assert!(heard.is_doomed, "{}: a child stands still", self.name());
                    child.0.kill().unwrap();
                    // Its last words are still read.
                    heard.until = Instant::now() + PATIENCE;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.bury(child, &heard)
    }

    /// An acknowledged start must never be forgotten.
    fn remember_start(&mut self, line: &str) {
        assert!(
            !self.started || line != "started anew",
            "{}: an acknowledged start is gone",
            self.name()
        );
        self.started |= line.starts_with("started");
    }

    fn bury(&mut self, mut child: Living, heard: &Heard) -> Fate {
        let status = child.0.wait().unwrap();
        if status.success() {
            assert!(heard.closed, "{}: a child ended without a word", self.name());
            return Fate::Ended;
        }
        assert_eq!(status.code(), None, "{}: a child failed by itself", self.name());
        self.deaths += 1;
        let tally = match (self.asked.verb, heard.opened, heard.ready) {
            (Verb::Report, _, _) => &mut self.tally.deaths_reporting,
            (Verb::Drive, false, _) => &mut self.tally.deaths_opening,
            (Verb::Drive, true, false) => &mut self.tally.deaths_recovering,
            (Verb::Drive, true, true) => &mut self.tally.deaths_driving,
        };
        *tally += 1;
        Fate::Killed
    }
}

/// What a child has said, and how long it may still live.
struct Heard {
    moment: Moment,
    opened: bool,
    ready: bool,
    closed: bool,
    /// Whether it is killed then; otherwise that is when patience ends.
    is_doomed: bool,
    until: Instant,
}

impl Heard {
    fn new(moment: Moment) -> Self {
        let mut heard = Self {
            moment,
            opened: false,
            ready: false,
            closed: false,
            is_doomed: false,
            until: Instant::now() + PATIENCE,
        };
        if let Moment::Spawned(after) = moment {
            heard.doom(after);
        }
        heard
    }

    fn hear(&mut self, line: &str) {
        self.opened |= line == "opened";
        self.ready |= line.starts_with("started") || line == "reported";
        self.closed |= line == "closed";
        match self.moment {
            Moment::Opened(after) if self.opened => self.doom(after),
            Moment::Started(after) if self.ready => self.doom(after),
            Moment::Waiting if line == "waits" => self.doom(Duration::ZERO),
            Moment::Spawned(_) | Moment::Opened(_) | Moment::Started(_) | Moment::Waiting => {}
        }
    }

    fn doom(&mut self, after: Duration) {
        if !self.is_doomed {
            self.is_doomed = true;
            self.until = Instant::now() + after;
        }
    }
}

/// A child that does not outlive a failed test.
struct Living(Child);

impl Drop for Living {
    fn drop(&mut self) {
        // An error says that it is gone.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn spawn(asked: &Asked) -> Living {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "driven::child", "--nocapture", "--test-threads=1"])
        .envs(asked.to_environment())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    Living(child.unwrap())
}

/// The lines that the child says, until it is gone.
fn listen(child: &mut Living) -> Receiver<String> {
    let out = BufReader::new(child.0.stdout.take().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if let Some(said) = line.strip_prefix('@') {
                // The parent hears to the end.
                drop(sender.send(said.to_owned()));
            }
        }
    });
    receiver
}
