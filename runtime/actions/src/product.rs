//! Which actions there are.

/// The action that calls a function of the registry.
pub const INVOKE_FUNCTION: &str = "FC:InvokeFunction";
/// The action that sends an HTTP request.
pub const HTTP_REQUEST: &str = "HTTP:Request";
/// The action that starts a child flow.
pub const START_EXECUTION: &str = "FNF:StartExecution";

/// Whether an action can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Runs,
    /// CloudFlow has it; it is accepted in a definition and refused by `run`.
    Later,
    /// Nobody knows it.
    Unknown,
}

const LATER: [&str; 6] = ["DashScope", "Extensions", "MNS", "SMS", "EventBridge", "OSS"];

/// Every action that can be run.
#[must_use]
pub fn runnable() -> [&'static str; 3] {
    [INVOKE_FUNCTION, HTTP_REQUEST, START_EXECUTION]
}

/// Products whose actions are accepted before there is a handler.
#[must_use]
pub fn later() -> [&'static str; 6] {
    LATER
}

/// Whether `action` (`Product:Operation`) can be run.
#[must_use]
pub fn support(action: &str) -> Support {
    if runnable().contains(&action) {
        return Support::Runs;
    }
    let product = action.split(':').next().unwrap_or(action);
    if LATER.contains(&product) {
        Support::Later
    } else {
        Support::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_actions_run_and_six_products_are_for_later() {
        let supports = [
            "FC:InvokeFunction",
            "MNS:SendMessage",
            "ECS:DescribeInstances",
            "FC:Invoke",
        ]
        .map(support);
        assert_eq!(
            supports,
            [Support::Runs, Support::Later, Support::Unknown, Support::Unknown]
        );
    }
}
