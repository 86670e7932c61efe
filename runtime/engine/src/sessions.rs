//! Live sessions: which executions are driven here, and the mail that makes them begin and end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::channel::mpsc::UnboundedReceiver;
use stepwell_core::ScopeId;

use crate::engine::{Driving, Inner, lock};
use crate::mail::Mail;
use crate::session::{Halt, Outcome};

impl Inner {
    /// Completes when the engine closes.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + Send + Unpin + use<> {
        self.closed.clone()
    }

    /// Completes when attempts that are under way are to be released: at once, or some time after the engine closes.
    pub(crate) fn cutting(&self) -> impl Future<Output = ()> + Send + Unpin + use<> {
        self.cut_off.clone()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Whether somebody goes on with an execution here, or appends to it.
    pub(crate) fn is_live(&self, execution: &str) -> bool {
        lock(&self.sessions)
            .get(execution)
            .is_some_and(|session| !session.is_closed())
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

    /// Whether something that is driven may have started others.
    pub(crate) fn has_parents(&self) -> bool {
        self.driving == Driving::Named && self.parents.load(Ordering::SeqCst)
    }

    /// Something that is driven from now on may have started others, which nobody drives any more.
    pub(crate) fn has_parent(&self) {
        if self.driving == Driving::Named {
            self.parents.store(true, Ordering::SeqCst);
            self.dues.look_again();
        }
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
    pub(crate) fn take_place(&self, execution: &Arc<str>, mail: Mail) -> Option<UnboundedReceiver<Mail>> {
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

    /// Hands a place over to a session, or leaves it empty; the next mail if there is some.
    pub(crate) fn leave_place(
        self: &Arc<Self>,
        execution: &Arc<str>,
        mut place: UnboundedReceiver<Mail>,
        looks: &[ScopeId],
    ) -> Option<(Mail, UnboundedReceiver<Mail>)> {
        let mut sessions = lock(&self.sessions);
        if let Ok(mail) = place.try_recv() {
            return Some((mail, place));
        }
        let driven = self.drives(execution) && !self.is_closing();
        let sender = if driven { sessions.get(execution) } else { None };
        let mut looks = looks.iter().map(|scope| Mail::look(scope.clone()));
        let is_told = sender.is_some_and(|sender| looks.all(|look| sender.unbounded_send(look).is_ok()));
        if is_told {
            let session = crate::session::run(self.clone(), execution.clone(), place);
            self.ports.spawn.spawn(Box::pin(session));
        } else {
            sessions.remove(execution);
        }
        drop(sessions);
        if self.is_closing() {
            self.notify(execution, &Err(Arc::new(Halt::Closing)));
        } else if !is_told {
            // Whoever waits took the place for a session.
            self.notify(execution, &Ok(None));
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
        let outcome = outcome.map_err(Arc::new);
        if let Err(halt) = &outcome {
            // Before anybody can begin another session.
            self.leftovers.give_up(execution);
            self.halt(execution, Some(halt.clone()));
        }
        self.close_session(execution, inbox, &outcome);
        match outcome {
            Ok(Outcome::Idle) if self.is_closing() => self.notify(execution, &Err(Arc::new(Halt::Closing))),
            Ok(Outcome::Idle) => {}
            Ok(Outcome::Ended | Outcome::Unknown) => {
                lock(&self.named).remove(execution);
                self.notify(execution, &Ok(None));
            }
            Err(halt) => {
                self.notify(execution, &Err(halt.clone()));
                self.dues.fail(halt);
            }
        }
    }

    /// Removes a session that did not retire by itself; whoever wrote to it in the meantime writes again.
    fn close_session(
        &self,
        execution: &Arc<str>,
        inbox: UnboundedReceiver<Mail>,
        outcome: &Result<Outcome, Arc<Halt>>,
    ) {
        if !matches!(outcome, Ok(Outcome::Idle)) {
            lock(&self.sessions).remove(execution);
        }
        drop(inbox);
    }
}
