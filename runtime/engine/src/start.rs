//! Starting executions.

use std::sync::Arc;

use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::OptionFuture;
use stepwell_core::{Drive, Event, Moment, Pins, Program, Record, Revision, ScopeId, Status, Stop, advance};
use stepwell_expression::{Memory, Value};
use stepwell_model::Flow;
use stepwell_ports::{Due, LogEntry, LogError, ScopeKey};

use crate::api::{EngineError, Start};
use crate::commit::first_record;
use crate::engine::Inner;
use crate::fresh::Ticket;
use crate::gather;
use crate::inner::row;
use crate::session::Halt;
use crate::sharing::Announced;
use crate::telling::observed;
use crate::token::Signer;

impl Inner {
    pub(crate) fn seed(&self) -> String {
        self.ports
            .seeds
            .seed()
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    pub(crate) fn pins(&self, start: Start) -> Result<Pins, EngineError> {
        if !is_name(&start.name) || !is_name(&start.flow) {
            let what = format!(
                "`{}/{}` cannot name an execution: names take 1 to 128 bytes without `/`",
                start.flow, start.name
            );
            return Err(EngineError::InvalidArgument { what });
        }
        if !matches!(start.input, Value::Object(_)) || !matches!(start.environment, Value::Object(_)) {
            return Err(EngineError::InvalidArgument {
                what: "the input must be a JSON object".to_owned(),
            });
        }
        Ok(Pins {
            semantics: Pins::SEMANTICS,
            flow: start.flow,
            name: start.name,
            version: start.version,
            flows: start.flows,
            registry: start.registry,
            grants: start.grants,
            settings: start.settings,
            environment: start.environment,
            input: start.input,
            seed: self.seed().into(),
            started_ms: self.ports.clock.now(),
            parent: None,
            nonce: start.nonce,
        })
    }

    /// Whether an execution is there already, and begun with the same.
    pub(crate) async fn begun(&self, key: &ScopeKey, pins: &Pins) -> Result<Option<Begun>, Halt> {
        let Some(there) = self.pins_of(&key.execution).await? else {
            return Ok(None);
        };
        let execution = key.execution.clone();
        if pins.nonce.is_some() {
            let repeated = there.nonce == pins.nonce;
            return Ok(Some(if repeated { Begun::Repeated } else { Begun::Other }(execution)));
        }
        let same = match (&there.parent, &pins.parent) {
            (Some(there), Some(asked)) => there.attempt_key == asked.attempt_key,
            // Whoever started it: one joins what is the same.
            (_, None) => self.differs(&execution, &there, pins).await?.is_none(),
            (None, Some(_)) => false,
        };
        Ok(Some(if same { Begun::Same } else { Begun::Other }(execution)))
    }

    /// In what an execution that is there differs from what was asked for.
    pub(crate) async fn difference(&self, execution: &Arc<str>, pins: &Pins) -> Result<&'static str, EngineError> {
        let found = match self.pins_of(execution).await? {
            Some(there) => self.differs(execution, &there, pins).await?,
            None => None,
        };
        Ok(found.unwrap_or("starter"))
    }

    /// In what two beginnings differ.
    async fn differs(&self, execution: &Arc<str>, there: &Pins, asked: &Pins) -> Result<Option<&'static str>, Halt> {
        if there.version != asked.version {
            return Ok(Some("flow"));
        }
        if there.registry != asked.registry {
            return Ok(Some("functions file"));
        }
        let input = gather::Loaded::default()
            .resolve(&*self.ports.log, execution, &there.input)
            .await?;
        Ok((input != asked.input).then_some("input"))
    }
}

/// Whether a text can name a flow or an execution.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128 && !name.contains(['/', '\0', '\n']) && !name.starts_with('~')
}

/// What became of a beginning.
pub(crate) enum Begun {
    /// It began now.
    New(Arc<str>),
    /// It was there, begun by this very start.
    Repeated(Arc<str>),
    /// It was there, begun with the same.
    Same(Arc<str>),
    /// Another one has that name.
    Other(Arc<str>),
}

