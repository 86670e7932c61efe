//! Which variables there are, and where each can be read.
//!
//! **Invariant:** a table; what a variable holds is the core's affair.
//!
//! Source: specification 1.5.2 and 1.9/7, 1.9/13.

/// Where an expression stands, as far as it decides what it can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A state's InputConstructor, or a field such as `Condition` or `Timeout.$`.
    Input,
    /// A Task's Parameters.
    Parameters,
    /// A state's OutputConstructor or GlobalConstructor, or the flow's OutputConstructor.
    Output,
    /// The OutputConstructor of a Catch rule.
    Catch,
    /// A Map's ItemConstructor or BatchInput.
    Item,
    /// Nowhere in a flow: it is tried out over variables of which every one may be there.
    Alone,
}

/// A variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name with the `$`.
    pub name: &'static str,
    /// What it holds, and where it can be read.
    pub doc: &'static str,
}

/// Every variable.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "$Input",
        doc: "The effective input of the state; in InputConstructor its raw input.",
    },
    Variable {
        name: "$Output",
        doc: "The raw result of the state; in OutputConstructor and GlobalConstructor.",
    },
    Variable {
        name: "$Context",
        doc: "The execution, the current state and the flow.",
    },
    Variable {
        name: "$Global",
        doc: "What the GlobalConstructors have written so far.",
    },
    Variable {
        name: "$Item",
        doc: "The raw item of a Map; in ItemConstructor and BatchInput.",
    },
    Variable {
        name: "$Environment",
        doc: "The environment variables of the flow.",
    },
];

/// Fields below `$Context`: a name, and what is below it; nothing = anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContextField {
    pub(crate) name: &'static str,
    pub(crate) below: &'static [ContextField],
}

const fn leaf(name: &'static str) -> ContextField {
    ContextField { name, below: &[] }
}

/// The fields of `$Context`.
pub(crate) const CONTEXT: &[ContextField] = &[
    ContextField {
        name: "Execution",
        below: &[leaf("Name"), leaf("Input"), leaf("RoleArn")],
    },
    ContextField {
        name: "Current",
        below: &[
            leaf("Name"),
            leaf("Input"),
            leaf("Output"),
            ContextField {
                name: "Error",
                below: &[leaf("Code"), leaf("Detail")],
            },
            leaf("RetryCount"),
            leaf("TaskToken"),
        ],
    },
    ContextField {
        name: "Flow",
        below: &[leaf("Name"), leaf("Region")],
    },
    ContextField {
        name: "Map",
        below: &[ContextField {
            name: "Item",
            below: &[leaf("Index")],
        }],
    },
    leaf("Environment"),
];

/// Whether a variable can be read at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    Readable,
    AlwaysNull,
    NotHere,
    Unknown,
}

impl Place {
    /// Whether the variable `name` (without `$`) can be read here.
    pub(crate) fn availability(self, name: &str) -> Availability {
        match (name, self) {
            ("Input" | "Context" | "Global" | "Environment", _) => Availability::Readable,
            ("Output", Self::Output) | ("Item", Self::Item) | ("Output" | "Item", Self::Alone) => {
                Availability::Readable
            }
            ("Output", Self::Catch) => Availability::AlwaysNull,
            ("Output" | "Item", _) => Availability::NotHere,
            _ => Availability::Unknown,
        }
    }
}

/// What a variable of the older dialect is called here.
pub(crate) fn newer_name(name: &str) -> Option<&'static str> {
    match name {
        "input" => Some("$Input"),
        "local" => Some("$Output"),
        "context" => Some("$Context"),
        _ => None,
    }
}
