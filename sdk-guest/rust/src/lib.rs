//! Write Stepwell tasks as plain functions over serde types.
//!
//! A task is a function that takes its typed input and a [`Context`] and answers its typed output or a [`Failure`].
//! [`tasks!`] turns the functions of a crate into one WebAssembly component whose operations are their names:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use stepwell_guest::{Context, Failure, log};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     item: String,
//!     count: u32,
//! }
//!
//! #[derive(Serialize)]
//! struct Price {
//!     cents: u64,
//! }
//!
//! fn price(order: Order, context: &Context) -> Result<Price, Failure> {
//!     log::info(format!("attempt {} prices {} × {}", context.attempt, order.count, order.item));
//!     match order.item.as_str() {
//!         "apple" => Ok(Price { cents: u64::from(order.count) * 35 }),
//!         other => Err(Failure::new("Shop.UnknownItem", format!("no item named `{other}`")).not_retryable()),
//!     }
//! }
//!
//! stepwell_guest::tasks! {
//!     "price" => price,
//! }
//! # fn main() {}
//! ```
//!
//! The crate that holds it is a `cdylib`, built for `wasm32-wasip2`; what the build leaves is the component:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//! ```
//!
//! `functions.yaml` beside the flow gives it a name that a flow can call, and `grants.yaml` says what it may reach:
//!
//! ```yaml
//! functions:
//!   price: {component: target/wasm32-wasip2/guest/shop.wasm}
//! ```
//!
//! Files, environment and sockets are empty; clocks stand still and a sleep returns at once; random numbers repeat with
//! the attempt. [`objects`] reads and writes what is too large for a payload, [`http`] calls granted hosts, [`log`] (and
//! `println!`) writes to the history of the attempt.
//!
//! A task is an ordinary function, so its unit tests run natively; only [`objects`] and [`http`] need the host and end a
//! native test: keep what a task decides apart from what it reads and writes.
//!
//! **Invariant:** a panic, an endless loop or too much memory ends this attempt and nothing else; nothing outlives a call.

#[doc(hidden)]
pub mod bindings;
mod context;
pub mod exported;
mod failure;
pub mod http;
pub mod log;
pub mod objects;

pub use context::Context;
pub use failure::Failure;

/// Makes the component out of functions: `"operation" => function`, or `_ => function` for every other operation.
///
/// A function is `fn(Input, &Context) -> Result<Output, Failure>`, where `Input` is any type that serde deserialises
/// from JSON and `Output` any that it serialises. Call it once, at the root of the crate.
///
/// ```
/// # use stepwell_guest::{Context, Failure};
/// fn greet(name: String, _context: &Context) -> Result<String, Failure> {
///     Ok(format!("hello, {name}"))
/// }
///
/// stepwell_guest::tasks! { _ => greet }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! tasks {
    ($($operation:literal => $task:path,)* _ => $any:path $(,)?) => {
        $crate::tasks!(@export operation, input, context;
            match operation.as_str() {
                $($operation => $crate::exported::carry_out($task, &input, context),)*
                _ => $crate::exported::carry_out($any, &input, context),
            }
        );
    };
    ($($operation:literal => $task:path),+ $(,)?) => {
        $crate::tasks!(@export operation, input, context;
            match operation.as_str() {
                $($operation => $crate::exported::carry_out($task, &input, context),)+
                _ => $crate::exported::unknown_operation(&operation, &[$($operation),+]),
            }
        );
    };
    (@export $operation:ident, $input:ident, $context:ident; $body:expr) => {
        #[doc(hidden)]
        struct StepwellTasks;

        impl $crate::exported::Guest for StepwellTasks {
            fn run(
                $operation: ::std::string::String,
                $input: ::std::string::String,
                $context: $crate::exported::WireContext,
            ) -> ::core::result::Result<::std::string::String, $crate::exported::WireFailure> {
                $body
            }
        }

        $crate::bindings::export!(StepwellTasks with_types_in $crate::bindings);
    };
}
