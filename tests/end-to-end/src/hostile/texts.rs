//! Texts that are no texts, or too large, or too deep.

use super::bound::{refused, run, runs};
use super::{HEAD, pass};
use crate::program::House;

#[test]
fn aliases_by_the_billion_are_refused() {
    let mut laughs = pass("") + "Extra:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for level in 1..30 {
        let before = [format!("*a{}", level - 1).as_str(); 10].join(",");
        laughs += &format!("  a{level}: &a{level} [{before}]\n");
    }
    refused("laughs", laughs, "definition::too_many_aliases");
    let large = format!("b: &b \"{}\", c: [{}]", "x".repeat(1_000_000), ["*b"; 90_000].join(","));
    refused(
        "large",
        pass(&format!("    OutputConstructor: {{{large}}}\n")),
        "definition::too_many_aliases",
    );
}

#[test]
fn ten_thousand_levels_are_refused_in_every_notation() {
    let levels = 10_000;
    let blocks: String = (0..2_500).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    for (name, text) in [
        ("blocks", blocks),
        ("dashes", "- ".repeat(levels)),
        ("keys", "? ".repeat(levels)),
        ("lists", nested("[", "]")),
        ("maps", nested("{a: ", "}")),
        ("json", nested("{\"a\":", "}")),
        ("open", "[".repeat(4_000_000)),
    ] {
        refused(name, text, "definition::too_deep");
    }
    let house = House::with(&[("flow.yaml", &pass("")), ("input.json", &nested("{\"a\":", "}"))]);
    run(&house, &["run", "flow.yaml", "--input", "input.json"]).ends(2, "definition::too_deep");
    run(&house, &["eval", "$Input", "--input", "input.json"]).ends(2, "definition::too_deep");
    house.write("input.json", &"[".repeat(4_000_000));
    run(&house, &["run", "flow.yaml", "--input", "input.json"]).ends(2, "definition::too_deep");
}

#[test]
fn fifty_megabytes_in_one_scalar_are_refused() {
    let large = "x".repeat(50_000_000);
    refused(
        "scalar",
        pass("") + "Description: " + &large,
        "definition::file_too_large",
    );
    let house = House::with(&[
        ("flow.yaml", &pass("")),
        ("input.json", &format!("{{\"a\":\"{large}\"}}")),
    ]);
    run(&house, &["run", "flow.yaml", "--input", "input.json"]).ends(2, "definition::file_too_large");
    run(&house, &["eval", "$Input", "--input", "input.json"]).ends(2, "definition::file_too_large");
    let input = format!("{{\"a\":\"{large}\"}}");
    super::bound::run_reading(&house, &["run", "flow.yaml", "--input", "-"], &input)
        .ends(2, "definition::file_too_large");
}

#[test]
fn four_megabytes_in_one_scalar_are_read() {
    let escapes = format!("Description: \"{}\"\n", "\\n".repeat(1_900_000));
    runs("escapes", pass("") + &escapes, "{}", 0, "{}");
    runs(
        "words",
        pass("") + "Description: " + &"x ".repeat(2_000_000) + "\n",
        "{}",
        0,
        "{}",
    );
    runs(
        "lines",
        pass("") + "Description: |\n" + &"  x\n".repeat(1_000_000),
        "{}",
        0,
        "{}",
    );
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let with = |bytes: &[u8]| [pass("").as_bytes(), b"Description: \"", bytes, b"\"\n"].concat();
    refused("nul", with(b"a\0b"), "definition::nul_byte");
    refused("utf8", with(b"\xff\xfe"), "definition::not_utf8");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    refused(
        "utf16",
        [b"\xff\xfe".to_vec(), utf16(&pass(""))].concat(),
        "it looks like UTF-16",
    );
    refused("empty", "", "definition::empty");
    refused("mark", b"\xef\xbb\xbf", "definition::empty");
    refused("twice", pass("") + "Name: again\n", "definition::duplicate_key");
}

#[test]
fn marks_and_escaped_control_characters_are_read() {
    runs(
        "mark",
        [b"\xef\xbb\xbf".as_slice(), pass("").as_bytes()].concat(),
        "{}",
        0,
        "{}",
    );
    let named = format!("{HEAD}StartAt: \"A\\0\"\nStates:\n  - {{Type: Pass, Name: \"A\\0\", End: true}}\n");
    runs("name", named, "{}", 0, "A\u{fffd}: done");
    let flow = pass("").replace("Name: hostile", "Name: \"a\\0\"");
    let house = House::with(&[("flow.yaml", &flow)]);
    run(&house, &["run", "flow.yaml"]).ends(2, "cannot name a flow");
    runs(
        "keys",
        pass(""),
        r#"{"a\u0000":"\u0000","a":1}"#,
        0,
        r#"{"a\u0000":"\u0000","a":1}"#,
    );
}

#[test]
fn inputs_that_are_no_json_are_refused() {
    let house = House::with(&[("flow.yaml", &pass(""))]);
    for (input, says) in [
        (b"{\"a\":\"\\ud800\"}".as_slice(), "half of a surrogate pair"),
        (b"{\"a\":\xff}", "definition::not_utf8"),
        (b"{\"a\":\0}", "definition::nul_byte"),
        (b"{\"a\":1,\"a\":2}", "definition::duplicate_key"),
        (b"[1]", "an input is an object, not an array"),
        (b"{\"a\":01}", "definition::not_json"),
        (b"", "definition::not_json"),
    ] {
        std::fs::write(house.path().join("input.json"), input).unwrap();
        run(&house, &["run", "flow.yaml", "--input", "input.json"]).ends(2, says);
    }
}

#[test]
fn huge_numbers_stay_as_they_are_written() {
    let zeros = "0".repeat(60_000);
    for number in [
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        &format!("1{zeros}"),
        &format!("0.{zeros}1"),
    ] {
        let input = format!("{{\"a\":{number}}}");
        runs("number", pass(""), &input, 0, &input);
    }
    let house = House::with(&[]);
    run(&house, &["eval", "1e999999999"]).ends(0, "1e999999999\n");
    let sum = ["eval", "$Input.a + 1", "--input", "{\"a\":1e999999999}"];
    run(&house, &sum).ends(1, "FnF.RuntimeError: ");
    run(&house, &["eval", "1e999999999 + 1"]).ends(2, "definition::bad_expression");
    run(
        &house,
        &["eval", "1e999999999 > $Input.a", "--input", "{\"a\":1e999999998}"],
    )
    .ends(0, "");
}
