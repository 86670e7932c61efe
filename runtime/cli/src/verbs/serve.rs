//! `stepwell serve`: the API over a store.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use stepwell_definition::Strictness;
use stepwell_wire::FlowText;

use crate::console::{Console, Style};
use crate::exit::{Exit, Trouble};
use crate::files::{FlowFile, Functions, Problems, grants, settings, text};
use crate::host::{Host, Serving};
use crate::place::StoreArgument;

const EXAMPLES: &str = "\
It drives every execution of the store, and answers over HTTP what docs/api.md says; `stepwell ... --endpoint URL` asks \
it. Without --tokens it answers programs of this machine alone, and listens nowhere else. It speaks no TLS: put a proxy \
before it. Ctrl-C or SIGTERM ends it cleanly; executions go on when it is started again.

Examples:
  stepwell serve
  stepwell serve order.yaml --functions functions.yaml --grants grants.yaml
  stepwell serve --listen 0.0.0.0:7700 --tokens tokens.txt";

/// The largest file of tokens.
const TOKENS_BYTES_MAX: usize = 1 << 20;

/// Serve the API over a store, and drive its executions
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Flows that are registered at the beginning, YAML or JSON
    #[arg(value_name = "FLOW")]
    flows: Vec<PathBuf>,
    /// Where it listens; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// What the flows' functions are; without one, there are none
    #[arg(long, value_name = "FILE")]
    functions: Option<PathBuf>,
    /// What tasks may reach; without one, nothing
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// Who is answered: lines that `stepwell token new` printed
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Change a setting: limits.data, limits.states, wait.max_seconds, tasks.fuse
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    store: StoreArgument,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let mut problems = Problems::default();
        let serving = self.read(&mut problems, console.style());
        console.error(problems.drawn());
        let serving = serving?;
        let mut say = |line: &str| console.say(line);
        host.serve(&self.store.store, serving, &mut say).await?;
        Ok(Exit::Succeeded)
    }

    /// Reads and checks every file; problems are told all at once.
    fn read(&self, problems: &mut Problems, style: Style) -> Result<Serving, Trouble> {
        let functions = Functions::read(self.functions.as_deref())?;
        functions.tell(problems, style, Strictness::Lenient);
        let resolved = functions.resolve(problems, style);
        let flows = self.flows.iter().map(|path| flow(path, &functions, problems, style));
        let flows: Vec<FlowFile> = flows.collect::<Result<_, _>>()?;
        let grants = grants(self.grants.as_deref(), problems, style)?;
        let settings = settings(&self.store.store, &self.set)?;
        let tokens = self
            .tokens
            .as_deref()
            .map(|path| text(path, TOKENS_BYTES_MAX))
            .transpose()?;
        if problems.refuse() {
            return Err(Trouble::mistake(format!("nothing is served: {}", problems.summary())));
        }
        let texts = flows.iter().map(|flow| flow.text(&*flow.flow()?));
        Ok(Serving {
            listen: self.listen,
            flows: texts.collect::<Result<Vec<FlowText>, Trouble>>()?,
            registry: resolved.registry,
            components: resolved.components,
            grants,
            settings,
            tokens,
        })
    }
}

fn flow(path: &Path, functions: &Functions, problems: &mut Problems, style: Style) -> Result<FlowFile, Trouble> {
    let mut flow = FlowFile::read(path)?;
    match functions.outline() {
        Some(registry) => flow.checked.add_functions(&registry),
        None => flow.checked.add_no_functions(),
    }
    flow.tell_for_run(problems, style);
    Ok(flow)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fake::{Fake, said};
    use super::*;

    const FLOW: &str =
        "Type: StateMachine\nSpecVersion: v1\nName: hello\nStartAt: A\nStates:\n  - {Type: Pass, Name: A, End: true}\n";

    #[test]
    fn files_are_read_and_handed_to_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("flow.yaml"), FLOW).unwrap();
        fs::write(path("tokens.txt"), "read 00\n").unwrap();
        let host = Fake::default();
        let (flow, tokens, store) = (path("flow.yaml"), path("tokens.txt"), path("store"));
        let words = [
            "serve",
            &flow,
            "--tokens",
            &tokens,
            "--listen",
            "[::1]:0",
            "--store",
            &store,
            "--set",
            "limits.data=9",
        ];
        let said = said(&host, &words);
        assert_eq!(
            (said.exit, said.error.as_str()),
            (Exit::Succeeded, "listening on [::1]:0\n")
        );
        let [serving] = host.served().try_into().unwrap();
        let names: Vec<&str> = serving.flows.iter().map(|flow| flow.name.as_str()).collect();
        assert_eq!(
            (names, serving.tokens.as_deref(), serving.settings.data_bytes_max),
            (vec!["hello"], Some("read 00\n"), 9)
        );
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_and_nothing_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.yaml").display().to_string();
        fs::write(&path, FLOW.replace("StartAt: A", "StartAt: B")).unwrap();
        let host = Fake::default();
        let said = said(&host, &["serve", &path]);
        assert_eq!((said.exit, host.served().len()), (Exit::Usage, 0));
        assert!(
            said.error.ends_with("error: nothing is served: 1 error\n"),
            "{}",
            said.error
        );
        let missing = super::super::fake::said(&host, &["serve", "--tokens", "no/such/file"]);
        assert_eq!(
            (missing.exit, host.served().len()),
            (Exit::Usage, 0),
            "{}",
            missing.error
        );
    }
}
