//! Components that misbehave: each fails its own task with a name, and nothing else.

use std::sync::LazyLock;

use crate::guests::{Bench, SCHEDULED_MS, everything, guest, log, told};
use futures::future::{join_all, poll_immediate};
use stepwell_actions::Granted;
use stepwell_ports::{Call, Tasks};
use stepwell_tasks_wasm::{LOG_BYTES_MAX, LOG_LINES_MAX, Pool};

static MISBEHAVING: LazyLock<Vec<u8>> = LazyLock::new(|| guest("stepwell_fixture_misbehaving"));

fn bench() -> Bench {
    Bench::of_guest(&MISBEHAVING, Pool::Reserved(8))
}

/// The code of the failure, whether a repeat may help, and the detail.
async fn failed(bench: &Bench, operation: &str, input: &str) -> (String, bool, String) {
    let (code, detail, retryable) = told(&bench.run_granted(operation, input).await).unwrap_err();
    (code, retryable, detail)
}

fn seconds(granted: Granted, seconds: u32) -> Granted {
    Granted {
        timeout_seconds: Some(seconds),
        ..granted
    }
}

#[tokio::test]
async fn one_that_spins_is_stopped_at_its_time() {
    let bench = bench();
    let call = Call {
        granted: seconds(Granted::default(), 1),
        ..bench.call("spin", "null")
    };
    let outcome = bench.tasks.run(call).await;
    let expected = Err((
        "FnF.TaskTimeout".into(),
        "the task took longer than its 1 seconds".into(),
        true,
    ));
    assert_eq!(told(&outcome), expected);
    assert!(outcome.telemetry.guest_us > 0);
}

/// Short calls run on the caller's thread; a caller that is polled once for each tick would be one that is computed on.
#[tokio::test]
async fn one_that_spins_after_short_calls_leaves_its_callers_thread() {
    let bench = bench();
    for _ in 0..3 {
        assert_eq!(told(&bench.run("echo", "[1, 2]").await), Ok("[1,2]".into()));
    }
    let mut spinning = bench.tasks.run(Call {
        granted: seconds(Granted::default(), 1),
        ..bench.call("spin", "null")
    });
    let mut polls = 0;
    let polled = std::future::poll_fn(|cx| {
        polls += 1;
        spinning.as_mut().poll(cx)
    });
    let expected = Err((
        "FnF.TaskTimeout".into(),
        "the task took longer than its 1 seconds".into(),
        true,
    ));
    assert_eq!(told(&polled.await), expected);
    assert!(polls <= 4, "polled {polls} times");
}

#[tokio::test]
async fn one_that_spins_is_stopped_at_the_calls_deadline() {
    let bench = bench();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let deadline_ms = Some(u64::try_from(now.as_millis()).unwrap() + 300);
    let call = Call {
        deadline_ms,
        ..bench.call("spin", "null")
    };
    let expected = Err((
        "FnF.TaskTimeout".into(),
        "the task was not done at its deadline".into(),
        true,
    ));
    assert_eq!(told(&bench.tasks.run(call).await), expected);
}

#[tokio::test]
async fn one_that_eats_memory_stops_at_its_limit() {
    let bench = bench();
    let (code, retryable, detail) = failed(&bench, "eat", "null").await;
    assert_eq!((code.as_str(), retryable), ("FnF.TaskMemoryExceeded", true));
    assert!(detail.ends_with("its limit is 134217728 (128 MiB)"), "{detail}");
    let call = Call {
        granted: Granted {
            memory_mb: Some(8),
            ..everything()
        },
        ..bench.call("eat", "null")
    };
    let outcome = bench.tasks.run(call).await;
    let peak = outcome.telemetry.guest_memory_bytes;
    assert!(told(&outcome).unwrap_err().1.ends_with("its limit is 8388608 (8 MiB)"));
    assert!((4 << 20..=8 << 20).contains(&peak), "{peak}");
}

#[tokio::test]
async fn one_that_does_not_even_start_within_its_memory_fails_alike() {
    let bench = bench();
    let call = Call {
        granted: Granted {
            memory_mb: Some(1),
            ..everything()
        },
        ..bench.call("echo", "1")
    };
    let (code, detail, _) = told(&bench.tasks.run(call).await).unwrap_err();
    assert_eq!(code, "FnF.TaskMemoryExceeded", "{detail}");
}

