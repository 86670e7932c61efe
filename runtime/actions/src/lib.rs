//! What a Task may call and what it may touch: the function registry and the grants, and how a name is looked up in them.
//!
//! **Invariant:** no file is read here and nothing is called; text formats belong to `definition`, addresses to `egress`.

mod arn;
mod grants;
mod parameters;
mod pattern;
mod product;
mod registry;

pub use arn::{flow_name, function_name};
pub use grants::{Access, Grant, Granted, Grants, HostRule, ObjectRule, SecretRule};
pub use parameters::{Headers, HttpRequest, InvokeFunction, ParameterError, StartExecution};
pub use pattern::Pattern;
pub use product::{HTTP_REQUEST, INVOKE_FUNCTION, START_EXECUTION, Support, later, runnable, support};
pub use registry::{Function, Registry, Resolved, StubAnswer, StubEntry, Target};
