//! Files that are too large, too deep or no text at all: each is refused by name, whatever it holds.

use stepwell_definition::{
    Characters, Checked, Colour, Diagnostic, Drawing, Strictness, check, check_functions_file, check_grants_file,
    check_input,
};

const HEAD: &str = "Type: StateMachine\nSpecVersion: v1\nName: shop\n";

fn codes(diagnostics: &[Diagnostic]) -> Vec<&'static str> {
    diagnostics.iter().map(Diagnostic::code).collect()
}

/// Checks and draws a flow; drawing must be bounded too.
fn checked(text: impl AsRef<[u8]>) -> Checked {
    let checked = check(text.as_ref(), "flow.yaml");
    for characters in [Characters::Unicode, Characters::Ascii, Characters::Sentences] {
        let drawn = checked.report(Strictness::Strict).draw(Drawing {
            characters,
            colour: Colour::None,
            width: 80,
        });
        assert!(
            drawn.len() < 8_000 * checked.diagnostics.len().max(1),
            "{} bytes drawn",
            drawn.len()
        );
    }
    checked
}

fn told(text: impl AsRef<[u8]>) -> Vec<&'static str> {
    codes(&checked(text).diagnostics)
}

/// A flow whose one state has `constructor` as its OutputConstructor.
fn constructing(constructor: &str) -> String {
    format!(
        "{HEAD}StartAt: A\nStates:\n  - Type: Pass\n    Name: A\n    End: true\n    OutputConstructor: {constructor}\n"
    )
}

#[test]
fn what_is_no_text_is_refused() {
    assert_eq!(told(b"Type: StateMachine\0"), ["definition::nul_byte"]);
    assert_eq!(told(b"Type: State\xC3\x28Machine"), ["definition::not_utf8"]);
    assert_eq!(told(b"\xFF\xFET\0y\0p\0e\0"), ["definition::not_utf8"]);
    assert_eq!(told(b"\xEF\xBB\xBF"), ["definition::empty"]);
    assert_eq!(told(b""), ["definition::empty"]);
    assert_eq!(told([0x80; 1_000]), ["definition::not_utf8"]);
}

#[test]
fn what_is_too_large_is_refused() {
    assert_eq!(told(vec![b'a'; 5 << 20]), ["definition::file_too_large"]);
    assert_eq!(told(vec![b' '; 50 << 20]), ["definition::file_too_large"]);
    assert_eq!(
        codes(&check_input(&vec![b'1'; 5 << 20], "i").diagnostics),
        ["definition::file_too_large"]
    );
    let input = check_input(&vec![b'1'; 5 << 20], "i").diagnostics.pop().unwrap();
    let cure = "keep large data in objects, and write down only what they are called";
    assert_eq!(input.help.as_deref(), Some(cure), "an input is no flow");
}

#[test]
fn a_scalar_of_megabytes_is_a_value_like_any_other() {
    let text = "x".repeat(3 << 20);
    assert_eq!(
        told(constructing(&format!("{{a: {text}}}"))),
        ["definition::too_large_value"]
    );
    assert_eq!(
        told(constructing(&format!("{{a.$: '\"{text}\"'}}"))),
        ["definition::bad_expression"]
    );
    assert_eq!(
        told(constructing(&format!("{{a.$: {text}}}"))),
        ["definition::bad_expression"]
    );
    assert_eq!(
        told(format!(
            "{HEAD}StartAt: {text}\nStates: [{{Type: Pass, Name: A, End: true}}]\n"
        )),
        ["definition::unknown_state"]
    );
    assert_eq!(
        told(format!(
            "{HEAD}{}: 1\nStartAt: A\nStates: [{{Type: Pass, Name: A, End: true}}]\n",
            &text[..60_000]
        )),
        ["definition::unknown_key"]
    );
    assert_eq!(told(text), ["definition::not_a_flow"]);
}

