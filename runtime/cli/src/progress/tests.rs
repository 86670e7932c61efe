//! What is shown of a run whose events are given.

use stepwell_definition::check;

use super::*;
use crate::console::Style;
use crate::console::tests::plain;

const FLOW: &str = "\
Type: StateMachine
SpecVersion: v1
Name: shop
StartAt: Both
States:
  - Type: Parallel
    Name: Both
    Branches:
      - StartAt: Pay
        States: [{Type: Pass, Name: Pay, End: true}]
      - StartAt: Each
        States:
          - Type: Map
            Name: Each
            ItemsPath: $Input.items
            Processor:
              StartAt: Pack
              States: [{Type: Pass, Name: Pack, End: true}]
            End: true
    Next: Thank
  - {Type: Pass, Name: Thank, End: true}
";

fn flow() -> Arc<Flow> {
    Arc::new(check(FLOW.as_bytes(), "flow.yaml").flow.unwrap())
}

fn event(event: &str, scope: &str, state: &str, attempt: u32, at_ms: u64) -> EventLine {
    let status = match event.strip_prefix("Execution") {
        Some("Started") | None => "Running",
        Some(status) => status,
    };
    EventLine {
        event: event.into(),
        execution: "n".into(),
        scope: scope.into(),
        state: state.into(),
        status: status.into(),
        attempt,
        at_ms,
        note: event.contains("Failed").then(|| "E: went\nwrong".into()),
        guest_us: 0,
    }
}

fn events() -> Vec<EventLine> {
    vec![
        event("ExecutionStarted", "", "", 0, 0),
        event("StepEntered", "", "Both", 0, 1),
        event("StepEntered", "Both/0", "Pay", 0, 2),
        event("TaskScheduled", "Both/0", "Pay", 1, 2),
        event("StepEntered", "Both/1", "Each", 0, 2),
        event("IterationEntered", "Both/1/Each/0", "Each", 0, 3),
        event("StepEntered", "Both/1/Each/0", "Pack", 0, 3),
        event("TaskFailed", "Both/0", "Pay", 1, 14),
        event("IterationEntered", "Both/1/Each/1", "Each", 0, 15),
        event("StepEntered", "Both/1/Each/1", "Pack", 0, 15),
        event("StepExited", "Both/1/Each/0", "Pack", 0, 20),
        event("IterationExited", "Both/1/Each/0", "Each", 0, 20),
        event("TaskScheduled", "Both/0", "Pay", 2, 1014),
    ]
}

fn begun(standing: Standing) -> Begun {
    Begun {
        name: "n".into(),
        standing,
        earlier: vec![],
    }
}

#[test]
fn piped_progress_is_plain_lines() {
    let (mut console, out, error) = plain();
    let mut progress = Progress::for_people(&mut console, flow());
    progress.begun(&begun(Standing::New), Driven::Here);
    events().into_iter().for_each(|event| progress.event(event));
    progress.event(event("StepExited", "Both/0", "Pay", 0, 1100));
    progress.event(event("ExecutionSucceeded", "", "", 0, 1200));
    progress.finish();
    let expected = "\
shop/n: started
Both: begun
Both/1/Each: begun
Both/0/Pay: attempt 1 failed after 12 ms: E: went wrong
Both/1/Each/0/Pack: done after 17 ms
Both/0/Pay: attempt 2 follows after 1.0 s
Both/0/Pay: done after 1.0 s
shop/n: succeeded after 1.2 s
";
    assert_eq!((out.text(), error.text()), (String::new(), expected.to_owned()));
}

