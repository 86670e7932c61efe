use super::*;
use crate::states::StateType;

const YAML: FileKind = FileKind {
    content: FileContent::Flow,
    syntax: Syntax::Yaml,
};
const JSON: FileKind = FileKind {
    content: FileContent::Flow,
    syntax: Syntax::Json,
};

const FLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: order
StartAt: Take
States:
  - Type: Task
    Name: Take
    Action: FC:InvokeFunction
    Parameters: {resourceArn: take, invocationType: Sync, body.$: $Input}
    Catch:
      - {Errors: [FnF.ALL], Next: Say no}
    Next: Which
  - Type: Choice
    Name: Which
    Branches:
      - {Condition: $Input.n > 1, Next: Both}
    Default: Say no
  - Type: Parallel
    Name: Both
    Branches:
      - StartAt: Pack
        States:
          - {Type: Pass, Name: Pack, End: true}
      - StartAt: Send
        States:
          - {Type: Pass, Name: Send, End: true}
    End: true
  - Type: Fail
    Name: Say no
    Description: Nothing is left.
";

/// What is offered at `‸`, as `label -> text in the place of replaced`.
fn offered(kind: FileKind, marked: &str) -> Vec<String> {
    let offset = marked.find('‸').unwrap();
    let text = marked.replace('‸', "");
    let shown = |candidate: Candidate| {
        let replaced = text.get(candidate.replaced.range()).unwrap();
        format!("{} -> `{}` for `{replaced}`", candidate.label, candidate.text)
    };
    complete(&text, kind, offset).into_iter().map(shown).collect()
}

fn labels(kind: FileKind, marked: &str) -> Vec<String> {
    let name = |shown: String| shown.split(" -> ").next().unwrap().to_owned();
    offered(kind, marked).into_iter().map(name).collect()
}

/// The flow with a text in the place of another, which holds the cursor.
fn with(from: &str, to: &str) -> String {
    assert_eq!(FLOW.matches(from).count(), 1, "{from}");
    FLOW.replace(from, to)
}

#[test]
fn fields_that_are_not_there_yet_are_offered() {
    let root = labels(YAML, &with("StartAt: Take\n", "StartAt: Take\n‸\n"));
    assert_eq!(
        root,
        ["Description", "Timeout", "InputConstructor", "OutputConstructor"]
    );
    let fail = labels(YAML, &with("    Name: Say no\n", "    Name: Say no\n    De‸\n"));
    let expected = [
        "InputConstructor",
        "GlobalConstructor",
        "Code",
        "Code.$",
        "Detail",
        "Detail.$",
        "OutputConstructor",
        "End",
    ];
    assert_eq!(fail, expected);
    let parameters = labels(
        YAML,
        &with("resourceArn: take, invocationType: Sync, ", "resourceArn: take, inv‸, "),
    );
    assert_eq!(parameters, ["invocationType", "invocationType.$"]);
    let rule = labels(YAML, &with("Next: Say no}", "Next: Say no, ‸}"));
    assert_eq!(rule, ["Description", "OutputConstructor"]);
    let branch = labels(YAML, &with("{Condition: $Input.n > 1, Next: Both}", "{‸}"));
    assert_eq!(branch, ["Condition", "Next"]);
}

#[test]
fn a_key_is_replaced_as_far_as_it_is_written() {
    let text = with("    Next: Which\n", "    Ti‸me\n    Next: Which\n");
    assert!(offered(YAML, &text).contains(&"Timeout -> `Timeout: ` for `Time`".to_owned()));
    let text = with("    Next: Which\n", "    Time‸out: 3\n    Next: Which\n");
    assert!(offered(YAML, &text).contains(&"Timeout -> `Timeout` for `Timeout`".to_owned()));
    let text = with("    Next: Which\n", "    Ret‸\n    Next: Which\n");
    assert!(offered(YAML, &text).contains(&"Retry -> `Retry:` for `Ret`".to_owned()));
}

#[test]
fn a_new_state_begins_with_what_all_states_have() {
    let text = format!("{FLOW}  - ‸\n");
    assert_eq!(
        labels(YAML, &text),
        ["Type", "Name", "Description", "InputConstructor", "GlobalConstructor"]
    );
    let types = offered(YAML, &format!("{FLOW}  - Type: ‸\n"));
    assert_eq!(types.first().unwrap(), "Task -> `Task` for ``");
    assert_eq!(types.len(), StateType::ALL.len());
}

