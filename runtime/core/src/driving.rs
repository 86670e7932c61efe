//! Who may carry out what a record owes, and what a wake that comes may do.
//!
//! ```text
//!   a record names its driver: its writer, or one wake, until some time
//!
//!   the writer ─────────────── acts
//!   that wake, first receipt ─ acts
//!   that wake, received again ─ its first receipt is dead, or came before the record: claims, then acts
//!   anybody else ───────────── waits until that time, then claims and acts
//! ```
//!
//! Once that time has come even the wake that is named claims, because others do.
//!
//! Only effects need the driver; events may be appended by anybody. Where a host knows that nobody else is alive, it is
//! its lock that says so ([`Looker::Sole`]).
//!
//! **Invariant:** the one place that decides it, for every host and for the model that is checked.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Millis, Revision, ScopeId, Snapshot};

/// How long a driver's own time is stretched for those who wait: clocks disagree, an append takes its time.
pub const DRIVER_GRACE_MS: Millis = 5_000;

/// How far clocks differ at most.
pub const CLOCKS_DIFFER_MS: Millis = 1_000;

/// How long a wake that was named may be late before somebody else acts.
pub const WAKE_GRACE_MS: Millis = 300_000;

/// How long whoever sends a wake before the record that it announces can live after that. Source: the longest time that
/// a function behind an API is given, 30 s, doubled for clocks that disagree.
pub const SENDER_LIFE_MS: Millis = 60_000;

/// After how long a wake that came before its record is looked at again; doubled with every receipt.
const AGAIN_MS: Millis = 1_000;

/// Names one wake: the message, however often it is received.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WakeId(pub Arc<str>);

/// Who may carry out what a record owes, beside its writer.
///
/// The default is that of a host where one process drives: the writer while it lives, and anybody after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drive {
    /// The wake that does it; without one it is the writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<WakeId>,
    /// From then on anybody may, after a claim.
    pub until_ms: Millis,
}

/// A wake as it was received.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Which.
    pub wake: WakeId,
    /// The record that it announces: the scope has at least that one, or will have.
    pub expects: Revision,
    /// When it was sent.
    pub sent_ms: Millis,
    /// How often it has been received, this time included.
    pub times: u32,
    /// When it was received this time.
    pub received_ms: Millis,
}

/// Who looks at a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looker<'a> {
    /// It wrote the record, and has lived since.
    Writer,
    /// Nobody else is alive, whoever wrote it.
    Sole,
    /// It came by a wake: of this scope, or of one around it or inside.
    Woken(&'a Receipt),
}

/// What a looker may do about the effect that a record owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Carry it out.
    Act,
    /// Append that it takes over, and then carry it out.
    Claim,
    /// Nothing before that time.
    Later(Millis),
}

/// What a looker does where nothing is due yet, but will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest<'a> {
    /// Send this wake, which the record names, for that time.
    Arm(&'a WakeId),
    /// Have this wake handed out again at that time.
    Keep,
    /// Nothing: somebody else holds what is needed.
    Leave,
}

impl Drive {
    /// The writer drives, and lives at most until `deadline_ms`.
    #[must_use]
    pub fn by_writer(deadline_ms: Millis) -> Self {
        Self {
            wake: None,
            until_ms: deadline_ms.saturating_add(DRIVER_GRACE_MS),
        }
    }

    /// A wake drives that comes at `due_ms` or later.
    #[must_use]
    pub fn by_wake(wake: WakeId, due_ms: Millis) -> Self {
        Self {
            wake: Some(wake),
            until_ms: due_ms.saturating_add(WAKE_GRACE_MS),
        }
    }

    /// Anybody may take it over at once: its last driver has stopped.
    #[must_use]
    pub fn nobody(now_ms: Millis) -> Self {
        Self {
            wake: None,
            until_ms: now_ms,
        }
    }

