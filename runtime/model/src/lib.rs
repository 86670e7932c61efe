//! The lowered form of a flow: what every dialect becomes, and what a step runs from.
//!
//! A [`Flow`] is a tree of [`Block`]s. References between states are indices, expressions are parsed, durations are
//! milliseconds. It is stored by digest in a versioned form ([`encode`], [`decode`]); no step ever parses the text that
//! it came from.
//!
//! **Invariant:** no spans, no file formats, no executions, no I/O.

mod block;
mod recovery;
mod settings;
mod state;
mod stored;

pub use block::{Block, BlockPath, Flow};
pub use recovery::{Catch, ErrorName, Origin, Recovery, Retry, Rule};
pub use settings::{SettingError, Settings};
pub use state::{Choice, ChoiceBranch, Exit, Fail, Kind, Map, Mode, Parallel, Scalar, State, StateIndex, Task, Wait};
pub use stored::{StoredError, decode, digest, encode};
