//! JSON Schemas of flows, of the functions file and of the grants file, for editors.
//!
//! **Invariant:** a schema knows the same keys as the checker and never refuses what the checker accepts; what a schema
//! cannot say well, such as what a host is, only the checker knows.

mod flow;

pub use flow::flow_schema;

/// The JSON Schema of flows, as [`flow_schema`] makes it.
pub const FLOW_SCHEMA: &str = include_str!("../schemas/flow.schema.json");

/// The JSON Schema of the functions file.
pub const FUNCTIONS_SCHEMA: &str = include_str!("../schemas/functions.schema.json");

/// The JSON Schema of the grants file.
pub const GRANTS_SCHEMA: &str = include_str!("../schemas/grants.schema.json");

#[cfg(test)]
mod tests;
