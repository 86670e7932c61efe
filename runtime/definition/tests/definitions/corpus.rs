//! Flows that nobody on this project wrote, where they are at hand: `../shared/corpus` beside the repository.

use std::path::{Path, PathBuf};

use stepwell_definition::{Severity, Strictness, check};

/// What is said of a file: whether it is accepted, and the codes of all errors and warnings.
type Verdict = (bool, Vec<&'static str>);

fn flows() -> Option<PathBuf> {
    let flows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/flows");
    if flows.is_dir() {
        return Some(flows);
    }
    eprintln!("skipped: there is no corpus at {}", flows.display());
    None
}

fn verdict(path: &Path) -> Verdict {
    let checked = check(&std::fs::read(path).unwrap(), &path.to_string_lossy());
    let told = checked
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity() != Severity::Note);
    assert_eq!(
        checked.flow.is_none(),
        checked.is_refused(Strictness::Lenient),
        "{}",
        path.display()
    );
    (
        checked.flow.is_some(),
        told.map(|diagnostic| diagnostic.code()).collect(),
    )
}

/// The files of the newer dialect of which more is said than that they are accepted.
fn expected(name: &str) -> Verdict {
    match name {
        "docs__new-fc-old-action-spelling.yml" => (true, vec!["definition::older_spelling"]),
        "docs__new-onerrors-2023-RECON.yml" => (true, vec!["definition::older_spelling"]),
        "docs__new-fc-requestcomplete-BADSTARTAT.yml" => (false, vec!["definition::unknown_state"]),
        "docs__new-choice-older-INVALIDYAML.yml.txt" => (false, vec!["definition::missing_blank"]),
        "docs__new-map-distributed-RECON.yml" => (true, vec!["definition::distributed_map"]),
        "docs__new-mns-sendmessage.yml" | "docs__new-mns-callback-RECON.yml" => (true, vec!["definition::no_handler"]),
        _ => (true, vec![]),
    }
}

#[test]
fn published_flows_of_the_newer_dialect_are_treated_as_they_deserve() {
    let Some(flows) = flows() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(flows).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let newer = text.windows(18).any(|window| window == b"Type: StateMachine");
        if !newer {
            continue;
        }
        seen += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(verdict(&path), expected(&name), "{name}");
    }
    assert!(seen >= 22, "{seen}");
}

#[test]
fn published_flows_of_the_older_dialect_are_recognised() {
    let Some(flows) = flows() else { return };
    for entry in std::fs::read_dir(flows).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yml");
        if !is_yaml || !text.contains("type: flow") {
            continue;
        }
        let (accepted, codes) = verdict(&path);
        let recognised = codes.contains(&"definition::older_dialect");
        let tag = codes.contains(&"definition::deploy_tag");
        assert!(!accepted && (recognised || tag), "{}: {codes:?}", path.display());
    }
}
