//! Every field that a flow can have, wherever it stands.
//!
//! **Invariant:** only the tables of the modules that read the fields; nothing is listed twice.

use crate::fields::Field;
use crate::states::{self, StateType};
use crate::{actions, flow, recovery};

/// Whether some map of a flow has a field of that name.
pub(crate) fn is_field(name: &str) -> bool {
    let of_states = StateType::ALL.into_iter().flat_map(StateType::fields);
    of_states
        .chain(flow::FIELDS)
        .chain(others())
        .any(|field| field.name == name)
}

fn others() -> impl Iterator<Item = &'static Field> {
    let tables = [states::INNER_FIELDS, recovery::RULE_FIELDS, actions::PARAMETERS];
    tables
        .into_iter()
        .flat_map(|tables| tables.iter())
        .flat_map(|table| table.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_map_are_known() {
        for name in [
            "States",
            "Seconds",
            "Condition",
            "StartAt",
            "Errors",
            "FixedBackoff",
            "resourceArn",
            "url",
            "messageTag",
        ] {
            assert!(is_field(name), "{name}");
        }
        assert!(!is_field("acs") && !is_field("FC") && !is_field("resourcearn"));
    }
}
