//! What the files beside a flow are called.
//!
//! **Invariant:** the first that is there counts, for everybody who looks.

/// What a functions file beside a flow can be called.
pub const FUNCTIONS_FILE_NAMES: [&str; 3] = ["functions.yaml", "functions.yml", "functions.json"];

/// What a grants file beside a flow can be called.
pub const GRANTS_FILE_NAMES: [&str; 3] = ["grants.yaml", "grants.yml", "grants.json"];
