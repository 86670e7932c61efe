//! Finding a state by its name, or by its path where the name stands in several scopes.

use stepwell_model::{Block, Flow, Kind, StateIndex};

use crate::console::one_line;
use crate::exit::Trouble;

/// How many paths a message names.
const NAMED_MAX: usize = 8;

/// A state's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) block: &'a Block,
    pub(super) index: StateIndex,
}

/// The one state of that name or path.
pub(super) fn find<'a>(flow: &'a Flow, name: &str) -> Result<Found<'a>, Trouble> {
    let mut all = Vec::new();
    gather(&flow.body, "", &mut all);
    let by_path = all.iter().find(|(path, _, _)| path == name);
    let by_name: Vec<_> = all.iter().filter(|(_, own, _)| *own == name).collect();
    let shown = one_line(name, 60);
    match (by_path, by_name.as_slice()) {
        (Some((_, _, found)), [] | [_]) | (None, [(_, _, found)]) => Ok(*found),
        (None, []) => {
            let names = all.iter().flat_map(|(path, own, _)| [*own, path.as_str()]);
            let meant = stepwell_definition::closest_name(name, names).map(|meant| one_line(meant, 60));
            let meant = meant
                .map(|meant| format!("; did you mean `{meant}`?"))
                .unwrap_or_default();
            Err(Trouble::mistake(format!("the flow has no state `{shown}`{meant}")))
        }
        (_, several) => {
            let paths: Vec<String> = several
                .iter()
                .take(NAMED_MAX)
                .map(|(path, _, _)| format!("`{}`", one_line(path, 60)))
                .collect();
            let paths = paths.join(", ");
            Err(Trouble::mistake(format!(
                "{} states have the name `{shown}`; say which: {paths}",
                several.len()
            )))
        }
    }
}

type Named<'a> = (String, &'a str, Found<'a>);

/// Every state with its path: of a branch with its number, of a Map's processor without the item's.
fn gather<'a>(block: &'a Block, above: &str, all: &mut Vec<Named<'a>>) {
    for (index, state) in (0..).zip(&block.states) {
        let path = format!("{above}{}", state.name);
        for (number, inner) in state.blocks().enumerate() {
            let below = if matches!(state.kind, Kind::Parallel(_)) {
                format!("{path}/{number}/")
            } else {
                format!("{path}/")
            };
            gather(inner, &below, all);
        }
        let index = StateIndex(index);
        all.push((path, &state.name, Found { block, index }));
    }
}
