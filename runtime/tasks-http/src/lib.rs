//! Tasks over HTTP: `HTTP:Request`, and functions that stand behind a URL.
//!
//! [`HttpClient`] sends requests for everybody who may not do so himself, guests included; [`HttpTasks`] carries out
//! attempts with it.
//!
//! | what happens | `HTTP:Request` | function |
//! |---|---|---|
//! | 2xx | `{"Header", "Code", "Body"}` | 200: the body's JSON; without JSON `FnF.InvalidOutput` |
//! | another status | `HTTP.<status>`, the start of the body as detail | its `errorType` and `errorMessage` |
//! | … without those | | `FC.ResourceThrottled` (429), `FC.InternalServerError` (5xx), else `FC.Unknown` |
//! | no connection | `HTTP.ConnectionFailed` | `FC.InternalServerError` |
//! | no secure connection | `HTTP.TlsFailed` | `FC.InternalServerError` |
//! | an answer that is none, or breaks off | `HTTP.BrokenAnswer` | `FC.InternalServerError` |
//! | more than five redirects | `HTTP.TooManyRedirects` | redirects are answers |
//! | no answer in time | `FnF.TaskTimeout` | `FnF.TaskTimeout` |
//! | a result above the limit | `FnF.DataLimitExceeded` | `FnF.DataLimitExceeded` |
//! | a body that is not UTF-8 | `FnF.InvalidOutput` | `FnF.InvalidOutput` |
//! | a host or address that is not granted | `FnF.NotGranted` | `FnF.NotGranted` |
//! | a URL or header that is none | `FnF.InvalidParameter` | `FnF.InvalidParameter` |
//! | a granted secret without a usable value | `FnF.SecretMissing` | `FnF.SecretMissing` |
//!
//! The last three and `FnF.DataLimitExceeded` skip Retry: another attempt would fare no better.
//!
//! Delivery: an attempt is sent once. A request goes to a reused connection only while nothing of it has been written;
//! what fails later is a failed attempt, never a silent repeat.
//!
//! **Invariant:** what may be reached is decided in `egress`, and a connection is made only to an address that was
//! admitted for the very request that uses it; names are not resolved a second time.

mod body;
mod client;
mod connection;
mod failure;
mod function;
mod pool;
mod request;
mod spawned;
mod tasks;

pub use client::{HttpClient, TlsSetupError};
pub use tasks::HttpTasks;
