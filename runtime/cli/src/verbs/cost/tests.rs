use stepwell_expression::{Plain, Value};
use stepwell_wire::Answer;
use stepwell_wire::output::{Cost, Description, Outcome, Row, Status};

use crate::exit::Exit;
use crate::verbs::fake::{Fake, Said, said};

/// The pages of the price file.
const SOURCE: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/, https://aws.amazon.com/lambda/pricing/, \
    https://aws.amazon.com/sqs/pricing/, https://aws.amazon.com/eventbridge/pricing/, https://aws.amazon.com/s3/pricing/";

fn host() -> Fake {
    let row = Row {
        name: "n".into(),
        flow: "f".into(),
        status: Status::Succeeded,
        started_ms: 1_000,
        ended_ms: Some(1_500),
    };
    let cost = Cost {
        records: 6,
        bytes: 5_900,
        guest_us: 1_500,
        write_units: 6,
        transitions: 5,
    };
    let description = Description {
        row,
        input: Plain(Value::Null),
        result: Some(Outcome::Output(Plain(Value::Null))),
        open: vec![],
        cost,
    };
    Fake::answering(vec![Answer::Description(Box::new(description))])
}

/// What is said of a flow with these states.
fn of_flow(start: &str, states: &str, words: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.yaml");
    let text = format!("Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: {start}\nStates:\n{states}");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    let mut told = said(&Fake::default(), &[&["cost", "--flow", &path][..], words].concat());
    told.error = told.error.replace(&path, "flow.yaml");
    told
}

const ONE_TASK: &str =
    "  - {Type: Task, Name: A, Action: 'FC:InvokeFunction', Parameters: {resourceArn: echo}, End: true}\n";

#[test]
fn an_execution_is_billed_by_its_log() {
    let plain = said(&host(), &["cost", "n", "--store", "."]);
    assert_eq!((plain.exit, plain.error.as_str()), (Exit::Succeeded, ""));
    let expected = "\
f/n: Succeeded
log      6 records, 5900 bytes, 2 ms in WASM, 5 transitions

                   amount      USD each           USD
write units             7   0.000000625  0.0000043750
GB-seconds          0.001  0.0000133334  0.0000000133
GB-months    0.0000083819          0.25  0.0000020955
total                                    0.0000064838

A million transitions at that price: 1.30 USD

Assumed: a function of 512 MB, records kept for 45 days.
Write units and bytes are at most those of the table, which deflates records.
The log does not show lost writes, reads, queue requests, schedules, invocations, the function's time beside its components, \
        and idle polling: they are not in the sum.
";
    assert_eq!(
        plain.out,
        format!("{expected}List prices of us-east-1, 2025-12: {SOURCE}\n")
    );
}

#[test]
fn an_execution_is_billed_for_programs() {
    let json = said(&host(), &["cost", "n", "--store", ".", "--json"]);
    let expected = r#"{"name":"n","flow":"f","status":"Succeeded","cost":{"records":6,"bytes":5900,"guest_us":1500,"write_units":6,"transitions":5},"memory_mb":512,"retention_days":45,"bill":{"lines":[{"what":"write units","amount":7.0,"unit_usd":6.25e-7,"usd":4.3750000000000005e-6},{"what":"GB-seconds","amount":0.001,"unit_usd":0.0000133334,"usd":1.3333400000000001e-8},{"what":"GB-months","amount":8.381903171539307e-6,"unit_usd":0.25,"usd":2.0954757928848267e-6}],"total_usd":6.4838091928848275e-6,"usd_per_million_transitions":1.2967618385769655},"prices":{"source":"SOURCE","region":"us-east-1","date":"2025-12"}}"#;
    assert_eq!(
        (json.exit, json.out.trim_end()),
        (Exit::Succeeded, expected.replace("SOURCE", SOURCE).as_str())
    );
}

