//! What an attempt's parameters ask for: resolved through the registry and the grants that the execution was started with.

use alloc::sync::Arc;

use stepwell_actions::{
    Granted, HTTP_REQUEST, HttpRequest, INVOKE_FUNCTION, InvokeFunction, ParameterError, START_EXECUTION,
    StartExecution, StubEntry, Target, function_name,
};
use stepwell_expression::Value;
use stepwell_model::{Mode, Task};

use crate::failure::codes;
use crate::{Failure, Pins};

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A component runs.
    Component {
        /// SHA-256 of the component.
        digest: Arc<str>,
        /// The function's name.
        function: Arc<str>,
        /// The event; absent = null.
        body: Value,
    },
    /// The event is posted.
    HttpFunction {
        /// Where.
        url: Arc<str>,
        /// The event.
        body: Option<Value>,
    },
    /// A prepared answer is given.
    Stub {
        /// The registry's entry, which names the stub in the store.
        entry: Arc<str>,
        /// Its answers.
        answers: alloc::vec::Vec<StubEntry>,
        /// The event.
        body: Value,
    },
    /// `HTTP:Request`.
    HttpRequest(HttpRequest),
    /// `FNF:StartExecution`.
    StartExecution(StartExecution),
}

/// Whether a repeat of the attempt would be invisible: a component that reaches no host and no object, in
/// RequestComplete. Decided by the name in `parameters`, which must not be behind a pointer.
#[must_use]
pub(crate) fn is_pure(pins: &Pins, task: &Task, parameters: &Value) -> bool {
    if task.mode != Mode::RequestComplete || *task.action != *INVOKE_FUNCTION {
        return false;
    }
    let Some(resource) = resource(parameters) else {
        return false;
    };
    match pins.registry.resolve(resource) {
        Some(found) if matches!(found.target, Target::Component { .. }) => pins
            .grants
            .granted(&pins.flow, &task.action, found.name)
            .reaches_nothing(),
        Some(_) | None => false,
    }
}

/// What the grants allow the attempt.
#[must_use]
pub fn grants_of(pins: &Pins, task: &Task, parameters: &Value) -> Granted {
    let function = resource(parameters).map_or("*", function_name);
    pins.grants.granted(&pins.flow, &task.action, function)
}

/// Resolves an attempt's parameters, which must be without pointers.
///
/// # Errors
///
/// The attempt's failure: a parameter that does not fit, or a function that the registry does not know.
pub fn work_of(pins: &Pins, task: &Task, parameters: &Value) -> Result<Work, Failure> {
    match &*task.action {
        INVOKE_FUNCTION => InvokeFunction::read(parameters)
            .map_err(|error| refused(&error))
            .and_then(|call| function(pins, call)),
        HTTP_REQUEST => HttpRequest::read(parameters)
            .map(Work::HttpRequest)
            .map_err(|error| refused(&error)),
        START_EXECUTION => StartExecution::read(parameters)
            .map(Work::StartExecution)
            .map_err(|error| refused(&error)),
        action => {
            let detail = alloc::format!("there is no handler for `{action}`");
            Err(Failure::not_retryable(codes::ACTION_NOT_SUPPORTED, detail))
        }
    }
}

fn function(pins: &Pins, call: InvokeFunction) -> Result<Work, Failure> {
    let Some(found) = pins.registry.resolve(&call.resource) else {
        let detail = alloc::format!("no entry of the functions file matches `{}`", call.resource);
        return Err(Failure::not_retryable(codes::FUNCTION_NOT_FOUND, detail));
    };
    Ok(match found.target {
        Target::Component { digest } => Work::Component {
            digest: digest.clone(),
            function: found.name.into(),
            body: call.body.unwrap_or(Value::Null),
        },
        Target::Http { url } => Work::HttpFunction {
            url: url.clone(),
            body: call.body,
        },
        Target::Stub(answers) => Work::Stub {
            entry: found.entry.into(),
            answers: answers.clone(),
            body: call.body.unwrap_or(Value::Null),
        },
    })
}

fn resource(parameters: &Value) -> Option<&str> {
    parameters.as_object()?.get("resourceArn")?.as_str()
}

fn refused(error: &ParameterError) -> Failure {
    Failure::not_retryable(codes::INVALID_PARAMETER, alloc::format!("{error}"))
}
