//! `stepwell serve`, asked over HTTP and by `--endpoint`.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::flows::{ASK, ENDS, NOTIFY, PASS};
use crate::program::{Ended, House, Running};

/// A server over a house's store.
struct Server<'h> {
    house: &'h House,
    program: Running,
    /// `127.0.0.1:PORT`.
    address: String,
    url: String,
}

fn house() -> House {
    House::with(&[
        ("ask.yaml", ASK),
        ("functions.yaml", NOTIFY),
        ("pass.yaml", PASS),
        ("ends.yaml", ENDS),
    ])
}

impl<'h> Server<'h> {
    fn over(house: &'h House, more: &[&str]) -> Self {
        let mut words = vec!["serve", "--listen", "127.0.0.1:0", "--functions", "functions.yaml"];
        words.extend(more);
        let program = house.start(&words);
        let address = program.told("listening on http://");
        Self {
            house,
            program,
            url: format!("http://{address}"),
            address,
        }
    }

    /// Asks over HTTP; the status, and the body if there is one.
    fn ask(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect::<String>();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // A server that refuses what is too large does not read it to its end.
        let written = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{written:?} {read:?} {answer}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(&format!("GET {path}"), &[], b"");
        assert_eq!(status, 200, "{body}");
        body
    }

    /// A verb that asks the server.
    fn verb(&self, words: &[&str]) -> Ended {
        self.house.run(&self.words(words))
    }

