//! Names and parameters in a request's URL.

use crate::fault::Fault;
use crate::routes::Parameter;

/// The most entries of a page, and how many there are if nobody asks.
pub(crate) const COUNT_MAX: usize = 1_000;
const COUNT: usize = 100;

/// The parameters behind the `?`, each known and given once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what a route takes.
    pub(crate) fn parse(text: &str, known: &[Parameter]) -> Result<Self, Fault> {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| {
                let decoded = decode(&text.replace('+', " "));
                decoded.ok_or_else(|| Fault::invalid("a parameter is not written in UTF-8 with `%` and two hex digits"))
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            if known.iter().all(|parameter| parameter.name != name) {
                return Err(Fault::invalid(format!("there is no parameter `{name}` here")));
            }
            if query.text(&name).is_some() {
                return Err(Fault::invalid(format!("the parameter `{name}` is given twice")));
            }
            query.0.push((name, value));
        }
        Ok(query)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// How many entries a page may have.
    pub(crate) fn count(&self) -> Result<usize, Fault> {
        let Some(text) = self.text("count") else {
            return Ok(COUNT);
        };
        let count = text.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count));
        count.ok_or_else(|| Fault::invalid(format!("`count` is a number from 1 to {COUNT_MAX}")))
    }

    /// Whether a switch is on.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Fault::invalid(format!("`{name}` is true or false"))),
        }
    }
}

/// A name in a path: what a flow or an execution can be called at all.
pub(crate) fn name(segment: &str) -> Result<String, Fault> {
    let is_name =
        |name: &String| (1..=128).contains(&name.len()) && !name.contains(['/', '\0', '\n']) && !name.starts_with('~');
    let name = decode(segment).filter(is_name);
    name.ok_or_else(|| Fault::invalid("a name in the path has 1 to 128 bytes, no `/`, and no `~` at its beginning"))
}

/// The text behind `%` and two hex digits each; nothing where that is no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
        let [Some(high), Some(low)] = digits else { return None };
        bytes.push(u8::try_from(high << 4 | low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{COUNT as COUNT_PARAMETER, NEXT};

    fn parse(text: &str) -> Result<Query, String> {
        Query::parse(text, &[COUNT_PARAMETER, NEXT]).map_err(|fault| fault.message)
    }

    #[test]
    fn parameters_are_decoded_known_and_given_once() {
        let query = parse("next=a%2Bb+c%C3%A4&&count=7").unwrap();
        assert_eq!((query.text("next"), query.count().ok()), (Some("a+b cä"), Some(7)));
        assert_eq!(parse("").unwrap().count().ok(), Some(100));
        assert_eq!(parse("x=1").unwrap_err(), "there is no parameter `x` here");
        assert_eq!(
            parse("next=1&next=2").unwrap_err(),
            "the parameter `next` is given twice"
        );
        for wrong in ["next=%", "next=%4", "next=%zz", "next=%ff"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["count=0", "count=1001", "count=-1", "count=", "count=1e3"] {
            assert!(parse(wrong).unwrap().count().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_cannot_reach_out_of_their_place() {
        assert_eq!(name("a%20b").ok(), Some("a b".to_owned()));
        let long = "x".repeat(129);
        for wrong in ["", "a%2Fb", "%7Eflow", "~x", "%00", "%0A", "%80", long.as_str()] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
