//! A component that behaves: everything that the world of a task offers, in the component as it is built now and in the
//! one that was built when the world was 0.1.0.

use crate::guests::{Bench, SCHEDULED_MS, guest, log, told};
use stepwell_actions::{Access, Granted, ObjectRule};
use stepwell_ports::{Call, Tasks, Work};
use stepwell_tasks_wasm::Pool;

/// Must load for ever.
const FROZEN: &[u8] = include_bytes!("../fixtures/task-0.1.0.wasm");

fn benches() -> [Bench; 2] {
    [
        Bench::of_guest(&guest("stepwell_fixture_contract"), Pool::Reserved(8)),
        Bench::of_guest(FROZEN, Pool::OnDemand(2)),
    ]
}

#[tokio::test]
async fn the_context_reaches_the_guest() {
    for bench in benches() {
        let call = Call {
            deadline_ms: Some(u64::MAX),
            ..bench.call("describe", "null")
        };
        let expected = format!(r#"["shop","one","Price",2,"visit","visit/2",{}]"#, u64::MAX);
        assert_eq!(told(&bench.tasks.run(call).await), Ok(expected));
    }
}

#[tokio::test]
async fn failures_keep_code_detail_and_whether_a_repeat_helps() {
    for bench in benches() {
        for retryable in [true, false] {
            let expected = Err(("Shop.Closed".into(), "come-back".into(), retryable));
            assert_eq!(
                told(
                    &bench
                        .run("fail", &format!("\"Shop.Closed come-back {retryable}\""))
                        .await
                ),
                expected
            );
        }
    }
}

#[tokio::test]
async fn the_log_is_captured_with_its_levels() {
    for bench in benches() {
        let outcome = bench.run("say", "\"hello world\"").await;
        let expected = [
            "debug: hello",
            "debug: world",
            "info: hello",
            "info: world",
            "warn: hello",
            "warn: world",
            "error: hello",
            "error: world",
        ];
        assert_eq!((told(&outcome), log(&outcome)), (Ok("null".into()), expected.to_vec()));
        let telemetry = outcome.telemetry;
        assert!(
            telemetry.guest_us > 0 && (1 << 20..2 << 20).contains(&telemetry.guest_memory_bytes),
            "{telemetry:?}"
        );
    }
}

#[tokio::test]
async fn granted_objects_are_streamed_in_and_out() {
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    for bench in benches() {
        bench.objects.put("media", "in/a", &content);
        let input = "\"obj://media/in/a obj://media/out/a\"";
        let outcome = bench.run_granted("double", input).await;
        assert_eq!(told(&outcome), Ok(r#"[6000000,["out/a=6000000"]]"#.into()));
        assert_eq!(
            bench.objects.content("media", "out/a"),
            Some([content.clone(), content.clone()].concat())
        );
        let input = "\"obj://media/in/b obj://media/out/b\"";
        let expected = Err(("Objects.NotFound".into(), "no object `obj://media/in/b`".into(), false));
        assert_eq!(told(&bench.run_granted("double", input).await), expected);
    }
}

#[tokio::test]
async fn objects_without_a_grant_answer_with_the_line_to_add() {
    let input = "\"obj://media/in/a obj://media/out/a\"";
    let advice = |prefix: &str, access: &str| {
        format!(
            "`obj://media/{prefix}a` is not granted for {access}; add to grants.yaml: {{flow: \"shop\", action: \
             \"FC:InvokeFunction\", function: \"double\", objects: [{{bucket: \"media\", prefix: \"{prefix}\", \
             access: {access}}}]}}"
        )
    };
    for bench in benches() {
        bench.objects.put("media", "in/a", b"abc");
        let expected = Err(("FnF.NotGranted".into(), advice("in/", "read"), false));
        assert_eq!(told(&bench.run("double", input).await), expected);
        let read = ObjectRule {
            bucket: "media".into(),
            prefix: "in/".into(),
            access: Access::Read,
        };
        let granted = Granted {
            objects: vec![read],
            ..Granted::default()
        };
        let outcome = bench
            .tasks
            .run(Call {
                granted,
                ..bench.call("double", input)
            })
            .await;
        assert_eq!(
            told(&outcome),
            Err(("FnF.NotGranted".into(), advice("out/", "write"), false))
        );
        assert_eq!(bench.objects.content("media", "out/a"), None);
    }
}

#[tokio::test]
async fn granted_hosts_are_called() {
    let input = "\"POST https://api.example/a?b x-a 1 ping\"";
    let answer = r#"[418,["x-asked: yes"],"POST https://api.example/a?b\nx-a: 1\ncontent-length: 4\nping"]"#;
    for bench in benches() {
        assert_eq!(told(&bench.run_granted("call", input).await), Ok(answer.into()));
    }
}

#[tokio::test]
async fn hosts_without_a_grant_and_broken_ones_are_told_apart() {
    let input = |url: &str| format!("\"GET {url} x-a 1 \"");
    for bench in benches() {
        let (code, detail, retryable) = told(&bench.run("call", &input("http://api.example/")).await).unwrap_err();
        assert_eq!((code.as_str(), retryable), ("FnF.NotGranted", false));
        assert!(
            detail.contains("`api.example`") && detail.contains("http: [\"api.example"),
            "{detail}"
        );
        let expected = Err((
            "HTTP.Failed".into(),
            "broken answer from `api.example`: it broke".into(),
            true,
        ));
        assert_eq!(
            told(&bench.run_granted("call", &input("http://api.example/broken")).await),
            expected
        );
    }
}

#[tokio::test]
async fn what_no_component_does_is_refused() {
    let [bench, _] = benches();
    let call = bench.call("describe", "null");
    let work = Work::HttpFunction {
        url: "http://a".into(),
        body: None,
    };
    let other = Call {
        work,
        action: "HTTP:Request".into(),
        ..call
    };
    let detail = "`HTTP:Request` is not done by a component";
    let expected = Err(("FnF.ActionNotSupported".into(), detail.into(), false));
    assert_eq!(told(&bench.tasks.run(other).await), expected);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_a_timeout() {
    let [bench, _] = benches();
    let late = Call {
        deadline_ms: Some(SCHEDULED_MS),
        ..bench.call("describe", "null")
    };
    let expected = Err((
        "FnF.TaskTimeout".into(),
        "the task was not done at its deadline".into(),
        true,
    ));
    assert_eq!(told(&bench.tasks.run(late.clone()).await), expected);
    assert!(told(&bench.run("describe", "null").await).is_ok());
    assert_eq!(told(&bench.tasks.run(late).await), expected);
}