#[test]
fn transitions_are_offered_the_states_of_their_scope() {
    let root = ["Take", "Which", "Both", "Say no"];
    for (from, to) in [
        ("StartAt: Take", "StartAt: ‸"),
        ("    Next: Which", "    Next: Wh‸"),
        ("Default: Say no", "Default: Say ‸no"),
        ("Next: Both}", "Next: ‸}"),
        ("Next: Both}", "Next: Bo‸}"),
        // The bracket is still open.
        ("Next: Both}", "Next: Bo‸"),
        ("Next: Say no}", "Next: \"Sa‸\"}"),
    ] {
        assert_eq!(labels(YAML, &with(from, to)), root, "{to}");
    }
    assert_eq!(labels(YAML, &with("StartAt: Pack", "StartAt: ‸")), ["Pack"]);
    let whole = offered(YAML, &with("Default: Say no", "Default: Say ‸no"));
    assert_eq!(whole.last().unwrap(), "Say no -> `Say no` for `Say no`");
    let quoted = offered(YAML, &with("Next: Say no}", "Next: \"Sa‸\"}"));
    assert_eq!(quoted.first().unwrap(), "Take -> `\"Take\"` for `\"Sa\"`");
}

#[test]
fn values_are_offered_where_there_are_few() {
    assert_eq!(
        labels(YAML, &with("invocationType: Sync", "invocationType: ‸")),
        ["Sync", "Async"]
    );
    assert_eq!(
        labels(
            YAML,
            &with("    End: true\n  - Type: Fail", "    End: ‸\n  - Type: Fail")
        ),
        ["true", "false"]
    );
    let actions = labels(YAML, &with("Action: FC:InvokeFunction", "Action: ‸"));
    assert!(actions.contains(&"HTTP:Request".to_owned()), "{actions:?}");
    let errors = labels(YAML, &with("[FnF.ALL]", "[FnF.‸]"));
    assert!(errors.contains(&"FnF.TaskTimeout".to_owned()), "{errors:?}");
    assert!(!errors.contains(&"FnF.ExecutionTimeout".to_owned()), "no rule takes it");
    let errors = labels(
        YAML,
        &with(
            "      - {Errors: [FnF.ALL], Next: Say no}",
            "      - Errors:\n          - ‸\n        Next: Say no",
        ),
    );
    assert!(errors.contains(&"FnF.TaskTimeout".to_owned()), "{errors:?}");
}

#[test]
fn expressions_are_offered_what_they_can_read() {
    let input = ["$Input", "$Context", "$Global", "$Environment"];
    assert_eq!(labels(YAML, &with("body.$: $Input", "body.$: $‸")), input);
    let output = labels(
        YAML,
        &with(
            "    Name: Say no\n",
            "    Name: Say no\n    OutputConstructor: {a.$: $‸}\n",
        ),
    );
    assert_eq!(output, ["$Input", "$Output", "$Context", "$Global", "$Environment"]);
    let context = offered(YAML, &with("Condition: $Input.n > 1", "Condition: $Context.Cur‸"));
    assert_eq!(
        context,
        ["Execution", "Current", "Flow", "Map", "Environment"].map(|name| format!("{name} -> `{name}` for `Cur`"))
    );
    let current = labels(
        YAML,
        &with("Condition: $Input.n > 1", "Condition: length($Context.Current.Error.‸"),
    );
    assert_eq!(current, ["Code", "Detail"]);
    let functions = offered(YAML, &with("Condition: $Input.n > 1", "Condition: $Input.n > le‸"));
    assert!(
        functions.contains(&"length -> `length(` for `le`".to_owned()),
        "{functions:?}"
    );
    let block = labels(
        YAML,
        &with(
            "{Condition: $Input.n > 1, Next: Both}",
            "Condition: >-\n          $Input.n >\n          $‸\n        Next: Both",
        ),
    );
    assert_eq!(block, input);
    assert_eq!(
        labels(YAML, &with("$Input.n > 1", "$Input.n == \"$‸\"")),
        Vec::<String>::new()
    );
    assert_eq!(
        labels(YAML, &with("body.$: $Input", "body.$: $Input.‸")),
        Vec::<String>::new()
    );
}

#[test]
fn what_does_not_parse_elsewhere_does_not_matter() {
    let broken =
        with("Action: FC:InvokeFunction", "Action: FC:InvokeFunction: x: [").replace("StartAt: Take", "StartAt: ‸");
    assert_eq!(labels(YAML, &broken), ["Take", "Which", "Both", "Say no"]);
    let broken =
        with("    Name: Say no\n", "    Name: Say no\n   ] }: oops\n").replace("    Next: Which", "    Next: ‸");
    let found = labels(YAML, &broken);
    assert!(found.contains(&"Both".to_owned()), "{found:?}");
    let reading = Reading::of(&with("    Next: Which", "    Next: Which: {"), YAML);
    let names: Vec<&str> = reading.states_of(ScopeId(0)).map(|(_, state)| &*state.name).collect();
    assert_eq!(names, ["Take", "Which", "Both", "Say no"]);
}

