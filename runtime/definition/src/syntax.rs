//! What to say where a file is no YAML.
//!
//! **Invariant:** the parser's own words are kept where nothing better is known.

use granit_parser::ErrorKind;

use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::split_key;
use crate::source::{Source, Span};
use crate::tree::DEPTH_MAX;
use crate::vocabulary::is_field;

/// What to do about a file that nests too deeply.
pub(crate) const DEEP_HELP: &str = "check that every bracket is closed; move deep data into the input";

/// The diagnostic for a syntax error at `offset`.
pub(crate) fn explain(kind: &ErrorKind, offset: usize, source: &Source) -> Diagnostic {
    if matches!(kind, ErrorKind::RecursionLimitExceeded) {
        let message = format!("the file nests more than {DEPTH_MAX} levels deep");
        return Diagnostic::new(&codes::TOO_DEEP, Span::at(offset), message).help(DEEP_HELP);
    }
    if let Some(diagnostic) = missing_blank(offset, source) {
        return diagnostic;
    }
    if let Some(tab) = indenting_tab(kind, offset, source) {
        let message = "this is not valid YAML: a tab stands in the indentation";
        return Diagnostic::new(&codes::NOT_YAML, tab, message).help(TAB_HELP);
    }
    let diagnostic = Diagnostic::new(
        &codes::NOT_YAML,
        here(offset, source),
        format!("this is not valid YAML: {kind}"),
    );
    let usual = || help(kind).unwrap_or("check the indentation, the quotes and the brackets from here backwards");
    let better = unquoted_expression(offset, source).or_else(|| control_character(offset, source));
    diagnostic.help(better.unwrap_or_else(|| usual().to_owned()))
}

/// The character at an offset.
fn here(offset: usize, source: &Source) -> Span {
    let length = source
        .text()
        .get(offset..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    Span::new(offset, offset + length)
}

/// What to do about a tab in front of a line.
const TAB_HELP: &str = "indent with blanks; a tab is no indentation";

/// A tab in front of a line makes it go on with the text above it, where the parser then stumbles over its colon.
fn indenting_tab(kind: &ErrorKind, offset: usize, source: &Source) -> Option<Span> {
    let stumbled = matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidIndentation
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::TabInPlainScalar
    );
    if !stumbled || source.is_json() {
        return None;
    }
    let here = source.line_of(offset);
    let below = (here + 1..here + 4).find(|line| !source.line(*line).trim().is_empty());
    [Some(here), below].into_iter().flatten().find_map(|line| {
        let text = source.line(line);
        let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
        let tab = source.line_start(line) + text.get(..indentation)?.find('\t')?;
        Some(Span::new(tab, tab + 1))
    })
}

/// A character that no quotes make fit.
fn control_character(offset: usize, source: &Source) -> Option<String> {
    let character = source.text().get(offset..)?.chars().next()?;
    let code = u32::from(character);
    let steers = character.is_control() && !character.is_whitespace();
    steers.then(|| format!("remove this control character, or write it in double quotes as `\\u{code:04X}`"))
}

/// What every such mistake is usually mended by. What is not named here needs no more than the parser's words.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum has some ninety kinds, most of which need no help"
)]
fn help(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => Some(TAB_HELP),
        ErrorKind::MissingAnchorOrAliasName => {
            Some("a text that begins with `*` or `&` needs quotes; to match every error write `FnF.ALL`")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::SimpleKeyExpected => {
            Some("a text that holds `: ` needs quotes; otherwise check the indentation of this line")
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidSimpleKey => Some("check the indentation of this line against the lines above it"),
        ErrorKind::UnclosedQuotedScalar => Some("the quote that opens here is never closed"),
        ErrorKind::UnexpectedCharacter { .. } => Some("a text that begins with this character needs quotes"),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping => Some("a bracket is never closed"),
        ErrorKind::UnknownQuotedScalarEscape => {
            Some("write `\\\\` for a backslash, or use single quotes, where a backslash means itself")
        }
        _ => None,
    }
}

/// A text as it is written in quotes that leave everything in it as it is.
pub(crate) fn in_quotes(text: &str) -> String {
    if text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    }
}

/// `Condition: "a" == $Input.b`: an expression that needs quotes around the whole.
fn unquoted_expression(offset: usize, source: &Source) -> Option<String> {
    const OPERATORS: [&str; 10] = ["==", "!=", "=~", "!~", "<", ">", "&&", "||", "+", " in "];
    let line = source.line(source.line_of(offset));
    let (key, value) = line.trim_start_matches([' ', '-']).split_once(": ")?;
    let value = value.trim();
    let begins = value.starts_with(['"', '\'', '!']);
    let is_one = begins && OPERATORS.iter().any(|operator| value.contains(operator));
    let computed = key.ends_with(".$") || key == "Condition" || key == "ItemsPath";
    (is_one && computed).then(|| format!("put the whole into quotes: {}", shown(&in_quotes(value))))
}

/// `Condition:$Input.x`: a colon without the blank that makes it a key. The parser stumbles over it one line later.
fn missing_blank(offset: usize, source: &Source) -> Option<Diagnostic> {
    let line = source.line_of(offset);
    let above = (0..line)
        .rev()
        .take(3)
        .find(|line| !source.line(*line).trim().is_empty());
    [Some(line), above]
        .into_iter()
        .flatten()
        .find_map(|line| missing_blank_in(line, source))
}

fn missing_blank_in(line: usize, source: &Source) -> Option<Diagnostic> {
    let text = source.line(line);
    let word = text.trim_start_matches([' ', '-']);
    let colon = glued_colon(word)?;
    let start = source.line_start(line) + (text.len() - word.len());
    Some(missing_blank_at(
        Span::new(start, start + colon + 1),
        word.get(..colon)?,
    ))
}

/// The colon behind the name of a field that is glued to the next character.
pub(crate) fn glued_colon(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    let word = text.get(..colon)?;
    let next = text.get(colon + 1..)?.chars().next()?;
    (is_field(split_key(word).0) && !matches!(next, ' ' | '\t')).then_some(colon)
}

/// The diagnostic for it.
pub(crate) fn missing_blank_at(span: Span, word: &str) -> Diagnostic {
    let message = format!("a blank is missing behind the colon of {}", shown(word));
    Diagnostic::new(&codes::MISSING_BLANK, span, message).help(format!(
        "write `{word}: …`; without the blank YAML reads the whole as one text"
    ))
}
