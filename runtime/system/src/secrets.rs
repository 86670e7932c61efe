//! Secrets from the environment.

use stepwell_egress::{SecretText, Secrets};

/// The secret `NAME` is the variable `STEPWELL_SECRET_NAME`.
#[derive(Clone, Copy, Debug)]
pub struct EnvironmentSecrets;

impl Secrets for EnvironmentSecrets {
    fn secret(&self, name: &str) -> Option<SecretText> {
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if !name.chars().all(is_word) {
            return None;
        }
        std::env::var(format!("STEPWELL_SECRET_{name}"))
            .ok()
            .map(SecretText::new)
    }
}
