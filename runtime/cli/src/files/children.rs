//! Child flows: found by name among the flow files beside the flow.
//!
//! Only names that a definition writes down are looked for; a computed name is looked up in the store when it is known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use stepwell_actions::{START_EXECUTION, flow_name};
use stepwell_definition::FILE_BYTES_MAX;
use stepwell_expression::{Template, Value};
use stepwell_model::{Block, Flow, Kind};

use super::reading::read;
use super::{FlowFile, folder};
use crate::exit::Trouble;

/// How many files beside the flow are looked at.
const FILES_MAX: usize = 1000;

/// The flows that `flow` may start, and those that they may start, as far as they stand beside it.
pub(crate) fn children(flow: &FlowFile) -> Result<Vec<FlowFile>, Trouble> {
    let Some(root) = &flow.checked.flow else {
        return Ok(Vec::new());
    };
    let mut wanted = started(root);
    wanted.remove(&*root.name);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut beside = candidates(&flow.path)?;
    let mut found: BTreeMap<String, FlowFile> = BTreeMap::new();
    while let Some(name) = wanted.pop_first() {
        let Some(child) = take(&mut beside, &name)? else {
            continue;
        };
        let more = child.checked.flow.as_ref().map(started).unwrap_or_default();
        found.insert(name, child);
        wanted.extend(
            more.into_iter()
                .filter(|name| *name != *root.name && !found.contains_key(name)),
        );
    }
    Ok(found.into_values().collect())
}

/// The flows that a flow starts by names that are written down.
fn started(flow: &Flow) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    started_in(&flow.body, &mut names);
    names
}

fn started_in(block: &Block, names: &mut BTreeSet<String>) {
    for state in &block.states {
        if let Kind::Task(task) = &state.kind
            && &*task.action == START_EXECUTION
        {
            names.extend(resource(&task.parameters).map(|resource| flow_name(resource).to_owned()));
        }
        state.blocks().for_each(|inner| started_in(inner, names));
    }
}

/// The `resourceArn`, if it is a constant.
fn resource(parameters: &Template) -> Option<&str> {
    match parameters {
        Template::Literal(value) => value.as_object()?.get("resourceArn")?.as_str(),
        Template::Object(entries) => {
            let (_, value) = entries.iter().find(|(key, _)| &**key == "resourceArn")?;
            match value {
                Template::Literal(Value::String(text)) => Some(text),
                Template::Literal(_) | Template::Expr(_) | Template::Object(_) | Template::Array(_) => None,
            }
        }
        Template::Expr(_) | Template::Array(_) => None,
    }
}

/// Flow files beside the flow, with the name that each gives itself.
fn candidates(flow: &Path) -> Result<Vec<(String, PathBuf)>, Trouble> {
    let cannot = |error| Trouble::mistake(format!("`{}` cannot be listed: {error}", folder(flow).display()));
    let entries = fs::read_dir(folder(flow)).map_err(cannot)?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_flow_file(path, flow))
        .collect();
    paths.sort();
    Ok(paths
        .into_iter()
        .take(FILES_MAX)
        .filter_map(|path| Some((name_in(&path)?, path)))
        .collect())
}

fn is_flow_file(path: &Path, flow: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json")) && path.file_name() != flow.file_name() && path.is_file()
}

/// The name that a state machine gives itself, whether or not the rest of it is sound: the value of the first `Name`
/// with the least indentation.
fn name_in(path: &Path) -> Option<String> {
    let bytes = read(path, FILE_BYTES_MAX).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    if !text.contains("StateMachine") {
        return None;
    }
    let sound = stepwell_definition::check(&bytes, "")
        .flow
        .map(|flow| flow.name.to_string());
    sound.or_else(|| {
        text.lines()
            .filter_map(name_of_line)
            .min_by_key(|(indentation, _)| *indentation)
            .map(|(_, name)| name)
    })
}

fn name_of_line(line: &str) -> Option<(usize, String)> {
    let trimmed = line.trim_start();
    let rest = trimmed
        .trim_start_matches('"')
        .strip_prefix("Name")?
        .trim_start_matches('"')
        .trim_start()
        .strip_prefix(':')?;
    let name = rest.trim().trim_end_matches(',').trim_matches(['"', '\'']);
    Some((line.len() - trimmed.len(), name.to_owned()))
}

/// The one file whose flow has that name.
fn take(beside: &mut Vec<(String, PathBuf)>, name: &str) -> Result<Option<FlowFile>, Trouble> {
    let (named, others): (Vec<_>, Vec<_>) = std::mem::take(beside).into_iter().partition(|(own, _)| own == name);
    *beside = others;
    match named.as_slice() {
        [] => Ok(None),
        [(_, path)] => FlowFile::read(path).map(Some),
        [(_, first), (_, second), ..] => Err(Trouble::mistake(format!(
            "two files beside the flow define the flow `{name}`: `{}` and `{}`",
            first.display(),
            second.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starting(name: &str, child: &str) -> String {
        format!(
            "Type: StateMachine\nSpecVersion: v1\nName: {name}\nStartAt: A\nStates:\n  - Type: Task\n    Name: A\n    \
             Action: FNF:StartExecution\n    TaskMode: WaitForSystemCallback\n    Parameters:\n      \
             resourceArn: acs:fnf:::flow/{child}\n    End: true\n"
        )
    }

    fn found(files: &[(&str, String)]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let flow = FlowFile::read(&folder.path().join("flow.yaml")).unwrap();
        let file = |child: &FlowFile| child.path.file_name().unwrap().to_string_lossy().into_owned();
        children(&flow)
            .map(|children| children.iter().map(file).collect())
            .map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn children_of_children_are_found_and_others_ignored() {
        let files = [
            ("flow.yaml", starting("a", "b")),
            ("second.yml", starting("b", "c")),
            ("third.json", starting("c", "a")),
            ("other.yaml", starting("d", "e")),
            ("broken.yaml", "Type: StateMachine\nName: x\nStates: [".to_owned()),
        ];
        assert_eq!(found(&files), Ok(vec!["second.yml".into(), "third.json".into()]));
    }

    #[test]
    fn a_broken_file_counts_when_it_is_asked_for() {
        let broken = "Type: StateMachine\nName: b\nStates: [".to_owned();
        assert_eq!(
            found(&[("flow.yaml", starting("a", "b")), ("b.yaml", broken)]),
            Ok(vec!["b.yaml".into()])
        );
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let files = [
            ("flow.yaml", starting("a", "b")),
            ("b1.yaml", starting("b", "a")),
            ("b2.yaml", starting("b", "a")),
        ];
        assert!(
            found(&files)
                .unwrap_err()
                .starts_with("two files beside the flow define the flow `b`")
        );
    }
}
