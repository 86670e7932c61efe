//! JSON Schemas of flows, of the functions file, of the grants file and of the test file, for editors.
//!
//! **Invariant:** a schema knows the same keys as the checker and never refuses what the checker accepts; what a schema
//! cannot say well, such as what a host is, only the checker knows.

mod cases;
mod flow;

pub use cases::tests_schema;
pub use flow::flow_schema;

/// The JSON Schema of flows, as [`flow_schema`] makes it.
pub const FLOW_SCHEMA: &str = include_str!("../schemas/flow.schema.json");

/// The JSON Schema of the functions file.
pub const FUNCTIONS_SCHEMA: &str = include_str!("../schemas/functions.schema.json");

/// The JSON Schema of the grants file.
pub const GRANTS_SCHEMA: &str = include_str!("../schemas/grants.schema.json");

/// The JSON Schema of the test file, as [`tests_schema`] makes it.
pub const TESTS_SCHEMA: &str = include_str!("../schemas/tests.schema.json");

#[cfg(test)]
mod tests;
