//! What the service is asked, read and checked.
//!
//! Source: <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>, "Request parameters".
//!
//! **Invariant:** what the service would refuse is refused here too, as far as it can be known.

use serde_json::Value;
use stepwell_ports::Millis;

/// The most that a name may take.
const NAME_CHARS_MAX: usize = 64;

/// The group of who names none.
const DEFAULT_GROUP: &str = "default";

/// A one-off schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// The expression as it was asked for.
    pub(super) expression: String,
    pub(super) at_ms: Millis,
    /// The queue's account and name.
    pub(super) queue: (String, String),
    pub(super) target: Value,
    /// The message.
    pub(super) input: String,
    pub(super) delete_after: bool,
}

/// A request for a new schedule: its group, and what it is to do.
pub(super) fn schedule(body: &[u8]) -> Result<(String, Schedule), String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if text(&body, "/FlexibleTimeWindow/Mode")? != "OFF" {
        return Err("only a FlexibleTimeWindow of OFF is known here".to_owned());
    }
    let expression = text(&body, "/ScheduleExpression")?;
    let role = text(&body, "/Target/RoleArn")?;
    if !role.starts_with("arn:aws:iam::") {
        return Err(format!("`{role}` is not the ARN of a role"));
    }
    retries(&body)?;
    let schedule = Schedule {
        at_ms: at(expression)?,
        expression: expression.to_owned(),
        queue: queue(text(&body, "/Target/Arn")?)?,
        target: body.pointer("/Target").cloned().unwrap_or_default(),
        input: text(&body, "/Target/Input")?.to_owned(),
        delete_after: delete_after(&body)?,
    };
    let group = body.get("GroupName").and_then(Value::as_str).unwrap_or(DEFAULT_GROUP);
    Ok((group.to_owned(), schedule))
}

/// A schedule's name, from the path.
pub(super) fn name(path: &str) -> Result<String, String> {
    let name = path.strip_prefix("/schedules/").unwrap_or_default();
    let allowed = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    match name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(allowed) {
        true => Err(format!("`{name}` cannot name a schedule")),
        false => Ok(name.to_owned()),
    }
}

/// The group that a query names.
pub(super) fn group(query: Option<&str>) -> String {
    let mut pairs = query.unwrap_or_default().split('&');
    let group = pairs.find_map(|pair| pair.strip_prefix("groupName="));
    group.unwrap_or(DEFAULT_GROUP).to_owned()
}

fn text<'a>(body: &'a Value, pointer: &str) -> Result<&'a str, String> {
    let text = body.pointer(pointer).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| format!("`{pointer}` is missing"))
}

fn at(expression: &str) -> Result<Millis, String> {
    let bad = || format!("`{expression}` is not a one-off schedule");
    let at = expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')'));
    let at = at
        .filter(|at| at.len() == "yyyy-mm-ddThh:mm:ss".len())
        .ok_or_else(bad)?;
    let at: jiff::civil::DateTime = at.parse().map_err(|_| bad())?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| bad())?;
    u64::try_from(at.timestamp().as_millisecond()).map_err(|_| bad())
}

fn queue(arn: &str) -> Result<(String, String), String> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", "aws", "sqs", _region, account, name] => Ok(((*account).to_owned(), (*name).to_owned())),
        _ => Err(format!("`{arn}` is not the ARN of a queue")),
    }
}

fn delete_after(body: &Value) -> Result<bool, String> {
    match body.get("ActionAfterCompletion").and_then(Value::as_str) {
        None | Some("NONE") => Ok(false),
        Some("DELETE") => Ok(true),
        Some(other) => Err(format!("`{other}` is no ActionAfterCompletion")),
    }
}

fn retries(body: &Value) -> Result<(), String> {
    let policy = [
        ("MaximumEventAgeInSeconds", 60..=86_400),
        ("MaximumRetryAttempts", 0..=185),
    ];
    for (field, allowed) in policy {
        let value = body.pointer(&format!("/Target/RetryPolicy/{field}"));
        let fits = |value: &Value| value.as_i64().is_some_and(|value| allowed.contains(&value));
        if !value.is_none_or(fits) {
            return Err(format!("`{field}` is out of its range"));
        }
    }
    Ok(())
}