/// Appends the first record of an execution.
pub(crate) async fn begin(engine: &Arc<Inner>, pins: Pins) -> Result<Begun, Halt> {
    let execution: Arc<str> = format!("{}/{}", pins.flow, pins.name).into();
    let key = ScopeKey {
        execution: execution.clone(),
        scope: "".into(),
    };
    // Where others drive, too, what is there is found by the append that loses: nearly every start is of something new.
    if engine.sharing.is_none()
        && let Some(begun) = engine.begun(&key, &pins).await?
    {
        return Ok(begun);
    }
    let flow = engine.flow(&pins.version).await?;
    let announced = match engine.sharing {
        Some(_) => Some(engine.announce_record(&key, Revision(1)).await?),
        None => None,
    };
    let (record, body) = first(engine, &execution, announced.as_ref(), pins.clone(), &flow)?;
    let due = if record.snapshot.status.is_running() || record.pins.as_ref().is_some_and(Pins::is_waited_for) {
        Due::At(record.stamp)
    } else {
        Due::Never
    };
    let entry = LogEntry {
        key: key.clone(),
        revision: 1,
        body,
    };
    // Where others drive, too, they may go on from it first.
    let ticket = engine.sharing.is_none().then(|| engine.fresh.expect(&execution));
    // The row is handed over first: one without an execution is passed over, but an execution without a row would not
    // be found. Where others drive, too, the wake owes it.
    let rows = &engine.ports.catalogue;
    let indexing = OptionFuture::from(
        engine
            .sharing
            .is_none()
            .then(|| rows.index(row(&execution, &pins, &Status::Running, record.stamp))),
    );
    let appending = append(engine, entry, (ticket, &record), due, announced);
    let (indexed, appended) = futures::join!(indexing, appending);
    indexed.transpose()?;
    match appended {
        Ok(()) => {
            if !record.snapshot.status.is_running() {
                engine
                    .index(&execution, &pins, &record.snapshot.status, record.stamp)
                    .await?;
            }
            let entries = record.entries.iter();
            let told: Vec<_> = entries
                .map(|entry| observed(&execution, &record.snapshot, entry))
                .collect();
            engine.announce(&execution, &told);
            Ok(Begun::New(execution))
        }
        Err(LogError::Taken { .. }) => {
            if engine.sharing.is_none() {
                engine.index_again(&execution).await?;
            }
            let begun = engine.begun(&key, &pins).await?;
            begun.ok_or_else(|| Halt::Bug("a record was taken and is not there".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Hands the first record over. Whoever starts the execution may be cut off before it is durable, and drives it then no
/// more: so the dispatcher is told in any case.
fn append(
    engine: &Arc<Inner>,
    entry: LogEntry,
    (ticket, record): (Option<Ticket>, &Record),
    due: Due,
    announced: Option<Announced>,
) -> impl Future<Output = Result<(), LogError>> + use<> {
    let (key, record, body_bytes) = (entry.key.clone(), record.clone(), entry.body.len());
    let appending = engine.ports.log.append(entry, due);
    let (told, outcome) = oneshot::channel();
    let engine_then = engine.clone();
    engine.ports.spawn.spawn(Box::pin(async move {
        let mut outcome = appending.await;
        if outcome.is_ok() {
            if let Some(ticket) = ticket {
                engine_then.fresh.keep(&key.execution, ticket, record, body_bytes);
            }
            if let Due::At(at) = due {
                engine_then.dues.add(at);
            }
        }
        if let Some(announced) = announced {
            let again = engine_then.announce_again(&announced, key, Revision(1)).await;
            // Where nobody could be woken, whoever asked asks again, and then wakes what is there.
            outcome = outcome.and(again.map_err(of_the_store));
        }
        // Whoever asked may be gone.
        let _ = told.send(outcome);
    }));
    async move { outcome.await.unwrap_or(Err(LogError::Closed)) }
}

fn of_the_store(halt: Halt) -> LogError {
    match halt {
        Halt::Log(error) => error,
        Halt::Closing | Halt::Overtaken | Halt::HandedOut | Halt::Unreadable(_) | Halt::Bug(_) => LogError::Closed,
    }
}

fn first(
    engine: &Arc<Inner>,
    execution: &Arc<str>,
    announced: Option<&Announced>,
    pins: Pins,
    flow: &Flow,
) -> Result<(stepwell_core::Record, Bytes), Halt> {
    let root = ScopeId::root();
    let signer = Signer {
        key: engine.key.clone(),
        execution: execution.clone(),
    };
    let moment = Moment {
        now: pins.started_ms,
        revision: Revision(1),
    };
    let program = Program {
        scope: &root,
        flow,
        pins: &pins,
        tokens: &signer,
    };
    // Where several processes drive, the wake that was sent drives what the first record owes.
    let drive = announced.map(|announced| Drive::by_wake(announced.wake.clone(), announced.sent_ms));
    let memory = Memory::default();
    let advanced = match advance(program, &stepwell_core::root(), &Event::Started, moment, &memory) {
        Ok(advanced) => advanced,
        Err(Stop::Needs(_)) => return Err(Halt::Bug("a beginning needs no stored values".to_owned())),
        Err(Stop::Rejected(rejected)) => return Err(Halt::Bug(rejected.to_string())),
    };
    first_record(&engine.writer, drive.unwrap_or_default(), pins, advanced, moment)
        .map_err(|error| Halt::Bug(error.to_string()))
}