#[test]
fn nothing_is_offered_that_is_refused_beside_what_is_there() {
    let state = |fields: &str| {
        let text =
            format!("Type: StateMachine\nSpecVersion: v1\nName: a\nStartAt: A\nStates:\n  - Name: A\n{fields}    ‸\n");
        labels(YAML, &text)
    };
    let offers = |offered: &[String], names: &[&str]| {
        names
            .iter()
            .map(|name| offered.iter().any(|label| label == name))
            .collect::<Vec<_>>()
    };
    let recovery = ["Retry", "Catch", "OnErrors", "OnError"];
    assert_eq!(offers(&state("    Type: Task\n"), &recovery), [true; 4]);
    let retry = state("    Type: Task\n    Retry: []\n");
    assert_eq!(offers(&retry, &recovery), [false, true, false, false]);
    let older = state("    Type: Task\n    OnErrors: []\n");
    assert_eq!(offers(&older, &recovery), [false; 4]);
    let ways = ["Next", "End"];
    assert_eq!(offers(&state("    Type: Pass\n"), &ways), [true; 2]);
    assert_eq!(offers(&state("    Type: Pass\n    Next: B\n"), &ways), [false; 2]);
    assert_eq!(offers(&state("    Type: Pass\n    End: true\n"), &ways), [false; 2]);
    let map = ["MaxConcurrency", "MaxConcuccency", "ItemReader", "MaxItems"];
    let inline = state("    Type: Map\n    MaxConcurrency: 1\n");
    assert_eq!(offers(&inline, &map), [false; 4]);
    let distributed = [
        "    ProcessorConfig: {ExecutionMode: Standard}\n",
        "    Processor: {ProcessorConfig: {}}\n",
    ]
    .map(|config| offers(&state(&format!("    Type: Map\n{config}")), &map));
    assert_eq!(distributed, [[true; 4], [true; 4]]);
}

#[test]
fn json_is_completed_as_json() {
    let text = "{\"Type\": \"StateMachine\", \"StartAt\": \"‸\",\n \"States\": [{\"Type\": \"Pass\", \"Name\": \"A b\", \"End\": true}]}";
    assert_eq!(offered(JSON, text), ["A b -> `\"A b\"` for `\"\"`"]);
    let text = "{\"Type\": \"StateMachine\",\n \"States\": [{\"Type\": \"Succeed\", \"Name\": \"A\", \"E‸}]}";
    let fields = offered(JSON, text);
    assert!(
        fields.contains(&"End -> `\"End\": ` for `\"E`".to_owned()),
        "{fields:?}"
    );
    let unclosed = "{\"Type\": \"StateMachine\",\n \"States\": [{\"Type\": \"Succeed\", \"Name\": \"A\", \"E‸";
    assert_eq!(offered(JSON, unclosed), fields);
}

#[test]
fn other_files_have_their_own_fields() {
    let functions = FileKind::of("/home/x/functions.yaml");
    assert_eq!(functions.content, FileContent::Functions);
    assert_eq!(
        labels(functions, "functions:\n  a: {‸}\n"),
        ["component", "http", "stub"]
    );
    assert_eq!(
        labels(functions, "functions:\n  a:\n    stub:\n      - fail: {co‸}\n"),
        ["code", "detail"]
    );
    let grants = FileKind::of("grants.yaml");
    let access = labels(grants, "grants:\n  - objects: [{access: ‸}]\n");
    assert_eq!(access, ["read", "write", "read-write"]);
}

#[test]
fn words_are_explained() {
    let reading = Reading::of(FLOW, YAML);
    let hover = |text: &str| {
        let at = FLOW.find(text).unwrap() + 1;
        reading
            .hover(at)
            .map(|(span, told)| (FLOW.get(span.range()).unwrap().to_owned(), told))
    };
    let told = |word: &str, told: &str| Some((word.to_owned(), told.to_owned()));
    assert_eq!(
        hover("Catch:"),
        told(
            "Catch",
            "**Catch** of a Task: a list\n\nRules that go on elsewhere once no retry is left; the first that matches counts."
        )
    );
    assert_eq!(
        hover("Choice\n"),
        told("Choice", "**Choice**\n\nGoes where the first true condition says.")
    );
    assert_eq!(hover("Say no}"), told("Say no", "**Say no**: Fail\n\nNothing is left."));
    assert_eq!(
        hover("$Input.n"),
        told(
            "$Input",
            "**$Input**\n\nThe effective input of the state; in InputConstructor its raw input."
        )
    );
    assert_eq!(hover("> 1"), None);
    let text = FLOW.replace("$Input.n > 1", "length($Input.n) > 1");
    let at = text.find("ength(").unwrap();
    let (_, told) = Reading::of(&text, YAML).hover(at).unwrap();
    assert_eq!(
        told,
        "`length(an array, an object or text)`\n\nHow many elements, entries or characters there are."
    );
}

