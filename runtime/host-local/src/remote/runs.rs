//! A run behind a server: its flows are registered, it is started, and watched to its end.

use std::time::Duration;

use http::{Method, StatusCode};
use stepwell_api::earlier;
use stepwell_cli::{Driven, HostError, Progress, RunEnd};
use stepwell_expression::Plain;
use stepwell_wire::api::{FlowBody, HistoryPage, RegisteredBody, StartedBody};
use stepwell_wire::output::{End, EventLine, Status};
use stepwell_wire::{Begun, FlowText, Naming, Refusal, Run, Standing};
use tokio::time::{Instant, sleep};

use super::exchange::{Exchange, Sent, Unasked, encoded};
use super::verbs::path;
use crate::interrupt::Interrupt;
use crate::runs::{Ticks, interrupted};
use stepwell_system::now;

/// How soon one looks again, at first and at most.
const GAP: Duration = Duration::from_millis(100);
const GAP_MAX: Duration = Duration::from_secs(2);
/// How long a server may be gone before one gives up.
const GONE_MAX: Duration = Duration::from_secs(60);
/// How often another name is tried for a fresh execution.
const NAMES_MAX: u32 = 10_000;

/// An execution that is watched.
struct Watching<'e> {
    exchange: &'e Exchange,
    name: String,
    path: String,
    /// Behind which page one goes on.
    next: Option<String>,
    gap: Duration,
    /// Since when the server does not answer.
    gone: Option<Instant>,
}

impl Exchange {
    /// Runs an execution to its end; interrupted, it goes on without this process.
    pub(crate) async fn run(
        &self,
        run: Run,
        interrupt: &Interrupt,
        progress: &mut Progress<'_>,
    ) -> Result<RunEnd, HostError> {
        let begun = tokio::select! {
            biased;
            () = interrupt.asked() => return Ok(interrupted(progress)),
            begun = self.begin(run) => begun,
        };
        let (mut watching, begun) = begun?;
        progress.begun(&begun, Driven::Elsewhere);
        let mut ticks = Ticks::of(progress);
        loop {
            let end = {
                let mut next = std::pin::pin!(watching.next());
                loop {
                    tokio::select! {
                        biased;
                        () = interrupt.asked() => return Ok(interrupted(progress)),
                        next = &mut next => break next?,
                        () = ticks.next() => progress.tick(now()),
                    }
                }
            };
            end.events.into_iter().for_each(|event| progress.event(event));
            if let Some(end) = end.end {
                progress.tick(now());
                return Ok(RunEnd::Ended { name: begun.name, end });
            }
        }
    }

    /// Registers the flows and starts the execution, or finds it.
    async fn begin(&self, run: Run) -> Result<(Watching<'_>, Begun), HostError> {
        for flow in run.children.iter().chain([&run.flow]) {
            self.register(flow).await?;
        }
        let (name, standing) = self.start(&run).await?;
        let mut watching = Watching {
            exchange: self,
            path: path(&format!("{}/{name}", run.flow.name)),
            name: name.clone(),
            next: None,
            gap: GAP,
            gone: None,
        };
        let earlier = match standing {
            Standing::Running => watching.catch_up().await?,
            Standing::New | Standing::Ended => Vec::new(),
        };
        let begun = Begun {
            name,
            standing,
            earlier: if run.recount { earlier } else { Vec::new() },
        };
        Ok((watching, begun))
    }

    /// Makes a flow the newest of its name, unless it is.
    async fn register(&self, flow: &FlowText) -> Result<(), HostError> {
        let path = format!("/v1/flows/{}", encoded(&flow.name));
        let there: Result<FlowBody, Unasked> = self.get(&path).await;
        match there {
            Ok(there) if there.definition == flow.definition => return Ok(()),
            Ok(_) => {}
            Err(Unasked::Refused { status, .. }) if status == StatusCode::NOT_FOUND => {}
            Err(error) => return Err(error.into()),
        }
        let sent = Sent::default().with_body(flow.definition.clone().into_bytes(), "application/yaml");
        let (_, RegisteredBody { .. }) = self.ask(Method::PUT, &path, sent).await?;
        Ok(())
    }

