//! Functions over text.
//!
//! **Invariant:** a text is paid for before it is made.

use std::borrow::Cow;

use crate::context::{Context, Halt, collect};
use crate::error::shortened;
use crate::functions::{Mistake, count, unexpected};
use crate::operators::text_of;
use crate::pattern;
use crate::value::Value;

/// `format(template, …)`: each `{}` takes the next argument, `{{` and `}}` stand for braces.
pub(super) fn format(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(template), fillings @ ..] = arguments else {
        return Err(unexpected());
    };
    let pieces = pieces(template).and_then(|pieces| fitting(pieces, fillings.len()))?;
    let mut fillings = collect(fillings.iter().map(|filling| text_of(filling, context)))?.into_iter();
    let parts: Vec<Cow<'_, str>> = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Cow::Borrowed(text),
            Piece::Place => Cow::Owned(fillings.next().unwrap_or_default()),
        })
        .collect();
    context.allow_text(parts.iter().map(|part| count(part.len())).sum())?;
    Ok(Value::from(parts.concat()))
}

/// A written template must be sound, and fit the number of arguments.
pub(super) fn check_format(arguments: &[Option<&Value>], _: &mut Context<'_>) -> Result<(), Mistake> {
    let [Some(Value::String(template)), fillings @ ..] = arguments else {
        return Ok(());
    };
    let checked = pieces(template).and_then(|pieces| fitting(pieces, fillings.len()));
    checked.map(|_| ()).map_err(|halt| Mistake { argument: 0, halt })
}

enum Piece<'t> {
    Text(&'t str),
    Place,
}

/// Takes a template apart at its braces.
fn pieces(template: &str) -> Result<Vec<Piece<'_>>, Halt> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, braces) = rest.split_at(at);
        let piece = match braces.get(..2) {
            Some("{}") => Piece::Place,
            Some("{{") => Piece::Text("{"),
            Some("}}") => Piece::Text("}"),
            _ => return Err(lone_brace(braces)),
        };
        pieces.extend([Piece::Text(before), piece]);
        rest = braces.get(2..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn fitting(pieces: Vec<Piece<'_>>, given: usize) -> Result<Vec<Piece<'_>>, Halt> {
    let places = pieces.iter().filter(|piece| matches!(piece, Piece::Place)).count();
    if places == given {
        return Ok(pieces);
    }
    Err(Halt::failed(format!(
        "`format` has {places} `{{}}` in its text, but {given} values to put there"
    )))
}

fn lone_brace(braces: &str) -> Halt {
    let found = shortened(braces);
    Halt::failed(format!(
        "`format` takes `{{}}` for an argument and `{{{{` or `}}}}` for a brace, not `{found}`"
    ))
}

/// `split(text, separator)`; an empty separator gives the characters.
pub(super) fn split(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(text), Value::String(separator)] = arguments else {
        return Err(unexpected());
    };
    context.spend_bytes(count(text.len()))?;
    if separator.is_empty() {
        context.spend(count(text.chars().count()))?;
        return Ok(Value::array(
            text.chars()
                .map(|char| Value::from(char.encode_utf8(&mut [0; 4]) as &str)),
        ));
    }
    context.spend(count(text.matches(&**separator).count()))?;
    Ok(Value::array(text.split(&**separator).map(Value::from)))
}

/// `regexMatchString(pattern, text)`: whether the pattern is found anywhere.
pub(super) fn regex_match_string(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, Halt> {
    let [Value::String(pattern), Value::String(text)] = arguments else {
        return Err(unexpected());
    };
    pattern::is_match(pattern, text, context).map(Value::Bool)
}

/// A written pattern must compile.
pub(super) fn check_pattern(arguments: &[Option<&Value>], context: &mut Context<'_>) -> Result<(), Mistake> {
    match arguments {
        [Some(Value::String(pattern)), _] => pattern::compile(pattern, context)
            .map(|_| ())
            .map_err(|halt| Mistake { argument: 0, halt }),
        _ => Ok(()),
    }
}