#[test]
fn ten_thousand_levels_are_refused() {
    let levels = 10_000;
    let lists = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let maps = format!("{}1{}", "{a: ".repeat(levels), "}".repeat(levels));
    let blocks: String = (0..levels)
        .map(|level| format!("{}a:\n", " ".repeat(level.min(380))))
        .collect();
    let dashes = "- ".repeat(levels);
    let keys = "? ".repeat(levels);
    for text in [&lists, &maps, &constructing(&lists), &dashes, &keys] {
        assert_eq!(told(text), ["definition::too_deep"], "{}", &text[..40]);
    }
    assert_eq!(told(blocks), ["definition::too_deep"]);
    assert_eq!(told("[".repeat(1 << 20)), ["definition::too_deep"]);
    let nested = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert_eq!(
        codes(&check_input(nested.as_bytes(), "i").diagnostics),
        ["definition::too_deep"]
    );
}

#[test]
fn deep_data_below_the_limit_is_accepted() {
    let levels = 100;
    assert_eq!(
        told(constructing(&format!(
            "{}1{}",
            "{a: ".repeat(levels),
            "}".repeat(levels)
        ))),
        [""; 0]
    );
    let computed = format!("{}{{b.$: $Input}}{}", "{a: ".repeat(levels), "}".repeat(levels));
    assert_eq!(told(constructing(&computed)), [""; 0]);
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", ")));
    }
    assert_eq!(told(&text), ["definition::too_many_aliases"]);
    // Few nodes, but many aliases of a large one.
    let large = format!("a: &a [{}]\n", "1, ".repeat(20_000));
    let many: String = (0..50).map(|number| format!("b{number}: *a\n")).collect();
    assert_eq!(told(large + &many), ["definition::too_many_aliases"]);
    // Few nodes and few aliases, but of a large text.
    let large = format!("a: &a {{b: {}}}\n", "x".repeat(1 << 20));
    let many = |count: usize| -> String { (0..count).map(|number| format!("b{number}: *a\n")).collect() };
    assert_eq!(told(large.clone() + &many(5)), ["definition::too_many_aliases"]);
    assert!(!told(large + &many(3)).contains(&"definition::too_many_aliases"));
    // Every level nests one deeper through an alias.
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..200 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(told(chain), ["definition::too_deep"]);
    // Anchors inside anchors cost nothing by themselves.
    let anchors: String = (0..100).map(|level| format!("&a{level} [")).collect();
    assert_eq!(
        told(format!("{anchors}{}{}", "1, ".repeat(100_000), "]".repeat(100))),
        ["definition::not_a_flow"]
    );
}

#[test]
fn too_many_nodes_are_refused() {
    assert_eq!(told("- 1\n".repeat(1_000_001)), ["definition::too_many_nodes"]);
    assert_eq!(
        told(format!("[{}]", "1,".repeat(1_000_001))),
        ["definition::too_many_nodes"]
    );
}

#[test]
fn ten_thousand_states_are_accepted_and_no_more() {
    let states = |count: usize| {
        let state = |at: usize| {
            let next = if at + 1 == count {
                "End: true".to_owned()
            } else {
                format!("Next: S{}", at + 1)
            };
            format!("  - {{Type: Pass, Name: S{at}, {next}}}\n")
        };
        format!(
            "{HEAD}StartAt: S0\nStates:\n{}",
            (0..count).map(state).collect::<String>()
        )
    };
    assert_eq!(told(states(10_000)), [""; 0]);
    assert_eq!(told(states(10_001)), ["definition::too_many_states"]);
}

#[test]
fn sixteen_scopes_inside_each_other_are_accepted_and_no_more() {
    let nested = |levels: usize| {
        let open = "{StartAt: A, States: [{Type: Parallel, Name: A, End: true, Branches: [".repeat(levels);
        let inner = "{StartAt: A, States: [{Type: Succeed, Name: A}]}";
        let text = format!("{open}{inner}{}", "]}]}".repeat(levels));
        format!("{{Type: StateMachine, SpecVersion: v1, Name: deep, {}", &text[1..])
    };
    assert_eq!(told(nested(16)), [""; 0]);
    assert_eq!(told(nested(17)), ["definition::too_many_states"]);
}