#[test]
fn a_flow_is_bounded_and_what_is_assumed_is_told() {
    let plain = of_flow("A", ONE_TASK, &["--record-kb", "2"]);
    assert_eq!((plain.exit, plain.error.as_str()), (Exit::Succeeded, ""));
    let expected = "\
f: one execution, at most
records 2, rows in the index 1, transitions 1

                      amount      USD each           USD
write units                5   0.000000625  0.0000031250
read units                 2   0.000000125  0.0000002500
queue requests             3     0.0000004  0.0000012000
invocations                2     0.0000002  0.0000004000
GB-seconds             0.006  0.0000133334  0.0000000800
GB-months       0.0000058617          0.25  0.0000014654
total                                       0.0000065204

A million transitions at that price: 6.52 USD

Assumed:
  an attempt takes the function 10 ms (--task-ms)
  a record takes 2 KB (--record-kb)
  the function has 512 MB, on arm64 (--memory-mb)
  records are kept for 45 days (--retention-days)
  it is started by the API
  every task counts as one with an effect; pure ones write no record of their own
Not counted: lost writes, what a death or the end of an invocation repeats, what tasks call, idle polling.
";
    assert_eq!(
        plain.out,
        format!("{expected}List prices of us-east-1, 2025-12: {SOURCE}\n")
    );
}

#[test]
fn a_flow_is_bounded_for_programs() {
    let json = of_flow("A", ONE_TASK, &["--json"]);
    let expected = r#"{"flow":"f","records":2.0,"rows":1.0,"transitions":1.0,"assumptions":{"items":null,"task_ms":10,"record_kb":1,"memory_mb":512,"retention_days":45,"remarks":["every task counts as one with an effect; pure ones write no record of their own"]},"bill":{"lines":[{"what":"write units","amount":3.0,"unit_usd":6.25e-7,"usd":1.8750000000000003e-6},{"what":"read units","amount":2.0,"unit_usd":1.25e-7,"usd":2.5e-7},{"what":"queue requests","amount":3.0,"unit_usd":4e-7,"usd":1.2e-6},{"what":"invocations","amount":2.0,"unit_usd":2e-7,"usd":4e-7},{"what":"GB-seconds","amount":0.006,"unit_usd":0.0000133334,"usd":8.00004e-8},{"what":"GB-months","amount":3.0007213354110718e-6,"unit_usd":0.25,"usd":7.501803338527679e-7}],"total_usd":4.555180733852768e-6,"usd_per_million_transitions":4.555180733852768},"prices":{"source":"SOURCE","region":"us-east-1","date":"2025-12"}}"#;
    assert_eq!(
        (json.exit, json.out.trim_end()),
        (Exit::Succeeded, expected.replace("SOURCE", SOURCE).as_str())
    );
}

#[test]
fn a_loop_is_the_answer_where_there_is_no_bound() {
    let states = "  - {Type: Choice, Name: A, Branches: [{Condition: $Input.a == 1, Next: C}], Default: B}\n  \
        - {Type: Pass, Name: B, Next: A}\n  - {Type: Succeed, Name: C}\n";
    let plain = of_flow("A", states, &[]);
    let line = "flow.yaml:7:24: a loop has no bound: `A` -> `B` leads back to `A`\n";
    assert_eq!(
        (plain.exit, plain.out.as_str(), plain.error.as_str()),
        (Exit::Failed, "", line)
    );
    let json = of_flow("A", states, &["--json"]);
    let object = "{\"flow\":\"f\",\"loop\":[\"A\",\"B\"],\"line\":7,\"column\":24}\n";
    assert_eq!((json.exit, json.out.as_str()), (Exit::Failed, object));
}

#[test]
fn what_is_missing_is_named() {
    let map = "  - {Type: Map, Name: M, ItemsPath: $Input.items, Processor: {StartAt: I, States: [{Type: Pass, Name: I, \
        End: true}]}, End: true}\n";
    let missing = of_flow("M", map, &[]);
    let line = "error: the Map `M` costs as much as it has items: say `--items N`\n";
    assert_eq!(
        (missing.exit, missing.out.as_str(), missing.error.as_str()),
        (Exit::Usage, "", line)
    );
    assert_eq!(of_flow("M", map, &["--items", "10"]).exit, Exit::Succeeded);
    let nothing = said(&Fake::default(), &["cost"]);
    assert_eq!(nothing.exit, Exit::Usage);
    assert!(nothing.error.contains("NAME"), "{}", nothing.error);
    let both = of_flow("A", ONE_TASK, &["n"]);
    assert_eq!(both.exit, Exit::Usage);
    let large = of_flow("A", ONE_TASK, &["--record-kb", "401"]);
    assert_eq!(large.exit, Exit::Usage);
    let broken = of_flow("Nobody", ONE_TASK, &[]);
    assert_eq!((broken.exit, broken.out.as_str()), (Exit::Usage, ""));
}
