//! The loop around the core: read the last record, fold, advance, append, act.
//!
//! ```text
//!   Engine ── one Session per live execution ── a tree of Drivers, one per live scope
//!     │             routes mail to scopes            fold ─> commit ─> act
//!     └── dispatch: what the due-time index says becomes mail
//! ```
//!
//! A driver carries one scope: it folds events into the snapshot, appends what came out, and only then does what the
//! record owes. Children of a fork are futures inside their parent's driver, so that abandoning a fork cancels everything
//! below it. A session lives as long as any of its scopes has something to do, and leaves nothing behind but the log.
//!
//! **Invariant:** no store, no host and no async runtime is named here; time comes through `Clock`, and every effect
//! follows the acknowledgement of the record that owes it.

mod api;
mod attempt;
mod busy;
mod catalogue;
mod child_flow;
mod commit;
mod cost;
mod cutting;
mod dealing;
mod delivery;
mod describe;
mod dispatch;
mod driver;
mod engine;
mod fork;
mod fresh;
mod gather;
mod handing;
mod history;
mod inner;
mod leftovers;
mod mail;
mod markers;
mod pinned;
mod places;
mod renewing;
mod session;
mod sessions;
mod sharing;
mod start;
mod stub;
mod telling;
mod token;
mod tree;
mod versions;
mod watchers;

pub use api::{Cost, Description, Ended, EngineError, HistoryEvent, Observed, OpenState, Ports, Start, Started};
pub use catalogue::Page;
pub use engine::{Driving, Engine};
pub use places::Room;
pub use renewing::RENEWING;
pub use sharing::Handled;
pub use stepwell_core::FlowVersion;
