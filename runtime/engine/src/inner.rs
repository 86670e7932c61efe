//! What the engine does for its sessions and for its own verbs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::channel::mpsc::UnboundedReceiver;
use futures::channel::oneshot;
use stepwell_core::{Entry, Event, FlowVersion, Kind, Pins, Record, Report, ScopeId, Snapshot, Status};
use stepwell_expression::Value;
use stepwell_model::Flow;
use stepwell_ports::{Due, ExecutionRow, LogEntry, LogError, Millis, ScopeKey};

use crate::api::{Ended, EngineError, Start};
use crate::commit::Weight;
use crate::driver::Driver;
use crate::engine::{Begun, Driving, FLOWS_MAX, Inner, is_name, lock};
use crate::gather;
use crate::mail::{Answer, Mail, Message};
use crate::session::{Halt, Outcome, Shared};
use crate::token::Named;
use crate::tree;

impl Inner {
    // Reading.

    /// The last record of an execution's root.
    pub(crate) async fn expect(&self, execution: &Arc<str>) -> Result<Record, EngineError> {
        let found = tree::last(&*self.ports.log, &root_key(execution)).await?;
        found.ok_or_else(|| EngineError::ExecutionNotExists {
            execution: execution.clone(),
        })
    }

    /// An index row with the status as it is: the row of an end may be behind the log.
    pub(crate) async fn current_row(&self, row: ExecutionRow) -> Result<ExecutionRow, EngineError> {
        if row.ended_ms.is_some() {
            return Ok(row);
        }
        let record = self.expect(&row.execution).await?;
        let status = &record.snapshot.status;
        let ended_ms = (!status.is_running()).then_some(record.stamp);
        Ok(ExecutionRow {
            status: status.name().into(),
            ended_ms,
            ..row
        })
    }

    /// What an execution was started with.
    pub(crate) async fn pins_of(&self, execution: &Arc<str>) -> Result<Option<Pins>, Halt> {
        let first = tree::at(&*self.ports.log, &root_key(execution), 1).await?;
        Ok(first.and_then(|record| record.pins))
    }

    /// A flow by its version, parsed once.
    pub(crate) async fn flow(&self, version: &FlowVersion) -> Result<Arc<Flow>, Halt> {
        if let Some(flow) = lock(&self.flows).get(&version.model) {
            return Ok(flow.clone());
        }
        let name = format!("model/{}", version.model);
        let bytes = self.ports.catalogue.get(&name).await?;
        let bytes = bytes.ok_or_else(|| Halt::Unreadable(format!("the flow {name} is not in the store")))?;
        let flow = stepwell_model::decode(&bytes).map_err(|error| Halt::Unreadable(error.to_string()))?;
        let flow = Arc::new(flow);
        let mut flows = lock(&self.flows);
        if flows.len() >= FLOWS_MAX {
            flows.clear();
        }
        flows.insert(version.model.clone(), flow.clone());
        Ok(flow)
    }

    /// The newest version of a flow in the store.
    pub(crate) async fn newest(&self, flow: &str) -> Result<Option<FlowVersion>, Halt> {
        let last = self.ports.log.last(&version_key(flow)).await?;
        let version = last.map(|entry| serde_json::from_slice(&entry.body));
        version
            .transpose()
            .map_err(|error| Halt::Unreadable(format!("a version of flow `{flow}`: {error}")))
    }

