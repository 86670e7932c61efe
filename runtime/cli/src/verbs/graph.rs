//! `stepwell graph`: a flow as a drawing.

use std::path::PathBuf;

use clap::Args;
use stepwell_definition::{OutlineLine, Strictness, mermaid, outline};
use stepwell_model::Flow;

use crate::console::Console;
use crate::exit::{Exit, Trouble};
use crate::files::{FlowFile, Problems};

const EXAMPLES: &str = "\
Mermaid is what GitHub, GitLab and many editors draw.

Examples:
  stepwell graph order.yaml > order.mmd
  stepwell graph order.yaml --outline";

/// Print a flow as a Mermaid flowchart, or as a tree for a terminal
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The flow's definition, YAML or JSON
    flow: PathBuf,
    /// Print a tree of the states instead
    #[arg(long)]
    outline: bool,
}

impl Arguments {
    pub(crate) fn carry_out(self, console: &mut Console) -> Result<Exit, Trouble> {
        let flow = FlowFile::read(&self.flow)?;
        let Some(checked) = &flow.checked.flow else {
            let mut problems = Problems::default();
            problems.add(&flow.checked.report(Strictness::Lenient), console.style());
            console.error(problems.drawn());
            return Err(Trouble::mistake(format!(
                "{}: {}",
                self.flow.display(),
                problems.summary()
            )));
        };
        let drawing = match self.outline {
            true => tree(checked),
            false => mermaid(checked),
        };
        console.out(&format!("{}\n", drawing.trim_end()));
        Ok(Exit::Succeeded)
    }
}

/// The flow as a tree, its parts in columns.
fn tree(flow: &Flow) -> String {
    let lines = outline(flow);
    let width = lines.iter().map(OutlineLine::name_width).max().unwrap_or(0);
    lines.iter().map(|line| line.draw(width) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn a_flow_is_drawn_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.yaml").display().to_string();
        let flow = "Type: StateMachine\nSpecVersion: v1\nName: hello\nStartAt: A\nStates:\n  - {Type: Pass, Name: A, End: true}\n";
        std::fs::write(&path, flow).unwrap();
        let drawn = said(&Fake::default(), &["graph", &path]);
        assert_eq!((drawn.exit, drawn.error.as_str()), (Exit::Succeeded, ""));
        assert!(
            drawn.out.starts_with("flowchart") || drawn.out.starts_with("stateDiagram"),
            "{}",
            drawn.out
        );
        let drawn = said(&Fake::default(), &["graph", &path, "--outline"]);
        assert!(
            drawn
                .out
                .lines()
                .any(|line| line.contains('A') && line.contains("Pass")),
            "{}",
            drawn.out
        );
        std::fs::write(&path, "Type: StateMachine\n").unwrap();
        let refused = said(&Fake::default(), &["graph", &path]);
        assert_eq!((refused.exit, refused.out.as_str()), (Exit::Usage, ""));
    }
}
