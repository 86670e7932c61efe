//! The published schemas held against the checker: both judge every file of the repository, and every flow that is one
//! change away from one, alike.
//!
//! A package of its own, so that the validator is an ordinary dependency: a development dependency of the checker would
//! have everything else built twice, with and without the features that the validator asks of shared crates.

use jsonschema::Validator;
use serde_json::Value;

#[cfg(test)]
mod files;
#[cfg(test)]
mod flows;

/// Judges values by a schema.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// The schema of that text; nothing where it is none of its draft.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let schema: Value = serde_json::from_str(text).ok()?;
        let is_one = jsonschema::meta::is_valid(&schema);
        is_one.then(|| jsonschema::draft202012::new(&schema).ok().map(Self))?
    }

    /// Whether a value fits.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }

    /// Why a value does not fit: places and reasons.
    #[must_use]
    pub fn objections(&self, value: &Value) -> Vec<String> {
        let errors = self.0.iter_errors(value);
        errors
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect()
    }
}

/// A YAML or JSON file as JSON; nothing where it is neither.
#[must_use]
pub fn json_of(text: &[u8]) -> Option<Value> {
    let data = stepwell_definition::read_data(text, "file").content?;
    serde_json::from_str(&data.to_json().ok()?).ok()
}