    /// Makes a version the newest of its flow, unless it is.
    pub(crate) async fn publish_version(&self, flow: &str, version: &FlowVersion) -> Result<(), EngineError> {
        let body = serde_json::to_vec(version).map_err(|error| EngineError::Unreadable {
            what: error.to_string(),
        })?;
        loop {
            let last = self.ports.log.last(&version_key(flow)).await?;
            if last.as_ref().is_some_and(|entry| *entry.body == *body) {
                return Ok(());
            }
            let revision = last.map_or(1, |entry| entry.revision + 1);
            let entry = LogEntry {
                key: version_key(flow),
                revision,
                body: Bytes::copy_from_slice(&body),
            };
            match self.ports.log.append(entry, Due::Never).await {
                Ok(()) => return Ok(()),
                Err(LogError::Taken { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What the drivers of an execution's session share; nothing where there is no such execution.
    pub(crate) async fn shared(self: &Arc<Self>, execution: &Arc<str>) -> Result<Option<Arc<Shared>>, Halt> {
        let Some(pins) = self.pins_of(execution).await? else {
            return Ok(None);
        };
        let flow = self.flow(&pins.version).await?;
        Ok(Some(Shared::new(self.clone(), execution.clone(), Arc::new(pins), flow)))
    }

    pub(crate) async fn ended(&self, execution: &Arc<str>, snapshot: &Snapshot) -> Result<Ended, EngineError> {
        Ok(match &snapshot.status {
            Status::Running => Ended::Running,
            Status::Succeeded(output) => Ended::Succeeded(
                gather::Loaded::default()
                    .resolve(&*self.ports.log, execution, output)
                    .await?,
            ),
            Status::Failed(failure) => Ended::Failed(failure.clone()),
            Status::Stopped(failure) => Ended::Stopped(failure.clone()),
            Status::TimedOut(failure) => Ended::TimedOut(failure.clone()),
        })
    }

    // Starting.

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
        })
    }

    /// Whether an execution is there already, and begun with the same.
    pub(crate) async fn begun(&self, key: &ScopeKey, pins: &Pins) -> Result<Option<Begun>, Halt> {
        let Some(there) = self.pins_of(&key.execution).await? else {
            return Ok(None);
        };
        let execution = key.execution.clone();
        let same = match (&there.parent, &pins.parent) {
            (Some(there), Some(asked)) => there.attempt_key == asked.attempt_key,
            (None, None) => difference(&there, pins).is_none(),
            (Some(_), None) | (None, Some(_)) => false,
        };
        Ok(Some(if same {
            Begun::Same(execution)
        } else {
            Begun::Other(execution)
        }))
    }

    /// In what an execution that is there differs from what was asked for.
    pub(crate) async fn difference(&self, execution: &Arc<str>, pins: &Pins) -> Result<&'static str, EngineError> {
        let there = self.pins_of(execution).await?;
        Ok(there.and_then(|there| difference(&there, pins)).unwrap_or("starter"))
    }

    // Telling.

    /// Entries became durable in a session.
    pub(crate) fn published(self: &Arc<Self>, shared: &Shared, snapshot: &Snapshot, entries: &[Entry]) {
        self.announce_in(&shared.execution, snapshot, entries);
        if matches!(snapshot.scope.kind, Kind::Root) && !snapshot.status.is_running() {
            self.notify(&shared.execution, &Ok(()));
        }
    }

    pub(crate) fn announce(&self, execution: &Arc<str>, snapshot: &Snapshot, entries: &[Entry]) {
        self.announce_in(execution, snapshot, entries);
    }

    fn announce_in(&self, execution: &Arc<str>, snapshot: &Snapshot, entries: &[Entry]) {
        let mut watchers = lock(&self.watchers);
        let Some(watchers) = watchers.get_mut(execution) else {
            return;
        };
        watchers.observers.retain(|observer| {
            entries.iter().all(|entry| {
                observer
                    .unbounded_send(crate::history::observed(execution, snapshot, entry))
                    .is_ok()
            })
        });
    }

    /// Notes who waits for an execution; why its driver gave up, if it has.
    pub(crate) fn watch(
        &self,
        execution: &Arc<str>,
        waiting: oneshot::Sender<Result<(), Arc<Halt>>>,
    ) -> Option<Arc<Halt>> {
        let mut watchers = lock(&self.watchers);
        let watchers = watchers.entry(execution.clone()).or_default();
        watchers.waiting.push(waiting);
        watchers.halted.clone()
    }

    /// Notes that a driver gave up, until the execution is driven again.
    fn halt(&self, execution: &Arc<str>, halt: Option<Arc<Halt>>) {
        let mut watchers = lock(&self.watchers);
        match halt {
            Some(halt) => watchers.entry(execution.clone()).or_default().halted = Some(halt),
            None => {
                if let Some(watchers) = watchers.get_mut(execution) {
                    watchers.halted = None;
                }
            }
        }
    }

    fn notify(&self, execution: &Arc<str>, end: &Result<(), Arc<Halt>>) {
        let waiting = lock(&self.watchers)
            .get_mut(execution)
            .map(|watchers| std::mem::take(&mut watchers.waiting));
        for waiting in waiting.into_iter().flatten() {
            // Who waited may be gone.
            let _ = waiting.send(end.clone());
        }
    }

    /// Writes an execution's row in the index.
    pub(crate) async fn index(
        &self,
        execution: &Arc<str>,
        pins: &Pins,
        status: &Status,
        stamp: Millis,
    ) -> Result<(), Halt> {
        let row = ExecutionRow {
            execution: execution.clone(),
            status: status.name().into(),
            started_ms: pins.started_ms,
            ended_ms: (!status.is_running()).then_some(stamp),
        };
        Ok(self.ports.catalogue.index(row).await?)
    }

    // Driving.

    /// Completes when the engine closes.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + Send + Unpin + use<> {
        self.closed.clone()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Whether this process drives an execution.
    pub(crate) fn drives(&self, execution: &str) -> bool {
        match self.driving {
            Driving::All => true,
            Driving::Named => lock(&self.named).contains(execution),
            Driving::Nothing => false,
        }
    }

    /// Has an execution driven from now on.
    pub(crate) fn drive(self: &Arc<Self>, execution: &Arc<str>) {
        if self.driving == Driving::Named {
            lock(&self.named).insert(execution.clone());
        }
        self.look(execution, ScopeId::root());
    }

    /// Has an execution driven if the one that started it is.
    pub(crate) fn drive_with_parent(self: &Arc<Self>, execution: &Arc<str>, parent: &str) {
        if self.drives(parent) {
            self.drive(execution);
        }
    }

    /// Has a scope looked at, in its execution's session.
    pub(crate) fn look(self: &Arc<Self>, execution: &Arc<str>, scope: ScopeId) {
        if self.drives(execution) && !self.is_closing() {
            self.post(execution, Mail::look(scope));
        }
    }

    /// Sends mail to an execution's session, which begins if there is none.
    fn post(self: &Arc<Self>, execution: &Arc<str>, mail: Mail) {
        let mut sessions = lock(&self.sessions);
        let mail = match sessions.get(execution) {
            Some(session) => match session.unbounded_send(mail) {
                Ok(()) => return,
                Err(error) => error.into_inner(),
            },
            None => mail,
        };
        self.halt(execution, None);
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        // The receiver is at hand: the mail is taken.
        let _ = sender.unbounded_send(mail);
        sessions.insert(execution.clone(), sender);
        let session = crate::session::run(self.clone(), execution.clone(), receiver);
        self.ports.spawn.spawn(Box::pin(session));
    }

    /// Sends mail to a live session; where there is none, takes its place, so that nobody else appends meanwhile.
    fn take_place(&self, execution: &Arc<str>, mail: Mail) -> Option<UnboundedReceiver<Mail>> {
        let mut sessions = lock(&self.sessions);
        if let Some(session) = sessions.get(execution)
            && session.unbounded_send(mail).is_ok()
        {
            return None;
        }
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        sessions.insert(execution.clone(), sender);
        Some(receiver)
    }

    /// Folds an event in the place of a session, and whatever mail comes meanwhile; then a session goes on from there.
    async fn deliver_in_place(
        self: &Arc<Self>,
        execution: &Arc<str>,
        mut place: UnboundedReceiver<Mail>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, Halt> {
        let answer = self.deliver_alone(execution, scope, event).await;
        let mut looks = Vec::new();
        while let Some((mail, rest)) = self.leave_place(execution, place, scope) {
            place = rest;
            looks.push(mail.target.clone());
            self.answer_alone(execution, mail).await;
        }
        for scope in looks {
            self.look(execution, scope);
        }
        answer
    }

    /// Folds the event of mail that came to a place.
    async fn answer_alone(self: &Arc<Self>, execution: &Arc<str>, mail: Mail) {
        if let Message::Event(event, reply) = mail.message
            && let Ok(answer) = self.deliver_alone(execution, &mail.target, event).await
        {
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        }
    }

    /// Hands a place over to a session, or leaves it empty; the next mail if there is some.
    fn leave_place(
        self: &Arc<Self>,
        execution: &Arc<str>,
        mut place: UnboundedReceiver<Mail>,
        scope: &ScopeId,
    ) -> Option<(Mail, UnboundedReceiver<Mail>)> {
        let mut sessions = lock(&self.sessions);
        if let Ok(mail) = place.try_recv() {
            return Some((mail, place));
        }
        let driven = self.drives(execution) && !self.is_closing();
        let sender = if driven { sessions.get(execution) } else { None };
        match sender.map(|sender| sender.unbounded_send(Mail::look(scope.clone()))) {
            Some(Ok(())) => {
                let session = crate::session::run(self.clone(), execution.clone(), place);
                self.ports.spawn.spawn(Box::pin(session));
            }
            Some(Err(_)) | None => {
                sessions.remove(execution);
            }
        }
        drop(sessions);
        if self.is_closing() {
            self.notify(execution, &Err(Arc::new(Halt::Closing)));
        }
        None
    }

    /// Ends a session that has nothing to do, unless mail has come in the meantime, which it returns.
    pub(crate) fn retire_idle(&self, execution: &Arc<str>, inbox: &mut UnboundedReceiver<Mail>) -> Option<Mail> {
        let mut sessions = lock(&self.sessions);
        let mail = inbox.try_recv().ok();
        if mail.is_none() {
            sessions.remove(execution);
        }
        mail
    }

    /// A session has ended.
    pub(crate) fn retire(
        self: &Arc<Self>,
        execution: &Arc<str>,
        inbox: UnboundedReceiver<Mail>,
        outcome: Result<Outcome, Halt>,
    ) {
        self.close_session(execution, inbox, &outcome);
        match outcome {
            Ok(Outcome::Idle) if self.is_closing() => self.notify(execution, &Err(Arc::new(Halt::Closing))),
            Ok(Outcome::Idle) => {}
            Ok(Outcome::Ended | Outcome::Unknown) => {
                lock(&self.named).remove(execution);
                self.notify(execution, &Ok(()));
            }
            Err(halt) => {
                let halt = Arc::new(halt);
                self.halt(execution, Some(halt.clone()));
                self.notify(execution, &Err(halt.clone()));
                self.dues.fail(halt);
            }
        }
    }

    /// Removes a session that did not retire by itself; whoever wrote to it in the meantime writes again.
    fn close_session(&self, execution: &Arc<str>, inbox: UnboundedReceiver<Mail>, outcome: &Result<Outcome, Halt>) {
        if !matches!(outcome, Ok(Outcome::Idle)) {
            lock(&self.sessions).remove(execution);
        }
        drop(inbox);
    }

    // Events from outside.

    /// Reports the outcome of the attempt that a token names.
    pub(crate) async fn report(self: &Arc<Self>, named: &Named, report: Report) -> Result<Answer, EngineError> {
        let event = Event::CallbackReported {
            attempt: named.attempt,
            report,
        };
        self.deliver(&named.execution.as_str().into(), &named.scope, event)
            .await
    }

    /// Tells the task that waits for an execution how it ended; it may be over.
    pub(crate) async fn tell(self: &Arc<Self>, token: &str, report: Report) -> Result<(), Halt> {
        let Some(named) = self.key.check(token) else {
            return Ok(());
        };
        let event = Event::CallbackReported {
            attempt: named.attempt,
            report,
        };
        let execution: Arc<str> = named.execution.as_str().into();
        self.deliver_or_halt(&execution, &named.scope, event).await.map(drop)
    }

    pub(crate) async fn deliver(
        self: &Arc<Self>,
        execution: &Arc<str>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, EngineError> {
        self.deliver_or_halt(execution, scope, event)
            .await
            .map_err(|halt| halted(execution, &halt))
    }

    /// Has an event folded: by the session that drives the execution, or here.
    async fn deliver_or_halt(
        self: &Arc<Self>,
        execution: &Arc<str>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, Halt> {
        loop {
            let (reply, answer) = oneshot::channel();
            let message = Message::Event(event.clone(), reply);
            let mail = Mail {
                target: scope.clone(),
                message,
                _working: None,
            };
            if let Some(place) = self.take_place(execution, mail) {
                return self.deliver_in_place(execution, place, scope, event).await;
            }
            // The session may have ended with the mail unread: then it is delivered again.
            if let Ok(answer) = answer.await {
                return Ok(answer);
            }
            if self.is_closing() {
                return Err(Halt::Closing);
            }
        }
    }

    /// Folds and appends an event, and drives no further.
    async fn deliver_alone(
        self: &Arc<Self>,
        execution: &Arc<str>,
        scope: &ScopeId,
        event: Event,
    ) -> Result<Answer, Halt> {
        let key = ScopeKey {
            execution: execution.clone(),
            scope: scope.0.clone(),
        };
        let Some(shared) = self.shared(execution).await? else {
            return Ok(Answer::Gone);
        };
        if !tree::is_alive(&*self.ports.log, &key).await? {
            return Ok(Answer::Gone);
        }
        let Some(record) = shared.last(scope).await? else {
            return Ok(Answer::Gone);
        };
        let mut driver = Driver::resumed(&shared, scope.clone(), record, None);
        if !driver.fold(event, Weight::Heavy).await? {
            return Ok(Answer::Late);
        }
        self.ports.log.arm(key, Due::At(self.ports.clock.now())).await?;
        driver.commit_pending().await?;
        if matches!(driver.snapshot.scope.kind, Kind::Root) && !driver.snapshot.status.is_running() {
            self.index(execution, &shared.pins, &driver.snapshot.status, self.ports.clock.now())
                .await?;
        }
        Ok(Answer::Folded)
    }

    /// Which of the two errors a late report gets.
    pub(crate) async fn late(&self, named: &Named) -> Result<(), EngineError> {
        let key = ScopeKey {
            execution: named.execution.as_str().into(),
            scope: named.scope.0.clone(),
        };
        let record = tree::last(&*self.ports.log, &key).await?;
        let waits_still = record.is_some_and(|record| {
            let current = record.snapshot.attempt().map(|attempt| attempt.number);
            record.snapshot.attempts < named.attempt || current == Some(named.attempt)
        });
        Err(if waits_still {
            EngineError::TaskInvalidState
        } else {
            EngineError::TaskAlreadyCompleted
        })
    }
}

/// In what two beginnings differ.
fn difference(there: &Pins, asked: &Pins) -> Option<&'static str> {
    if there.version.definition != asked.version.definition || there.version.model != asked.version.model {
        Some("flow")
    } else if there.registry != asked.registry {
        Some("functions file")
    } else if there.input != asked.input {
        Some("input")
    } else {
        None
    }
}

/// What a caller sees of a driver that gave up.
pub(crate) fn halted(execution: &Arc<str>, halt: &Halt) -> EngineError {
    match halt {
        Halt::Log(error) => EngineError::Unreadable {
            what: format!("the store failed: {error}"),
        },
        Halt::Unreadable(what) => EngineError::Unreadable { what: what.clone() },
        Halt::Bug(what) => EngineError::Parked {
            execution: execution.clone(),
            what: what.clone(),
        },
        Halt::Closing => EngineError::Closing,
    }
}

impl From<Halt> for EngineError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Log(error) => Self::Log(error),
            Halt::Unreadable(what) => Self::Unreadable { what },
            Halt::Bug(what) => Self::Parked {
                execution: "".into(),
                what,
            },
            Halt::Closing => Self::Closing,
        }
    }
}

fn root_key(execution: &Arc<str>) -> ScopeKey {
    ScopeKey {
        execution: execution.clone(),
        scope: "".into(),
    }
}

/// Where the versions of a flow stand: a log of their own.
fn version_key(flow: &str) -> ScopeKey {
    ScopeKey {
        execution: format!("~flow/{flow}").into(),
        scope: "".into(),
    }
}
