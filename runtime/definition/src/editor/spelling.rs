//! Writing a text as a scalar.
//!
//! **Invariant:** what is written reads back as the same string.

use crate::core_schema::Resolved;
use crate::tree::{Scalar, Style};

/// In which syntax a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// Writes `text` in the place of `written`, in its style if it can be.
pub(crate) fn spell(text: &str, written: &str, syntax: Syntax) -> String {
    match (syntax, written.chars().next()) {
        (Syntax::Yaml, Some('\'')) if text.chars().all(printable) => format!("'{}'", text.replace('\'', "''")),
        (Syntax::Json, _) | (Syntax::Yaml, Some('"' | '\'')) => quoted(text),
        (Syntax::Yaml, _) if is_plain(text) => text.to_owned(),
        (Syntax::Yaml, _) => quoted(text),
    }
}

/// A string as JSON and YAML both read it.
fn quoted(text: &str) -> String {
    let mut spelt = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => spelt.extend(['\\', character]),
            _ if printable(character) => spelt.push(character),
            _ => {
                let mut units = [0; 2];
                let units = character.encode_utf16(&mut units);
                spelt.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    spelt.push('"');
    spelt
}

fn printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether a text can stand without quotes, in a block as well as between braces.
fn is_plain(text: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || matches!(character, ' ' | '_' | '-' | '.' | '/' | ':');
    let scalar = Scalar {
        text: text.into(),
        style: Style::Plain,
    };
    text.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && text.chars().all(word)
        && matches!(scalar.resolve(), Resolved::String(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_the_style_that_they_had() {
        let yaml = |text, written| spell(text, written, Syntax::Yaml);
        assert_eq!(yaml("Pack it", "Old"), "Pack it");
        assert_eq!(yaml("a: b", "Old"), "\"a: b\"");
        assert_eq!(yaml("a:", "Old"), "\"a:\"");
        assert_eq!(yaml("FC:InvokeFunction", "Old"), "FC:InvokeFunction");
        assert_eq!(yaml("yes, no", "Old"), "\"yes, no\"");
        assert_eq!(yaml("true", "Old"), "\"true\"");
        assert_eq!(yaml("007", "Old"), "\"007\"");
        assert_eq!(yaml("it's", "'Old'"), "'it''s'");
        assert_eq!(yaml("a\nb", "'Old'"), "\"a\\u000ab\"");
        assert_eq!(yaml("say \"hi\"", "\"Old\""), "\"say \\\"hi\\\"\"");
        assert_eq!(yaml("下单", "Old"), "下单");
        assert_eq!(spell("New", "\"Old\"", Syntax::Json), "\"New\"");
    }
}
