//! `stepwell serve`: the API over the store that this process holds.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use stepwell_api::{Equipment, Gate, Router, Tokens};
use stepwell_cli::{HostError, Serving};
use stepwell_engine::{Driving, Engine};
use stepwell_wire::{FlowText, Refusal};
use tokio::net::TcpListener;

use crate::holder::Holder;
use crate::interrupt::Interrupt;
use crate::listener::HttpServer;
use crate::local::{Reached, keep, reach};
use crate::runs::unanswered;

type Say<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Serves until the user interrupts it.
pub(crate) async fn serve(
    interrupt: &Interrupt,
    store: &Path,
    mut serving: Serving,
    say: Say<'_>,
) -> Result<(), HostError> {
    let _careful = interrupt.careful();
    let gate = gate(serving.listen, serving.tokens.as_deref())?;
    let listener = listen(serving.listen).await?;
    keep(store, std::mem::take(&mut serving.components)).await?;
    let Some(mut holder) = hold(interrupt, store, say).await? else {
        return Ok(());
    };
    let served = tokio::select! {
        biased;
        () = interrupt.asked() => Ok(()),
        prepared = prepare(&holder, &serving) => match prepared {
            Ok(()) => serve_over(&mut holder, listener, (serving, gate), interrupt, say).await,
            Err(error) => Err(error),
        },
    };
    holder.drain().await;
    holder.close().await;
    served
}

/// Makes components ready, and flows known.
async fn prepare(holder: &Holder, serving: &Serving) -> Result<(), HostError> {
    holder.prepare(&serving.registry).await.map_err(unanswered)?;
    register(holder.engine(), &serving.flows).await
}

async fn serve_over(
    holder: &mut Holder,
    listener: TcpListener,
    (serving, gate): (Serving, Gate),
    interrupt: &Interrupt,
    say: Say<'_>,
) -> Result<(), HostError> {
    let address = listener.local_addr().context("while looking at the address")?;
    let (causes, mut told) = unbounded();
    let equipment = Equipment {
        registry: serving.registry,
        grants: serving.grants,
        settings: serving.settings,
    };
    let router = Router::new(holder.engine().clone(), Arc::new(equipment), gate);
    let server = HttpServer::start(listener, router, causes);
    say(&format!("listening on http://{address}"));
    let ended = tokio::select! {
        () = interrupt.asked() => Ok(()),
        error = holder.failed() => Err(HostError::Broken(error.context("while waiting for what is due"))),
        () = tell(&mut told, say) => Ok(()),
    };
    server.close().await;
    ended
}

/// Says what stands behind faults, as long as there is a server.
async fn tell(causes: &mut UnboundedReceiver<String>, say: Say<'_>) {
    while let Some(cause) = causes.next().await {
        say(&format!("error: {cause}"));
    }
}

/// Who is let in: bearers of tokens, or programs of this machine where nobody else can connect.
fn gate(listen: SocketAddr, tokens: Option<&str>) -> Result<Gate, HostError> {
    let refused = |message: String| HostError::Refused(Refusal::user("InvalidArgument", message));
    match tokens {
        Some(text) => {
            let tokens = Tokens::parse(text).map_err(|error| refused(format!("the file of tokens: {error}")))?;
            Ok(Gate::Tokens(tokens))
        }
        None if listen.ip().is_loopback() => Ok(Gate::Loopback),
        None => Err(refused(format!(
            "others can reach {listen}, so it needs tokens: `stepwell token new --scope admin` makes one, --tokens names \
             the file with its line"
        ))),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, HostError> {
    let listener = TcpListener::bind(address).await;
    Ok(listener.with_context(|| format!("while listening on {address}"))?)
}

/// The store, once no other process holds it; nothing where the user interrupted the waiting.
async fn hold(interrupt: &Interrupt, store: &Path, say: Say<'_>) -> Result<Option<Holder>, HostError> {
    let mut has_said = false;
    loop {
        let reached = tokio::select! {
            biased;
            () = interrupt.asked() => return Ok(None),
            reached = reach(store, Driving::All) => reached?,
        };
        let connection = match reached {
            Reached::Held(holder) => return Ok(Some(*holder)),
            Reached::Elsewhere(connection) => connection,
        };
        if connection.drives() && !has_said {
            say("another process drives the store; waiting until it ends");
            has_said = true;
        }
        tokio::select! {
            () = interrupt.asked() => return Ok(None),
            () = connection.gone() => {}
        }
    }
}

/// Makes the given flows the newest of their names.
async fn register(engine: &Engine, flows: &[FlowText]) -> Result<(), HostError> {
    for flow in flows {
        let model = stepwell_model::decode(flow.model.as_bytes()).map_err(|error| anyhow!(error))?;
        let kept = engine.keep_flow(&model, flow.definition.as_bytes()).await;
        kept.with_context(|| format!("while registering the flow `{}`", flow.name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tokens_only_this_machine_is_listened_to() {
        let gate = |listen: &str, tokens| gate(listen.parse().unwrap(), tokens);
        assert!(matches!(gate("127.0.0.1:1", None), Ok(Gate::Loopback)));
        assert!(matches!(gate("[::1]:1", None), Ok(Gate::Loopback)));
        assert!(matches!(gate("0.0.0.0:1", Some("")), Ok(Gate::Tokens(_))));
        let refused = gate("0.0.0.0:1", None).unwrap_err().to_string();
        assert!(
            refused.starts_with("others can reach 0.0.0.0:1, so it needs tokens"),
            "{refused}"
        );
        let refused = gate("127.0.0.1:1", Some("nonsense")).unwrap_err().to_string();
        assert!(refused.starts_with("the file of tokens: line 1: "), "{refused}");
    }
}
