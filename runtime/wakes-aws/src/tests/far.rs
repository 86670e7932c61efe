//! Wakes that are scheduled, and what becomes of them when Scheduler does not take them.

use std::sync::Arc;

use stepwell_cloud::fast_clock::FastClock;
use stepwell_cloud::parts::scheduler::{Counts, Fault, Options, Scheduler};
use stepwell_cloud::settings::settings;
use stepwell_ports::{Clock, Remedy, Wakes};

use super::local::{Local, Setup, queues, wake};
use super::{comes_to, counted};
use crate::meter::Meter;
use crate::schedules::{Schedules, name_of};
use crate::{AwsWakesError, Message, Spent};

const HOUR_MS: u64 = 3_600_000;

fn message(id: &str, at_ms: u64) -> Message {
    Message {
        wake: wake(id),
        at_ms,
        hops: 0,
    }
}

#[tokio::test]
async fn a_wake_that_is_sent_twice_has_one_schedule() {
    let local = Local::start(Setup::named("one-schedule")).await;
    let at = local.clock.now() + HOUR_MS;
    for _ in 0..3 {
        local.wakes.send(wake("month"), at).await.unwrap();
    }
    assert_eq!(local.scheduler.names(), [name_of(&message("month", at))]);
    local.wakes.send(wake("month"), at + 1).await.unwrap();
    local.wakes.send(wake("other"), at).await.unwrap();
    local.wakes.hop(message("month", at)).await.unwrap();
    assert_eq!(local.scheduler.names().len(), 4);
    let spent = Spent {
        schedules: 4,
        // Two conflicts, two looks.
        scheduler_requests: 8,
        ..Spent::default()
    };
    assert_eq!(local.wakes.spent(), spent);
    assert_eq!(local.counts().await, [0, 0]);
}

#[tokio::test]
async fn a_schedule_that_fires_twice_is_two_messages() {
    let setup = Setup {
        stepped: true,
        ..Setup::named("fires-twice")
    };
    let local = Local::start(setup).await;
    local.scheduler.plan(Fault::FireTwice, 1);
    let at = local.clock.now() + 2 * 900_000;
    local.wakes.send(wake("twice"), at).await.unwrap();
    let mut texts = vec![];
    while texts.len() < 2 {
        for handed in local.hand_out().await {
            local.delete(&handed.receipt_handle.unwrap()).await;
            texts.push(handed.body.unwrap());
        }
    }
    assert!(local.clock.now() >= at);
    let text = message("twice", at).encode().unwrap();
    assert_eq!(counted(texts), [(text, 2)].into());
    comes_to(&Vec::<String>::new(), || local.scheduler.names()).await;
}

#[tokio::test]
async fn a_wake_beyond_every_calendar_is_taken() {
    let local = Local::start(Setup::named("never")).await;
    local.wakes.send(wake("never"), u64::MAX).await.unwrap();
    assert_eq!(local.scheduler.names(), [name_of(&message("never", u64::MAX))]);
    assert_eq!(local.wakes.spent().refused, 0);
}

#[tokio::test]
async fn a_lost_answer_is_no_refusal() {
    let local = Local::start(Setup::named("lost-answer")).await;
    local.scheduler.plan(Fault::LoseAnswer, 1);
    let at = local.clock.now() + HOUR_MS;
    local.wakes.send(wake("lost"), at).await.unwrap();
    assert_eq!(local.scheduler.names(), [name_of(&message("lost", at))]);
    assert_eq!(local.wakes.spent().refused, 0);
    assert_eq!(local.counts().await, [0, 0]);
}

#[tokio::test]
async fn a_throttle_that_passes_is_no_refusal() {
    let local = Local::start(Setup::named("throttled-once")).await;
    local.scheduler.plan(Fault::Throttle, 2);
    local
        .wakes
        .send(wake("slow"), local.clock.now() + HOUR_MS)
        .await
        .unwrap();
    assert_eq!(
        local.scheduler.counts(),
        Counts {
            made: 1,
            fired: 0,
            refused: 2
        }
    );
    assert!(local.wakes.take_refusal().is_none());
}

#[tokio::test]
async fn what_scheduler_refuses_goes_through_the_queue() {
    let local = Local::start(Setup::named("refused")).await;
    let at = local.clock.now() + HOUR_MS;
    let refusals = [
        (Fault::Throttle, 3, Remedy::Retry),
        (Fault::QuotaExceeded, 1, Remedy::Retry),
        (Fault::FalseConflict, 1, Remedy::GiveUp),
    ];
    for (number, (fault, times, remedy)) in (1..).zip(refusals) {
        local.scheduler.plan(fault, times);
        local.wakes.send(wake("refused"), at).await.unwrap();
        assert_eq!(local.counts().await, [0, number]);
        assert_eq!(local.wakes.take_refusal().map(|refusal| refusal.remedy()), Some(remedy));
        assert!(local.wakes.take_refusal().is_none());
    }
    assert_eq!(local.wakes.spent().refused, 3);
    assert_eq!(local.scheduler.names(), [""; 0]);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_a_refusal() {
    let setup = Setup {
        group: "not-there",
        ..Setup::named("no-group")
    };
    let local = Local::start(setup).await;
    local
        .wakes
        .send(wake("far"), local.clock.now() + HOUR_MS)
        .await
        .unwrap();
    let refusal = local.wakes.take_refusal();
    assert!(matches!(refusal, Some(AwsWakesError::Refused { .. })), "{refusal:?}");
    assert_eq!(local.counts().await, [0, 1]);
}

#[tokio::test]
async fn schedules_follow_a_fast_clock() {
    let local = Local::start(Setup::named("fast-clock")).await;
    let clock = Arc::new(FastClock::new(60));
    let options = Options {
        queues: queues().await,
        groups: vec![local.resources.schedule_group.clone()],
        clock: clock.clone(),
        late_ms: 0,
    };
    let scheduler = Scheduler::start(options).unwrap();
    let config = settings(&[("Scheduler", scheduler.endpoint())]);
    let schedules = Schedules {
        client: aws_sdk_scheduler::Client::new(&config),
        group: local.resources.schedule_group.clone(),
        role_arn: local.resources.scheduler_role_arn.clone(),
        queue_arn: local.resources.queue_arn.clone(),
        meter: Meter::default(),
    };
    let at_ms = clock.now() + 120_000;
    let message = message("fast", at_ms);
    schedules.make(&message, "text".to_owned(), clock.now()).await.unwrap();
    assert_eq!(local.wait().await.body.as_deref(), Some("text"));
    // Aimed a minute early, and at the beginning of a second.
    assert!(clock.now() >= at_ms - 61_000);
    let counts = Counts {
        made: 1,
        fired: 1,
        refused: 0,
    };
    comes_to(&counts, || scheduler.counts()).await;
}
