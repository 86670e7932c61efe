//! Plans as text: a definition that the checker reads, and a fixture for a person.

use std::fmt::Write;

use stepwell_expression::Value;
use stepwell_ports::Clock;
use stepwell_simulator::VirtualClock;

use super::expression::json;
use super::{Action, Block, Catch, Happening, Kind, Mode, Plan, PlanFlow, Retry, State, Task, Template, Wait};

impl PlanFlow {
    /// The definition, as YAML.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut text = format!("Type: StateMachine\nSpecVersion: v1\nName: {}\n", self.name);
        let mut page = Page {
            text: &mut text,
            depth: 0,
        };
        if let Some(timeout) = self.timeout {
            page.field("Timeout", &timeout.to_string());
        }
        page.constructor("InputConstructor", self.input.as_ref());
        page.constructor("OutputConstructor", self.output.as_ref());
        page.block(&self.block);
        text
    }
}

impl Plan {
    /// The plan as the files of a fixture, for a person.
    #[must_use]
    pub fn fixture(&self) -> String {
        let mut text = format!("# flow.yaml\n{}", self.flow.yaml());
        for child in &self.children {
            let _ = write!(text, "\n# {}.yaml\n{}", child.name, child.yaml());
        }
        for stub in &self.stubs {
            let _ = writeln!(text, "\n# stub {}: {:?}", stub.name, stub.answers);
        }
        let _ = writeln!(text, "\n# input.json\n{}", json(&self.input));
        let _ = writeln!(
            text,
            "\n# seed {}, tasks.fuse {}, limits.data {}, limits.states {}, wait.max_seconds {:?}",
            self.seed, self.fuse, self.data_bytes_max, self.states_max, self.wait_seconds_max
        );
        for outside in &self.schedule {
            let what = match outside.what {
                Happening::StartAgain => "the same start again",
                Happening::Stop => "stop",
            };
            let _ = writeln!(text, "# +{} ms  {what}", outside.at_ms);
        }
        text
    }
}

/// A text in the making, at some depth.
struct Page<'t> {
    text: &'t mut String,
    depth: usize,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(self.depth));
    }

    fn field(&mut self, key: &str, value: &str) {
        self.line(&format!("{key}: {value}"));
    }

    fn constructor(&mut self, key: &str, template: Option<&Template>) {
        if let Some(template) = template {
            self.field(key, &json(&template.written()));
        }
    }

    fn inside(&mut self) -> Page<'_> {
        Page {
            text: self.text,
            depth: self.depth + 1,
        }
    }

    fn block(&mut self, block: &Block) {
        let start = block.states.first().map_or("", |state| state.name.as_str());
        self.field("StartAt", start);
        self.line("States:");
        // The order of states means nothing.
        let is_turned = start.len() % 2 == 1;
        let mut states: Vec<&State> = block.states.iter().collect();
        if is_turned {
            states.reverse();
        }
        for state in states {
            self.inside().state(state);
        }
    }

    fn state(&mut self, state: &State) {
        self.line(&format!("- Type: {}", state.kind.name()));
        let mut page = self.inside();
        page.field("Name", &state.name);
        page.kind(&state.kind);
        if let Some(timeout) = state.timeout {
            page.field("Timeout", &timeout.to_string());
        }
        page.constructor("InputConstructor", state.input.as_ref());
        page.constructor("OutputConstructor", state.output.as_ref());
        page.constructor("GlobalConstructor", state.global.as_ref());
        page.rules("Retry", state.retry.iter().map(retry).collect());
        page.rules("Catch", state.catch.iter().map(catch).collect());
        page.next(state);
    }

    fn next(&mut self, state: &State) {
        if matches!(state.kind, Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. }) {
            return;
        }
        match &state.next {
            Some(next) => self.field("Next", next),
            None => self.field("End", "true"),
        }
    }

    fn rules(&mut self, key: &str, rules: Vec<Value>) {
        if !rules.is_empty() {
            self.line(&format!("{key}:"));
        }
        for rule in rules {
            self.line(&format!("  - {}", json(&rule)));
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Task(task) => self.task(task),
            Kind::Pass | Kind::Succeed => {}
            Kind::Wait(wait) => self.wait(wait),
            Kind::Choice { branches, default } => {
                self.line("Branches:");
                for (condition, next) in branches {
                    let branch = [("Condition", condition.to_string()), ("Next", next.clone())];
                    let branch = Value::object(branch.map(|(key, text)| (key, Value::from(text))));
                    self.line(&format!("  - {}", json(&branch)));
                }
                if let Some(default) = default {
                    self.field("Default", default);
                }
            }
            Kind::Parallel(branches) => {
                self.line("Branches:");
                for branch in branches {
                    self.line("  -");
                    self.inside().inside().block(branch);
                }
            }
            Kind::Map(map) => {
                self.field("ItemsPath", &json(&Value::from(map.items.to_string())));
                if let Some(concurrency) = map.concurrency {
                    self.field("MaxConcurrency", &concurrency.to_string());
                }
                self.constructor("ItemConstructor", map.constructor.as_ref());
                self.line("Processor:");
                self.inside().block(&map.block);
            }
            Kind::Fail { code, detail } => {
                for (key, text) in [("Code", code), ("Detail", detail)] {
                    if let Some(text) = text {
                        self.field(key, &json(&Value::from(text.as_str())));
                    }
                }
            }
        }
    }

    fn wait(&mut self, wait: &Wait) {
        match wait {
            Wait::Seconds(seconds) => self.field("Seconds", &seconds.to_string()),
            Wait::Computed(expr) => self.field("Seconds.$", &json(&Value::from(expr.to_string()))),
            Wait::Until(ms) => self.field("UntilDateTime", &json(&Value::from(moment(*ms)))),
        }
    }

    fn task(&mut self, task: &Task) {
        self.field("Action", task.action.name());
        if task.mode != Mode::RequestComplete {
            self.field("TaskMode", task.mode.name());
        }
        if task.at_most_once {
            self.field("AtMostOnce", "true");
        }
        self.constructor("Parameters", Some(&task.parameters()));
    }
}

