//! The program `stepwell`: adapters are built and handed to the engine, verbs to the command line.
//!
//! ```text
//!   main ── cli::main ── LocalHost ──┬─ Holder: the store's lock is ours
//!                                    │    EmbeddedStore, Engine, socket::Server
//!                                    ├─ socket::Connection: somebody else holds it
//!                                    ├─ serving: we hold it, and answer over HTTP, too
//!                                    ├─ remote: a server is asked
//!                                    └─ rehearsal: a world in memory, with a time of its own
//! ```
//!
//! One process drives a store: whoever has the lock of its directory. Others hand it their verbs over the socket beside
//! the store; when it goes, the next one to get the lock drives on. Nobody waits for a process that is gone: the system
//! releases its lock, and every request is asked again.
//!
//! **Invariant:** wiring only. What a verb says is the command line's, what a flow does is the engine's.

mod components;
mod doors;
mod editor;
mod holder;
mod interrupt;
mod listener;
mod local;
mod rehearsal;
mod remote;
mod router;
mod runs;
mod serving;
mod socket;

use std::process::ExitCode;

use stepwell_cli::{Console, Exit, Style};
use stepwell_store_embedded::is_catching;

use crate::interrupt::Interrupt;
use crate::local::LocalHost;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        if is_catching() {
            // The store says that it is damaged.
            return;
        }
        // The process must not go on half-way: what is durable goes on when the command is typed again.
        eprintln!(
            "error: this is a fault of stepwell itself: {}",
            panic.to_string().replace('\n', " ")
        );
        std::process::exit(i32::from(Exit::Host.code()));
    }));
    let mut console = Console::standard(Style::of_standard_error(|name| std::env::var(name).ok()));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            console.say(&format!("error: no threads can be had: {error}"));
            return Exit::Host.code().into();
        }
    };
    let exit = runtime.block_on(carry_out(&mut console));
    runtime.shutdown_background();
    exit.code().into()
}

async fn carry_out(console: &mut Console) -> Exit {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            console.say(&format!("error: signals cannot be received: {error}"));
            return Exit::Host;
        }
    };
    let host = LocalHost::new(interrupt);
    let arguments: Vec<_> = std::env::args_os().collect();
    stepwell_cli::main(arguments, &host, console).await
}