    /// What `looker` may do at `now_ms`.
    #[must_use]
    pub fn turn(&self, looker: Looker<'_>, now_ms: Millis) -> Turn {
        let named = |receipt: &&Receipt| self.wake.as_ref() == Some(&receipt.wake);
        match looker {
            Looker::Writer if self.wake.is_none() => Turn::Act,
            Looker::Sole => Turn::Claim,
            Looker::Writer | Looker::Woken(_) if now_ms >= self.until_ms => Turn::Claim,
            Looker::Woken(receipt) if named(&receipt) && receipt.times > 1 => Turn::Claim,
            Looker::Woken(receipt) if named(&receipt) => Turn::Act,
            Looker::Writer | Looker::Woken(_) => Turn::Later(self.until_ms),
        }
    }
}

impl Drive {
    /// What `looker` does where the scope is blocked until some time, by a record that was written at `stamp_ms`.
    ///
    /// The wake that is named may have come before that time: it was sent when nobody knew that the scope would block. One
    /// that is received again may have been meant to arm another, and died before it did. And one during whose receipt the
    /// record was written may have been handed out twice: whoever wrote it holds the same message, and nothing else.
    #[must_use]
    pub fn rest(&self, looker: Looker<'_>, stamp_ms: Millis) -> Rest<'_> {
        let may_be_two =
            |receipt: &Receipt| receipt.times > 1 || stamp_ms.saturating_add(CLOCKS_DIFFER_MS) >= receipt.received_ms;
        match (looker, &self.wake) {
            (Looker::Writer, Some(wake)) => Rest::Arm(wake),
            (Looker::Woken(receipt), wake) if may_be_two(receipt) || wake.as_ref() == Some(&receipt.wake) => Rest::Keep,
            (Looker::Writer | Looker::Sole | Looker::Woken(_), _) => Rest::Leave,
        }
    }
}

/// What a wake finds in the log of its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The record that it announces, or a later one.
    Record,
    /// Not yet: its sender may still be about to append. It is to be looked for again then.
    NotYet(Millis),
    /// Its sender cannot be alive any more: the record will never be there.
    Never,
}

impl Receipt {
    /// What the wake finds where `last` is the scope's last record.
    #[must_use]
    pub fn found(&self, last: Option<Revision>, now_ms: Millis) -> Found {
        let gives_up = self.sent_ms.saturating_add(SENDER_LIFE_MS);
        let patience = AGAIN_MS.saturating_mul(1 << self.times.saturating_sub(1).min(6));
        match last {
            Some(last) if last >= self.expects => Found::Record,
            Some(_) | None if now_ms >= gives_up => Found::Never,
            Some(_) | None => Found::NotYet(now_ms.saturating_add(patience).min(gives_up)),
        }
    }
}

/// A mark beside the root, put there before the record that ends or abandons what is below a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The scope whose record does it.
    pub scope: ScopeId,
    /// That record; a mark without it is one whose sender has died, or is about to append.
    pub expects: Revision,
}