#[tokio::test]
async fn traps_are_told_with_the_guests_last_words() {
    let bench = bench();
    let (code, retryable, detail) = failed(&bench, "panic", "\"inquisition\"").await;
    assert_eq!((code.as_str(), retryable), ("FnF.TaskTrapped", true));
    assert!(
        detail.starts_with("wasm trap: wasm `unreachable` instruction executed; its last words: "),
        "{detail}"
    );
    assert!(detail.contains("nobody expects the \"inquisition\"; in "), "{detail}");
    let (_, _, detail) = failed(&bench, "divide", "0").await;
    assert!(detail.contains("attempt to divide by zero"), "{detail}");
    let (code, _, detail) = failed(&bench, "exit", "null").await;
    assert_eq!(code, "FnF.TaskTrapped");
    assert!(detail.starts_with("the task called exit with status "), "{detail}");
}

#[tokio::test]
async fn a_recursion_that_leaves_the_stack_in_memory_is_a_trap() {
    let (code, _, detail) = failed(&bench(), "recurse", "null").await;
    assert_eq!(code, "FnF.TaskTrapped");
    assert!(
        detail.starts_with("wasm trap: out of bounds memory access; in "),
        "{detail}"
    );
}

#[tokio::test]
async fn a_result_that_is_no_json_is_named() {
    let bench = bench();
    for operation in ["rubbish", "deep-json"] {
        let (code, retryable, detail) = failed(&bench, operation, "null").await;
        assert_eq!((code.as_str(), retryable), ("FnF.InvalidOutput", true));
        assert!(detail.starts_with("the task's result is no JSON: "), "{detail}");
    }
    let expected = (
        "FnF.InvalidOutput".into(),
        false,
        "the task failed without an error code: why".into(),
    );
    assert_eq!(failed(&bench, "nameless", "null").await, expected);
}

#[tokio::test]
async fn a_result_above_its_limit_is_named_whatever_its_size() {
    let bench = bench();
    let kept = bench.run("large", "262142").await;
    assert_eq!(told(&kept).unwrap().len(), 256 * 1024);
    let detail = "the task's result takes 262145 bytes; the limit is 262144";
    assert_eq!(
        failed(&bench, "large", "262143").await,
        ("FnF.DataLimitExceeded".into(), false, detail.into())
    );
    let detail = "the task handed over a result more than 2097152 bytes at once";
    assert_eq!(
        failed(&bench, "large", "50000000").await,
        ("FnF.DataLimitExceeded".into(), false, detail.into())
    );
}

#[tokio::test]
async fn floods_of_the_log_are_cut() {
    let bench = bench();
    let detail = format!("the task logged more than {LOG_LINES_MAX} lines or {LOG_BYTES_MAX} bytes");
    for operation in ["flood-log", "flood-lines", "flood-stdout"] {
        let outcome = bench.run(operation, "null").await;
        assert_eq!(
            told(&outcome),
            Err(("FnF.LogLimitExceeded".into(), detail.clone(), true)),
            "{operation}"
        );
        let bytes: usize = outcome.telemetry.log.iter().map(|line| line.len()).sum();
        assert!(
            outcome.telemetry.log.len() <= LOG_LINES_MAX && bytes <= LOG_BYTES_MAX,
            "{operation}: {bytes}"
        );
    }
}

#[tokio::test]
async fn what_is_too_large_for_one_call_to_the_host_is_not_copied() {
    let bench = bench();
    let detail = "the task handed over the host more than 2097152 bytes at once";
    let expected = ("FnF.DataLimitExceeded".into(), false, detail.into());
    assert_eq!(failed(&bench, "say-too-much", "null").await, expected);
    let refused = "Error::TooLarge(\\\"a chunk of 1048577 bytes; at most 1048576 go at once\\\")";
    assert_eq!(
        told(&bench.run_granted("write-too-much", "null").await),
        Ok(format!("[\"{refused}\",3]"))
    );
}

#[tokio::test]
async fn what_is_printed_stands_in_the_log() {
    let outcome = bench().run("print", "null").await;
    assert_eq!(log(&outcome), ["stdout: to stdout", "stderr: to stderr"]);
}

