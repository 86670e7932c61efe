//! `docs/diagnostics.md`: every code with what it means, and an example that a fixture shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use stepwell_definition::{Code, Drawing, Report, Severity, Strictness, codes};

use crate::{DRAWING, Told, folders, golden};

const HEAD: &str = "\
# Diagnostics

Everything that `stepwell validate` and `stepwell test` can say of a file, in the order in which it is read. A code is
stable: it means one thing, and is never used again for another. **Errors** refuse a flow. **Warnings** let it run, but
`--strict` refuses it. **Notes** are worth knowing and refuse nothing. What is told *only under `--strict`* is what runs
here, but not in CloudFlow.

*In the schema*: an editor that knows [flow.schema.json](../runtime/definition/schemas/flow.schema.json) marks it too,
without the checker. A number inside of quotes is judged by the checker alone.

This page is made from the table of codes and from the fixtures in `tests/fixtures/definitions`; a test holds it to them.
";

#[test]
fn page_of_diagnostics_is_made_from_the_codes_and_the_fixtures() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnostics.md");
    let page = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "UPDATE_GOLDEN=1 writes {} anew", path.display());
}

fn page() -> String {
    let examples = examples();
    let missing: Vec<&str> = codes()
        .iter()
        .map(|code| code.name)
        .filter(|name| !examples.contains_key(name))
        .collect();
    assert_eq!(missing, [""; 0], "codes without a fixture");
    let mut page = HEAD.to_owned();
    page.push_str("\n| code | severity | in the schema | meaning |\n|---|---|---|---|\n");
    for code in codes() {
        let (name, anchor) = (code.name, code.name.replace(':', ""));
        let in_schema = if code.in_schema { "yes" } else { "" };
        let severity = severity(code);
        writeln!(
            page,
            "| [`{name}`](#{anchor}) | {severity} | {in_schema} | {} |",
            code.meaning
        )
        .unwrap();
    }
    for code in codes() {
        let example = examples.get(code.name).unwrap();
        write!(
            page,
            "\n## {}\n\n{}\n\n```text\n{}```\n",
            code.name, code.meaning, example.drawn
        )
        .unwrap();
        writeln!(page, "\nFixture: `{}`.", example.case).unwrap();
    }
    page
}

fn severity(code: &Code) -> &'static str {
    match (code.severity, code.only_strict) {
        (Severity::Error, _) => "error",
        (Severity::Warning, false) => "warning",
        (Severity::Warning, true) => "error, only under `--strict`",
        (Severity::Note, false) => "note",
        (Severity::Note, true) => "note, only under `--strict`",
    }
}

struct Example {
    case: String,
    drawn: String,
}

/// The shortest drawing of every code.
fn examples() -> BTreeMap<&'static str, Example> {
    let mut examples: BTreeMap<&'static str, Example> = BTreeMap::new();
    for told in folders().iter().flat_map(|folder| golden(folder).1) {
        let (code, drawn) = (told.diagnostic.code(), drawn(&told));
        let size = |drawn: &str| (drawn.lines().count(), drawn.len());
        let shorter = examples.get(code).is_none_or(|best| size(&drawn) < size(&best.drawn));
        if shorter {
            examples.insert(code, Example { case: told.case, drawn });
        }
    }
    examples
}

fn drawn(told: &Told) -> String {
    let strictness = match told.diagnostic.severity_under(Strictness::Lenient) {
        Some(_) => Strictness::Lenient,
        None => Strictness::Strict,
    };
    let drawing = Drawing { width: 96, ..DRAWING };
    let drawn = Report::new(&told.source, [&told.diagnostic], strictness).draw(drawing);
    let lines = drawn
        .trim_matches('\n')
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}