impl Marker {
    /// Whether an inner scope is cut off, where the marked scope's last record is `revision` with that snapshot.
    #[must_use]
    pub fn cuts_off(&self, inner: &ScopeId, revision: Revision, snapshot: &Snapshot) -> bool {
        if revision < self.expects || *inner == self.scope || !self.scope.contains(inner) {
            return false;
        }
        let fork = snapshot.fork().map(|fork| self.scope.child(fork.revision, 0));
        let lies_in = |first: &ScopeId| first.0.strip_suffix('0').is_some_and(|fork| inner.0.starts_with(fork));
        !snapshot.status.is_running() || !fork.as_ref().is_some_and(lies_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(wake: &str, times: u32) -> Receipt {
        Receipt {
            wake: WakeId(wake.into()),
            expects: Revision(3),
            sent_ms: 1_000,
            times,
            received_ms: 50_000,
        }
    }

    #[test]
    fn the_driver_acts_and_everybody_else_waits_and_claims() {
        let (named, other) = (receipt("w", 1), receipt("v", 1));
        let (again, other_again) = (receipt("w", 2), receipt("v", 2));
        let by_writer = Drive::by_writer(10_000);
        let by_wake = Drive::by_wake(WakeId("w".into()), 10_000);
        let turns = |drive: &Drive, now| {
            [
                Looker::Writer,
                Looker::Sole,
                Looker::Woken(&named),
                Looker::Woken(&again),
                Looker::Woken(&other),
                Looker::Woken(&other_again),
            ]
            .map(|looker| drive.turn(looker, now))
        };
        use Turn::{Act, Claim, Later};
        let late = Later(15_000);
        assert_eq!(turns(&by_writer, 14_999), [Act, Claim, late, late, late, late]);
        assert_eq!(turns(&by_writer, 15_000), [Act, Claim, Claim, Claim, Claim, Claim]);
        let late = Later(310_000);
        assert_eq!(turns(&by_wake, 10_000), [late, Claim, Act, Claim, late, late]);
        assert_eq!(turns(&by_wake, 310_000), [Claim; 6]);
        assert_eq!(Drive::nobody(7).turn(Looker::Woken(&other), 7), Claim);
    }

    #[test]
    fn where_nothing_is_due_one_wake_is_kept() {
        let (named, again, other) = (receipt("w", 1), receipt("v", 2), receipt("v", 1));
        let lookers = [
            Looker::Writer,
            Looker::Woken(&named),
            Looker::Woken(&again),
            Looker::Woken(&other),
            Looker::Sole,
        ];
        let wake = WakeId("w".into());
        let (by_wake, by_writer) = (Drive::by_wake(wake.clone(), 10_000), Drive::default());
        use Rest::{Arm, Keep, Leave};
        let rests = lookers.map(|looker| by_wake.rest(looker, 48_999));
        assert_eq!(rests, [Arm(&wake), Keep, Keep, Leave, Leave]);
        let rests = lookers.map(|looker| by_writer.rest(looker, 48_999));
        assert_eq!(rests, [Leave, Leave, Keep, Leave, Leave]);
        // Written while the message was held: its other receipt may have done it.
        assert_eq!(by_wake.rest(Looker::Woken(&other), 49_000), Keep);
    }

    #[test]
    fn a_wake_that_finds_too_little_is_kept_as_long_as_its_sender_may_live() {
        let found = |times, last, now| receipt("w", times).found(last, now);
        let not_yet = Found::NotYet;
        assert_eq!(found(1, Some(Revision(3)), 0), Found::Record);
        assert_eq!(found(1, Some(Revision(9)), 99_000), Found::Record);
        assert_eq!(found(1, Some(Revision(2)), 60_999), not_yet(61_000));
        assert_eq!(found(1, None, 1_000), not_yet(2_000));
        assert_eq!(found(4, None, 1_000), not_yet(9_000));
        assert_eq!(found(u32::MAX, None, 0), not_yet(61_000));
        assert_eq!(found(1, None, 61_000), Found::Never);
    }

    #[test]
    fn a_marker_cuts_off_what_its_scope_no_longer_waits_for() {
        let branches = "Branches: [{StartAt: S, States: [{Type: Succeed, Name: S}]}]";
        let states = alloc::format!("StartAt: P\nStates: [{{Type: Parallel, Name: P, {branches}, End: true}}]\n");
        let mut snapshot = crate::story::Story::begin(&states, "{}").snapshot;
        let root = Marker {
            scope: ScopeId::root(),
            expects: Revision(1),
        };
        let inner = ["", "1.0", "1.3/2.0", "11.0", "2.0/1.0"].map(|id| ScopeId(id.into()));
        let cut = |revision, snapshot: &Snapshot| {
            inner
                .clone()
                .map(|inner| root.cuts_off(&inner, Revision(revision), snapshot))
        };
        assert_eq!(
            cut(0, &snapshot),
            [false; 5],
            "the record that it announces is not there"
        );
        assert_eq!(
            cut(1, &snapshot),
            [false, false, false, true, true],
            "its fork is that of record 1"
        );
        snapshot.status = crate::Status::Succeeded(stepwell_expression::Value::Null);
        assert_eq!(cut(1, &snapshot), [false, true, true, true, true], "it has ended");
        let beside = Marker {
            scope: ScopeId("1.0".into()),
            ..root
        };
        assert!(
            !beside.cuts_off(&ScopeId("1.1".into()), Revision(9), &snapshot),
            "it lies beside"
        );
    }
}
