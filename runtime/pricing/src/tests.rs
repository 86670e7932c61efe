//! Whole forecasts of small flows.

use stepwell_model::Flow;

use super::*;

fn flow(start: &str, states: &str) -> Flow {
    let text = format!("Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: {start}\nStates:\n{states}");
    let checked = stepwell_definition::check(text.as_bytes(), "f.yaml");
    checked.flow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

fn task(name: &str, more: &str) -> String {
    format!("{{Type: Task, Name: {name}, Action: 'FC:InvokeFunction', Parameters: {{resourceArn: echo}}, {more}}}")
}

fn bound(flow: &Flow, items: Option<u64>) -> Result<Forecast, ForecastError> {
    let assumptions = Assumptions {
        items,
        ..Assumptions::default()
    };
    forecast(flow, assumptions, Prices::listed().unwrap())
}

/// Records, rows, transitions, reads, requests, schedules, invocations and milliseconds.
fn counts(forecast: &Forecast) -> [f64; 8] {
    let Forecast {
        records,
        rows,
        transitions,
        usage,
        remarks: _,
    } = forecast;
    assert_eq!(usage.write_units, records + rows);
    [
        *records,
        *rows,
        *transitions,
        usage.read_units,
        usage.queue_requests,
        usage.schedules,
        usage.invocations,
        usage.billed_ms,
    ]
}

fn counted(start: &str, states: &str) -> [f64; 8] {
    counts(&bound(&flow(start, states), None).unwrap())
}

#[test]
fn five_tasks_are_billed_whole() {
    let states = (1..=5).map(|n| {
        let next = if n == 5 {
            "End: true".to_owned()
        } else {
            format!("Next: T{}", n + 1)
        };
        format!("  - {}\n", task(&format!("T{n}"), &next))
    });
    let forecast = bound(&flow("T1", &states.collect::<String>()), None).unwrap();
    let usage = Usage {
        write_units: 7.0,
        read_units: 2.0,
        queue_requests: 3.0,
        schedules: 0.0,
        invocations: 2.0,
        billed_ms: 52.0,
        memory_mb: 512.0,
        object_writes: 0.0,
        object_reads: 0.0,
        stored_bytes: 6.0 * 1024.0 + 100.0,
        stored_days: 45.0,
    };
    let expected = Forecast {
        records: 6.0,
        rows: 1.0,
        transitions: 5.0,
        usage,
        remarks: [Remark::Tasks].into(),
    };
    assert_eq!(forecast, expected);
    let bill = Prices::listed().unwrap().bill(&usage);
    let line = |what, amount, unit_usd| Line {
        what,
        amount,
        unit_usd,
        usd: amount * unit_usd,
    };
    let lines = vec![
        line("write units", 7.0, 0.000_000_625),
        line("read units", 2.0, 0.000_000_125),
        line("queue requests", 3.0, 0.000_000_4),
        line("invocations", 2.0, 0.000_000_2),
        line("GB-seconds", 0.052 / 2.0, 0.000_013_333_4),
        line("GB-months", 6244.0 / 1_073_741_824.0 * 1.5, 0.25),
    ];
    let total_usd = lines.iter().map(|line| line.usd).sum();
    assert_eq!(bill, Bill { lines, total_usd });
    let per_million = bill.usd_per_million(forecast.transitions).unwrap();
    assert_eq!(format!("{per_million:.2}"), "1.75");
    assert_eq!(bill.usd_per_million(0.0), None);
}

#[test]
fn a_retry_multiplies_attempts_and_pauses_between_them() {
    let retrying = |retry: &str| {
        counted(
            "T",
            &format!("  - {}\n", task("T", &format!("Retry: [{retry}], End: true"))),
        )
    };
    let soon = "{Errors: [A], MaxAttempts: 3, IntervalSeconds: 1, BackoffRate: 1}";
    // Three pauses of a second are slept through, which takes longer than what ends at once.
    assert_eq!(retrying(soon), [5.0, 2.0, 4.0, 2.0, 3.0, 0.0, 2.0, 3042.0]);
    let later = "{Errors: [A], MaxAttempts: 2, IntervalSeconds: 10, BackoffRate: 1}";
    assert_eq!(retrying(later), [4.0, 2.0, 3.0, 6.0, 9.0, 0.0, 4.0, 34.0]);
    let far = "{Errors: [A], MaxAttempts: 1, IntervalSeconds: 901, BackoffRate: 1}";
    assert_eq!(retrying(far), [3.0, 2.0, 2.0, 4.0, 9.0, 1.0, 4.0, 24.0]);
    let all = "{Errors: [FnF.ALL], MaxAttempts: 1, IntervalSeconds: 0}";
    assert_eq!(
        retrying(&format!("{all}, {later}"))[0],
        3.0,
        "a rule that never applies"
    );
    assert_eq!(retrying(&format!("{later}, {all}"))[0], 5.0);
    let many = "{Errors: [A], MaxAttempts: 4294967295, IntervalSeconds: 1, BackoffRate: 1.000001}";
    assert_eq!(retrying(many)[0], 4_294_967_297.0);
}

#[test]
fn a_parallel_sums_its_branches() {
    let branch = format!("{{StartAt: B, States: [{}]}}", task("B", "End: true"));
    let branches = [branch.as_str(); 10].join(", ");
    let states = format!("  - {{Type: Parallel, Name: P, Branches: [{branches}], End: true}}\n");
    // The first record, two for each branch, the join; and the row of the end.
    assert_eq!(counted("P", &states), [22.0, 1.0, 11.0, 32.0, 3.0, 0.0, 2.0, 102.0]);
}

#[test]
fn a_map_costs_as_much_as_it_has_items() {
    let map = |processor: &str| {
        let states = format!(
            "  - {{Type: Map, Name: M, ItemsPath: $Input.items, MaxConcurrency: 4, Processor: {{StartAt: I, States: [{processor}]}}, End: true}}\n"
        );
        flow("M", &states)
    };
    let tasks = map(&task("I", "End: true"));
    let missing = ForecastError::Items { state: "M".into() };
    assert_eq!(bound(&tasks, None), Err(missing));
    let counted = |flow: &Flow, items| counts(&bound(flow, Some(items)).unwrap());
    assert_eq!(counted(&tasks, 10), [16.0, 1.0, 11.0, 24.0, 3.0, 0.0, 2.0, 102.0]);
    assert_eq!(counted(&tasks, 2), [6.0, 1.0, 3.0, 10.0, 3.0, 0.0, 2.0, 22.0]);
    assert_eq!(counted(&tasks, 0), [1.0, 1.0, 1.0, 2.0, 3.0, 0.0, 2.0, 2.0]);
    // Two items, then four with each record of a lane's, of which the second lacks some.
    let passes = map("{Type: Pass, Name: I, End: true}");
    assert_eq!(counted(&passes, 24)[0], 1.0 + 4.0 * (1.0 + 2.0) + 1.0);
}

#[test]
fn a_choice_and_a_catch_take_the_dearest_way() {
    let states = format!(
        "  - {{Type: Choice, Name: C, Branches: [{{Condition: $Input.a == 1, Next: Two}}], Default: W}}\n  - {}\n  - {}\n  - {{Type: Wait, Name: W, Seconds: 60, Next: S}}\n  - {}\n  - {{Type: Succeed, Name: S}}\n",
        task("Two", "Next: Three, Catch: [{Errors: [FnF.ALL], Next: Four}]"),
        task("Three", "Next: Four"),
        task("Four", "End: true"),
    );
    // Three tasks cost more than a wait of a minute; but the execution may rest, which is a row more.
    assert_eq!(counted("C", &states), [4.0, 2.0, 4.0, 2.0, 3.0, 0.0, 2.0, 32.0]);
}

#[test]
fn waits_and_callbacks_end_invocations() {
    let wait = |seconds: &str| counted("W", &format!("  - {{Type: Wait, Name: W, {seconds}, End: true}}\n"));
    assert_eq!(wait("Seconds: 2"), [2.0, 2.0, 1.0, 2.0, 3.0, 0.0, 2.0, 2002.0]);
    assert_eq!(wait("Seconds: 60"), [2.0, 2.0, 1.0, 4.0, 6.0, 0.0, 3.0, 3.0]);
    let month = [2.0, 2.0, 1.0, 4.0, 9.0, 1.0, 4.0, 4.0];
    assert_eq!(wait("Seconds: 2592000"), month);
    // Slept through or scheduled, by what is computed or by when it begins: the sum bounds both.
    let open = [2.0, 2.0, 1.0, 4.0, 9.0, 1.0, 4.0, 2004.0];
    assert_eq!(wait("Seconds.$: $Input.s"), open);
    assert_eq!(wait("UntilDateTime: 2030-01-01T00:00:00Z"), open);
    let ask = format!("  - {}\n", task("A", "TaskMode: WaitForCustomCallback, End: true"));
    assert_eq!(counted("A", &ask), [3.0, 2.0, 1.0, 6.0, 6.0, 0.0, 4.0, 14.0]);
}

#[test]
fn a_loop_is_named_with_its_states_in_order() {
    let states = format!(
        "  - {{Type: Pass, Name: Begin, Next: Ask}}\n  - {}\n  - {{Type: Choice, Name: Done, Branches: [{{Condition: $Input.a == 1, Next: End}}], Default: Pause}}\n  - {{Type: Wait, Name: Pause, Seconds: 5, Next: Ask}}\n  - {{Type: Succeed, Name: End}}\n",
        task("Ask", "Next: Done"),
    );
    let error = bound(&flow("Begin", &states), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a loop has no bound: `Ask` -> `Done` -> `Pause` leads back to `Ask`"
    );
    let expected = Loop {
        block: stepwell_model::BlockPath::default(),
        names: vec!["Ask".into(), "Done".into(), "Pause".into()],
        closed_by: stepwell_model::StateIndex(3),
    };
    assert_eq!(error, ForecastError::Loop(expected));
}
