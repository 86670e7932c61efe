//! The world of a task as the host sees it, generated from `sdk-guest/wit`, and whether a component is of that world.
//!
//! **Invariant:** what is told about a component of another shape is in the words of its author: which import nobody
//! offers, which export is missing or has another type.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::ComponentError;

wasmtime::component::bindgen!({
    path: "../../sdk-guest/wit",
    inline: "
        package stepwell:host;

        world task-host {
            use stepwell:task/types@0.1.0.{context, failure};
            import stepwell:task/log@0.1.0;
            import stepwell:task/objects@0.1.0;
            export run: func(operation: string, input: string, context: context) -> result<string, failure>;
        }
    ",
    world: "stepwell:host/task-host",
    imports: {
        "stepwell:task/log.log": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    require_store_data_send: true,
    with: { "stepwell:task/objects.writer": crate::objects::Writer },
});

pub(crate) use stepwell::task::{log, objects, types};

const RUN: &str = "run";
const RUN_TYPE: &str = "func(operation: string, input: string, context: context) -> result<string, failure>";

/// What the host offers, by name and the version up to the point that may not change.
const OFFERED: [(&str, &str); 32] = [
    ("stepwell:task/log", "0.1"),
    ("stepwell:task/objects", "0.1"),
    ("stepwell:task/types", "0.1"),
    ("wasi:cli/environment", "0.2"),
    ("wasi:cli/exit", "0.2"),
    ("wasi:cli/stderr", "0.2"),
    ("wasi:cli/stdin", "0.2"),
    ("wasi:cli/stdout", "0.2"),
    ("wasi:cli/terminal-input", "0.2"),
    ("wasi:cli/terminal-output", "0.2"),
    ("wasi:cli/terminal-stderr", "0.2"),
    ("wasi:cli/terminal-stdin", "0.2"),
    ("wasi:cli/terminal-stdout", "0.2"),
    ("wasi:clocks/monotonic-clock", "0.2"),
    ("wasi:clocks/wall-clock", "0.2"),
    ("wasi:filesystem/preopens", "0.2"),
    ("wasi:filesystem/types", "0.2"),
    ("wasi:http/outgoing-handler", "0.2"),
    ("wasi:http/types", "0.2"),
    ("wasi:io/error", "0.2"),
    ("wasi:io/poll", "0.2"),
    ("wasi:io/streams", "0.2"),
    ("wasi:random/insecure", "0.2"),
    ("wasi:random/insecure-seed", "0.2"),
    ("wasi:random/random", "0.2"),
    ("wasi:sockets/instance-network", "0.2"),
    ("wasi:sockets/ip-name-lookup", "0.2"),
    ("wasi:sockets/network", "0.2"),
    ("wasi:sockets/tcp", "0.2"),
    ("wasi:sockets/tcp-create-socket", "0.2"),
    ("wasi:sockets/udp", "0.2"),
    ("wasi:sockets/udp-create-socket", "0.2"),
];

/// Whether `component` exports what a task exports, and imports nothing that nobody offers.
pub(crate) fn check(engine: &Engine, component: &Component) -> Result<(), ComponentError> {
    check_run(engine, component)?;
    check_imports(engine, component)
}

fn check_run(engine: &Engine, component: &Component) -> Result<(), ComponentError> {
    let ty = component.component_type();
    let Some(run) = ty.get_export(engine, RUN) else {
        let exports = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
        return Err(ComponentError::MissingRun { exports });
    };
    let ComponentItem::ComponentFunc(function) = run.ty else {
        return Err(ComponentError::WrongRun {
            expected: RUN_TYPE,
            problem: "it is no function".into(),
        });
    };
    function
        .typecheck::<(String, String, Context), (Result<String, Failure>,)>(&ty.instance_type())
        .map_err(|error| ComponentError::WrongRun {
            expected: RUN_TYPE,
            problem: format!("{error:#}"),
        })
}

fn check_imports(engine: &Engine, component: &Component) -> Result<(), ComponentError> {
    let ty = component.component_type();
    let unknown: Vec<_> = ty
        .imports(engine)
        .map(|(name, _)| name)
        .filter(|name| !is_offered(name))
        .map(str::to_owned)
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(ComponentError::UnknownImports { imports: unknown })
    }
}

fn is_offered(import: &str) -> bool {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    OFFERED.iter().any(|(offered, compatible)| {
        let rest = version.strip_prefix(compatible);
        *offered == name && rest.is_some_and(|rest| rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_offered;

    #[test]
    fn patch_versions_are_compatible_and_others_are_not() {
        assert!(is_offered("wasi:cli/stdout@0.2.0") && is_offered("stepwell:task/log@0.1.7"));
        assert!(!is_offered("wasi:cli/stdout@0.3.0") && !is_offered("wasi:cli/stdout@0.21.0"));
        assert!(!is_offered("wasi:cli/stdout") && !is_offered("wasi:keyvalue/store@0.2.0"));
    }
}
