//! What the function is told by its environment.

use std::path::PathBuf;

use anyhow::{Context, Result};
use stepwell_wakes_aws::Resources;

/// The least memory that a function can have, in MiB.
const MEMORY_MB_LEAST: u32 = 128;

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The table's name.
    pub(crate) table: String,
    /// What wakes go through.
    pub(crate) resources: Resources,
    /// The bucket for what is large, and for the objects of tasks.
    pub(crate) bucket: Option<String>,
    /// The folder of what was deployed.
    pub(crate) deployed: PathBuf,
    /// The flow that events start which name none.
    pub(crate) event_flow: Option<String>,
    /// Whether each invocation tells what it spent.
    pub(crate) metrics: bool,
    /// The function's memory in MiB.
    pub(crate) memory_mb: u32,
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Self> {
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let required =
            |name: &str| variable(name).with_context(|| format!("the environment variable {name} is missing"));
        let root = variable("LAMBDA_TASK_ROOT").unwrap_or_else(|| "/var/task".to_owned());
        Ok(Self {
            table: required("STEPWELL_TABLE")?,
            resources: Resources {
                queue_url: required("STEPWELL_QUEUE_URL")?,
                queue_arn: required("STEPWELL_QUEUE_ARN")?,
                schedule_group: required("STEPWELL_SCHEDULE_GROUP")?,
                scheduler_role_arn: required("STEPWELL_SCHEDULER_ROLE_ARN")?,
            },
            bucket: variable("STEPWELL_BUCKET"),
            deployed: PathBuf::from(root).join("stepwell"),
            event_flow: variable("STEPWELL_EVENT_FLOW"),
            metrics: variable("STEPWELL_METRICS").is_some(),
            memory_mb: variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
                .and_then(|mb| mb.parse().ok())
                .unwrap_or(MEMORY_MB_LEAST),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let variable = |name: &str| (name != "STEPWELL_QUEUE_ARN").then(|| name.to_lowercase());
        let error = Settings::read(variable).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable STEPWELL_QUEUE_ARN is missing"
        );
    }
}