/// The text after a rename.
fn renamed(text: &str, at: &str, name: &str) -> Result<String, RenameRefusal> {
    let reading = Reading::of(text, YAML);
    let mut edits = reading.rename(text.find(at).unwrap(), name)?;
    let mut text = text.to_owned();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    edits
        .iter()
        .for_each(|edit| text.replace_range(edit.span.range(), &edit.text));
    Ok(text)
}

#[test]
fn a_state_is_renamed_everywhere_in_its_scope() {
    let expected = FLOW.replace("Say no", "Refuse");
    assert_eq!(renamed(FLOW, "Say no}", "Refuse").unwrap(), expected);
    assert_eq!(renamed(FLOW, "Say no\n    Desc", "Refuse").unwrap(), expected);
    assert_eq!(
        renamed(FLOW, "Pack\n", "a: b").unwrap(),
        FLOW.replace("Pack", "\"a: b\"")
    );
    // The same name in another scope is another state.
    let twice = FLOW.replace("Pack", "Both");
    let expected = FLOW.replace("Pack", "Inner");
    assert_eq!(renamed(&twice, "Both\n        States", "Inner").unwrap(), expected);
}

#[test]
fn a_rename_that_would_break_something_is_refused() {
    let refused = |text: &str, at: &str, name: &str| renamed(text, at, name).unwrap_err();
    assert_eq!(refused(FLOW, "Take\n", "Which"), RenameRefusal::Taken);
    assert_eq!(refused(FLOW, "Take\n", ""), RenameRefusal::BadName);
    assert_eq!(refused(FLOW, "Take\n", &"x".repeat(129)), RenameRefusal::BadName);
    assert_eq!(refused(FLOW, "order", "x"), RenameRefusal::NoState);
    assert_eq!(
        refused(&FLOW.replace("Say no\n    Desc", "Both\n    Desc"), "Both}", "x"),
        RenameRefusal::Ambiguous
    );
    let aliased = "\
Type: StateMachine
StartAt: A
States:
  - Type: Parallel
    Name: A
    Branches:
      - {StartAt: B, States: &inner [{Type: Pass, Name: B, End: true}]}
      - {StartAt: B, States: *inner}
";
    assert_eq!(refused(aliased, "B,", "x"), RenameRefusal::Shared);
    assert_eq!(
        renamed(aliased, "A\n", "x").unwrap(),
        aliased
            .replace("StartAt: A", "StartAt: x")
            .replace("Name: A", "Name: x")
    );
}

#[test]
fn no_offset_of_no_prefix_is_too_much() {
    let json =
        "{\"Type\": \"StateMachine\", \"States\": [{\"Type\": \"Pass\", \"Name\": \"\\u00e9\u{e9}\", 'x': [1, {]}";
    let odd = "a: |\n  x\n - b: 'it''s\n\t{[\"\u{1f600}\u{0}\r\n---\n*x\n&y [\n? z\n";
    let mut offered = Vec::new();
    for text in [FLOW, json, odd, "", "\n", ":", "- ", "\u{feff}Type: "] {
        for kind in [YAML, JSON] {
            for at in (0..=text.len() + 1).filter(|at| at % 3 == 0 || text.len() < 200) {
                offered.push(complete(text, kind, at).len());
                let prefix = text.get(..at).unwrap_or_default();
                offered.push(complete(prefix, kind, at).len());
                let reading = Reading::of(prefix, kind);
                offered.push(reading.hover(at).map_or(0, |(_, told)| told.len()));
                _ = reading.rename(at / 2, "new");
            }
        }
    }
    assert!(offered.iter().any(|offered| *offered > 0));
}

/// Every flow of the fixtures and examples.
fn flows() -> Vec<(String, String)> {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut folders = vec![root.join("tests/fixtures"), root.join("examples")];
    let mut flows = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "flow.yaml") {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
                flows.push((path.display().to_string(), text));
            }
        }
    }
    flows
}

