//! How diagnostics are shown to people and to programs.

use stepwell_definition::{Characters, Colour, Drawing, Severity, Strictness, check};

const FLOW: &str = "Type: StateMachine
SpecVersion: v1
Name: shop
StartAt: 检查
States:
  - {Type: Choice, Name: 检查, Branches: [{Condition: $Input.数量 + 1 > 2, Next: Fertig}]}
  - {Type: Succeed, Name: Fertich}
";

fn drawn(characters: Characters, colour: Colour, strictness: Strictness) -> String {
    check(FLOW.as_bytes(), "flow.yaml").report(strictness).draw(Drawing {
        characters,
        colour,
        width: 90,
    })
}

#[test]
fn programs_read_entries() {
    let checked = check(FLOW.as_bytes(), "flow.yaml");
    let json = serde_json::to_string_pretty(&checked.report(Strictness::Strict).entries()).unwrap();
    let expected = r#"[
  {
    "code": "definition::no_default",
    "severity": "note",
    "line": 6,
    "column": 26,
    "end_line": 6,
    "end_column": 28,
    "message": "this Choice has no `Default`: it fails with `FnF.NoChoiceMatched` when no condition is true",
    "help": "add `Default` with the name of the state that comes then"
  },
  {
    "code": "definition::undocumented",
    "severity": "note",
    "line": 6,
    "column": 63,
    "end_line": 6,
    "end_column": 64,
    "message": "the operator `+` is not documented",
    "help": "it works here, but perhaps not in CloudFlow"
  },
  {
    "code": "definition::unknown_state",
    "severity": "error",
    "line": 6,
    "column": 78,
    "end_line": 6,
    "end_column": 84,
    "message": "no state named `Fertig`",
    "help": "did you mean `Fertich`?"
  }
]"#;
    assert_eq!(json, expected);
}

#[test]
fn warnings_are_errors_only_where_it_is_strict() {
    let text = "Type: StateMachine\nSpecVersion: v1\nName: a\nOwner: me\nStartAt: A\nStates: [{Type: Wait, Name: A, Seconds: 301, End: true}]\n";
    let checked = check(text.as_bytes(), "flow.yaml");
    let told = |strictness| -> Vec<(&'static str, &'static str)> {
        checked
            .report(strictness)
            .entries()
            .iter()
            .map(|entry| (entry.code, entry.severity))
            .collect()
    };
    assert_eq!(told(Strictness::Lenient), [("definition::unknown_key", "warning")]);
    assert_eq!(
        told(Strictness::Strict),
        [("definition::unknown_key", "error"), ("definition::long_wait", "error")]
    );
    assert_eq!(
        [Strictness::Lenient, Strictness::Strict].map(|strictness| checked.is_refused(strictness)),
        [false, true]
    );
    let report = checked.report(Strictness::Lenient);
    assert_eq!(
        [Severity::Error, Severity::Warning, Severity::Note].map(|severity| report.count(severity)),
        [0, 1, 0]
    );
}

#[test]
fn people_read_drawings() {
    let expected = "definition::no_default

  > this Choice has no `Default`: it fails with `FnF.NoChoiceMatched` when no condition
  | is true
   ,-[flow.yaml:6:26]
 5 | States:
 6 |   - {Type: Choice, Name: 检查, Branches: [{Condition: $Input.数量 + 1 > 2, Next: Fertig}]}
   :                          ^^^^
 7 |   - {Type: Succeed, Name: Fertich}
   `----
  help: add `Default` with the name of the state that comes then

definition::unknown_state

  x no state named `Fertig`
   ,-[flow.yaml:6:78]
 5 | States:
 6 |   - {Type: Choice, Name: 检查, Branches: [{Condition: $Input.数量 + 1 > 2, Next: Fertig}]}
   :                                                                                  ^^^^^^
 7 |   - {Type: Succeed, Name: Fertich}
   `----
  help: did you mean `Fertich`?

";
    assert_eq!(drawn(Characters::Ascii, Colour::None, Strictness::Lenient), expected);
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = drawn(Characters::Unicode, Colour::Ansi, Strictness::Lenient);
    let mut plain = String::new();
    let mut escaped = false;
    for character in coloured.chars() {
        match character {
            '\u{1b}' => escaped = true,
            'm' if escaped => escaped = false,
            _ if escaped => {}
            _ => plain.push(character),
        }
    }
    assert_ne!(coloured, plain);
    assert_eq!(plain, drawn(Characters::Unicode, Colour::None, Strictness::Lenient));
}

#[test]
fn sentences_name_the_place_in_words() {
    let sentences = drawn(Characters::Sentences, Colour::None, Strictness::Lenient);
    assert!(
        sentences.contains("no state named `Fertig`\n    Diagnostic severity: error\n"),
        "{sentences}"
    );
    assert!(sentences.contains("label at line 6, columns 26 to 29"), "{sentences}");
    assert!(
        sentences.contains("diagnostic help: did you mean `Fertich`?"),
        "{sentences}"
    );
}
