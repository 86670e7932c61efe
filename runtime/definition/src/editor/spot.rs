//! What can be written at a cursor: a mark is put there, and the file is read with it.
//!
//! **Invariant:** a text is read only a bounded number of times, however it is broken.

use crate::editor::FileKind;
use crate::editor::cursor::{Cursor, Role};
use crate::editor::mend;
use crate::editor::reading::{MapPart, Meaning, Reading};
use crate::editor::walk;
use crate::fields::{Field, split_key};
use crate::source::Source;
use crate::states::distributed;
use crate::tree::Node;

/// A character that no file holds: it is for private use.
const MARK: char = '\u{e5e5}';

/// What is being written.
#[derive(Debug)]
pub(super) enum Spot {
    /// A key: one of these fields, which the map does not have yet.
    Key(Vec<&'static Field>),
    /// A value.
    Value {
        meaning: Meaning,
        /// What stands before the cursor in it.
        before: String,
    },
}

/// What is being written at a cursor, in the file with a mark in its place.
pub(super) fn find(text: &str, kind: FileKind, cursor: &Cursor) -> Option<(Reading, Spot)> {
    let spot = |tree: Node| {
        let reading = walk::read(Source::new("", ""), kind, Some(&tree));
        let spot = value(&reading).or_else(|| key(&reading))?;
        Some((reading, spot))
    };
    let Marked { strict, closed, cut } = marked(text, cursor)?;
    let strictly = |texts: &[String]| {
        texts
            .iter()
            .find_map(|text| mend::strict(&Source::new("", text.as_str())).ok().and_then(spot))
    };
    let mended = |texts: &[String]| {
        texts
            .first()
            .and_then(|text| mend::tree(&Source::new("", text.as_str())).and_then(spot))
    };
    strictly(&strict)
        .or_else(|| strictly(&closed))
        .or_else(|| mended(&strict))
        .or_else(|| mended(&closed))
        .or_else(|| strictly(&cut))
        .or_else(|| mended(&cut))
}

fn key(reading: &Reading) -> Option<Spot> {
    let is_marked = |map: &&MapPart| map.keys.iter().any(|key| key.text.contains(MARK));
    let map = reading.maps.iter().find(is_marked)?;
    let has = |name: &str| map.keys.iter().any(|key| split_key(&key.text).0 == name);
    let refused = |field: &Field| beside(field.name).iter().any(|name| has(name));
    // Whether a Map is distributed may also be said inside of its Processor, which is then there.
    let is_inline = map.owner == "a Map" && !has("ProcessorConfig") && !reading.is_distributed(map);
    let only_distributed = |field: &Field| is_inline && distributed::FIELDS.contains(field);
    let fields = map.fields.iter().copied();
    let fields = fields.filter(|field| !has(field.name) && !refused(field) && !only_distributed(field));
    Some(Spot::Key(fields.collect()))
}

/// Beside which fields of a map the checker refuses a field, or ignores one of the two.
fn beside(field: &str) -> &'static [&'static str] {
    match field {
        "Retry" | "Catch" => &["OnErrors", "OnError"],
        "OnErrors" => &["Retry", "Catch", "OnError"],
        "OnError" => &["Retry", "Catch", "OnErrors"],
        "MaxConcurrency" => &["MaxConcuccency"],
        "MaxConcuccency" => &["MaxConcurrency"],
        "ToleratedFailurePercentage" => &["ToleratedFailedPercentage"],
        "ToleratedFailedPercentage" => &["ToleratedFailurePercentage"],
        "ToleratedFailureCount" => &["ToleratedFailedCount"],
        "ToleratedFailedCount" => &["ToleratedFailureCount"],
        "Next" => &["End"],
        "End" => &["Next"],
        _ => &[],
    }
}

fn value(reading: &Reading) -> Option<Spot> {
    let value = reading.values.iter().find(|value| value.text.contains(MARK))?;
    Some(Spot::Value {
        meaning: value.meaning,
        before: value.text.split(MARK).next().unwrap_or_default().to_owned(),
    })
}

/// The text with a mark in it, in every spelling of the mark.
struct Marked {
    /// With what stands behind it.
    strict: Vec<String>,
    /// With all brackets closed at the end of its line.
    closed: Vec<String>,
    /// Without what stands behind it.
    cut: Vec<String>,
}

fn marked(text: &str, cursor: &Cursor) -> Option<Marked> {
    let (start, end) = match cursor.role {
        Role::Nothing => return None,
        Role::Key | Role::Element => (cursor.token.start, cursor.token.end),
        Role::Value | Role::Text => (cursor.offset, cursor.offset),
    };
    let (head, tail) = (text.get(..start)?, text.get(end..)?);
    let lines = tail.find('\n').and_then(|at| tail.get(at..)).unwrap_or_default();
    let closers = cursor.closers.as_str();
    // What follows on its line goes with the rest, a colon too.
    let alone = Cursor {
        colon: false,
        ..cursor.clone()
    };
    let (spellings, alone) = (spellings(cursor), spellings(&alone));
    let spelt = |spellings: &[String], behind: &dyn Fn(&str) -> String| {
        spellings.iter().map(|mark| head.to_owned() + &behind(mark)).collect()
    };
    Some(Marked {
        strict: spelt(&spellings, &|mark| format!("{mark}{tail}")),
        closed: spelt(&alone, &|mark| format!("{mark}{closers}{lines}")),
        cut: spelt(&alone, &|mark| format!("{mark}\n{closers}")),
    })
}

fn spellings(cursor: &Cursor) -> Vec<String> {
    let bare = match (cursor.role, cursor.quote) {
        (Role::Key | Role::Element, _) if cursor.colon => MARK.to_string(),
        (Role::Key | Role::Element, _) => format!("{MARK}: ~"),
        (Role::Value | Role::Text | Role::Nothing, Some(quote)) if !cursor.closed => format!("{MARK}{quote}"),
        (Role::Value | Role::Text | Role::Nothing, _) => MARK.to_string(),
    };
    if cursor.in_brackets() {
        // A comma may be what is still missing behind it.
        let separated = format!("{bare}, ");
        return vec![bare, separated];
    }
    vec![bare]
}
