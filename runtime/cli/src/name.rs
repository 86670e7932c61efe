//! Names of executions.

use stepwell_expression::Value;

use crate::exit::Trouble;

/// How many hex digits a name has that was made up.
const DIGITS: usize = 16;

/// What a made-up name is made of.
#[derive(Clone, Debug)]
pub(crate) struct Contents<'a> {
    /// The definition's bytes.
    pub(crate) flow: &'a [u8],
    /// The functions file's bytes, if there is one.
    pub(crate) functions: Option<&'a [u8]>,
    /// The digests of the components that it names, in its order.
    pub(crate) components: Vec<&'a str>,
    /// The input.
    pub(crate) input: &'a Value,
}

impl Contents<'_> {
    /// 16 hex digits of SHA-256 over everything, each part behind its length.
    pub(crate) fn name(&self) -> Result<String, Trouble> {
        let input = self
            .input
            .to_json()
            .map_err(|error| Trouble::mistake(error.to_string()))?;
        let mut bytes = Vec::new();
        let mut add = |part: &[u8]| {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part);
        };
        add(self.flow);
        add(self.functions.unwrap_or_default());
        self.components.iter().for_each(|digest| add(digest.as_bytes()));
        add(input.as_bytes());
        Ok(stepwell_model::digest(&bytes).chars().take(DIGITS).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(flow: &[u8], functions: Option<&[u8]>, components: Vec<&str>, input: &str) -> String {
        let input = Value::parse_json(input).unwrap();
        Contents {
            flow,
            functions,
            components,
            input: &input,
        }
        .name()
        .unwrap()
    }

    #[test]
    fn a_name_tells_flow_functions_components_and_input_apart() {
        let base = name(b"flow", Some(b"functions"), vec!["d1"], r#"{"a":1}"#);
        assert_eq!(base.len(), 16);
        assert!(base.chars().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(base, name(b"flow", Some(b"functions"), vec!["d1"], r#"{ "a" : 1 }"#));
        let others = [
            name(b"flow2", Some(b"functions"), vec!["d1"], r#"{"a":1}"#),
            name(b"flow", Some(b"functions2"), vec!["d1"], r#"{"a":1}"#),
            name(b"flow", None, vec!["d1"], r#"{"a":1}"#),
            name(b"flow", Some(b"functions"), vec!["d2"], r#"{"a":1}"#),
            name(b"flow", Some(b"functions"), vec!["d1"], r#"{"a":2}"#),
            name(b"flo", Some(b"wfunctions"), vec!["d1"], r#"{"a":1}"#),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
