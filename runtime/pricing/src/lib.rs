//! What executions cost on AWS: list prices, what is billed by them, and a bound for a flow that has not run.
//!
//! ```text
//!   prices.json ── Prices ───────────────┐
//!   counted: Logged, a meter ─ Usage ─────┼── Bill
//!   a flow ── forecast ── Usage ─────────┘
//!               ├─ path: the dearest way through a block, or the loop that has no bound
//!               ├─ visit, retries: what one visit of a state takes
//!               └─ rules: what a start, a wake, a report take
//! ```
//!
//! **Invariant:** only counted and multiplied; nothing is measured, read or asked here, and nothing is decided by it.

mod bill;
mod forecast;
mod logged;
mod path;
mod prices;
mod retries;
mod rules;
mod spent;
mod usage;
mod visit;

#[cfg(test)]
mod tests;

pub use bill::{Bill, Line};
pub use forecast::{Assumptions, Forecast, ForecastError, Remark, forecast};
pub use logged::Logged;
pub use path::Loop;
pub use prices::{Prices, PricesError};
pub use rules::RETENTION_DAYS;
pub use usage::Usage;
