//! Wakes that the queue delays, messages that are hidden, and queues that are not there.

use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};
use futures::future::join_all;
use stepwell_cloud::settings::settings;
use stepwell_ports::conformance::wakes::Receiver;
use stepwell_ports::{Remedy, Wakes, WakesError};

use super::local::{Local, Setup, wake};
use crate::queue::outcomes;
use crate::{AwsWakes, AwsWakesError, Message, Resources, Spent};

#[tokio::test]
async fn every_request_is_counted() {
    let local = Local::start(Setup::named("counted")).await;
    let now = local.clock.now();
    for (id, at) in [("a", 0), ("b", now + 1_000), ("c", now + 900_000)] {
        local.wakes.send(wake(id), at).await.unwrap();
    }
    let handle = local.wait().await.receipt_handle.unwrap();
    local.wakes.hide(&handle, now + 60_000).await.unwrap();
    let spent = Spent {
        sqs_requests: 4,
        ..Spent::default()
    };
    assert_eq!(local.wakes.spent(), spent);
    assert_eq!(local.scheduler.counts().made, 0);
}

#[tokio::test]
async fn wakes_of_the_same_moment_share_requests() {
    let local = Local::start(Setup::named("together")).await;
    let sends = (0..35).map(|number| local.wakes.send(wake(&number.to_string()), 0));
    let sent = join_all(sends).await;
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 35);
    assert_eq!(local.counts().await, [35, 0]);
    assert_eq!(local.wakes.spent().sqs_requests, 4);
}

#[tokio::test]
async fn one_wake_that_cannot_be_sent_stops_no_other() {
    let local = Local::start(Setup::named("unsendable")).await;
    let wakes = [wake("a"), wake(&"b".repeat(129)), wake("c")];
    let sent = join_all(wakes.map(|wake| local.wakes.send(wake, 0))).await;
    assert_eq!(sent.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(local.counts().await, [2, 0]);
}

#[tokio::test]
async fn requests_that_fail_together_are_told_to_each() {
    let local = Local::start(Setup::named("together-failed")).await;
    let config = settings(&[("SQS", "http://127.0.0.1:1".to_owned())]);
    let wakes = AwsWakes::new(&config, local.resources.clone(), local.clock.clone());
    let sent = join_all((0..12).map(|number| wakes.send(wake(&number.to_string()), 0))).await;
    let remedies: Vec<_> = sent.into_iter().map(|sent| remedy(sent.unwrap_err())).collect();
    assert_eq!(remedies, [Remedy::Retry; 12]);
}

#[test]
fn each_message_of_a_request_has_its_own_outcome() {
    let taken = SendMessageBatchResultEntry::builder()
        .id("2")
        .message_id("m")
        .md5_of_message_body("5");
    let failed = |id: &str, fault| {
        let failed = BatchResultErrorEntry::builder().id(id).code("InternalError");
        failed.sender_fault(fault).build().unwrap()
    };
    let answer = SendMessageBatchOutput::builder()
        .set_successful(Some(vec![taken.build().unwrap()]))
        .set_failed(Some(vec![failed("3", true), failed("0", false)]));
    let outcomes = outcomes(4, &answer.build().unwrap());
    let remedies: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().map_err(AwsWakesError::remedy))
        .collect();
    assert_eq!(
        remedies,
        [Err(Remedy::Retry), Err(Remedy::Retry), Ok(&()), Err(Remedy::GiveUp)]
    );
}

#[tokio::test]
async fn a_message_before_its_time_is_sent_on() {
    let local = Local::start(Setup::named("sent-on")).await;
    let at_ms = local.clock.now() + 1_500;
    let message = Message {
        wake: wake("early"),
        at_ms,
        hops: 3,
    };
    local.wakes.hop(message.clone()).await.unwrap();
    let handed = local.wait().await;
    assert!(local.clock.now() >= at_ms);
    let hopped = Message { hops: 4, ..message };
    assert_eq!(Message::decode(&handed.body.unwrap()).unwrap(), hopped);
}

#[tokio::test]
async fn a_hidden_message_comes_when_its_time_is_over() {
    let local = Local::start(Setup::named("hidden")).await;
    local.wakes.send(wake("hidden"), 0).await.unwrap();
    let first = local.wait().await;
    let until = local.clock.now() + 2_500;
    local.wakes.hide(&first.receipt_handle.unwrap(), until).await.unwrap();
    let second = local.wait().await;
    assert!(local.clock.now() >= until);
    assert_eq!(second.body, first.body);
    let handle = second.receipt_handle.unwrap();
    local.wakes.hide(&handle, u64::MAX).await.unwrap();
    local.wakes.hide(&handle, 0).await.unwrap();
    assert_eq!(local.wait().await.body, first.body);
}

#[tokio::test]
async fn a_message_that_was_acknowledged_is_gone() {
    let local = Local::start(Setup::named("gone")).await;
    local.wakes.send(wake("gone"), 0).await.unwrap();
    let handle = local.wait().await.receipt_handle.unwrap();
    local.acknowledge(handle.clone()).await;
    let hidden = local.wakes.hide(&handle, local.clock.now() + 1_000).await;
    assert!(
        matches!(hidden, Err(AwsWakesError::Gone { .. } | AwsWakesError::Refused { .. })),
        "{hidden:?}"
    );
    let hidden = local.wakes.hide("no handle", local.clock.now() + 1_000).await;
    assert!(
        matches!(hidden, Err(AwsWakesError::Gone { .. } | AwsWakesError::Refused { .. })),
        "{hidden:?}"
    );
}

#[tokio::test]
async fn a_queue_that_is_not_there_refuses() {
    let local = Local::start(Setup::named("there")).await;
    let resources = Resources {
        queue_url: local.resources.queue_url.replace("there", "not-there"),
        ..local.resources.clone()
    };
    let config = settings(&[("SQS", local.resources.queue_url.replace("/000000000000/there", ""))]);
    let wakes = AwsWakes::new(&config, resources, local.clock.clone());
    let error = sent(&wakes, "lost").await;
    assert!(matches!(error, AwsWakesError::Refused { .. }), "{error:?}");
    let long = wake(&"i".repeat(1_000));
    let error = wakes.send(long, 0).await.unwrap_err().0.downcast().unwrap();
    assert!(matches!(*error, AwsWakesError::Unsendable(_)), "{error:?}");
}

#[tokio::test]
async fn a_service_that_is_not_there_does_not_answer() {
    let local = Local::start(Setup::named("unanswered")).await;
    let config = settings(&[("SQS", "http://127.0.0.1:1".to_owned())]);
    let wakes = AwsWakes::new(&config, local.resources.clone(), local.clock.clone());
    let error = sent(&wakes, "lost").await;
    assert!(matches!(error, AwsWakesError::Unanswered { .. }), "{error:?}");
    // Each try counts.
    assert_eq!(wakes.spent().sqs_requests, 3);
}

async fn sent(wakes: &AwsWakes, id: &str) -> AwsWakesError {
    let error = wakes.send(wake(id), 0).await.unwrap_err();
    *error.0.downcast().unwrap()
}

fn remedy(error: WakesError) -> Remedy {
    error.0.downcast::<AwsWakesError>().unwrap().remedy()
}
