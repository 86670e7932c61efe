//! A flow as a compact tree of lines, for a terminal.
//!
//! States stand in the order in which they are reached first, so that a reader follows the flow from top to bottom.
//!
//! **Invariant:** every state stands there once; the same flow gives the same lines.

use stepwell_model::{Block, BlockPath, Exit, Flow, Kind, State, StateIndex};

use crate::diagnostic::drawable;

/// One line of an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineLine {
    /// The block that the line stands in.
    pub block: BlockPath,
    /// The state, or none for the heading of a scope.
    pub state: Option<StateIndex>,
    /// The lines that lead to it, such as `│  ├─ `.
    pub stem: String,
    /// The state's name, or the heading of a scope.
    pub name: String,
    /// What it does.
    pub what: String,
    /// Where it leads, such as `→ Next`.
    pub ways: String,
}

/// The lines of a flow.
#[must_use]
pub fn outline(flow: &Flow) -> Vec<OutlineLine> {
    let mut lines = Vec::new();
    block(&flow.body, &BlockPath::default(), "", &mut lines);
    lines
}

impl OutlineLine {
    /// The line with its parts in columns: the name takes `name_width` characters together with the stem.
    #[must_use]
    pub fn draw(&self, name_width: usize) -> String {
        let head = format!("{}{}", self.stem, self.name);
        let line = format!("{head:<name_width$}  {}  {}", self.what, self.ways);
        line.trim_end().to_owned()
    }

    /// How many characters the stem and the name take.
    #[must_use]
    pub fn name_width(&self) -> usize {
        self.stem.chars().count() + self.name.chars().count()
    }
}

fn block(block: &Block, path: &BlockPath, stem: &str, lines: &mut Vec<OutlineLine>) {
    let order = order(block);
    for (at, index) in order.iter().enumerate() {
        let Some(state) = block.state(*index) else { continue };
        let last = at + 1 == order.len();
        lines.push(OutlineLine {
            block: path.clone(),
            state: Some(*index),
            stem: format!("{stem}{}", if last { "└─ " } else { "├─ " }),
            name: shown(&state.name),
            what: what(state),
            ways: ways(block, state, order.get(at + 1).copied()),
        });
        let below = format!("{stem}{}", if last { "   " } else { "│  " });
        scopes(state, *index, path, &below, lines);
    }
}

fn scopes(state: &State, index: StateIndex, path: &BlockPath, stem: &str, lines: &mut Vec<OutlineLine>) {
    let blocks: Vec<&Block> = state.blocks().collect();
    let [only] = blocks.as_slice() else {
        for (number, inner) in (0u32..).zip(&blocks) {
            let last = number as usize + 1 == blocks.len();
            let inner_path = path.inner(index, number);
            lines.push(OutlineLine {
                block: inner_path.clone(),
                state: None,
                stem: format!("{stem}{}", if last { "└─ " } else { "├─ " }),
                name: format!("branch {number}"),
                what: String::new(),
                ways: String::new(),
            });
            block(
                inner,
                &inner_path,
                &format!("{stem}{}", if last { "   " } else { "│  " }),
                lines,
            );
        }
        return;
    };
    block(only, &path.inner(index, 0), stem, lines);
}

/// The states from the start on, each where it is reached first; then those that are never reached.
fn order(block: &Block) -> Vec<StateIndex> {
    let mut seen = vec![false; block.states.len()];
    let mut order = Vec::with_capacity(block.states.len());
    let mut waiting = vec![block.start];
    while let Some(index) = waiting.pop() {
        match seen.get_mut(index.0 as usize) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => continue,
        }
        order.push(index);
        // The last one in comes out first.
        let targets = block.state(index).map(State::targets).unwrap_or_default();
        waiting.extend(targets.into_iter().rev());
    }
    let rest = (0u32..)
        .zip(&seen)
        .filter(|(_, seen)| !**seen)
        .map(|(index, _)| StateIndex(index));
    order.extend(rest);
    order
}

fn what(state: &State) -> String {
    let what = match &state.kind {
        Kind::Task(task) => shown(&task.action),
        Kind::Pass => "Pass".to_owned(),
        Kind::Wait(_) => "Wait".to_owned(),
        Kind::Choice(_) => "Choice".to_owned(),
        Kind::Parallel(parallel) => format!("Parallel, {} branches", parallel.branches.len()),
        Kind::Map(map) => format!("Map over {}, {} at once", shown(map.items.source()), map.concurrency),
        Kind::Succeed => "Succeed".to_owned(),
        Kind::Fail(_) => "Fail".to_owned(),
    };
    let retries = state.recovery.retries().map(|retry| u64::from(retry.attempts_max));
    match retries.sum::<u64>() {
        0 => what,
        retries => format!("{what}, up to {retries} retries"),
    }
}

/// Where a state leads, except for the one way to the line below it.
fn ways(block: &Block, state: &State, below: Option<StateIndex>) -> String {
    let name = |index: StateIndex| block.state(index).map(|state| shown(&state.name)).unwrap_or_default();
    let mut ways = Vec::new();
    match (&state.kind, state.exit) {
        (Kind::Choice(choice), _) => {
            let branches = choice
                .branches
                .iter()
                .map(|branch| format!("{} → {}", shown(branch.condition.source()), name(branch.next)));
            ways.extend(branches);
            ways.extend(choice.default.map(|default| format!("else → {}", name(default))));
        }
        (_, Exit::Next(next)) if Some(next) != below => ways.push(format!("→ {}", name(next))),
        (Kind::Succeed | Kind::Fail(_), Exit::End) | (_, Exit::Next(_)) => {}
        (_, Exit::End) => ways.push("→ end".to_owned()),
    }
    for catch in state.recovery.catches() {
        let errors: Vec<String> = catch.errors.iter().map(|error| shown(&error.0)).collect();
        ways.push(format!("{} ⇢ {}", errors.join(", "), name(catch.next)));
    }
    ways.join("; ")
}

/// Text for one line of a terminal.
fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    let one_line = |character| {
        if character == '\n' || character == '\t' {
            ' '
        } else {
            drawable(character)
        }
    };
    let mut line: String = text.chars().take(CHARACTERS_MAX).map(one_line).collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        line.push('…');
    }
    line
}