    /// Starts the execution under its name, or under the first free one after it.
    async fn start(&self, run: &Run) -> Result<(String, Standing), HostError> {
        for number in 1..=NAMES_MAX {
            let name = match number {
                1 => run.name.clone(),
                _ => format!("{}-{number}", run.name),
            };
            match self.start_as(run, &name).await {
                Err(HostError::Refused(refusal))
                    if run.naming == Naming::Fresh && refusal.name == "ExecutionAlreadyExists" => {}
                started => return Ok((name, standing(&started?))),
            }
        }
        let message = format!("there are {NAMES_MAX} executions of the name `{}` already", run.name);
        Err(HostError::Refused(Refusal::user("ExecutionAlreadyExists", message)))
    }

    async fn start_as(&self, run: &Run, name: &str) -> Result<StartedBody, HostError> {
        let Plain(input) = &run.input;
        let input = input.to_json().map_err(anyhow::Error::new)?;
        let mut sent = Sent::default().with_body(input.into_bytes(), "application/json");
        if let Some(nonce) = &run.nonce {
            sent = sent.with_header("idempotency-key", nonce)?;
        }
        let path = path(&format!("{}/{name}", run.flow.name));
        let (_, started) = self.ask(Method::PUT, &path, sent).await?;
        Ok(started)
    }
}

fn standing(started: &StartedBody) -> Standing {
    match (started.started, started.status) {
        (true, _) => Standing::New,
        (false, Status::Running) => Standing::Running,
        (false, Status::Succeeded | Status::Failed | Status::Stopped | Status::TimedOut) => Standing::Ended,
    }
}

/// What is new of an execution.
#[derive(Default)]
struct Seen {
    events: Vec<EventLine>,
    end: Option<End>,
}

impl Watching<'_> {
    /// What has happened since; waits where nothing has.
    async fn next(&mut self) -> Result<Seen, HostError> {
        loop {
            let page = self.exchange.page(&self.path, self.next.as_deref()).await;
            let Some(page) = self.unless_gone(page)? else {
                self.wait().await;
                continue;
            };
            if page.events.is_empty() && page.next.is_some() {
                self.wait().await;
                continue;
            }
            self.gap = GAP;
            return self.seen(page).await;
        }
    }

    async fn seen(&mut self, page: HistoryPage) -> Result<Seen, HostError> {
        let events = page
            .events
            .iter()
            .filter_map(|event| earlier(&self.name, event))
            .collect();
        self.next = page.next;
        let end = match self.next {
            Some(_) => None,
            None => {
                let description = self.exchange.describe(&self.path).await?;
                Some(End {
                    status: description.row.status,
                    result: description.result,
                })
            }
        };
        Ok(Seen { events, end })
    }

    /// What happened before one came.
    async fn catch_up(&mut self) -> Result<Vec<EventLine>, HostError> {
        let mut events = Vec::new();
        loop {
            let page = self.exchange.page(&self.path, self.next.as_deref()).await?;
            // The end is left to be seen.
            if page.events.is_empty() || page.next.is_none() {
                return Ok(events);
            }
            events.extend(page.events.iter().filter_map(|event| earlier(&self.name, event)));
            self.next = page.next;
        }
    }

    /// The page, or nothing where the server is gone for a moment.
    fn unless_gone(&mut self, page: Result<HistoryPage, Unasked>) -> Result<Option<HistoryPage>, HostError> {
        let error = match page {
            Ok(page) => {
                self.gone = None;
                return Ok(Some(page));
            }
            Err(Unasked::Refused { status, refusal }) if !status.is_server_error() => {
                return Err(HostError::Refused(refusal));
            }
            Err(error) => error,
        };
        let since = *self.gone.get_or_insert_with(Instant::now);
        match since.elapsed() > GONE_MAX {
            true => Err(error.into()),
            false => Ok(None),
        }
    }

    async fn wait(&mut self) {
        sleep(self.gap).await;
        self.gap = (self.gap * 3 / 2).min(GAP_MAX);
    }
}