#[tokio::test]
async fn handles_have_an_end() {
    let bench = bench();
    let (code, _, detail) = failed(&bench, "hoard-handles", "null").await;
    assert_eq!(code, "FnF.TaskTrapped");
    assert!(!detail.is_empty());
    let refused = "[16, \"a task may write at most 16 objects at the same time\"]";
    let refused = refused.replace(", ", ",");
    assert_eq!(told(&bench.run_granted("hoard-writers", "null").await), Ok(refused));
    let refused = r#"[12,["ErrorCode::ConnectionLimitReached"]]"#;
    assert_eq!(
        told(&bench.run_granted("hoard-exchanges", "\"api.example\"").await),
        Ok(refused.into())
    );
}

#[tokio::test]
async fn input_and_operation_are_checked_inside_the_guest() {
    let bench = bench();
    assert_eq!(told(&bench.run("typed", "21").await), Ok("42".into()));
    let detail = "the task's input is not of its type: invalid type: string \"21\", expected u32 at line 1 column 4";
    assert_eq!(
        failed(&bench, "typed", "\"21\"").await,
        ("Task.InvalidInput".into(), false, detail.into())
    );
    let detail = "this component has no operation `dance`; it has `typed`";
    assert_eq!(
        failed(&bench, "dance", "null").await,
        ("Task.UnknownOperation".into(), false, detail.into())
    );
}

#[tokio::test]
async fn a_sleep_returns_at_once_and_moves_both_clocks() {
    let century = 100 * 365 * 24 * 3_600_u64;
    let outcome = bench().run("sleep", &century.to_string()).await;
    assert_eq!(told(&outcome), Ok(format!("[{century},{century}]")));
}

#[tokio::test]
async fn clocks_stand_still_and_chance_repeats_with_the_attempt() {
    let bench = bench();
    let first = told(&bench.run("time-and-chance", "null").await).unwrap();
    assert_eq!(told(&bench.run("time-and-chance", "null").await).unwrap(), first);
    let wall = format!("{}.{:03}s", SCHEDULED_MS / 1_000, SCHEDULED_MS % 1_000);
    assert!(
        first.contains(&format!(r#""times":["{wall}","{wall}","0ns"]"#)),
        "{first}"
    );
    let other = Call {
        attempt_key: "visit/3".into(),
        ..bench.call("time-and-chance", "null")
    };
    assert_ne!(told(&bench.tasks.run(other).await).unwrap(), first);
}

#[tokio::test]
async fn there_is_no_machine_to_see() {
    let nothing = concat!(
        r#"{"environment":[],"arguments":[],"files":[false,false,false,false],"made":[false,false],"#,
        r#""sockets":[false,false,false,false],"read":0}"#
    );
    assert_eq!(told(&bench().run_granted("snoop", "null").await), Ok(nothing.into()));
}

#[tokio::test]
async fn dropping_the_future_frees_the_place() {
    let bench = Bench::of_guest(&MISBEHAVING, Pool::Reserved(1));
    for _ in 0..3 {
        let mut spinning = bench.tasks.run(bench.call("spin", "null"));
        assert_eq!(poll_immediate(&mut spinning).await, None);
        drop(spinning);
        assert_eq!(told(&bench.run("echo", "[1, 2]").await), Ok("[1,2]".into()));
    }
}

#[tokio::test]
async fn sixty_four_at_once_do_not_feel_the_one_that_misbehaves() {
    let bench = Bench::of_guest(&MISBEHAVING, Pool::Reserved(64));
    for misdeed in ["spin", "eat", "panic", "recurse", "flood-log", "hoard-handles"] {
        let granted = seconds(everything(), 2);
        let bad = bench.tasks.run(Call {
            granted,
            ..bench.call(misdeed, "\"!\"")
        });
        let good = (0..63).map(|number| bench.run("echo", if number % 2 == 0 { "[0]" } else { "[1]" }));
        let (bad, good) = futures::join!(bad, join_all(good));
        assert!(bad.result.is_err(), "{misdeed}");
        let good: Vec<_> = good.iter().map(|outcome| told(outcome).unwrap()).collect();
        let expected: Vec<_> = (0..63).map(|number| format!("[{}]", number % 2)).collect();
        assert_eq!(good, expected, "{misdeed}");
    }
}

#[tokio::test]
async fn more_calls_than_places_take_turns() {
    for pool in [Pool::Reserved(2), Pool::OnDemand(2)] {
        let bench = Bench::of_guest(&MISBEHAVING, pool);
        let outcomes = join_all((0..40).map(|_| bench.run("echo", "7"))).await;
        assert!(outcomes.iter().all(|outcome| told(outcome) == Ok("7".into())));
    }
}
