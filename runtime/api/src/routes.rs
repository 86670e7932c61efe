//! The table of routes: what requests are matched with, and what the OpenAPI document is made of.

use stepwell_wire::Scope;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    RegisterFlow,
    ReadFlow,
    StartExecution,
    DescribeExecution,
    ReadHistory,
    ListExecutions,
    StopExecution,
    Report,
    OpenApi,
}

/// What is done with what is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Put,
    Post,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

/// A method on a path.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// A segment in braces is a name.
    pub(crate) path: &'static str,
    pub(crate) operation: Operation,
    /// What its caller must be allowed; nothing where everybody is answered.
    pub(crate) scope: Option<Scope>,
    pub(crate) summary: &'static str,
    pub(crate) query: &'static [Parameter],
    pub(crate) headers: &'static [Parameter],
    pub(crate) takes: Takes,
    pub(crate) answers: &'static [Answer],
    /// The statuses of its faults, beside those that every route has.
    pub(crate) faults: &'static [u16],
}

/// Something that may be added to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// Its JSON schema.
    pub(crate) schema: &'static str,
    pub(crate) description: &'static str,
}

/// The body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// A flow's definition.
    Definition,
    /// JSON of that schema.
    Json(&'static str),
    /// The same, or nothing.
    PerhapsJson(&'static str),
}

/// A success.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    /// The schema of its body; nothing where it has none.
    pub(crate) schema: Option<&'static str>,
}

pub(crate) const NEXT: Parameter = Parameter {
    name: "next",
    schema: r#"{"type": "string"}"#,
    description: "Goes on behind the page that gave it.",
};
pub(crate) const COUNT: Parameter = Parameter {
    name: "count",
    schema: r#"{"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}"#,
    description: "The most entries of the page.",
};
const FLOW: Parameter = Parameter {
    name: "flow",
    schema: r#"{"type": "string"}"#,
    description: "Only executions of this flow.",
};
const NAME: Parameter = Parameter {
    name: "name",
    schema: r#"{"type": "string"}"#,
    description: "Only executions of this name, whatever their flow.",
};
const STATUS: Parameter = Parameter {
    name: "status",
    schema: r##"{"$ref": "#/components/schemas/Status"}"##,
    description: "Only executions that stand so.",
};
const COST: Parameter = Parameter {
    name: "cost",
    schema: r#"{"type": "boolean", "default": false}"#,
    description: "Whether the answer says what the execution has cost; every record of it is read for that.",
};
const IDEMPOTENCY_KEY: Parameter = Parameter {
    name: "Idempotency-Key",
    schema: r#"{"type": "string", "minLength": 1, "maxLength": 128}"#,
    description: "Makes this start one of its own: an execution that somebody else started is in its way, even one of \
        the same flow and input; the same start with the same key is not.",
};

const fn answer(status: u16, description: &'static str, schema: &'static str) -> Answer {
    Answer {
        status,
        description,
        schema: Some(schema),
    }
}

const fn done(description: &'static str) -> Answer {
    Answer {
        status: 204,
        description,
        schema: None,
    }
}

const fn route(method: Method, path: &'static str, operation: Operation, summary: &'static str) -> Route {
    Route {
        method,
        path,
        operation,
        scope: None,
        summary,
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[],
        faults: &[],
    }
}

/// Every route that there is.
pub(crate) static ROUTES: [Route; 9] = [
    Route {
        scope: Some(Scope::Admin),
        takes: Takes::Definition,
        answers: &[answer(
            200,
            "The flow is registered: what is started from now on is this version of it.",
            "Registered",
        )],
        faults: &[400, 409, 413, 415],
        ..route(
            Method::Put,
            "/v1/flows/{flow}",
            Operation::RegisterFlow,
            "Checks a definition and makes it the newest version of its flow",
        )
    },
    Route {
        scope: Some(Scope::Read),
        answers: &[answer(200, "The newest version.", "Flow")],
        faults: &[400, 404],
        ..route(
            Method::Get,
            "/v1/flows/{flow}",
            Operation::ReadFlow,
            "Reads a flow's newest definition",
        )
    },
    Route {
        scope: Some(Scope::Start),
        headers: &[IDEMPOTENCY_KEY],
        takes: Takes::PerhapsJson("Input"),
        answers: &[
            answer(200, "It was there, started with the same.", "Started"),
            answer(201, "It runs now.", "Started"),
        ],
        faults: &[400, 404, 409, 413, 415],
        ..route(
            Method::Put,
            "/v1/flows/{flow}/executions/{name}",
            Operation::StartExecution,
            "Starts an execution under a name; asked for again, it is the same one",
        )
    },
    Route {
        scope: Some(Scope::Read),
        query: &[COST],
        answers: &[answer(200, "How it stands.", "Execution")],
        faults: &[400, 404],
        ..route(
            Method::Get,
            "/v1/flows/{flow}/executions/{name}",
            Operation::DescribeExecution,
            "Says how an execution stands",
        )
    },
    Route {
        scope: Some(Scope::Read),
        query: &[COUNT, NEXT],
        answers: &[answer(
            200,
            "Entries in order. What a page gave never changes; the last seconds are held back while several branches or \
             items are open.",
            "HistoryPage",
        )],
        faults: &[400, 404],
        ..route(
            Method::Get,
            "/v1/flows/{flow}/executions/{name}/history",
            Operation::ReadHistory,
            "Reads what happened, page by page",
        )
    },
    Route {
        scope: Some(Scope::Admin),
        takes: Takes::PerhapsJson("Failure"),
        answers: &[done("It is stopped.")],
        faults: &[400, 404, 409, 413, 415],
        ..route(
            Method::Post,
            "/v1/flows/{flow}/executions/{name}/stop",
            Operation::StopExecution,
            "Stops an execution for good",
        )
    },
    Route {
        scope: Some(Scope::Read),
        query: &[FLOW, NAME, STATUS, COUNT, NEXT],
        answers: &[answer(
            200,
            "Executions by flow and name; perhaps none although others follow, where few are looked for.",
            "ExecutionsPage",
        )],
        faults: &[400],
        ..route(
            Method::Get,
            "/v1/executions",
            Operation::ListExecutions,
            "Lists executions, page by page",
        )
    },
    Route {
        scope: Some(Scope::Report),
        takes: Takes::Json("Report"),
        answers: &[done("The task is completed.")],
        faults: &[400, 409, 413, 415],
        ..route(
            Method::Post,
            "/v1/reports",
            Operation::Report,
            "Completes a task that waits for a report, by its token",
        )
    },
    Route {
        answers: &[answer(200, "This document.", "Document")],
        ..route(
            Method::Get,
            "/openapi.json",
            Operation::OpenApi,
            "Reads what can be asked",
        )
    },
];

/// Whether a path is one of a route's, and the names in it as they are written.
pub(crate) fn fits<'p>(route: &Route, path: &'p str) -> Option<Vec<&'p str>> {
    let (mut wanted, mut given) = (route.path.split('/'), path.split('/'));
    let mut names = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(names),
            (Some(wanted), Some(given)) if wanted.starts_with('{') => names.push(given),
            (Some(wanted), Some(given)) if wanted == given => {}
            (_, _) => return None,
        }
    }
}
