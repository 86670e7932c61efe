//! What the next page is asked for with.
//!
//! A mark says which list it belongs to and where that list goes on. It is no secret, and nothing but a place: whoever
//! makes one up reads nothing that was not to be read.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The form of marks; one of another form is refused.
const FORM: u32 = 1;
/// The longest mark: a list's filters and a name, with room.
const BYTES_MAX: usize = 4_096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark<P> {
    v: u32,
    list: String,
    at: P,
}

/// The mark of a place in a list.
pub(crate) fn mark<P: Serialize>(list: &str, at: P) -> Result<String, Fault> {
    let mark = Mark {
        v: FORM,
        list: list.to_owned(),
        at,
    };
    let text = serde_json::to_vec(&mark).map_err(|error| Fault::unwritable(&error))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(text))
}

/// The place that a mark of this list says.
pub(crate) fn place<P: for<'de> Deserialize<'de>>(list: &str, mark: &str) -> Result<P, Fault> {
    let bytes = Some(mark).filter(|mark| mark.len() <= BYTES_MAX);
    let bytes = bytes.and_then(|mark| BASE64_URL_SAFE_NO_PAD.decode(mark).ok());
    let mark = bytes.and_then(|bytes| serde_json::from_slice::<Mark<P>>(&bytes).ok());
    let mark = mark.filter(|mark| mark.v == FORM && mark.list == list);
    mark.map(|mark| mark.at)
        .ok_or_else(|| Fault::invalid("`next` is not what a page of this list gave"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_leads_back_to_its_own_list_alone() {
        let text = mark("history f/n", 7_u64).unwrap();
        assert_eq!(place::<u64>("history f/n", &text), Ok(7));
        assert!(place::<u64>("history f/m", &text).is_err());
        let later = BASE64_URL_SAFE_NO_PAD.encode(r#"{"v":2,"list":"history f/n","at":7}"#);
        for wrong in ["", "!", "e30", later.as_str(), &"A".repeat(BYTES_MAX + 4)] {
            assert!(place::<u64>("history f/n", wrong).is_err(), "{wrong}");
        }
    }
}
