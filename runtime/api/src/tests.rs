//! Requests to a router over an engine in memory, and what it answers.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use serde_json::{Value, json};
use stepwell_engine::{Driving, Engine, Ports};
use stepwell_ports::{Call, Outcome, Tasks, Telemetry};
use stepwell_store_memory::MemoryStore;
use stepwell_system::{RuntimeSpawn, SystemClock, SystemSeeds};
use stepwell_wire::Scope;

use crate::{Equipment, Gate, NewToken, Router, Tokens};

const PASS: &str = "Type: StateMachine\nSpecVersion: v1\nName: pass\nStartAt: A\nStates:\n  \
    - {Type: Pass, Name: A, End: true}\n";
const ASK: &str = "Type: StateMachine\nSpecVersion: v1\nName: ask\nStartAt: Ask\nStates:\n  - Type: Task\n    \
    Name: Ask\n    Action: FC:InvokeFunction\n    TaskMode: WaitForCustomCallback\n    Parameters:\n      \
    resourceArn: notify\n      invocationType: Async\n    End: true\n";

/// Tasks of which none is ever run.
struct NoTasks;

impl Tasks for NoTasks {
    fn run(&self, _: Call) -> BoxFuture<'static, Outcome> {
        let result = Err(stepwell_ports::TaskFailure {
            code: "FnF.HostError".into(),
            detail: "there are no tasks here".into(),
            retryable: false,
        });
        let telemetry = Telemetry::default();
        async { Outcome { result, telemetry } }.boxed()
    }
}

struct Server {
    router: Router,
    engine: Engine,
}

impl Server {
    async fn guarded_by(gate: Gate) -> Self {
        let store = Arc::new(MemoryStore::new());
        let ports = Ports {
            log: store.clone(),
            catalogue: store,
            tasks: Arc::new(NoTasks),
            clock: Arc::new(SystemClock),
            seeds: Arc::new(SystemSeeds),
            spawn: Arc::new(RuntimeSpawn(tokio::runtime::Handle::current())),
        };
        let engine = Engine::open(ports, Driving::All).await.unwrap();
        let functions = stepwell_definition::check_functions_file(b"functions: {notify: {stub: [{result: {}}]}}", "f");
        let registry = functions.content.unwrap().registry(|_| Err("no components")).unwrap();
        let equipment = Equipment {
            registry,
            ..Equipment::default()
        };
        let router = Router::new(engine.clone(), Arc::new(equipment), gate);
        Self { router, engine }
    }

    async fn open() -> Self {
        let server = Self::guarded_by(Gate::Loopback).await;
        for (name, text) in [("pass", PASS), ("ask", ASK)] {
            let registered = server.ask(&format!("PUT /v1/flows/{name}"), text).await;
            assert_eq!(registered.0, 200, "{}", registered.1);
        }
        server
    }

    async fn answer(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Bytes::copy_from_slice(body);
        self.router.answer(request.body(body).unwrap()).await
    }

    async fn ask(&self, line: &str, body: &str) -> (u16, Value) {
        read(&self.answer(line, &[], body.as_bytes()).await)
    }

    async fn end_of(&self, execution: &str) {
        self.engine.wait(execution).await.unwrap();
    }
}

fn read(response: &Response<Bytes>) -> (u16, Value) {
    let body = match response.body().is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(response.body()).unwrap(),
    };
    (response.status().as_u16(), body)
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

