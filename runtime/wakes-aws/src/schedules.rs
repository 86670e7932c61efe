//! One-off schedules that send a message into the queue.
//!
//! A schedule is named by a hash of the message's wake, its time and how often it was sent on, so making it twice makes
//! one. It goes away when it has fired.
//!
//! Limits: how many schedules an account has in a region, and how many it makes in a second, are quotas that AWS raises on
//! request. A schedule fires within the minute that it names. Name and input: see `CreateSchedule`.
//!
//! Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html>,
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>, "One-time schedules",
//! <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
//!
//! **Invariant:** a schedule that is taken for made was made, or seen.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::config::http::HttpResponse;
use aws_sdk_scheduler::error::{BuildError, SdkError};
use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use stepwell_ports::Millis;

use crate::error::{AwsWakesError, Meaning};
use crate::message::Message;
use crate::meter::Meter;

/// How much earlier than the wake a schedule is aimed: it fires up to a minute late.
const EARLY_MS: Millis = 60_000;

/// How far ahead a schedule is made at most: a wake beyond it is sent on then.
const AHEAD_MAX_MS: Millis = 365 * 86_400_000;

/// How long the service tries to put the message into the queue: as long as it can.
const EVENT_AGE_MAX_S: i32 = 86_400;

/// How often it tries: as often as it can.
const RETRIES_MAX: i32 = 185;

/// How many of a hash's digits name a schedule; a name takes at most 64 characters.
const NAME_DIGITS: usize = 48;

const MAKING: &str = "making a schedule";

/// A group of schedules that send into one queue.
#[derive(Clone, Debug)]
pub(crate) struct Schedules {
    pub(crate) client: Client,
    pub(crate) group: String,
    pub(crate) role_arn: String,
    pub(crate) queue_arn: String,
    pub(crate) meter: Meter,
}

impl Schedules {
    /// Makes the schedule that sends `body`, which is the message's text, a minute before its time.
    pub(crate) async fn make(&self, message: &Message, body: String, now: Millis) -> Result<(), AwsWakesError> {
        let name = name_of(message);
        let at = message.at_ms.saturating_sub(EARLY_MS);
        let at = at.min(now.saturating_add(AHEAD_MAX_MS));
        let request = self.client.create_schedule().name(&name).group_name(&self.group);
        let request = request.schedule_expression(expression(at)?);
        let request = request.flexible_time_window(exactly()?).target(self.target(body)?);
        let made = request
            .action_after_completion(ActionAfterCompletion::Delete)
            .send()
            .await;
        match made {
            Ok(_) => {
                self.meter.made_a_schedule();
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(modelled) if modelled.is_conflict_exception() => self.see(&name).await,
                Some(_) | None => Err(AwsWakesError::of(MAKING, error, meaning_of_create)),
            },
        }
    }

    /// Looks whether a conflict means that the schedule is there. It may also mean that something is being changed.
    async fn see(&self, name: &str) -> Result<(), AwsWakesError> {
        let request = self.client.get_schedule().name(name).group_name(&self.group);
        let seen = request.send().await;
        seen.map_err(|error| AwsWakesError::of("looking for a schedule", error, meaning_of_get))?;
        Ok(())
    }

    fn target(&self, body: String) -> Result<Target, AwsWakesError> {
        let retries = RetryPolicy::builder()
            .maximum_event_age_in_seconds(EVENT_AGE_MAX_S)
            .maximum_retry_attempts(RETRIES_MAX);
        let target = Target::builder().arn(&self.queue_arn).role_arn(&self.role_arn);
        target.input(body).retry_policy(retries.build()).build().map_err(unmade)
    }
}

/// The name of the message's schedule.
pub(crate) fn name_of(message: &Message) -> String {
    let mut hash = Sha256::new();
    hash.update(message.at_ms.to_be_bytes());
    hash.update(message.hops.to_be_bytes());
    hash.update(message.wake.id.as_bytes());
    let digits = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    digits.chars().take(NAME_DIGITS).collect()
}

/// The time in UTC, to the second before.
fn expression(at: Millis) -> Result<String, AwsWakesError> {
    let at = i64::try_from(at).ok().map(Timestamp::from_millisecond);
    match at {
        Some(Ok(at)) => Ok(format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S"))),
        Some(Err(error)) => Err(refused(error)),
        None => Err(refused("a time that no calendar has")),
    }
}

fn exactly() -> Result<FlexibleTimeWindow, AwsWakesError> {
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off);
    window.build().map_err(unmade)
}

fn unmade(error: BuildError) -> AwsWakesError {
    refused(SdkError::<CreateScheduleError, HttpResponse>::construction_failure(
        error,
    ))
}

fn refused(source: impl Into<crate::error::Cause>) -> AwsWakesError {
    AwsWakesError::Refused {
        during: MAKING,
        source: source.into(),
    }
}

fn meaning_of_create(error: &CreateScheduleError) -> Meaning {
    if error.is_throttling_exception() || error.is_service_quota_exceeded_exception() {
        return Meaning::Throttled;
    }
    if error.is_internal_server_exception() {
        return Meaning::Failed;
    }
    let is_refused = error.is_validation_exception() || error.is_resource_not_found_exception();
    if is_refused {
        Meaning::Refused
    } else {
        Meaning::Unmodelled
    }
}

fn meaning_of_get(error: &GetScheduleError) -> Meaning {
    if error.is_throttling_exception() {
        return Meaning::Throttled;
    }
    if error.is_internal_server_exception() {
        return Meaning::Failed;
    }
    let is_refused = error.is_validation_exception() || error.is_resource_not_found_exception();
    if is_refused {
        Meaning::Refused
    } else {
        Meaning::Unmodelled
    }
}
