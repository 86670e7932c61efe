//! The list prices, from one file that says where they stand and of when they are.

use std::sync::LazyLock;

use serde::Deserialize;

/// The price file as it is in the repository.
const TEXT: &str = include_str!("../prices.json");

/// What AWS asks, without free tiers, discounts and taxes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The pages that they stand on.
    pub source: String,
    /// The region that they hold in.
    pub region: String,
    /// What they are in.
    pub currency: String,
    /// The month in which they were read, such as `2025-12`.
    #[serde(rename = "as_of")]
    pub date: String,
    /// Of a write of up to 1 KB.
    pub write_unit: f64,
    /// Of a strongly consistent read of up to 4 KB.
    pub read_unit: f64,
    /// Of a GB that is in the table for a month.
    pub table_gb_month: f64,
    /// Of a request to a queue.
    pub queue_request: f64,
    /// Of a schedule that fires.
    pub schedule: f64,
    /// Of an invocation of the function, beside its time.
    pub invocation: f64,
    /// Of a second of a function with 1 GB on arm64.
    pub gb_second_arm64: f64,
    /// The same on x86-64.
    pub gb_second_x86_64: f64,
    /// Of an object that is written.
    pub object_write: f64,
    /// Of an object that is read.
    pub object_read: f64,
}

/// The price file that this program was built with cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the price file of this program is damaged: {0}")]
pub struct PricesError(String);

impl Prices {
    /// The list prices that this program was built with.
    ///
    /// # Errors
    ///
    /// [`PricesError`] where its price file is no such file.
    pub fn listed() -> Result<&'static Self, PricesError> {
        static LISTED: LazyLock<Result<Prices, PricesError>> =
            LazyLock::new(|| serde_json::from_str(TEXT).map_err(|error| PricesError(error.to_string())));
        LISTED.as_ref().map_err(Clone::clone)
    }
}
