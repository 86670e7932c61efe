//! One file beside the store: what the processes of a round handed over, were told, and began.
//!
//! Every line is one write at the end of the file, so a kill tears none, and the lines stand in the order in which things
//! happened.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_ports::{Due, DueEntry, Log, LogEntry, LogError, Millis, ScopeKey};
use stepwell_store_embedded::EmbeddedStore;

/// The file's name.
const FILE: &str = "witness";

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A process has the store open.
    Opened,
    /// A record was handed over.
    Handed(Written),
    /// It was acknowledged.
    Acknowledged(Written),
    /// It was read: whoever reads may be faster than an acknowledgement.
    Seen(Written),
    /// An attempt began.
    Began(Began),
}

/// A record, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) key: ScopeKey,
    pub(crate) revision: u64,
    pub(crate) digest: String,
}

/// An attempt that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Began {
    pub(crate) attempt_key: String,
    pub(crate) visit_key: String,
    pub(crate) execution: String,
    pub(crate) state: String,
    pub(crate) attempt: u32,
    pub(crate) is_effect: bool,
    pub(crate) at: Millis,
}

/// The file, open at its end. Clones are the same file.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    file: Arc<File>,
}

impl Witness {
    pub(crate) fn open(dir: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(dir.join(FILE));
        Self {
            file: Arc::new(file.unwrap()),
        }
    }

    pub(crate) fn write(&self, line: &Line) {
        let line = format!("{}\n", line.render());
        let written = (&*self.file).write(line.as_bytes()).unwrap();
        assert_eq!(written, line.len(), "a line was not written in one go");
    }

    fn see(&self, entry: &LogEntry) {
        self.write(&Line::Seen(Written::of(entry)));
    }
}

/// Everything that was seen in a round.
pub(crate) fn read(dir: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(dir.join(FILE)).unwrap();
    text.lines().map(Line::parse).collect()
}

impl Line {
    fn render(&self) -> String {
        match self {
            Self::Opened => "opened".to_owned(),
            Self::Handed(written) => written.render("handed"),
            Self::Acknowledged(written) => written.render("acknowledged"),
            Self::Seen(written) => written.render("seen"),
            Self::Began(began) => [
                "began",
                &began.attempt_key,
                &began.visit_key,
                &began.execution,
                &began.state,
                &began.attempt.to_string(),
                &began.is_effect.to_string(),
                &began.at.to_string(),
            ]
            .join("\t"),
        }
    }

    fn parse(line: &str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["opened"] => Self::Opened,
            [word, execution, scope, revision, digest] => {
                let written = Written::parse(execution, scope, revision, digest);
                match word {
                    "handed" => Self::Handed(written),
                    "acknowledged" => Self::Acknowledged(written),
                    "seen" => Self::Seen(written),
                    other => panic!("the witness's file says `{other}`"),
                }
            }
            [
                "began",
                attempt_key,
                visit_key,
                execution,
                state,
                attempt,
                is_effect,
                at,
            ] => Self::Began(Began {
                attempt_key: attempt_key.to_owned(),
                visit_key: visit_key.to_owned(),
                execution: execution.to_owned(),
                state: state.to_owned(),
                attempt: attempt.parse().unwrap(),
                is_effect: is_effect.parse().unwrap(),
                at: at.parse().unwrap(),
            }),
            _ => panic!("the witness's file holds `{line}`"),
        }
    }
}

impl Written {
    fn of(entry: &LogEntry) -> Self {
        Self {
            key: entry.key.clone(),
            revision: entry.revision,
            digest: stepwell_model::digest(&entry.body),
        }
    }

    fn render(&self, word: &str) -> String {
        let Self { key, revision, digest } = self;
        format!("{word}\t{}\t{}\t{revision}\t{digest}", key.execution, key.scope)
    }

    fn parse(execution: &str, scope: &str, revision: &str, digest: &str) -> Self {
        Self {
            key: ScopeKey {
                execution: execution.into(),
                scope: scope.into(),
            },
            revision: revision.parse().unwrap(),
            digest: digest.to_owned(),
        }
    }

    /// Whether the store's record is this one.
    pub(crate) fn is(&self, entry: &LogEntry) -> bool {
        *self == Self::of(entry)
    }
}

/// The store's log under a witness.
#[derive(Debug)]
pub(crate) struct WitnessedLog {
    pub(crate) store: EmbeddedStore,
    pub(crate) witness: Witness,
}

impl Log for WitnessedLog {
    fn append(&self, entry: LogEntry, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        let (written, witness) = (Written::of(&entry), self.witness.clone());
        witness.write(&Line::Handed(written.clone()));
        let appended = self.store.append(entry, due);
        let told = async move {
            appended.await?;
            witness.write(&Line::Acknowledged(written));
            Ok(())
        };
        told.boxed()
    }

    fn arm(&self, key: ScopeKey, due: Due) -> BoxFuture<'static, Result<(), LogError>> {
        self.store.arm(key, due)
    }

    fn last(&self, key: &ScopeKey) -> BoxFuture<'static, Result<Option<LogEntry>, LogError>> {
        let (read, witness) = (self.store.last(key), self.witness.clone());
        let seen = async move {
            let last = read.await?;
            last.iter().for_each(|entry| witness.see(entry));
            Ok(last)
        };
        seen.boxed()
    }

    fn range(&self, key: &ScopeKey, from: u64, count: usize) -> BoxFuture<'static, Result<Vec<LogEntry>, LogError>> {
        let (read, witness) = (self.store.range(key, from, count), self.witness.clone());
        let seen = async move {
            let entries = read.await?;
            entries.iter().for_each(|entry| witness.see(entry));
            Ok(entries)
        };
        seen.boxed()
    }

    fn due(
        &self,
        after: Option<&DueEntry>,
        until: Millis,
        count: usize,
    ) -> BoxFuture<'static, Result<Vec<DueEntry>, LogError>> {
        self.store.due(after, until, count)
    }
}