#[tokio::test]
async fn a_start_is_the_same_one_however_often_it_is_asked_for() {
    let server = Server::open().await;
    let line = "PUT /v1/flows/pass/executions/n";
    let body = |status: &str, started: bool| json!({"flow": "pass", "name": "n", "status": status, "started": started});
    assert_eq!(server.ask(line, r#"{"a": 1.0}"#).await, (201, body("Running", true)));
    server.end_of("pass/n").await;
    assert_eq!(server.ask(line, r#"{"a":1.0}"#).await, (200, body("Succeeded", false)));
    let message = "execution `pass/n` exists already, started with another input";
    let other = error("ExecutionAlreadyExists", message);
    assert_eq!(server.ask(line, r#"{"a":2}"#).await, (409, other.clone()));
    assert_eq!(server.ask(line, "").await, (409, other));
    let (status, described) = server.ask("GET /v1/flows/pass/executions/n?cost=true", "").await;
    assert_eq!(
        (status, &described["output"], &described["input"]),
        (200, &json!({"a": 1.0}), &json!({"a": 1.0}))
    );
    assert_eq!(
        (&described["status"], &described["cost"]["records"]),
        (&json!("Succeeded"), &json!(1))
    );
}

#[tokio::test]
async fn a_key_makes_a_start_one_of_its_own() {
    let server = Server::open().await;
    let line = "PUT /v1/flows/pass/executions/n";
    let with = |key: &'static str| async { read(&server.answer(line, &[("idempotency-key", key)], b"").await) };
    assert_eq!(with("k").await.0, 201);
    server.end_of("pass/n").await;
    let again = json!({"flow": "pass", "name": "n", "status": "Succeeded", "started": true});
    assert_eq!(with("k").await, (200, again));
    assert_eq!(with("l").await.0, 409);
    assert_eq!(with("").await.0, 400);
}

#[tokio::test]
async fn what_cannot_be_started_is_told_by_name() {
    let server = Server::open().await;
    let cases = [
        ("PUT /v1/flows/nope/executions/n", "{}", 404, "FlowNotExists"),
        ("PUT /v1/flows/pass/executions/-n", "{}", 400, "InvalidArgument"),
        ("PUT /v1/flows/pass/executions/a%2Fb", "{}", 400, "InvalidArgument"),
        ("PUT /v1/flows/pass/executions/n", "[]", 400, "InvalidArgument"),
        ("PUT /v1/flows/pass/executions/n", "{", 400, "InvalidArgument"),
        ("PUT /v1/flows/pass/executions/n?x=1", "{}", 400, "InvalidArgument"),
        ("GET /v1/flows/pass/executions/n", "", 404, "ExecutionNotExists"),
        ("GET /v1/flows/pass/executions/n/history", "", 404, "ExecutionNotExists"),
        ("POST /v1/flows/pass/executions/n/stop", "", 404, "ExecutionNotExists"),
        ("GET /v1/flows/nope", "", 404, "FlowNotExists"),
        (
            "POST /v1/reports",
            r#"{"token": "x", "output": {}}"#,
            400,
            "InvalidArgument",
        ),
        ("POST /v1/reports", r#"{"token": "x"}"#, 400, "InvalidArgument"),
        (
            "POST /v1/reports",
            r#"{"token": "x", "output": []}"#,
            400,
            "InvalidArgument",
        ),
        (
            "POST /v1/reports",
            r#"{"token": "x", "outputs": {}}"#,
            400,
            "InvalidArgument",
        ),
        ("POST /v1/reports", "", 400, "InvalidArgument"),
        ("GET /v1/executions?status=Done", "", 400, "InvalidArgument"),
        ("GET /v1/executions?next=x", "", 400, "InvalidArgument"),
        ("GET /v1", "", 404, "NotFound"),
        ("GET /v1/executions/", "", 404, "NotFound"),
        ("DELETE /v1/executions", "", 405, "MethodNotAllowed"),
    ];
    for (line, body, status, code) in cases {
        let (given, told) = server.ask(line, body).await;
        assert_eq!(
            (given, &told["error"]["code"]),
            (status, &json!(code)),
            "{line} {body}: {told}"
        );
    }
    let deep = format!("{}{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(1 << 20));
    let huge = "x".repeat(crate::BODY_BYTES_MAX + 1);
    for (body, status) in [(&deep, 400), (&large, 413), (&huge, 413)] {
        let (given, told) = server.ask("PUT /v1/flows/pass/executions/n", body).await;
        assert_eq!(given, status, "{told}");
    }
}

#[tokio::test]
async fn bodies_say_what_they_are() {
    let server = Server::open().await;
    let put = |line: &'static str, kind: &'static str, body: &'static str| {
        let server = &server;
        async move { read(&server.answer(line, &[("content-type", kind)], body.as_bytes()).await).0 }
    };
    let start = "PUT /v1/flows/pass/executions/n";
    assert_eq!(put(start, "application/json; charset=utf-8", "{}").await, 201);
    assert_eq!(put(start, "application/x-www-form-urlencoded", "{}").await, 415);
    assert_eq!(put("PUT /v1/flows/pass", "text/yaml", PASS).await, 200);
    assert_eq!(put("PUT /v1/flows/pass", "application/json", PASS).await, 200);
    assert_eq!(put("PUT /v1/flows/pass", "image/png", PASS).await, 415);
}

#[tokio::test]
async fn a_flow_is_registered_checked_and_read() {
    let server = Server::open().await;
    let (status, flow) = server.ask("GET /v1/flows/pass", "").await;
    let digest = stepwell_model::digest(PASS.as_bytes());
    assert_eq!(
        (status, &flow["definition"], &flow["digest"]),
        (200, &json!(PASS), &json!(digest))
    );
    let (status, told) = server.ask("PUT /v1/flows/other", PASS).await;
    let message = "the path says `other`, the definition's Name is `pass`";
    assert_eq!((status, told), (400, error("InvalidArgument", message)));
    let broken = PASS.replace("StartAt: A", "StartAt: B");
    let (status, told) = server.ask("PUT /v1/flows/pass", &broken).await;
    let message = "the definition is refused: 1 error";
    assert_eq!((status, &told["error"]["message"]), (400, &json!(message)), "{told}");
    let problem = &told["error"]["problems"][0];
    assert_eq!(
        (&problem["code"], &problem["line"], &problem["column"]),
        (&json!("definition::unknown_state"), &json!(4), &json!(10)),
        "{problem}"
    );
    let unknown = ASK.replace("resourceArn: notify", "resourceArn: nobody");
    let (status, told) = server.ask("PUT /v1/flows/ask", &unknown).await;
    let problem = &told["problems"][1];
    assert_eq!(
        (status, &problem["code"], &problem["severity"], &problem["line"]),
        (
            200,
            &json!("definition::unknown_function"),
            &json!("warning"),
            &json!(11)
        ),
        "{told}"
    );
}

#[tokio::test]
async fn pages_of_a_history_never_change_and_end_with_it() {
    let server = Server::open().await;
    server.ask("PUT /v1/flows/ask/executions/n", "{}").await;
    let submitted = "TaskSubmitted";
    let (mut events, mut next) = (Vec::new(), String::new());
    let mut pages = 0;
    // While it runs there is always a next page, if only an empty one.
    while events.last().map(|event: &Value| event["Type"].clone()) != Some(json!(submitted)) {
        let line = format!("GET /v1/flows/ask/executions/n/history?count=1{next}");
        let (status, page) = server.ask(&line, "").await;
        assert_eq!(status, 200, "{page}");
        events.extend(page["events"].as_array().unwrap().clone());
        next = format!("&next={}", page["next"].as_str().unwrap());
        pages += usize::from(page["events"] != json!([]));
        tokio::task::yield_now().await;
    }
    assert_eq!(pages, events.len());
    let stopped = server.ask(
        "POST /v1/flows/ask/executions/n/stop",
        r#"{"code": "Mine", "detail": "d"}"#,
    );
    assert_eq!(stopped.await, (204, Value::Null));
    let (_, page) = server
        .ask(&format!("GET /v1/flows/ask/executions/n/history?{}", &next[1..]), "")
        .await;
    assert_eq!(page["next"], Value::Null);
    events.extend(page["events"].as_array().unwrap().clone());
    let (_, whole) = server.ask("GET /v1/flows/ask/executions/n/history", "").await;
    assert_eq!((&whole["events"], &whole["next"]), (&json!(events), &Value::Null));
    let (status, _) = server
        .ask(&format!("GET /v1/flows/pass/executions/n/history?{}", &next[1..]), "")
        .await;
    assert_eq!(status, 400);
    let again = server.ask("POST /v1/flows/ask/executions/n/stop", "").await;
    assert_eq!(
        (again.0, &again.1["error"]["code"]),
        (409, &json!("ExecutionAlreadyCompleted"))
    );
    let (_, described) = server.ask("GET /v1/flows/ask/executions/n", "").await;
    assert_eq!(described["error"], json!({"code": "Mine", "detail": "d"}));
}

/// The token of the one task that waits.
async fn token(server: &Server, headers: &[(&str, &str)]) -> Value {
    loop {
        let described = server.answer("GET /v1/flows/ask/executions/n", headers, b"").await;
        let (_, described) = read(&described);
        // It may not be submitted yet.
        if described["open"][0]["state"] == "Ask" && !described["open"][0]["token"].is_null() {
            return described["open"][0]["token"].clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_report_completes_its_task_once() {
    let server = Server::open().await;
    server.ask("PUT /v1/flows/ask/executions/n", "{}").await;
    let token = token(&server, &[]).await;
    let report = json!({"token": token, "output": {"answer": 42}}).to_string();
    assert_eq!(server.ask("POST /v1/reports", &report).await, (204, Value::Null));
    server.end_of("ask/n").await;
    let (_, described) = server.ask("GET /v1/flows/ask/executions/n", "").await;
    assert_eq!(
        (&described["output"], described.get("cost")),
        (&json!({"answer": 42}), None)
    );
    let (status, told) = server.ask("POST /v1/reports", &report).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("TaskAlreadyCompleted")));
}

#[tokio::test]
async fn lists_go_page_by_page_and_take_filters() {
    let server = Server::open().await;
    for name in ["a", "b", "c"] {
        server.ask(&format!("PUT /v1/flows/pass/executions/{name}"), "{}").await;
        server.end_of(&format!("pass/{name}")).await;
    }
    server.ask("PUT /v1/flows/ask/executions/b", "{}").await;
    let list = |query: &'static str| {
        let server = &server;
        async move {
            let (mut found, mut next) = (Vec::new(), String::new());
            loop {
                let (status, page) = server.ask(&format!("GET /v1/executions?{query}{next}"), "").await;
                assert_eq!(status, 200, "{page}");
                let name = |row: &Value| format!("{}/{}", row["flow"].as_str().unwrap(), row["name"].as_str().unwrap());
                found.extend(page["executions"].as_array().unwrap().iter().map(name));
                match page["next"].as_str() {
                    Some(mark) => next = format!("&next={mark}"),
                    None => return found,
                }
            }
        }
    };
    assert_eq!(list("").await, ["ask/b", "pass/a", "pass/b", "pass/c"]);
    assert_eq!(list("count=1").await, ["ask/b", "pass/a", "pass/b", "pass/c"]);
    assert_eq!(list("flow=pass&count=2").await, ["pass/a", "pass/b", "pass/c"]);
    assert_eq!(list("flow=ask&count=1").await, ["ask/b"]);
    assert_eq!(list("flow=as").await, Vec::<String>::new());
    assert_eq!(list("name=b&count=1").await, ["ask/b", "pass/b"]);
    assert_eq!(list("status=Succeeded&count=2").await, ["pass/a", "pass/b", "pass/c"]);
    assert_eq!(list("status=Running&flow=pass").await, Vec::<String>::new());
}

#[tokio::test]
async fn each_scope_opens_its_own_routes_and_tokens_are_for_reporters() {
    let made = |number: u8, scopes: &[Scope]| NewToken::new([number; 32], scopes);
    let [read_only, starts, both, admin] = [
        made(1, &[Scope::Read]),
        made(2, &[Scope::Start]),
        made(3, &[Scope::Read, Scope::Report]),
        made(4, &[Scope::Admin]),
    ];
    let lines = [&read_only, &starts, &both, &admin]
        .map(|made| made.line.clone())
        .join("\n");
    let server = Server::guarded_by(Gate::Tokens(Tokens::parse(&lines).unwrap())).await;
    let bearer = |made: &NewToken| format!("Bearer {}", made.token);
    let status = |line: &'static str, bearer: String, body: &'static str| {
        let server = &server;
        async move {
            let headers = [("authorization", bearer.as_str())];
            server.answer(line, &headers, body.as_bytes()).await.status().as_u16()
        }
    };
    let flow = "PUT /v1/flows/ask";
    let start = "PUT /v1/flows/ask/executions/n";
    let describe = "GET /v1/flows/ask/executions/n";
    assert_eq!(status(flow, bearer(&starts), ASK).await, 403);
    assert_eq!(status(flow, bearer(&admin), ASK).await, 200);
    assert_eq!(status(start, bearer(&read_only), "").await, 403);
    assert_eq!(status(start, bearer(&starts), "").await, 201);
    assert_eq!(status(describe, bearer(&starts), "").await, 403);
    assert_eq!(status(describe, "Bearer wrong".to_owned(), "").await, 401);
    assert_eq!(status("POST /v1/reports", bearer(&read_only), "").await, 403);
    assert_eq!(
        status("POST /v1/flows/ask/executions/n/stop", bearer(&both), "").await,
        403
    );
    token(&server, &[("authorization", &bearer(&both))]).await;
    let seen = server
        .answer(describe, &[("authorization", &bearer(&read_only))], b"")
        .await;
    let (code, seen) = read(&seen);
    assert_eq!(
        (code, &seen["open"][0]["state"], seen["open"][0].get("token")),
        (200, &json!("Ask"), None)
    );
    let without = server.answer(describe, &[], b"").await;
    assert_eq!(
        (without.status().as_u16(), &without.headers()["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
    let document = server.answer("GET /openapi.json", &[], b"").await;
    assert_eq!(document.body(), &Bytes::from(crate::openapi()));
}

#[tokio::test]
async fn heads_and_options_are_answered() {
    let server = Server::open().await;
    let get = server.answer("GET /v1/flows/pass", &[], b"").await;
    let head = server.answer("HEAD /v1/flows/pass", &[], b"").await;
    let length = get.body().len().to_string();
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    assert_eq!(head.headers()["content-length"], length.as_str());
    let allow = "PUT, GET, HEAD, OPTIONS";
    let options = server.answer("OPTIONS /v1/flows/pass", &[], b"").await;
    assert_eq!(
        (options.status().as_u16(), &options.headers()["allow"]),
        (204, &allow.parse().unwrap())
    );
    let delete = server.answer("DELETE /v1/flows/pass", &[], b"").await;
    assert_eq!(
        (delete.status().as_u16(), &delete.headers()["allow"]),
        (405, &allow.parse().unwrap())
    );
    let page = server
        .answer("GET /v1/executions", &[("origin", "https://evil.example")], b"")
        .await;
    assert_eq!(page.status().as_u16(), 403);
}
