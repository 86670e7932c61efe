use std::path::Path;

use super::text;
use crate::schemas::FLOW_SCHEMA;
use crate::{Severity, codes};

#[test]
fn published_schema_is_the_one_that_the_tables_make() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/flow.schema.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, text()).unwrap();
    }
    assert!(FLOW_SCHEMA == text(), "UPDATE_GOLDEN=1 writes {} anew", path.display());
}

#[test]
fn codes_that_the_schema_refuses_are_errors() {
    assert!(
        codes()
            .iter()
            .filter(|code| code.in_schema)
            .all(|code| code.severity == Severity::Error)
    );
}