#[test]
fn every_reference_of_a_sound_flow_is_found_and_every_rename_leaves_it_sound() {
    let accepted = |text: &str| crate::check(text.as_bytes(), "").flow;
    let mut renames = 0;
    for (path, text) in flows() {
        let Some(flow) = accepted(&text) else { continue };
        let reading = Reading::of(&text, YAML);
        for value in reading
            .values
            .iter()
            .filter(|value| matches!(value.meaning, Meaning::Refers(_)))
        {
            assert!(reading.state_at(value.span.start).is_some(), "{path}: {}", value.text);
        }
        let name = "New: it's";
        let written = |name: &str| serde_json::to_string(name).unwrap().len();
        for (at, state) in reading.states.iter().enumerate().take(20) {
            let mut edits = match reading.rename(state.name_span.start, name) {
                Ok(edits) => edits,
                Err(refusal) => {
                    assert_eq!(refusal, RenameRefusal::Shared, "{path}: {at}");
                    continue;
                }
            };
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
            let mut renamed = text.clone();
            edits
                .iter()
                .for_each(|edit| renamed.replace_range(edit.span.range(), &edit.text));
            let spelt = |flow: &stepwell_model::Flow| String::from_utf8(stepwell_model::encode(flow).unwrap()).unwrap();
            let again = accepted(&renamed).unwrap_or_else(|| panic!("{path}: {renamed}"));
            let back = Reading::of(&renamed, YAML)
                .states
                .get(at)
                .map(|state| state.name.to_string());
            assert_eq!(back.as_deref(), Some(name), "{path}");
            assert_eq!(spelt(&again).matches(name).count(), 1, "{path}");
            assert_eq!(
                spelt(&again).len() + written(&state.name),
                spelt(&flow).len() + written(name),
                "{path}"
            );
            renames += 1;
        }
    }
    assert!(renames > 300, "{renames}");
}

#[test]
fn something_can_be_written_almost_everywhere() {
    let (mut asked, mut offered) = (0, 0);
    for (_, text) in flows().into_iter().filter(|(_, text)| text.len() < 3_000) {
        let ends = text
            .match_indices('\n')
            .map(|(at, _)| at)
            .filter(|at| text.get(..*at).is_some_and(|text| text.ends_with([':', ' '])));
        for at in ends.take(5).chain([text.len()]) {
            asked += 1;
            offered += usize::from(!complete(&text, YAML, at).is_empty());
        }
    }
    assert!(offered * 2 > asked, "{offered} of {asked}");
}

#[test]
fn files_are_what_their_names_say() {
    let told = |name: &str| (FileKind::of(name).content, FileKind::is_named(name));
    for (name, expected) in [
        ("/f/flow.yaml", (FileContent::Flow, true)),
        ("/f/Flow-of-orders.json", (FileContent::Flow, true)),
        ("/f/functions.yml", (FileContent::Functions, true)),
        ("functions-test.yaml", (FileContent::Functions, true)),
        ("functionsomething.yaml", (FileContent::Flow, false)),
        ("C:\\f\\GRANTS.json", (FileContent::Grants, true)),
        ("/flow/compose.yaml", (FileContent::Flow, false)),
    ] {
        assert_eq!(told(name), expected, "{name}");
    }
}

#[test]
fn functions_that_are_declared_and_errors_of_services_are_offered() {
    let functions = ["take", "acs:fc:*", "a b", "yes:"].map(str::to_owned);
    let marked = with("resourceArn: take,", "resourceArn: ‸,");
    let offset = marked.find('‸').unwrap();
    let text = marked.replace('‸', "");
    let offered = complete_among(&text, YAML, offset, &functions);
    let texts: Vec<&str> = offered.iter().map(|candidate| candidate.text.as_str()).collect();
    assert_eq!(texts, ["take", "a b", "\"yes:\""]);
    let errors = labels(YAML, &with("Errors: [FnF.ALL]", "Errors: [F‸]"));
    assert!(errors.contains(&"FC.ResourceThrottled".to_owned()), "{errors:?}");
    let map = format!("{FLOW}  - Type: Map\n    ProcessorConfig: {{ExecutionMode: Express}}\n    ‸\n");
    let offset = map.find('‸').unwrap();
    let standings = complete(&map.replace('‸', ""), YAML, offset).into_iter();
    let standing = |label: &str| {
        standings
            .clone()
            .find(|candidate| candidate.label == label)
            .map(|c| c.standing)
    };
    assert_eq!(standing("MaxConcuccency"), Some(Standing::Older));
    assert_eq!(standing("ItemReader"), Some(Standing::NotYet));
    assert_eq!(standing("Processor"), Some(Standing::Usual));
}
