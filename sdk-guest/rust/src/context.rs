//! Which attempt a task is.

use crate::exported::WireContext;

/// Which attempt this is, and what an idempotent receiver should key on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The flow's name.
    pub flow: String,
    /// The execution's name.
    pub execution: String,
    /// The state's name.
    pub state: String,
    /// 1 for the first attempt of a visit of the state.
    pub attempt: u32,
    /// The same for every attempt of one visit of the state.
    pub visit_key: String,
    /// Different for every attempt; the same when a crash makes an attempt run again.
    pub attempt_key: String,
    /// When the attempt is given up, in milliseconds since the Unix epoch.
    pub deadline_ms: Option<u64>,
}

impl From<WireContext> for Context {
    fn from(wire: WireContext) -> Self {
        let WireContext {
            flow,
            execution,
            state,
            attempt,
            visit_key,
            attempt_key,
            deadline_ms,
        } = wire;
        Self {
            flow,
            execution,
            state,
            attempt,
            visit_key,
            attempt_key,
            deadline_ms,
        }
    }
}