    fn words<'w>(&'w self, words: &[&'w str]) -> Vec<&'w str> {
        [words, &["--endpoint", self.url.as_str()][..]].concat()
    }

    fn end(self) -> Ended {
        self.program.signal("TERM");
        self.program.end()
    }
}

#[test]
fn executions_are_started_described_paged_and_listed_over_http() {
    let house = house();
    let server = Server::over(&house, &["pass.yaml"]);
    let start = "PUT /v1/flows/greet/executions/n";
    let started =
        |status: &str, started: bool| json!({"flow": "greet", "name": "n", "status": status, "started": started});
    assert_eq!(
        server.ask(start, &[], br#"{"name": "you"}"#),
        (201, started("Running", true))
    );
    let path = "/v1/flows/greet/executions/n";
    let described = loop {
        let described = server.get(path);
        if described["status"] != "Running" {
            break described;
        }
    };
    assert_eq!(described["output"], json!({"text": "hello you", "number": 1.0}));
    assert_eq!(
        server.ask(start, &[], br#"{"name":"you"}"#),
        (200, started("Succeeded", false))
    );
    let (status, told) = server.ask(start, &[], br#"{"name": "me"}"#);
    assert_eq!(
        (status, &told["error"]["code"]),
        (409, &json!("ExecutionAlreadyExists"))
    );
    let (mut events, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}/history?count=1{next}"));
        events.extend(page["events"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(mark) => next = format!("&next={mark}"),
            None => break,
        }
    }
    assert_eq!(Value::Array(events), house.json(&["history", "n", "--json"]));
    let list = server.get("/v1/executions?flow=greet&status=Succeeded");
    assert_eq!(
        (&list["executions"], &list["next"]),
        (&house.json(&["list", "--json"]), &Value::Null)
    );
    assert_eq!(server.get("/openapi.json")["openapi"], "3.1.0");
    let ended = server.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.error);
}

#[test]
fn a_flow_is_registered_and_a_broken_one_is_refused_with_its_places() {
    let house = house();
    let server = Server::over(&house, &[]);
    let start = "PUT /v1/flows/greet/executions/n";
    assert_eq!(server.ask(start, &[], b"").0, 404);
    let yaml = [("Content-Type", "application/yaml")];
    let (status, registered) = server.ask("PUT /v1/flows/greet", &yaml, PASS.as_bytes());
    assert_eq!((status, &registered["problems"]), (200, &json!([])));
    assert_eq!(server.get("/v1/flows/greet")["definition"], PASS);
    assert_eq!(server.ask(start, &[], b"").0, 201);
    let broken = PASS.replace("StartAt: Greet", "StartAt: Nobody");
    let (status, told) = server.ask("PUT /v1/flows/greet", &yaml, broken.as_bytes());
    let problem = &told["error"]["problems"][0];
    assert_eq!(
        (status, &problem["code"], &problem["line"]),
        (400, &json!("definition::unknown_state"), &json!(4)),
        "{told}"
    );
    let huge = vec![b'x'; 5 << 20];
    let (status, told) = server.ask("PUT /v1/flows/greet", &yaml, &huge);
    assert_eq!((status, &told["error"]["code"]), (413, &json!("EntityTooLarge")));
    assert_eq!(
        server
            .ask("PUT /v1/flows/greet", &[("Content-Type", "image/png")], b"x")
            .0,
        415
    );
    assert_eq!(server.ask("DELETE /v1/flows/greet", &[], b"").0, 405);
    assert_eq!(
        server
            .ask("GET /v1/executions", &[("Origin", "http://evil.example")], b"")
            .0,
        403
    );
}

#[test]
fn every_verb_says_the_same_of_a_server_as_of_its_store() {
    let house = house();
    let server = Server::over(&house, &[]);
    let run = ["run", "pass.yaml", "--name", "n", "--input", r#"{"name": "you"}"#];
    let ran = server.verb(&run);
    let output = "{\"text\":\"hello you\",\"number\":1.0}\n";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), output), "{}", ran.error);
    assert!(ran.error.contains("greet/n: started\n"), "{}", ran.error);
    let again = server.verb(&run);
    assert_eq!((again.code, again.out.as_str()), (Some(0), output), "{}", again.error);
    assert!(
        again.error.contains("has ended already; this is its stored result"),
        "{}",
        again.error
    );
    let other = server.verb(&["run", "pass.yaml", "--name", "n"]);
    assert_eq!(other.code, Some(2));
    assert!(other.error.contains("ExecutionAlreadyExists: "), "{}", other.error);
    for end in ["fail", "late"] {
        let input = format!(r#"{{"end": "{end}"}}"#);
        let ran = server.verb(&["run", "ends.yaml", "--name", end, "--input", &input]);
        let code = if end == "fail" { 1 } else { 3 };
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{}", ran.error);
    }
    for words in [
        &["describe", "n"][..],
        &["describe", "greet/n", "--json"],
        &["history", "n"],
        &["history", "fail", "--json"],
        &["list"],
        &["list", "--json"],
        &["describe", "nobody"],
        &["history", "nobody"],
        &["stop", "n"],
        &["report", "bm8=", "--output", "{}"],
    ] {
        assert_eq!(server.verb(words), house.run(words), "{words:?}");
    }
}

#[test]
fn a_run_behind_a_server_tells_what_happens_and_ends_with_its_execution() {
    let house = house();
    let server = Server::over(&house, &[]);
    let run = house.start(&server.words(&["run", "ask.yaml", "--name", "n", "--json"]));
    run.until("TaskSubmitted", "Ask");
    let watching = house.start(&server.words(&["run", "ask.yaml", "--name", "n"]));
    watching.says("runs; watching it in the process that drives it");
    let interrupted = house.start(&server.words(&["run", "ask.yaml", "--name", "n"]));
    interrupted.says("runs; watching it in the process that drives it");
    interrupted.signal("INT");
    let interrupted = interrupted.end();
    assert_eq!(interrupted.code, Some(130));
    let hint = format!("  stepwell run ask.yaml --name n --endpoint {}\n", server.url);
    assert!(interrupted.error.ends_with(&hint), "{}", interrupted.error);
    let described = server.verb(&["describe", "n"]).out;
    let words: Vec<&str> = described.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "report").unwrap();
    let reported = server.verb(&["report", words[at + 1], "--output", r#"{"a": 1}"#]);
    assert_eq!(reported.code, Some(0), "{}", reported.error);
    let (run, watching) = (run.end(), watching.end());
    let lines: Vec<&str> = run.out.lines().collect();
    let last = r#"{"name":"n","status":"Succeeded","output":{"a":1}}"#;
    assert_eq!((run.code, lines.last()), (Some(0), Some(&last)), "{}", run.error);
    let event: Value = serde_json::from_str(lines[lines.len() - 2]).unwrap();
    assert_eq!(
        (&event["event"], &event["status"]),
        (&json!("ExecutionSucceeded"), &json!("Succeeded"))
    );
    assert_eq!(
        (watching.code, watching.out.as_str()),
        (Some(0), "{\"a\":1}\n"),
        "{}",
        watching.error
    );
}

#[test]
fn fresh_runs_behind_a_server_are_executions_of_their_own() {
    let house = house();
    let server = Server::over(&house, &[]);
    let asked: Vec<Running> = (0..4)
        .map(|_| house.start(&server.words(&["run", "pass.yaml", "--name", "p", "--new"])))
        .collect();
    for run in asked {
        let ended = run.end();
        assert_eq!(ended.code, Some(0), "{}", ended.error);
    }
    let list = server.get("/v1/executions");
    let names: Vec<&str> = list["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["p", "p-2", "p-3", "p-4"]);
    let refused = server.verb(&["run", "pass.yaml", "--set", "limits.data=1"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.error.contains("`--set` changes nothing here"),
        "{}",
        refused.error
    );
}

#[test]
fn executions_go_on_with_the_next_server() {
    let house = house();
    let server = Server::over(&house, &["ask.yaml"]);
    assert_eq!(server.ask("PUT /v1/flows/ask/executions/n", &[], b"").0, 201);
    let token = token(&server);
    assert_eq!(server.end().code, Some(0));
    let server = Server::over(&house, &[]);
    let report = json!({"token": token, "output": {"late": true}}).to_string();
    assert_eq!(
        server.ask("POST /v1/reports", &[], report.as_bytes()),
        (204, Value::Null)
    );
    let described = server.verb(&["run", "ask.yaml", "--name", "n"]);
    assert_eq!(
        (described.code, described.out.as_str()),
        (Some(0), "{\"late\":true}\n"),
        "{}",
        described.error
    );
    let twice = server.ask("POST /v1/reports", &[], report.as_bytes());
    assert_eq!(
        (twice.0, &twice.1["error"]["code"]),
        (409, &json!("TaskAlreadyCompleted"))
    );
    assert_eq!(server.ask("POST /v1/flows/ask/executions/n/stop", &[], b"").0, 409);
}

/// The token of the one task that waits.
fn token(server: &Server<'_>) -> Value {
    loop {
        let described = server.get("/v1/flows/ask/executions/n");
        if !described["open"][0]["token"].is_null() {
            return described["open"][0]["token"].clone();
        }
    }
}

#[test]
fn tokens_open_what_their_scopes_say() {
    let house = house();
    let made = |scopes: &[&str]| {
        let scopes = scopes.iter().flat_map(|scope| ["--scope", *scope]);
        let made = house.run(&["token", "new"].into_iter().chain(scopes).collect::<Vec<_>>());
        let lines: Vec<String> = made.out.lines().map(str::to_owned).collect();
        let [token, line] = lines.try_into().unwrap();
        (token, line)
    };
    let (admin, admin_line) = made(&["admin"]);
    let (reader, reader_line) = made(&["read"]);
    house.write("tokens.txt", &format!("# two\n{admin_line}\n{reader_line} a reader\n"));
    let server = Server::over(&house, &["--tokens", "tokens.txt"]);
    let bearer = |token: &str| format!("Bearer {token}");
    let list = |headers: &[(&str, &str)]| server.ask("GET /v1/executions", headers, b"").0;
    assert_eq!(list(&[]), 401);
    assert_eq!(list(&[("Authorization", "Bearer stepwell_wrong")]), 401);
    assert_eq!(list(&[("Authorization", &bearer(&reader))]), 200);
    let as_bearer = |token: Option<&str>, words: &[&str]| {
        let mut command = house.command(&server.words(words));
        if let Some(token) = token {
            command.env("STEPWELL_TOKEN", token);
        }
        house.run_command(command)
    };
    let run = ["run", "pass.yaml", "--name", "n"];
    let without = as_bearer(None, &run);
    assert_eq!(
        (without.code, without.error.contains("AccessDenied: ")),
        (Some(2), true),
        "{}",
        without.error
    );
    let refused = as_bearer(Some(&reader), &run);
    assert_eq!(
        (refused.code, refused.error.contains("the scope `admin`")),
        (Some(2), true),
        "{}",
        refused.error
    );
    assert_eq!(as_bearer(Some(&admin), &run).code, Some(0));
    let mut by_variables = house.command(&["list", "--json"]);
    by_variables
        .env("STEPWELL_ENDPOINT", &server.url)
        .env("STEPWELL_TOKEN", &reader);
    let listed = house.run_command(by_variables);
    assert_eq!((listed.code, listed.out), (Some(0), house.run(&["list", "--json"]).out));
    let ended = server.end();
    assert!(!ended.error.contains("stepwell_"), "{}", ended.error);
}

#[test]
fn what_cannot_be_served_is_said() {
    let house = house();
    let open = house.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.code, Some(2));
    assert!(open.error.contains("so it needs tokens"), "{}", open.error);
    house.write("tokens.txt", "the token itself\n");
    let wrong = house.run(&["serve", "--tokens", "tokens.txt"]);
    assert_eq!(
        (wrong.code, wrong.error.contains("line 1: ")),
        (Some(2), true),
        "{}",
        wrong.error
    );
    let server = Server::over(&house, &[]);
    let taken = house.run(&["serve", "--store", "other", "--listen", &server.address]);
    assert_eq!(
        (taken.code, taken.error.contains("while listening on")),
        (Some(5), true),
        "{}",
        taken.error
    );
    let address = server.address.clone();
    server.end();
    let gone = house.run(&["list", "--endpoint", &format!("http://{address}")]);
    assert_eq!(
        (gone.code, gone.error.contains("while asking")),
        (Some(5), true),
        "{}",
        gone.error
    );
}

#[test]
fn a_run_in_the_store_of_a_server_is_driven_there() {
    let house = house();
    let server = Server::over(&house, &[]);
    let ran = house.run(&["run", "pass.yaml", "--name", "n"]);
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert_eq!(server.get("/v1/flows/greet/executions/n")["status"], "Succeeded");
    let second = house.start(&["serve", "--listen", "127.0.0.1:0"]);
    second.says("another process drives the store; waiting until it ends");
    assert_eq!(server.end().code, Some(0));
    second.told("listening on http://");
    second.signal("INT");
    assert_eq!(second.end().code, Some(0));
}
