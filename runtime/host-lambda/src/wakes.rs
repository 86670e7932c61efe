//! Messages of a queue: wakes, and starts.
//!
//! Executions of one batch are driven beside each other, the wakes of one execution one after another; messages that were
//! handed out before come last, one at a time: what has killed a process once shall take no other with it again. A message
//! that is not done with is named in the answer, so that the queue hands out that one again and no other.
//!
//! **Invariant:** a message is acknowledged when everything that it asked for is durable, and never because it is not
//! understood.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};
use stepwell_engine::Handled;
use stepwell_ports::Millis;
use stepwell_wakes_aws::Message;

use crate::event::{QueueMessage, StartRequest};
use crate::function::Function;
use crate::starts::start;

/// A wake that comes early by no more than this is waited for.
const WAITED_FOR_MS: Millis = 2_000;

/// A wake that is to come again later than this goes through the queue, or a schedule, once more.
const HIDDEN_MAX_MS: Millis = 15 * 60 * 1_000;

/// The messages of one execution, in the order in which they came.
struct Group {
    messages: Vec<QueueMessage>,
}

/// What becomes of a message.
enum Fate {
    /// It is done with.
    Done,
    /// It is to be handed out again, at that time or when the queue does so by itself.
    Again(Option<Millis>),
}

/// Carries out what messages ask for; the answer names those that are to be handed out again.
pub(crate) async fn carry_out(function: &Function, messages: Vec<QueueMessage>, deadline_ms: Millis) -> Value {
    let (again, fresh): (Vec<_>, Vec<_>) = groups(messages).into_iter().partition(Group::was_handed_out);
    let beside = fresh.into_iter().map(|group| group.carry_out(function, deadline_ms));
    let mut failed: Vec<String> = join_all(beside).await.into_iter().flatten().collect();
    for group in again {
        failed.extend(group.carry_out(function, deadline_ms).await);
    }
    let failures: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}

/// Messages by the execution that they are about; what is about none stands alone.
fn groups(messages: Vec<QueueMessage>) -> Vec<Group> {
    let mut groups: BTreeMap<Arc<str>, Group> = BTreeMap::new();
    for message in messages {
        let of = match Message::decode(&message.body) {
            Ok(wake) => wake.wake.key.execution,
            Err(_) => format!("\0{}", message.message_id).into(),
        };
        let group = groups.entry(of).or_insert(Group { messages: Vec::new() });
        group.messages.push(message);
    }
    groups.into_values().collect()
}

impl Group {
    fn was_handed_out(&self) -> bool {
        self.messages.iter().any(|message| message.times() > 1)
    }

    /// The messages that are to be handed out again.
    async fn carry_out(self, function: &Function, deadline_ms: Millis) -> Vec<String> {
        let mut failed = Vec::new();
        for message in self.messages {
            let fate = one(function, &message, deadline_ms).await;
            let Fate::Again(at) = fate else { continue };
            if let Some(at) = at {
                hide(function, &message, at).await;
            }
            failed.push(message.message_id);
        }
        failed
    }
}

async fn hide(function: &Function, message: &QueueMessage, until: Millis) {
    // It is then hidden for as long as the queue hides by itself.
    if let Err(error) = function.wakes.hide(&message.receipt_handle, until).await {
        function.say(&message.message_id, &error);
    }
}

async fn one(function: &Function, message: &QueueMessage, deadline_ms: Millis) -> Fate {
    if function.now() >= deadline_ms {
        return Fate::Again(Some(function.now()));
    }
    if let Some(asked) = StartRequest::of_body(&message.body) {
        return started(function, message, asked).await;
    }
    match Message::decode(&message.body) {
        Ok(wake) => woken(function, message, wake, deadline_ms).await,
        Err(error) => {
            function.say(&message.message_id, &error);
            Fate::Again(None)
        }
    }
}

/// A start under the name of its message: handed out again, it finds what it began.
async fn started(function: &Function, message: &QueueMessage, asked: StartRequest) -> Fate {
    let started = match asked.or_named(&message.message_id) {
        Ok(asked) => start(&function.engine, &function.deployed, asked).await,
        Err(error) => Err(error),
    };
    match started {
        Ok(_) => Fate::Done,
        Err(error) => {
            function.say(&message.message_id, &error);
            Fate::Again(None)
        }
    }
}

async fn woken(function: &Function, message: &QueueMessage, wake: Message, deadline_ms: Millis) -> Fate {
    let now = function.now();
    if wake.at_ms > now + WAITED_FOR_MS {
        return hopped(function, message, wake).await;
    }
    function.ports.clock.sleep_until(wake.at_ms).await;
    let execution = wake.wake.key.execution.clone();
    let mut observed = function.engine.observe(&execution);
    let handled = function.engine.invoke(&wake.wake, message.times(), deadline_ms).await;
    while let Ok(event) = observed.try_recv() {
        function.say_ended(&event);
    }
    drop(observed);
    function.engine.forget_gone(&execution);
    match handled {
        Ok(Handled::Done) => Fate::Done,
        // A queue keeps a message for 14 days, however often it is hidden.
        Ok(Handled::Later(at)) if at > function.now() + HIDDEN_MAX_MS => {
            hopped(function, message, Message { at_ms: at, ..wake }).await
        }
        Ok(Handled::Later(at) | Handled::Again(at)) => Fate::Again(Some(at)),
        Err(error) => {
            function.say(&message.message_id, &error);
            Fate::Again(None)
        }
    }
}

/// It came long before its time, as those of Scheduler do: it goes through the queue once more.
async fn hopped(function: &Function, message: &QueueMessage, wake: Message) -> Fate {
    match function.wakes.hop(wake).await {
        Ok(()) => Fate::Done,
        Err(error) => {
            function.say(&message.message_id, &error);
            Fate::Again(None)
        }
    }
}