#[test]
fn a_terminal_shows_a_tree_that_is_redrawn_in_place() {
    let style = Style {
        live: true,
        colour: false,
        unicode: true,
        size: || (70, 24),
    };
    let mut live = live::Live::new(flow(), style);
    live.begin(&begun(Standing::New), String::new());
    events().iter().for_each(|event| live.event(event));
    let first = "\
├─ ▸ Both         1.9 s
│  ├─ branch 0
│  │  └─ ↻ Pay   1.9 s  attempt 2, E: went wrong
│  └─ branch 1
│     └─ ▸ Each   1.9 s  1 done, 1 running
│        └─ ▸ Pack           1 done, 1 running
└─ · Thank
running for 2.0 s";
    let shown = |text: &str| -> Vec<String> {
        let text = text.replace("\u{1b}[?2026h", "").replace("\u{1b}[J\u{1b}[?2026l", "");
        text.lines()
            .map(|line| {
                line.trim_start_matches('\r')
                    .trim_end_matches("\u{1b}[K")
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    };
    let expected: Vec<String> = first
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(shown(&live.draw(2000)), expected);
    let again = live.draw(2000);
    assert!(again.starts_with("\u{1b}[?2026h\u{1b}[8A\r├─ ▸ Both"), "{again:?}");
    live.event(&event("ExecutionTimedOut", "", "", 0, 3000));
    let last = live.draw(9000);
    assert_eq!(shown(&last).last().map(String::as_str), Some("TimedOut after 3.0 s"));
}

#[test]
fn what_is_cut_off_was_left_by_no_catch() {
    let left = |note: &str, scope: &str, state: &str, at_ms: u64| EventLine {
        note: Some(note.into()),
        ..event("StepExited", scope, state, 0, at_ms)
    };
    let told = [
        event("StepEntered", "", "Both", 0, 0),
        event("StepEntered", "Both/0", "Pay", 0, 0),
        event("StepEntered", "Both/1", "Each", 0, 0),
        left("FnF.Canceled: ", "Both/0", "Pay", 500),
        left("FnF.Canceled", "Both/1", "Each", 1000),
        left("FnF.Canceled", "", "Both", 1000),
        event("ExecutionTimedOut", "", "", 0, 1000),
    ];
    let mut lines = plain::Plain::new(flow());
    let said: Vec<String> = told.iter().filter_map(|event| lines.event(event)).collect();
    let expected = [
        "Both: begun",
        "Both/1/Each: begun",
        "Both/0/Pay: left by Catch after 500 ms: FnF.Canceled: ",
        "Both/1/Each: cut off after 1.0 s",
        "Both: cut off after 1.0 s",
        "shop/n: timed out",
    ];
    assert_eq!(said, expected);
    let mut live = live::Live::new(flow(), Style::PLAIN);
    told.iter().for_each(|event| live.event(event));
    let drawn = live.draw(5000);
    for beside in ["! Pay", "500 ms  caught", "- Each", "- Both", "1.0 s  cut off"] {
        assert!(drawn.contains(beside), "{beside} in {drawn}");
    }
}

#[test]
fn a_tree_that_is_too_tall_is_cut_around_what_runs() {
    let states: String = (0..40)
        .map(|n| format!("  - {{Type: Pass, Name: S{n}, Next: S{}}}\n", n + 1))
        .collect();
    let text = format!(
        "Type: StateMachine\nSpecVersion: v1\nName: long\nStartAt: S0\nStates:\n{states}  - {{Type: Pass, Name: S40, End: true}}\n"
    );
    let flow = Arc::new(check(text.as_bytes(), "flow.yaml").flow.unwrap());
    let style = Style {
        live: true,
        colour: false,
        unicode: false,
        size: || (30, 10),
    };
    let mut live = live::Live::new(flow, style);
    for n in 0..20 {
        live.event(&event("StepEntered", "", &format!("S{n}"), 0, n));
        live.event(&event("StepExited", "", &format!("S{n}"), 0, n));
    }
    live.event(&event("StepEntered", "", "S20", 0, 20));
    let drawn = live.draw(30);
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines.len(), 9, "{drawn}");
    assert!(
        drawn.contains("... 19 lines above") && drawn.contains("> S20") && drawn.contains("lines below"),
        "{drawn}"
    );
}

#[test]
fn programs_get_seven_fields_and_nothing_on_standard_error() {
    let (mut console, out, error) = plain();
    let mut progress = Progress::for_programs(&mut console, flow());
    progress.begun(&begun(Standing::Running), Driven::Here);
    progress.say("the process that drove it has gone");
    progress.event(event("TaskFailed", "Both/0", "Pay", 1, 14));
    progress.finish();
    let line = "{\"event\":\"TaskFailed\",\"execution\":\"n\",\"scope\":\"Both/0\",\"state\":\"Pay\",\"status\":\"Running\",\"attempt\":1,\"at_ms\":14}\n";
    assert_eq!((out.text(), error.text()), (line.to_owned(), String::new()));
}

#[test]
fn an_event_of_an_unknown_place_is_not_drawn_and_harms_nothing() {
    let mut live = live::Live::new(flow(), Style::PLAIN);
    for (scope, state) in [
        ("No/1", "X"),
        ("Both/9", "Pay"),
        ("Both/x", "Pay"),
        ("Both", "Pay"),
        ("", "None"),
        ("Both/1/Each", "Pack"),
    ] {
        live.event(&event("StepExited", scope, state, 0, 1));
    }
    assert!(live.draw(5).contains("running for 4 ms"));
}
