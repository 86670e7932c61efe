//! What editors start: `stepwell lsp` over its protocol, and `stepwell validate --watch` beside them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::flows::{PASS, TASK};
use crate::program::House;

/// An editor with its language server.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    id: u64,
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

impl Editor {
    fn start(house: &House) -> Self {
        let mut command = house.command(&["lsp", "--stdio"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let input = server.stdin.take();
        let output = BufReader::new(server.stdout.take().unwrap());
        Self {
            server,
            input,
            output,
            id: 0,
        }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{text}", text.len());
        self.input.as_mut().unwrap().write_all(frame.as_bytes()).unwrap();
    }

    fn tell(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": parameters}));
    }

    /// Asks, and reads up to the answer; nothing else is expected meanwhile.
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": parameters}));
        let answer = self.next();
        assert_eq!(
            (&answer["jsonrpc"], &answer["id"]),
            (&json!("2.0"), &json!(self.id)),
            "{answer}"
        );
        answer["result"].clone()
    }

    fn next(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// How it ended, and what is left on its streams.
    fn end(mut self) -> (Option<i32>, String, String) {
        let code = self.server.wait().unwrap().code();
        let (mut out, mut error) = (String::new(), String::new());
        self.output.read_to_string(&mut out).unwrap();
        self.server.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        (code, out, error)
    }
}

fn range(line: u32, start: u32, end: u32) -> Value {
    json!({"start": {"line": line, "character": start}, "end": {"line": line, "character": end}})
}

#[test]
fn a_session_with_the_language_server() {
    let house = House::with(&[("functions.yaml", "functions: {worn: {stub: [{echo: true}]}}")]);
    let uri = format!("file://{}/flow.yaml", house.path().display());
    let at = |line: u32, character: u32| json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}});
    let mut editor = Editor::start(&house);
    let told = editor.ask(
        "initialize",
        &json!({"processId": null, "rootUri": null, "capabilities": {}}),
    );
    assert_eq!(told["serverInfo"]["name"], "stepwell");
    editor.tell("initialized", &json!({}));
    let document = json!({"uri": uri, "languageId": "yaml", "version": 7, "text": TASK});
    editor.tell("textDocument/didOpen", &json!({"textDocument": document}));
    let published = json!({
        "jsonrpc": "2.0",
        "method": "textDocument/publishDiagnostics",
        "params": {
            "uri": uri,
            "version": 7,
            "diagnostics": [{
                "range": range(8, 30, 34),
                "severity": 2,
                "code": "definition::unknown_function",
                "source": "stepwell",
                "message": "no entry of the functions file matches the function `work`\nhelp: did you mean `worn`?",
            }],
        },
    });
    assert_eq!(editor.next(), published);
    let definition = editor.ask("textDocument/definition", &at(3, 10));
    assert_eq!(definition, json!({"uri": uri, "range": range(6, 10, 14)}));
    let hover = editor.ask("textDocument/hover", &at(5, 11));
    assert_eq!(
        hover,
        json!({
            "contents": {"kind": "markdown", "value": "**Task**\n\nHas outside work done: calls a function, a service or another flow."},
            "range": range(5, 10, 14),
        })
    );
    let offered = editor.ask("textDocument/completion", &at(3, 12));
    let edit = json!({"range": range(3, 9, 13), "newText": "Call"});
    let call = json!({"label": "Call", "kind": 18, "detail": "Task", "sortText": "100000", "filterText": "Call", "textEdit": edit});
    assert_eq!(offered, json!([call]));
    let mut rename = at(3, 10);
    rename["newName"] = json!("Work");
    let edit = |range: Value| json!({"range": range, "newText": "Work"});
    let edits = json!({"changes": {&uri: [edit(range(3, 9, 13)), edit(range(6, 10, 14))]}});
    assert_eq!(editor.ask("textDocument/rename", &rename), edits);
    assert_eq!(editor.ask("shutdown", &Value::Null), Value::Null);
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.end(), (Some(0), String::new(), String::new()));
}

#[test]
fn a_language_server_whose_editor_is_gone_ends_with_1() {
    let house = House::with(&[]);
    let mut editor = Editor::start(&house);
    editor.ask("initialize", &json!({"capabilities": {}}));
    editor.input = None;
    let (code, out, error) = editor.end();
    assert_eq!((code, out), (Some(1), String::new()));
    assert!(
        error.starts_with("error: the conversation ended without `shutdown`"),
        "{error}"
    );
}

#[test]
fn a_flow_is_checked_again_whenever_one_of_its_files_is_saved() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let watch = house.start(&["validate", "flow.yaml", "--watch"]);
    watch.says("Z flow.yaml: no problems");
    house.write("flow.yaml", &PASS.replace("StartAt: Greet", "StartAt: Great"));
    watch.says("Z flow.yaml: 1 error");
    watch.says("help: did you mean `Greet`?");
    // As editors save that never write into a file.
    house.write("flow.yaml~", TASK);
    fs::rename(house.path().join("flow.yaml~"), house.path().join("flow.yaml")).unwrap();
    watch.says("Z flow.yaml: no problems");
    house.write("functions.yaml", "functions: {}");
    watch.says("Z flow.yaml: 1 warning");
    house.write("grants.yaml", "grants: {}");
    watch.says("Z grants.yaml: 1 error");
    fs::remove_file(house.path().join("flow.yaml")).unwrap();
    watch.says("Z error: there is no file `flow.yaml`");
    watch.signal("INT");
    let ended = watch.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""));
}

#[test]
fn each_check_of_a_watch_is_a_line_of_json() {
    let house = House::with(&[("flow.yaml", PASS)]);
    let watch = house.start(&["validate", "flow.yaml", "--watch", "--json"]);
    assert_eq!(watch.line().unwrap(), "[]");
    house.write("flow.yaml", "");
    let found: Value = serde_json::from_str(&watch.line().unwrap()).unwrap();
    assert_eq!(found[0]["code"], "definition::empty");
    watch.kill();
}
