//! Every folder of the fixtures `definitions` is a case: a file, and what is said of it.
//!
//! A folder holds `flow.yaml` (or `flow.json`), `functions.yaml`, `grants.yaml` or `input.json`; a flow beside a functions
//! file is checked against it, and a folder whose name ends with `_express` is checked for an Express execution.
//! `diagnostics.golden` is the report, `strict.golden` the strict one where it tells more, `model.golden` what an accepted
//! flow lowers to, `content.golden` what another accepted file holds, `graph.golden` and `outline.golden` the drawings where the folder's name begins with `drawn_`.
//! `UPDATE_GOLDEN=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stepwell_definition::{
    Characters, Checked, CheckedFile, Colour, Diagnostic, Drawing, Report, Strictness, check, check_functions_file,
    check_grants_file, check_input, codes, mermaid, outline,
};

const DRAWING: Drawing = Drawing {
    characters: Characters::Unicode,
    colour: Colour::None,
    width: 100,
};

/// The files that a case leads to, by name.
type Golden = BTreeMap<&'static str, String>;

#[test]
fn every_fixture_is_told_as_written_down() {
    let wrong: Vec<String> = folders()
        .iter()
        .filter_map(|folder| compare(folder, &golden(folder).0))
        .collect();
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE_GOLDEN=1 writes them anew",
        wrong.join("\n")
    );
}

#[test]
fn every_code_has_a_fixture() {
    // These need files that are too large or too odd to be kept; the tests of bounds make them.
    let made = [
        "file_too_large",
        "not_utf8",
        "nul_byte",
        "too_deep",
        "too_many_nodes",
        "too_many_aliases",
        "too_many_states",
        "too_many_problems",
    ];
    let told: BTreeSet<&str> = folders().iter().flat_map(|folder| golden(folder).1).collect();
    let missing: Vec<&str> = codes()
        .into_iter()
        .map(|code| code.name)
        .filter(|name| !told.contains(name) && !made.contains(&name.trim_start_matches("definition::")))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn what_cannot_run_yet_is_listed() {
    let unsupported = |case: &str| -> Vec<(String, String)> {
        let checked = check(
            &std::fs::read(root().join(case).join("flow.yaml")).unwrap(),
            "flow.yaml",
        );
        checked
            .unsupported
            .into_iter()
            .map(|unsupported| (unsupported.state.to_string(), unsupported.what))
            .collect()
    };
    let listed = |state: &str, what: &str| (state.to_owned(), what.to_owned());
    assert_eq!(
        unsupported("map_distributed_accepted"),
        [listed("A", "a distributed Map")]
    );
    assert_eq!(
        unsupported("task_later"),
        [listed("Ask", "the action `DashScope:QwenTextGeneration`")]
    );
    assert_eq!(unsupported("task_forms"), []);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/definitions")
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// What a folder leads to, and which codes are told on the way.
fn golden(folder: &Path) -> (Golden, BTreeSet<&'static str>) {
    let mut golden = Golden::new();
    let mut told = BTreeSet::new();
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    let functions = read("functions.yaml");
    if let Some((name, text)) = ["flow.yaml", "flow.json"]
        .into_iter()
        .find_map(|name| Some((name, read(name)?)))
    {
        let mut checked = check(&text, name);
        add_further_checks(&mut checked, folder, functions.as_deref());
        note(&mut golden, &mut told, &checked.diagnostics, |strictness| {
            checked.report(strictness)
        });
        if let Some(flow) = &checked.flow {
            golden.insert("model.golden", pretty(flow));
            let stored = stepwell_model::encode(flow).unwrap();
            assert_eq!(&stepwell_model::decode(&stored).unwrap(), flow, "{}", folder.display());
            if file_name(folder).starts_with("drawn_") {
                golden.insert("graph.golden", mermaid(flow));
                golden.insert("outline.golden", drawn_outline(flow));
            }
        }
    } else if let Some(text) = functions {
        let checked = check_functions_file(&text, "functions.yaml");
        let registry = checked
            .content
            .as_ref()
            .map(|file| pretty(&file.registry(digest).unwrap()));
        note_file(&mut golden, &mut told, &checked, registry);
    }
    if let Some(text) = read("grants.yaml") {
        let checked = check_grants_file(&text, "grants.yaml");
        note_file(&mut golden, &mut told, &checked, checked.content.as_ref().map(pretty));
    }
    if let Some(text) = read("input.json") {
        let checked = check_input(&text, "input.json");
        note_file(
            &mut golden,
            &mut told,
            &checked,
            checked.content.as_ref().map(|value| value.to_json().unwrap() + "\n"),
        );
    }
    assert!(!golden.is_empty(), "{} holds no file to check", folder.display());
    (golden, told)
}

fn digest(path: &str) -> Result<std::sync::Arc<str>, std::convert::Infallible> {
    Ok(format!("digest of {path}").into())
}

fn add_further_checks(checked: &mut Checked, folder: &Path, functions: Option<&[u8]>) {
    if let Some(text) = functions {
        let file = check_functions_file(text, "functions.yaml").content.unwrap();
        checked.add_functions(&file.registry(digest).unwrap());
    }
    if file_name(folder).ends_with("_express") {
        checked.add_express();
    }
}

fn drawn_outline(flow: &stepwell_model::Flow) -> String {
    let lines = outline(flow);
    let width = lines.iter().map(|line| line.name_width()).max().unwrap_or_default();
    lines.iter().map(|line| line.draw(width) + "\n").collect()
}

fn file_name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

fn pretty(content: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(content).unwrap() + "\n"
}

fn note_file<T>(
    golden: &mut Golden,
    told: &mut BTreeSet<&'static str>,
    file: &CheckedFile<T>,
    content: Option<String>,
) {
    note(golden, told, &file.diagnostics, |strictness| file.report(strictness));
    if let Some(content) = content {
        golden.insert("content.golden", content);
    }
}

fn note<'r>(
    golden: &mut Golden,
    told: &mut BTreeSet<&'static str>,
    diagnostics: &[Diagnostic],
    report: impl Fn(Strictness) -> Report<'r>,
) {
    told.extend(diagnostics.iter().map(Diagnostic::code));
    let (lenient, strict) = (report(Strictness::Lenient), report(Strictness::Strict));
    golden.insert("diagnostics.golden", lenient.draw(DRAWING));
    if strict.entries().len() > lenient.entries().len() {
        golden.insert("strict.golden", strict.draw(DRAWING));
    }
}

const NAMES: [&str; 6] = [
    "diagnostics.golden",
    "strict.golden",
    "model.golden",
    "content.golden",
    "graph.golden",
    "outline.golden",
];

fn compare(folder: &Path, golden: &Golden) -> Option<String> {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for name in NAMES {
        let path = folder.join(name);
        let written = std::fs::read_to_string(&path).ok();
        let expected = golden.get(name);
        if written.as_ref() == expected {
            continue;
        }
        match expected {
            Some(text) if update => std::fs::write(&path, text).unwrap(),
            None if update => std::fs::remove_file(&path).unwrap(),
            Some(text) => wrong.push(format!("{name} should be\n{text}")),
            None => wrong.push(format!("{name} should not be there")),
        }
    }
    (!wrong.is_empty()).then(|| format!("{}: {}", file_name(folder), wrong.join("\n")))
}
