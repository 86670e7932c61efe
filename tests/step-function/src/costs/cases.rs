//! What is measured: flows, how they are started, and what they may write.

/// One row of the table.
pub(super) struct Case {
    /// The flow's name.
    pub(super) flow: String,
    /// What it is, for the table.
    pub(super) what: String,
    pub(super) text: String,
    /// The items of its Map.
    pub(super) items: u64,
    pub(super) started: Started,
    pub(super) writes: Writes,
    pub(super) takes: Takes,
    /// What waits for a report.
    pub(super) reported: Reported,
}

/// How executions are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// One after another, by a call each.
    ByCall,
    /// All at once, by messages in the queue.
    ByMessages,
}

/// How long one execution takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Moments,
    /// So long that one of them must do.
    Long,
}

/// Whether somebody outside completes a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    ByTheTask,
    ByACall,
}

/// What one execution may write, in units of 1 KB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Writes {
    Exactly(f64),
    AtMost(f64),
}

impl Case {
    fn new(flow: &str, what: &str, text: String, writes: f64) -> Self {
        Self {
            flow: flow.to_owned(),
            what: what.to_owned(),
            text,
            items: 1,
            started: Started::ByCall,
            writes: Writes::Exactly(writes),
            takes: Takes::Moments,
            reported: Reported::ByTheTask,
        }
    }

    /// The same, started by messages; starts and rests may overlap then.
    fn by_messages(self) -> Self {
        Self {
            what: format!("{}, started from the queue", self.what),
            started: Started::ByMessages,
            ..self
        }
    }
}

/// Lanes of a Map.
pub(super) const LANES: u64 = 40;

/// The rows that the local cloud runs: Maps of up to so many items.
pub(super) fn cases(items_max: u64) -> Vec<Case> {
    let small = [
        tasks("tasks5", 5),
        tasks("tasks5", 5).by_messages(),
        tasks("tasks20", 20),
        pure(),
        pure().by_messages(),
        callback(),
        wait(4, "Wait of 4 seconds"),
        parallel(),
    ];
    let sizes = [10, 100, 1_000, 10_000, 100_000];
    let maps = sizes.into_iter().filter(|items| *items <= items_max).map(map);
    small.into_iter().chain(maps).collect()
}

/// So many tasks with effects, one after another.
fn tasks(name: &str, count: usize) -> Case {
    let states = (1..=count).map(|n| {
        let next = next(n, count);
        format!("  - {{Type: Task, Name: T{n}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: echo, body.$: $Input}}, OutputConstructor: {{n.$: $Output.Body.n}}, {next}}}\n")
    });
    let text = flow(name, "T1", &states.collect::<String>());
    // The first record, one for each outcome, and the row of the end.
    Case::new(
        name,
        &format!("{count} tasks with effects"),
        text,
        1.0 + count as f64 + 1.0,
    )
}

/// Five components that reach nothing.
fn pure() -> Case {
    let states = (1..=5).map(|n| {
        let next = next(n, 5);
        format!("  - {{Type: Task, Name: T{n}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: describe, body: x}}, OutputConstructor: {{n: {n}}}, {next}}}\n")
    });
    let text = flow("pure5", "T1", &states.collect::<String>());
    // The first record, that of the end, and the row of the end.
    Case::new("pure5", "5 pure tasks", text, 3.0)
}

fn next(n: usize, count: usize) -> String {
    match n == count {
        true => "End: true".to_owned(),
        false => format!("Next: T{}", n + 1),
    }
}

/// A task that somebody outside completes.
fn callback() -> Case {
    let task = "  - {Type: Task, Name: Ask, Action: 'FC:InvokeFunction', TaskMode: WaitForCustomCallback, Parameters: {resourceArn: echo, body: {token.$: $Context.Current.TaskToken}}, OutputConstructor: {n: 1}, End: true}\n";
    // The first record, that it was submitted, what was reported; the row of the rest and that of the end.
    Case {
        reported: Reported::ByACall,
        ..Case::new("callback", "a callback", flow("callback", "Ask", task), 5.0)
    }
}

/// A Wait, and a state after it.
pub(super) fn wait(seconds: u64, what: &str) -> Case {
    let name = format!("wait{seconds}");
    let states =
        format!("  - {{Type: Wait, Name: W, Seconds: {seconds}, Next: P}}\n  - {{Type: Pass, Name: P, End: true}}\n");
    // Two records, the row of the rest and that of the end.
    Case {
        takes: Takes::Long,
        ..Case::new(&name, what, flow(&name, "W", &states), 4.0)
    }
}

/// Ten branches of one task each.
fn parallel() -> Case {
    let branch = "{StartAt: B, States: [{Type: Task, Name: B, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo, body: {n: 1}}, End: true}]}";
    let branches = [branch; 10].join(", ");
    let states = format!(
        "  - {{Type: Parallel, Name: P, Branches: [{branches}], OutputConstructor: {{done: true}}, End: true}}\n"
    );
    // The first record, two for each branch, the join, the row of the end.
    Case::new(
        "parallel10",
        "Parallel of 10",
        flow("parallel10", "P", &states),
        1.0 + 20.0 + 1.0 + 1.0,
    )
}

/// A Map of so many items of one task each.
fn map(items: u64) -> Case {
    let name = format!("map{items}");
    let states = format!(
        "  - Type: Map
    Name: M
    ItemsPath: $Input.items
    MaxConcurrency: {LANES}
    Processor:
      StartAt: I
      States:
        - {{Type: Task, Name: I, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: echo, body: {{n.$: $Input}}}}, OutputConstructor: {{n.$: $Output.Body.n}}, End: true}}
    OutputConstructor: {{done: true}}
    End: true
"
    );
    // The first record, one for each lane and one for each item, the join, the row of the end. What hands lanes to others,
    // or is cut by the end of an invocation, writes more; so do the items themselves, where they are many KB.
    let least = 1 + items.min(LANES) + items + 1 + 1;
    let writes = match items {
        0..=100 => Writes::Exactly(least as f64),
        101.. => Writes::AtMost(items as f64 * 1.1),
    };
    let takes = match items {
        0..=1_000 => Takes::Moments,
        1_001.. => Takes::Long,
    };
    Case {
        items,
        writes,
        takes,
        ..Case::new(&name, &format!("Map of {items}"), flow(&name, "M", &states), 0.0)
    }
}

fn flow(name: &str, start: &str, states: &str) -> String {
    format!("Type: StateMachine\nSpecVersion: v1\nName: {name}\nStartAt: {start}\nStates:\n{states}")
}