#[test]
fn many_problems_are_told_up_to_a_bound() {
    let wrong: String = (0..9_000)
        .map(|at| format!("  - {{Type: Pass, Name: S{at}, Next: Missing{at}, Note: x}}\n"))
        .collect();
    let checked = checked(format!("{HEAD}StartAt: S0\nStates:\n{wrong}"));
    let count = |code: &str| {
        checked
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.code() == code)
            .count()
    };
    assert_eq!(count("definition::unknown_state"), 500);
    assert_eq!(count("definition::unknown_key"), 500);
    assert_eq!(count("definition::too_many_problems"), 1);
    let duplicates = "a: 1\n".repeat(100_000);
    assert_eq!(told(duplicates).len(), 501);
    let tags = format!("[{}]", "!x 1, ".repeat(100_000));
    assert_eq!(told(tags).len(), 501);
}

#[test]
fn errors_are_kept_however_many_warnings_come_first() {
    let keys: String = (0..5_000).map(|at| format!("Unknown{at}: 1\n")).collect();
    let checked = checked(format!(
        "{HEAD}{keys}StartAt: Missing\nStates: [{{Type: Pass, Name: A, End: true}}]\n"
    ));
    assert!(checked.flow.is_none() && checked.is_refused(Strictness::Lenient));
    assert!(codes(&checked.diagnostics).contains(&"definition::unknown_state"));
}

#[test]
fn a_file_in_one_long_line_is_drawn_in_part() {
    let states: String = (0..3_000)
        .map(|at| format!("{{Type: Pass, Name: 状态{at}, Next: Missing{at}}}, "))
        .collect();
    let checked = checked(format!(
        "{{Type: StateMachine, SpecVersion: v1, Name: a, StartAt: 状态0, States: [{states}]}}"
    ));
    assert_eq!(codes(&checked.diagnostics).len(), 501);
}

/// A generator of odd texts: pieces of flows and of YAML, put together by a small linear congruence.
fn odd_text(seed: u64) -> String {
    const PIECES: [&str; 44] = [
        "Type: StateMachine\n",
        "SpecVersion: v1\n",
        "Name: a\n",
        "StartAt: A\n",
        "States:\n",
        "- ",
        "  ",
        "\n",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "\"",
        "'",
        "|\n",
        ">\n",
        "&a ",
        "*a",
        "!t ",
        "? ",
        "<<: ",
        "---\n",
        "...\n",
        "# c\n",
        "\t",
        "Type: Task\n",
        "Type: Map\n",
        "End: true\n",
        "Next: A\n",
        "Parameters:\n",
        "a.$: ",
        "$Input.a",
        "uuid()",
        "format(\"{}\", $Output)",
        "Retry: [",
        "Errors: ['*']",
        "%YAML 1.2\n",
        "\u{feff}",
        "é中\u{202e}",
        "0x1F",
        "\\u12",
        "\r\n",
    ];
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let length = 1 + next() % 60;
    (0..length)
        .filter_map(|_| PIECES.get(next() % PIECES.len()).copied())
        .collect()
}

#[test]
fn no_text_makes_it_panic() {
    for seed in 0..3_000 {
        let text = odd_text(seed);
        for text in [
            text.clone(),
            constructing(&text),
            format!("{HEAD}StartAt: A\nStates:\n  - {text}"),
        ] {
            let checked = check(text.as_bytes(), "flow.yaml");
            assert_eq!(
                checked.flow.is_none(),
                checked.is_refused(Strictness::Lenient),
                "{text}"
            );
            let drawing = Drawing {
                characters: Characters::Ascii,
                colour: Colour::None,
                width: 80,
            };
            assert_eq!(
                checked.report(Strictness::Strict).draw(drawing).is_empty(),
                checked.diagnostics.is_empty(),
                "{text}"
            );
        }
        assert_eq!(
            check_functions_file(text.as_bytes(), "f").content.is_some(),
            text.starts_with("functions:"),
            "{text}"
        );
        assert!(check_grants_file(text.as_bytes(), "g").content.is_none(), "{text}");
    }
}
