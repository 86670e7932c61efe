//! Every folder of the fixtures `definitions` is a case: a file, and what is said of it.
//!
//! A folder holds `flow.yaml` (or `flow.json`), `functions.yaml`, `grants.yaml` or `input.json`; a flow beside a functions
//! file is checked against it, and a folder whose name ends with `_express` is checked for an Express execution, with
//! `_without_functions` for having no functions file, with `_components` as if no component were there.
//! A `tests.yaml` is checked against the flow `tested.yaml`, if that is there.
//! `diagnostics.golden` is the report, `strict.golden` the strict one where it tells more, `model.golden` what an accepted
//! flow lowers to, `content.golden` what another accepted file holds, `graph.golden` and `outline.golden` the drawings where the folder's name begins with `drawn_`.
//! A folder whose name begins with `made_` holds no file: it is made, because it is too large or too odd to be kept.
//! `UPDATE_GOLDEN=1` writes them anew.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a fixture that cannot be read is a failed test"
)]

mod bounds;
mod corpus;
mod made;
mod page;
mod reports;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stepwell_definition::{
    Characters, Checked, CheckedFile, Colour, Diagnostic, Drawing, Given, Report, Source, Strictness, TestFile, check,
    check_functions_file, check_grants_file, check_input, check_test_file, mermaid, outline,
};

const DRAWING: Drawing = Drawing {
    characters: Characters::Unicode,
    colour: Colour::None,
    width: 100,
};

/// A diagnostic that a case tells, with the text that it is about.
struct Told {
    case: String,
    source: Source,
    diagnostic: Diagnostic,
}

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
fn every_diagnostic_says_how_to_mend_it() {
    let without: Vec<String> = folders()
        .iter()
        .flat_map(|folder| golden(folder).1)
        .filter(|told| told.diagnostic.help.is_none())
        .map(|told| format!("{} {}", told.diagnostic.code(), told.diagnostic.message))
        .collect();
    assert!(without.is_empty(), "{}", without.join("\n"));
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

/// What a folder leads to, and what is told on the way.
fn golden(folder: &Path) -> (Golden, Vec<Told>) {
    let mut golden = Golden::new();
    let mut told = Vec::new();
    let case = file_name(folder);
    let made = made::file(&case);
    let read = |name: &str| match &made {
        Some(text) => (name == "flow.yaml").then(|| text.clone()),
        None => std::fs::read(folder.join(name)).ok(),
    };
    let functions = read("functions.yaml");
    if let Some((name, text)) = ["flow.yaml", "flow.json"]
        .into_iter()
        .find_map(|name| Some((name, read(name)?)))
    {
        let mut checked = check(&text, name);
        add_further_checks(&mut checked, folder, functions.as_deref());
        if let Some(code) = made::code(&case) {
            checked.diagnostics.retain(|diagnostic| diagnostic.code() == code);
        }
        keep(&mut told, &case, &checked.source, &checked.diagnostics);
        note(&mut golden, |strictness| checked.report(strictness));
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
        let mut checked = check_functions_file(&text, "functions.yaml");
        if file_name(folder).ends_with("_components") {
            checked.add_components(|path| Some(format!("there is no file `{path}`")));
        }
        let registry = checked
            .content
            .as_ref()
            .map(|file| pretty(&file.registry(digest).unwrap()));
        keep(&mut told, &case, &checked.source, &checked.diagnostics);
        note_file(&mut golden, &checked, registry);
    }
    if let Some(text) = read("grants.yaml") {
        let checked = check_grants_file(&text, "grants.yaml");
        keep(&mut told, &case, &checked.source, &checked.diagnostics);
        note_file(&mut golden, &checked, checked.content.as_ref().map(pretty));
    }
    if let Some(text) = read("tests.yaml") {
        let checked = tests_beside(&text, read("tested.yaml").as_deref());
        keep(&mut told, &case, &checked.source, &checked.diagnostics);
        note_file(&mut golden, &checked, None);
    }
    if let Some(text) = read("input.json") {
        let checked = check_input(&text, "input.json");
        keep(&mut told, &case, &checked.source, &checked.diagnostics);
        note_file(
            &mut golden,
            &checked,
            checked.content.as_ref().map(|value| value.to_json().unwrap() + "\n"),
        );
    }
    assert!(!golden.is_empty(), "{} holds no file to check", folder.display());
    (golden, told)
}

/// A test file, checked against the flow that it tests if that is there.
fn tests_beside(text: &[u8], tested: Option<&[u8]>) -> CheckedFile<TestFile> {
    let mut checked = check_test_file(text, "tests.yaml");
    if tested.is_none()
        && let Some(file) = checked.content.clone().filter(|file| &*file.flow.text == "none.yaml")
    {
        checked.add_unreadable(&file.flow, "there is no file `none.yaml`");
    }
    if let Some(flow) = tested {
        let flow = check(flow, "tested.yaml").flow.unwrap();
        let functions = checked.content.as_ref().and_then(|file| file.functions.clone());
        checked.add_flow(&flow, &[], |_| match &functions {
            Some(Given::Here(functions)) => functions.registry(digest).unwrap(),
            Some(Given::File(_)) | None => panic!("the test file holds its functions"),
        });
    }
    checked
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
    if file_name(folder).ends_with("_without_functions") {
        checked.add_no_functions();
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

fn keep(told: &mut Vec<Told>, case: &str, source: &Source, diagnostics: &[Diagnostic]) {
    told.extend(diagnostics.iter().map(|diagnostic| Told {
        case: case.to_owned(),
        source: source.clone(),
        diagnostic: diagnostic.clone(),
    }));
}

fn note_file<T>(golden: &mut Golden, file: &CheckedFile<T>, content: Option<String>) {
    note(golden, |strictness| file.report(strictness));
    if let Some(content) = content {
        golden.insert("content.golden", content);
    }
}

fn note<'r>(golden: &mut Golden, report: impl Fn(Strictness) -> Report<'r>) {
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
