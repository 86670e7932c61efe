//! Which components are accepted, and what is kept of them.

use std::fs;
use std::path::Path;

use crate::guests::{Bench, guest, options, told};
use stepwell_actions::Granted;
use stepwell_ports::Call;
use stepwell_ports::Tasks;
use stepwell_tasks_wasm::{ComponentError, Digest, Pool, WasmOptions, WasmTasks};

/// The text of a component whose core module does `body` and then answers a string.
pub(crate) fn component(module: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (type $context (record
                (field "flow" string) (field "execution" string) (field "state" string) (field "attempt" u32)
                (field "visit-key" string) (field "attempt-key" string) (field "deadline-ms" (option u64))))
            (type $failure (record (field "code" string) (field "detail" string) (field "retryable" bool)))
            (import "stepwell:task/types@0.1.0" (instance $types
                (export "context" (type $c (eq $context)))
                (export "failure" (type $f (eq $failure)))))
            (alias export $types "context" (type $wire-context))
            (alias export $types "failure" (type $wire-failure))
            (core module $m
                (memory (export "memory") 1)
                {module}
                (data (i32.const 16) "7")
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
                (func (export "run") (param i32) (result i32)
                    {body}
                    (i32.store8 (i32.const 0) (i32.const 0))
                    (i32.store (i32.const 4) (i32.const 16))
                    (i32.store (i32.const 8) (i32.const 1))
                    (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "run")
                (param "operation" string) (param "input" string) (param "context" $wire-context)
                (result (result string (error $wire-failure)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
    );
    wat::parse_str(text).unwrap()
}

fn refused(wat: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let tasks = WasmTasks::open(options(folder.path())).unwrap();
    let error = tasks.install(&wat::parse_str(wat).unwrap()).unwrap_err();
    assert_eq!(fs::read_dir(folder.path().join("components")).unwrap().count(), 0);
    error.to_string()
}

#[tokio::test]
async fn a_component_needs_no_language() {
    let bench = Bench::of(&component("", ""));
    assert_eq!(told(&bench.run("any", "null").await), Ok("7".into()));
}

#[tokio::test]
async fn tables_count_as_memory() {
    let grow = "(loop $more (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $more))";
    let bench = Bench::of(&component("(table $t 1 funcref)", grow));
    let call = Call {
        granted: Granted {
            memory_mb: Some(1),
            ..Granted::default()
        },
        ..bench.call("any", "null")
    };
    let (code, detail, _) = told(&bench.tasks.run(call).await).unwrap_err();
    assert_eq!(code, "FnF.TaskMemoryExceeded", "{detail}");
}

#[tokio::test]
async fn a_recursion_without_end_is_a_trap() {
    let bench = Bench::of(&component(
        "(func $deeper (result i32) (i32.add (call $deeper) (call $deeper)))",
        "(drop (call $deeper))",
    ));
    let (code, detail, _) = told(&bench.run("any", "null").await).unwrap_err();
    assert_eq!(code, "FnF.TaskTrapped");
    assert!(
        detail.starts_with("wasm trap: call stack exhausted; in `deeper` < `deeper` < "),
        "{detail}"
    );
}

#[tokio::test]
async fn memories_add_up() {
    let grow = "(loop $more (drop (memory.grow $a (i32.const 16))) (drop (memory.grow $b (i32.const 16))) (br $more))";
    let bench = Bench::of(&component("(memory $a 1) (memory $b 1)", &grow.replace("$more", "$m")));
    let outcome = bench.run("any", "null").await;
    let (code, detail, _) = told(&outcome).unwrap_err();
    assert_eq!(code, "FnF.TaskMemoryExceeded", "{detail}");
    assert!(outcome.telemetry.guest_memory_bytes <= 128 << 20);
    let folder = tempfile::tempdir().unwrap();
    let on_demand = WasmOptions {
        pool: Pool::OnDemand(8),
        ..options(folder.path())
    };
    let tasks = WasmTasks::open(on_demand).unwrap();
    let many = component("(memory 1) (memory 1) (memory 1) (memory 1)", "");
    let expected = "the component has 5 memories; at most 4 are possible";
    assert_eq!(tasks.install(&many).unwrap_err().to_string(), expected);
}

#[test]
fn what_is_no_task_is_refused_in_its_authors_words() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = WasmTasks::open(options(folder.path())).unwrap();
    let error = |bytes: &[u8]| tasks.install(bytes).unwrap_err();
    assert!(matches!(error(b""), ComponentError::NotWasm));
    assert!(matches!(error(b"#!/bin/sh"), ComponentError::NotWasm));
    assert!(matches!(
        error(&wat::parse_str("(module)").unwrap()),
        ComponentError::CoreModule
    ));
    assert!(matches!(
        error(b"\0asm\x0d\0\x01\0garbage"),
        ComponentError::Invalid { .. }
    ));
    let whole = guest("stepwell_fixture_contract");
    assert!(matches!(
        error(&whole[..whole.len() / 2]),
        ComponentError::Invalid { .. }
    ));
}

#[test]
fn a_component_of_another_world_is_refused_with_what_it_lacks() {
    let of_another_world = "the component is not of the world `stepwell:task/task`: it exports no function `run`";
    assert_eq!(refused("(component)"), of_another_world);
    let other = "(component (core module $m) (export \"other\" (core module $m)))";
    assert_eq!(refused(other), format!("{of_another_world}, only `other`"));
    let no_function = refused("(component (core module $m) (export \"run\" (core module $m)))");
    assert!(
        no_function.ends_with("-> result<string, failure>`: it is no function"),
        "{no_function}"
    );
    let other_type = refused(
        r#"(component
            (core module $m (func (export "run")))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#,
    );
    assert!(
        other_type.starts_with("the component's export `run` is not `func(operation: string, "),
        "{other_type}"
    );
}

#[test]
fn an_import_that_nobody_offers_is_named() {
    let text = component("", "");
    let folder = tempfile::tempdir().unwrap();
    let tasks = WasmTasks::open(options(folder.path())).unwrap();
    assert!(tasks.install(&text).is_ok());
    let refused = refused(
        r#"(component
            (import "acme:store/keys@1.0.0" (instance (export "take" (func))))
            (import "wasi:cli/stdout@0.3.0" (instance))
            (type $context (record
                (field "flow" string) (field "execution" string) (field "state" string) (field "attempt" u32)
                (field "visit-key" string) (field "attempt-key" string) (field "deadline-ms" (option u64))))
            (type $failure (record (field "code" string) (field "detail" string) (field "retryable" bool)))
            (import "stepwell:task/types@0.1.0" (instance $types
                (export "context" (type $c (eq $context)))
                (export "failure" (type $f (eq $failure)))))
            (alias export $types "context" (type $wire-context))
            (alias export $types "failure" (type $wire-failure))
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
                (func (export "run") (param i32) (result i32) (unreachable)))
            (core instance $i (instantiate $m))
            (func (export "run")
                (param "operation" string) (param "input" string) (param "context" $wire-context)
                (result (result string (error $wire-failure)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
    );
    let expected = "the component imports what no host of the world `stepwell:task/task` offers: \
                    `acme:store/keys@1.0.0`, `wasi:cli/stdout@0.3.0`";
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn a_component_that_is_not_there_or_damaged_is_named() {
    let bench = Bench::of(&component("", ""));
    let call = |digest: &str| {
        let mut call = bench.call("any", "null");
        if let stepwell_ports::Work::Component { digest: of, .. } = &mut call.work {
            *of = digest.into();
        }
        call
    };
    let missing = Digest::of(b"another");
    let expected = (
        String::from("FnF.ComponentUnavailable"),
        format!("there is no component `{missing}`"),
        false,
    );
    assert_eq!(told(&bench.tasks.run(call(missing.as_str())).await), Err(expected));
    let expected = (
        String::from("FnF.ComponentUnavailable"),
        "`../a` is no SHA-256 of a component".into(),
        false,
    );
    assert_eq!(told(&bench.tasks.run(call("../a")).await), Err(expected));
    fs::write(bench.folder.path().join(format!("components/{missing}.wasm")), b"\0asm").unwrap();
    let detail = format!("the file of component `{missing}` is damaged: its content has another SHA-256");
    let expected = (String::from("FnF.ComponentUnavailable"), detail, false);
    assert_eq!(told(&bench.tasks.run(call(missing.as_str())).await), Err(expected));
}

type Change = fn(&[u8]) -> Vec<u8>;

/// Every file of the cache, with its content changed by `change`.
fn change_cache(cache: &Path, change: Change) -> usize {
    let folders = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = folders
        .flat_map(|path| fs::read_dir(path).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    for file in &files {
        let changed = change(&fs::read(file).unwrap());
        fs::remove_file(file).unwrap();
        fs::write(file, changed).unwrap();
    }
    files.len()
}

#[tokio::test]
async fn what_is_damaged_in_the_cache_is_compiled_again() {
    let changes: [Change; 3] = [
        |_| Vec::new(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| bytes.iter().map(|byte| byte ^ 1).collect(),
    ];
    for change in changes {
        let Bench {
            tasks, digest, folder, ..
        } = Bench::of(&component("", ""));
        drop(tasks);
        assert_eq!(change_cache(&folder.path().join("cache"), change), 2);
        let tasks = WasmTasks::open(WasmOptions {
            ..options(folder.path())
        })
        .unwrap();
        let bench = Bench {
            tasks,
            digest,
            objects: crate::guests::MemoryObjects::default(),
            folder,
        };
        assert_eq!(told(&bench.run("any", "null").await), Ok("7".into()));
        bench.tasks.precompile(&bench.digest).unwrap();
    }
}

#[test]
fn the_cache_is_closed_to_others_and_can_be_deleted() {
    let Bench {
        tasks, digest, folder, ..
    } = Bench::of(&component("", ""));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join("cache")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    drop(tasks);
    fs::remove_dir_all(folder.path().join("cache")).unwrap();
    let tasks = WasmTasks::open(options(folder.path())).unwrap();
    tasks.precompile(&digest).unwrap();
    assert!(matches!(
        tasks.precompile(&Digest::of(b"")),
        Err(ComponentError::NotFound { .. })
    ));
}

#[test]
fn installing_again_answers_the_same_name() {
    let bench = Bench::of(&component("", ""));
    assert_eq!(bench.tasks.install(&component("", "")).unwrap(), bench.digest);
    assert_eq!(bench.digest, Digest::of(&component("", "")));
}
