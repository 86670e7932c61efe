//! The protocol of drivers, claims and wakes, explored exhaustively.
//!
//! Two or three programs that die between any two of their steps, messages that are handed out again and doubled, appends
//! that lose and answers that get lost: every order of them is tried, up to a bound on how often each fault strikes. What
//! an invocation decides is decided by the engine's own functions ([`stepwell_core::Drive::turn`],
//! [`stepwell_core::Receipt::found`], [`stepwell_core::Marker::cuts_off`]); what it does in between is written down here
//! step by step.
//!
//! Each place that the design marks as one where the obvious shortcut loses or doubles work is a switch in [`Repairs`]:
//! switched off, the exploration must find the damage. `cargo test -p stepwell-protocol -- --nocapture` prints the number
//! of states, and the shortest way to each damage.
//!
//! **Invariant:** no chance and no real time; two runs explore the same states.

mod explore;
mod handing;
mod scope;
mod stop;

pub use explore::{Explored, explore};
pub use handing::HandOuts;
pub use scope::{Call, OneScope, Stage};
pub use stop::StopBelow;

/// The protocol's repairs; each can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches, one for each repair, always named"
)]
pub struct Repairs {
    /// Law 1: what a look computes comes from the record alone, not from the clock of whoever looks.
    pub pure_looks: bool,
    /// Law 3: who holds no message sends the wake first, then appends.
    pub wake_first: bool,
    /// Law 3: a wake that finds less than it expects is kept until its sender cannot be alive.
    pub keeps_early_wakes: bool,
    /// Law 4: the record that owes an effect is appended before the effect.
    pub append_first: bool,
    /// Law 4: where an append loses, the same outcome is folded again.
    pub folds_again: bool,
    /// Law 4: whoever is not named waits for the driver's time to pass before it claims.
    pub waits_for_the_driver: bool,
    /// Law 4: one message may be handed out twice at the same moment, and either receipt may be the one that works.
    pub suspects_doubles: bool,
    /// Section 4: the marker stands beside the root before the record that ends what is below.
    pub marker_first: bool,
    /// Section 4: who sees a marker reads whether its record is there.
    pub reads_the_marked_record: bool,
    /// Section 4: only what waits for room is handed out, never an attempt that has begun.
    pub hands_out_what_waits: bool,
    /// Section 4: the wake of a hand-out is sent before the message goes by which its sender came.
    pub sends_before_it_lets_go: bool,
    /// Law 3: a message is kept while somebody else drives what it is for.
    pub keeps_what_others_drive: bool,
    /// Law 5: who ends a child reads the others after that, not before.
    pub reads_others_after_its_end: bool,
}

impl Repairs {
    /// All of them: the protocol as it is.
    #[must_use]
    pub fn all() -> Self {
        Self {
            pure_looks: true,
            wake_first: true,
            keeps_early_wakes: true,
            append_first: true,
            folds_again: true,
            waits_for_the_driver: true,
            suspects_doubles: true,
            marker_first: true,
            reads_the_marked_record: true,
            hands_out_what_waits: true,
            sends_before_it_lets_go: true,
            keeps_what_others_drive: true,
            reads_others_after_its_end: true,
        }
    }
}

#[cfg(test)]
mod tests;
