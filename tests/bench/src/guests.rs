//! The components that are measured, and the native function that does the same.
//!
//! **Invariant:** nothing has to be built before: one component is text, the other is the one that must load for ever.

use stepwell_actions::Granted;
use stepwell_expression::Value;
use stepwell_ports::{Call, Work};

/// A component with what is asked of it.
#[derive(Clone, Debug)]
pub struct Guest {
    /// What it is, for a table.
    pub name: &'static str,
    /// The component.
    pub bytes: Vec<u8>,
    /// What is asked of it.
    pub operation: &'static str,
}

/// A component that answers its input and does nothing else: what every call costs at least.
#[must_use]
pub fn echo() -> Guest {
    Guest {
        name: "echo, by hand",
        bytes: wat::parse_str(ECHO_TEXT).unwrap(),
        operation: "echo",
    }
}

/// A component in Rust that answers its context: with an allocator, a standard library and every import of the world.
#[must_use]
pub fn rust_guest() -> Guest {
    let bytes = include_bytes!("../../../runtime/tasks-wasm/tests/fixtures/task-0.1.0.wasm");
    Guest {
        name: "contract, in Rust",
        bytes: bytes.to_vec(),
        operation: "describe",
    }
}

/// The same component under another digest: a section that nobody reads is added to it.
#[must_use]
pub fn with_another_digest(component: &[u8], number: u8) -> Vec<u8> {
    const NAME: [u8; 2] = *b"no";
    let mut bytes = component.to_vec();
    bytes.extend([0, 4, 2]);
    bytes.extend(NAME);
    bytes.push(number);
    bytes
}

/// A call that is granted nothing.
#[must_use]
pub fn call(guest: &Guest, digest: &str, input: &str) -> Call {
    Call {
        flow: "bench".into(),
        execution: "one".into(),
        state: "Echo".into(),
        attempt: 1,
        visit_key: "visit".into(),
        attempt_key: "visit/1".into(),
        scheduled_ms: 1_700_000_000_000,
        deadline_ms: None,
        action: "FC:InvokeFunction".into(),
        work: Work::Component {
            digest: digest.into(),
            operation: guest.operation.into(),
            input: Value::parse_json(input).unwrap(),
        },
        granted: Granted::default(),
        result_bytes_max: 64 * 1024,
    }
}

/// What `echo` does, in this process: a text comes in, and a text of its own goes out.
#[must_use]
#[inline(never)]
pub fn native_echo(input: &str) -> String {
    std::hint::black_box(input).to_owned()
}

const ECHO_TEXT: &str = r#"(component
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
        (memory (export "memory") 2)
        (global $free (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32) (param $bytes i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
            (global.set $free (i32.add (local.get $at) (local.get $bytes)))
            (local.get $at))
        (func (export "run") (param $arguments i32) (result i32)
            (i32.store8 (i32.const 0) (i32.const 0))
            (i32.store (i32.const 4) (i32.load offset=8 (local.get $arguments)))
            (i32.store (i32.const 8) (i32.load offset=12 (local.get $arguments)))
            (i32.const 0)))
    (core instance $i (instantiate $m))
    (func (export "run")
        (param "operation" string) (param "input" string) (param "context" $wire-context)
        (result (result string (error $wire-failure)))
        (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#;
