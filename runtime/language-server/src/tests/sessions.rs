use std::fs;

use serde_json::{Value, json};
use stepwell_definition::{FILE_BYTES_MAX, STATES_MAX};

use super::client::{Client, place, range};
use crate::{End, Lost};

const URI: &str = "file:///f/flow.yaml";

/// The emoji takes two units of UTF-16 and four of UTF-8.
const FLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: order
StartAt: Take
States:
  - {Type: Pass, Name: Take, Description: \"\u{1f600}\", Next: Send}
  - Type: Parallel
    Name: Send
    Branches:
      - StartAt: Pack
        States: [{Type: Pass, Name: Pack, End: true}]
    End: true
";

async fn opened(parameters: Value) -> Client {
    let (mut client, _) = Client::ready(parameters).await;
    client.open(URI, FLOW).await;
    assert_eq!(client.published(URI, json!(1)).await, json!([]));
    client
}

fn nothing() -> Value {
    json!({"capabilities": {}})
}

#[tokio::test]
async fn a_session_from_the_first_message_to_the_last() {
    let (mut client, told) = Client::ready(nothing()).await;
    let expected = json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": true, "change": 2, "save": true},
            "hoverProvider": true,
            "completionProvider": {"triggerCharacters": ["$", ".", " ", "\"", "["]},
            "definitionProvider": true,
            "referencesProvider": true,
            "documentSymbolProvider": true,
            "renameProvider": {"prepareProvider": true},
        },
        "serverInfo": {"name": "stepwell", "version": env!("CARGO_PKG_VERSION")},
    });
    assert_eq!(told, expected);
    client.open(URI, FLOW).await;
    assert_eq!(client.published(URI, json!(1)).await, json!([]));
    client
        .tell("textDocument/didClose", json!({"textDocument": {"uri": URI}}))
        .await;
    assert_eq!(client.published(URI, Value::Null).await, json!([]));
    assert_eq!(client.at("textDocument/hover", (0, 0)).await, Value::Null);
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn diagnostics_follow_the_text() {
    let mut client = opened(nothing()).await;
    // The name behind the emoji, which takes two units.
    let change =
        json!([{"range": range(5, 54, 58), "text": "Sent"}, {"range": range(2, 0, 5), "text": "Name: order\nName:"}]);
    client.change(URI, 2, change).await;
    let expected = json!([
        {
            "range": range(3, 0, 4),
            "severity": 1,
            "code": "definition::duplicate_key",
            "source": "stepwell",
            "message": "the key `Name` stands here twice\nhelp: keep one of the two",
            "relatedInformation": [{"location": {"uri": URI, "range": range(2, 0, 4)}, "message": "first here"}],
        },
        {
            "range": range(6, 54, 58),
            "severity": 1,
            "code": "definition::unknown_state",
            "source": "stepwell",
            "message": "no state named `Sent`\nhelp: did you mean `Send`?",
        },
    ]);
    assert_eq!(client.published(URI, json!(2)).await, expected);
    client.change(URI, 3, json!([{"text": FLOW}])).await;
    assert_eq!(client.published(URI, json!(3)).await, json!([]));
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn positions_are_counted_in_what_was_agreed_upon() {
    let encodings = json!({"capabilities": {"general": {"positionEncodings": ["utf-16", "utf-8"]}}});
    let (mut client, told) = Client::ready(encodings).await;
    assert_eq!(told["capabilities"]["positionEncoding"], "utf-8");
    // A byte order mark is part of the first line.
    client.open(URI, &format!("\u{feff}{FLOW}")).await;
    let definition = client.at("textDocument/definition", (5, 57)).await;
    assert_eq!(definition, json!({"uri": URI, "range": range(7, 10, 14)}));
    let references = json!({"context": {"includeDeclaration": true}, "textDocument": {"uri": URI}, "position": {"line": 7, "character": 11}});
    assert_eq!(
        client.ask("textDocument/references", references).await,
        json!([{"uri": URI, "range": range(5, 56, 60)}, {"uri": URI, "range": range(7, 10, 14)}])
    );
    let hover = client.at("textDocument/hover", (0, 4)).await;
    assert_eq!(
        hover,
        json!({
            "contents": {"kind": "markdown", "value": "**Type** of a flow, required: StateMachine\n\nThat this is a flow."},
            "range": range(0, 3, 7),
        })
    );
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn states_are_found_and_renamed() {
    let mut client = opened(nothing()).await;
    let definition = client.at("textDocument/definition", (3, 10)).await;
    assert_eq!(definition, json!({"uri": URI, "range": range(5, 23, 27)}));
    assert_eq!(client.at("textDocument/definition", (2, 8)).await, Value::Null);
    let prepared = client.at("textDocument/prepareRename", (5, 54)).await;
    assert_eq!(prepared, json!({"range": range(5, 54, 58), "placeholder": "Send"}));
    let mut rename = place(5, 54);
    rename["newName"] = json!("Ship it");
    let edits = client.ask("textDocument/rename", rename.clone()).await;
    let edit = |range: Value| json!({"range": range, "newText": "Ship it"});
    assert_eq!(
        edits,
        json!({"changes": {URI: [edit(range(5, 54, 58)), edit(range(7, 10, 14))]}})
    );
    rename["newName"] = json!("Take");
    let refused = client.ask_all("textDocument/rename", rename).await;
    let message = "another state of this scope has that name";
    assert_eq!(refused, json!({"error": {"code": -32602, "message": message}}));
    let refused = client.ask_all("textDocument/prepareRename", place(0, 0)).await;
    assert_eq!(
        refused,
        json!({"error": {"code": -32602, "message": "no state's name stands here"}})
    );
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn the_states_are_a_tree() {
    let mut client = opened(nothing()).await;
    let symbols = client
        .ask("textDocument/documentSymbol", json!({"textDocument": {"uri": URI}}))
        .await;
    let pack = json!({"name": "Pack", "detail": "Pass", "kind": 12, "range": range(10, 17, 52), "selectionRange": range(10, 36, 40)});
    let lines = |from: u32, start: u32, to: u32, end: u32| json!({"start": {"line": from, "character": start}, "end": {"line": to, "character": end}});
    let branch = json!({"name": "Branch0", "kind": 3, "range": lines(9, 8, 10, 53), "selectionRange": range(9, 8, 8), "children": [pack]});
    let expected = json!([
        {"name": "Take", "detail": "Pass", "kind": 12, "range": range(5, 4, 59), "selectionRange": range(5, 23, 27)},
        {"name": "Send", "detail": "Parallel", "kind": 12, "range": lines(6, 4, 11, 13), "selectionRange": range(7, 10, 14), "children": [branch]},
    ]);
    assert_eq!(symbols, expected);
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn what_can_be_written_is_offered_while_it_is_written() {
    let mut client = opened(nothing()).await;
    client
        .change(
            URI,
            2,
            json!([{"range": range(11, 4, 13), "text": "End: true\n    OutputC: {"}]),
        )
        .await;
    let offered = client.at("textDocument/completion", (12, 11)).await;
    let edit = json!({"range": range(12, 4, 11), "newText": "OutputConstructor"});
    let expected = json!({
        "label": "OutputConstructor",
        "filterText": "OutputConstructor",
        "kind": 5,
        "detail": "a map in which keys that end with `.$` are computed",
        "documentation": {"kind": "markdown", "value": "Builds the output from the raw result."},
        "sortText": "100003",
        "textEdit": edit,
    });
    let found = offered
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["label"] == "OutputConstructor");
    assert_eq!(found, Some(&expected), "{offered}");
    client
        .change(
            URI,
            3,
            json!([{"range": range(12, 4, 14), "text": "OutputConstructor: {a.$: $Out"}]),
        )
        .await;
    let offered = client.at("textDocument/completion", (12, 33)).await;
    let labels: Vec<&Value> = offered.as_array().unwrap().iter().map(|item| &item["label"]).collect();
    assert_eq!(labels, ["$Input", "$Output", "$Context", "$Global", "$Environment"]);
    assert_eq!(
        offered[1]["textEdit"],
        json!({"range": range(12, 29, 33), "newText": "$Output"})
    );
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn functions_are_looked_up_in_the_file_beside_the_flow() {
    let folder = tempfile::tempdir().unwrap();
    let uri = |name: &str| format!("file://{}/{name}", folder.path().display());
    let (flow, functions) = (uri("flow.yaml"), uri("functions.yaml"));
    let text = FLOW.replace(
        "{Type: Pass, Name: Take, ",
        "{Type: Task, Name: Take, Action: FC:InvokeFunction, Parameters: {resourceArn: take, invocationType: Sync}, ",
    );
    let (mut client, _) = Client::ready(json!({"capabilities": {}, "initializationOptions": {"strict": true}})).await;
    fs::write(
        folder.path().join("functions.yaml"),
        "functions: {tako: {stub: [{echo: true}]}}",
    )
    .unwrap();
    client.open(&flow, &text).await;
    let expected = |help: &str| {
        json!([{
            "range": range(5, 82, 86),
            "severity": 1,
            "code": "definition::unknown_function",
            "source": "stepwell",
            "message": format!("no entry of the functions file matches the function `take`\nhelp: did you mean `{help}`?"),
        }])
    };
    assert_eq!(client.published(&flow, json!(1)).await, expected("tako"));
    // What is open counts, even before it is saved.
    client
        .open(&functions, "functions: {tale: {stub: [{echo: true}]}}")
        .await;
    assert_eq!(client.published(&flow, json!(1)).await, expected("tale"));
    assert_eq!(client.published(&functions, json!(1)).await, json!([]));
    client
        .change(&functions, 2, json!([{"text": "functions: {take: {stub: []}}"}]))
        .await;
    let found = client.published(&functions, json!(2)).await;
    assert_eq!(found[0]["code"], "definition::bad_value");
    client
        .change(
            &functions,
            3,
            json!([{"text": "functions: {take: {stub: [{echo: true}]}}"}]),
        )
        .await;
    client.published(&functions, json!(3)).await;
    client.change(&flow, 2, json!([])).await;
    assert_eq!(client.published(&flow, json!(2)).await, json!([]));
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn a_text_that_is_too_large_has_one_diagnostic() {
    let (mut client, _) = Client::ready(nothing()).await;
    let large = format!("{FLOW}# {}\n", "x".repeat(stepwell_definition::FILE_BYTES_MAX));
    client.open(URI, &large).await;
    let found = client.published(URI, json!(1)).await;
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (&found[0]["code"], &found[0]["range"]),
        (&json!("definition::file_too_large"), &range(0, 0, 0))
    );
    assert_eq!(client.at("textDocument/completion", (3, 9)).await, json!([]));
    assert_eq!(client.at("textDocument/hover", (3, 9)).await, Value::Null);
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn a_storm_of_changes_is_checked_in_its_last_state() {
    let mut client = opened(nothing()).await;
    let states = "  - {Type: Pass, Name: x, End: true}\n".repeat(2_000);
    client
        .change(URI, 2, json!([{"text": format!("{FLOW}{states}")}]))
        .await;
    for version in 3..503 {
        client
            .change(URI, version, json!([{"range": range(2, 6, 6), "text": "x"}]))
            .await;
    }
    client.change(URI, 503, json!([{"text": FLOW}])).await;
    assert_eq!(client.published(URI, json!(503)).await, json!([]));
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_session_goes_on() {
    let mut client = Client::silent();
    let refused = client.ask_all("textDocument/hover", place(0, 0)).await;
    assert_eq!(
        refused,
        json!({"error": {"code": -32002, "message": "Server not initialized"}})
    );
    for (body, code, reason) in [
        (
            &b"{]"[..],
            -32700,
            "Parse error: a message is not JSON: key must be a string at line 1 column 2",
        ),
        (b"\"\xff\"", -32700, "Parse error: a message is not UTF-8"),
        (b"{\"method\":1}", -32600, "Invalid request: a `method` is a string"),
        (b"[]", -32600, "Invalid request: a message is a JSON object"),
        (
            b"{\"id\":1}",
            -32600,
            "Invalid request: a message has a `method`, or a `result` or `error`",
        ),
    ] {
        client
            .raw(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes())
            .await;
        client.raw(body).await;
        let told = json!({"jsonrpc": "2.0", "error": {"code": code, "message": reason}, "id": null});
        assert_eq!(client.next().await, told);
    }
    client.ask("initialize", nothing()).await;
    let unknown = client.ask_all("textDocument/nonsense", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32601);
    client.raw(b"nonsense\r\n\r\n").await;
    let reason = "Parse error: the head of a message has no `Content-Length`";
    let told = json!({"jsonrpc": "2.0", "error": {"code": -32700, "message": reason}, "id": null});
    assert_eq!(client.next().await, told);
    assert_eq!(client.vanish().await, End::Lost(Lost::NoLength));
}

#[tokio::test]
async fn no_position_is_too_much() {
    let mut client = opened(nothing()).await;
    let far = u32::MAX;
    for position in [(0, far), (far, 0), (far, far), (5, 45), (12, 0)] {
        for method in ["completion", "hover", "definition", "prepareRename"] {
            client
                .ask_all(&format!("textDocument/{method}"), place(position.0, position.1))
                .await;
        }
    }
    let backwards = json!({"start": {"line": 9, "character": 0}, "end": {"line": 1, "character": 0}});
    client
        .change(URI, 2, json!([{"range": backwards, "text": "\u{0}"}]))
        .await;
    let found = client.published(URI, json!(2)).await;
    assert_eq!(found[0]["code"], "definition::nul_byte");
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn one_long_line_is_as_cheap_as_many() {
    // As many states as there may be, in a file nearly as large as it may be: every one names the first.
    let state = |at: usize| {
        let next = if at == 0 { "\"End\":true" } else { "\"Next\":\"S0\"" };
        format!(
            "{{\"Type\":\"Pass\",\"Name\":\"S{at}\",{next},\"Description\":\"下\u{1f600}{}\"}}",
            "x".repeat(300)
        )
    };
    let states: Vec<String> = (0..STATES_MAX).map(state).collect();
    let head = "{\"Type\":\"StateMachine\",\"SpecVersion\":\"v1\",\"Name\":\"a\",\"StartAt\":\"";
    let text = format!("{head}S0\",\"States\":[{}]}}", states.join(","));
    assert!((3_500_000..=FILE_BYTES_MAX).contains(&text.len()), "{}", text.len());
    let (mut client, _) = Client::ready(nothing()).await;
    let uri = "file:///f/flow.yaml";
    client.open(uri, &text).await;
    let at = (0, u32::try_from(head.len()).unwrap());
    let parameters =
        json!({"textDocument": {"uri": uri}, "position": {"line": at.0, "character": at.1}, "newName": "T"});
    let renamed = client.ask("textDocument/rename", parameters).await;
    let edits = renamed["changes"][uri].as_array().unwrap();
    assert_eq!(edits.len(), STATES_MAX + 1);
    let units = u32::try_from(text.encode_utf16().count()).unwrap();
    let end = text
        .rfind("\"S0\"")
        .map(|found| text[found..].encode_utf16().count())
        .unwrap();
    let last = units - u32::try_from(end).unwrap();
    assert_eq!(
        edits[STATES_MAX],
        json!({"range": range(0, last, last + 4), "newText": "\"T\""})
    );
    let symbols = client
        .ask("textDocument/documentSymbol", json!({"textDocument": {"uri": uri}}))
        .await;
    assert_eq!(symbols.as_array().unwrap().len(), STATES_MAX);
    assert_eq!(client.vanish().await, End::Gone);
}

#[tokio::test]
async fn functions_are_offered_explained_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let uri = |name: &str| format!("file://{}/{name}", folder.path().display());
    let (flow, functions) = (uri("flow.yaml"), uri("functions.yml"));
    let declared =
        "# Ours.\nfunctions:\n  take: {stub: [{echo: true}]}\n  \"acs:fc:*\": {http: \"http://127.0.0.1/\"}\n";
    fs::write(folder.path().join("functions.yml"), declared).unwrap();
    let (mut client, _) = Client::ready(nothing()).await;
    let text = FLOW.replace(
        "{Type: Pass, Name: Take, ",
        "{Type: Task, Name: Take, Action: FC:InvokeFunction, Parameters: {resourceArn: take}, ",
    );
    client.open(&flow, &text).await;
    assert_eq!(client.published(&flow, json!(1)).await, json!([]));
    let at = json!({"textDocument": {"uri": flow}, "position": {"line": 5, "character": 83}});
    let offered = client.ask("textDocument/completion", at.clone()).await;
    let edit = json!({"range": range(5, 82, 86), "newText": "take"});
    let expected = json!([{
        "label": "take", "kind": 3, "detail": "functions.yaml", "sortText": "100000", "filterText": "take", "textEdit": edit,
    }]);
    assert_eq!(offered, expected);
    let hover = client.ask("textDocument/hover", at.clone()).await;
    let told = "**take**, `take` of functions.yaml: a stub with one answer";
    assert_eq!(hover["contents"]["value"], told);
    let definition = client.ask("textDocument/definition", at).await;
    assert_eq!(definition, json!({"uri": functions, "range": range(2, 2, 6)}));
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn what_changes_on_the_disk_is_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let uri = |name: &str| format!("file://{}/{name}", folder.path().display());
    let (flow, functions) = (uri("flow.yaml"), uri("functions.yaml"));
    let watches = json!({"capabilities": {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}}});
    let (mut client, _) = Client::ready(watches).await;
    let asked = client.next().await;
    let watchers = json!([{"globPattern": "**/functions.*"}, {"globPattern": "**/grants.*"}]);
    let registration = json!([{
        "id": "functions-and-grants",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": {"watchers": watchers},
    }]);
    assert_eq!(asked["method"], "client/registerCapability");
    assert_eq!(asked["params"], json!({"registrations": registration}));
    let text = FLOW.replace(
        "{Type: Pass, Name: Take, ",
        "{Type: Task, Name: Take, Action: FC:InvokeFunction, Parameters: {resourceArn: take}, ",
    );
    client.open(&flow, &text).await;
    assert_eq!(client.published(&flow, json!(1)).await, json!([]));
    fs::write(
        folder.path().join("functions.yaml"),
        "functions: {other: {stub: [{echo: true}]}}",
    )
    .unwrap();
    client
        .tell(
            "workspace/didChangeWatchedFiles",
            json!({"changes": [{"uri": functions, "type": 1}]}),
        )
        .await;
    let found = client.published(&flow, json!(1)).await;
    assert_eq!(found[0]["code"], "definition::unknown_function");
    fs::write(
        folder.path().join("functions.yaml"),
        "functions: {take: {stub: [{echo: true}]}}",
    )
    .unwrap();
    client
        .tell("textDocument/didSave", json!({"textDocument": {"uri": flow}}))
        .await;
    assert_eq!(client.published(&flow, json!(1)).await, json!([]));
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn nothing_is_said_of_the_files_of_other_tools() {
    let (mut client, _) = Client::ready(nothing()).await;
    let foreign = "file:///f/compose.yaml";
    client
        .open(foreign, "services:\n  web: {image: nginx, steps: [a]}\n")
        .await;
    assert_eq!(client.published(foreign, json!(1)).await, json!([]));
    // One that begins like a flow is one.
    client
        .change(foreign, 2, json!([{"text": "Type: StateMachine\n"}]))
        .await;
    let found = client.published(foreign, json!(2)).await;
    assert_eq!(found[0]["code"], "definition::missing_field");
    let named = "file:///f/flow-of-orders.json";
    client.open(named, "{}").await;
    assert_eq!(
        client.published(named, json!(1)).await[0]["code"],
        "definition::not_a_flow"
    );
    let document = json!({"uri": URI, "languageId": "markdown", "version": 1, "text": "# Type: StateMachine"});
    client
        .tell("textDocument/didOpen", json!({"textDocument": document}))
        .await;
    assert_eq!(client.at("textDocument/hover", (0, 3)).await, Value::Null);
    assert_eq!(client.goodbye().await, End::Asked);
}

#[tokio::test]
async fn actions_are_written_without_quotes_and_what_does_not_run_comes_last() {
    let (mut client, _) = Client::ready(nothing()).await;
    let text = "Type: StateMachine\nSpecVersion: v1\nName: a\nStartAt: A\nStates:\n  - Type: Task\n    Name: A\n    Action: FC\n    ";
    client.open(URI, text).await;
    let offered = client.at("textDocument/completion", (7, 14)).await;
    let shown = |item: &Value| [&item["sortText"], &item["filterText"], &item["textEdit"]["newText"]].map(Value::clone);
    let of = |items: &Value, label: &str| {
        items
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["label"] == label)
            .map(shown)
    };
    let name = "FC:InvokeFunction";
    assert_eq!(
        of(&offered, name).map(|[_, filter, text]| (filter, text)),
        Some((json!(name), json!(name)))
    );
    let later = of(&offered, "MNS:SendMessage").unwrap();
    assert!(later[0].as_str().unwrap().starts_with('2'), "{later:?}");
    let offered = client.at("textDocument/completion", (8, 4)).await;
    let older = offered
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["label"] == "OnErrors")
        .unwrap();
    assert_eq!(
        (&older["tags"], &older["sortText"].as_str().unwrap()[..1]),
        (&json!([1]), "3")
    );
    assert_eq!(client.goodbye().await, End::Asked);
}
