//! A flow as a Mermaid flowchart.
//!
//! Parallels and Maps are subgraphs with one subgraph for each of their scopes; ways that an error takes are dashed and
//! carry the errors' names.
//!
//! **Invariant:** the same flow gives the same text, and no name of the flow can break out of its label.

use std::fmt::Write as _;

use stepwell_model::{Block, BlockPath, Exit, Flow, Kind, State, StateIndex};

/// How many characters of a name or condition are drawn.
const LABEL_CHARACTERS_MAX: usize = 60;

/// The flow as a Mermaid flowchart.
#[must_use]
pub fn mermaid(flow: &Flow) -> String {
    let mut chart = Chart {
        text: String::from("flowchart TD\n"),
        depth: 1,
    };
    chart.line(&format!("%% {}", plain(&flow.name)));
    chart.block(&flow.body, &BlockPath::default());
    chart.text
}

struct Chart {
    text: String,
    depth: usize,
}

/// The id of a state: its place, which is unique and needs no escapes.
fn id(path: &BlockPath, state: StateIndex) -> String {
    path.0
        .iter()
        .fold(String::new(), |id, (state, block)| format!("{id}s{}b{block}", state.0))
        + &format!("s{}", state.0)
}

/// The id of a scope, for its start and end.
fn scope_id(path: &BlockPath) -> String {
    path.0.iter().fold(String::from("r"), |id, (state, block)| {
        format!("{id}s{}b{block}", state.0)
    })
}

impl Chart {
    fn line(&mut self, line: &str) {
        // A string can always be written to.
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = self.depth * 2);
    }

    fn block(&mut self, block: &Block, path: &BlockPath) {
        let scope = scope_id(path);
        self.line(&format!("{scope}_start((\" \")) --> {}", id(path, block.start)));
        for (index, state) in (0u32..).map(StateIndex).zip(&block.states) {
            self.state(state, index, path);
        }
        for (index, state) in (0u32..).map(StateIndex).zip(&block.states) {
            self.ways(state, &id(path, index), path);
        }
        self.line(&format!("{scope}_end(((\" \")))"));
    }

    fn state(&mut self, state: &State, index: StateIndex, path: &BlockPath) {
        let id = id(path, index);
        let name = label(&state.name);
        match &state.kind {
            Kind::Task(task) => self.line(&format!("{id}[\"{name}<br/>{}\"]", label(&task.action))),
            Kind::Pass => self.line(&format!("{id}[\"{name}\"]")),
            Kind::Wait(_) => self.line(&format!("{id}([\"{name}\"])")),
            Kind::Choice(_) => self.line(&format!("{id}{{\"{name}\"}}")),
            Kind::Succeed => self.line(&format!("{id}([\"{name}\"])")),
            Kind::Fail(_) => self.line(&format!("{id}{{{{\"{name}\"}}}}")),
            Kind::Parallel(parallel) => self.scopes(&id, &name, &parallel.branches, index, path, "branch"),
            Kind::Map(map) => self.scopes(
                &id,
                &name,
                std::slice::from_ref(&map.processor),
                index,
                path,
                "each item",
            ),
        }
    }

    fn scopes(&mut self, id: &str, name: &str, blocks: &[Block], state: StateIndex, path: &BlockPath, word: &str) {
        self.line(&format!("subgraph {id}[\"{name}\"]"));
        self.depth += 1;
        for (number, block) in (0u32..).zip(blocks) {
            let inner = path.inner(state, number);
            let title = if blocks.len() > 1 {
                format!("{word} {number}")
            } else {
                word.to_owned()
            };
            self.line(&format!("subgraph {}[\"{title}\"]", scope_id(&inner)));
            self.depth += 1;
            self.block(block, &inner);
            self.depth -= 1;
            self.line("end");
        }
        self.depth -= 1;
        self.line("end");
    }

    fn ways(&mut self, state: &State, from: &str, path: &BlockPath) {
        if let Kind::Choice(choice) = &state.kind {
            for branch in &choice.branches {
                self.line(&format!(
                    "{from} -->|\"{}\"| {}",
                    label(branch.condition.source()),
                    id(path, branch.next)
                ));
            }
            if let Some(default) = choice.default {
                self.line(&format!("{from} -->|\"otherwise\"| {}", id(path, default)));
            }
            return;
        }
        match state.exit {
            Exit::Next(next) => self.line(&format!("{from} --> {}", id(path, next))),
            Exit::End => self.line(&format!("{from} --> {}_end", scope_id(path))),
        }
        for catch in state.recovery.catches() {
            let names: Vec<&str> = catch.errors.iter().map(|name| &*name.0).collect();
            self.line(&format!(
                "{from} -.->|\"{}\"| {}",
                label(&names.join(", ")),
                id(path, catch.next)
            ));
        }
    }
}

/// Text inside of quotes: what Mermaid would take for its own, or a browser for markup, is written as an entity.
fn label(text: &str) -> String {
    let mut escaped = String::new();
    for character in plain(text).chars() {
        match character {
            '"' | '<' | '>' | '&' | '#' | ';' | '`' | '\\' | '*' | '_' | '|' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// One line, without control characters, of bounded length.
fn plain(text: &str) -> String {
    let mut characters = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character });
    let mut line: String = characters.by_ref().take(LABEL_CHARACTERS_MAX).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}