impl Action {
    /// `Product:Operation`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Function(_) => "FC:InvokeFunction",
            Self::Http => "HTTP:Request",
            Self::Child(_) => "FNF:StartExecution",
        }
    }
}

/// The name that a child flow gets which gets one.
pub(crate) const CHILD_NAME: &str = "one";

impl Task {
    /// Its Parameters.
    #[must_use]
    pub fn parameters(&self) -> Template {
        let text = |text: &str| Template::Literal(Value::from(text));
        match &self.action {
            Action::Function(name) => Template::object([("resourceArn", text(name)), ("body", self.body.clone())]),
            Action::Http => Template::object([
                ("url", text("http://effect.test/")),
                ("method", text("POST")),
                ("body", self.body.clone()),
            ]),
            Action::Child(flow) => {
                let arn = ("resourceArn", text(&format!("acs:fnf:::flow/{flow}")));
                let name = self.is_named.then(|| ("executionName", text(CHILD_NAME)));
                Template::object([arn, ("input", self.body.clone())].into_iter().chain(name))
            }
        }
    }
}

/// The moment so many milliseconds after a world began.
fn moment(ms: u64) -> String {
    let ms = i64::try_from(VirtualClock::default().now() + ms).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string()
}

fn errors(errors: &[String]) -> Value {
    Value::array(errors.iter().map(|error| Value::from(error.as_str())))
}

fn retry(rule: &Retry) -> Value {
    let mut entries = vec![
        ("Errors", errors(&rule.errors)),
        ("MaxAttempts", Value::from(rule.attempts)),
        ("IntervalSeconds", Value::from(rule.interval)),
    ];
    let rate = rule.rate.and_then(|tenths| {
        let text = format!("{}.{}", tenths / 10, tenths % 10);
        stepwell_expression::Number::parse(&text)
    });
    entries.extend(rate.map(|rate| ("BackoffRate", Value::Number(rate))));
    entries.extend(rule.interval_max.map(|most| ("MaxBackoffSeconds", Value::from(most))));
    Value::object(entries)
}

fn catch(rule: &Catch) -> Value {
    let mut entries = vec![("Errors", errors(&rule.errors))];
    entries.extend(
        rule.output
            .as_ref()
            .map(|output| ("OutputConstructor", output.written())),
    );
    entries.push(("Next", Value::from(rule.next.as_str())));
    Value::object(entries)
}
