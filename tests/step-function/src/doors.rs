//! Every way into the function.

use serde_json::json;

use crate::cloud::{Cloud, Plan};
use crate::package::Package;

const HELLO: &str = "\
Type: StateMachine
SpecVersion: v1
Name: hello
StartAt: Greet
States:
  - {Type: Pass, Name: Greet, OutputConstructor: {greeting.$: 'format(\"Hello, {}!\", $Input.name)'}, End: true}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_are_started_by_events_messages_and_calls() {
    let cloud = Cloud::deploy("doors", Package::with(&[("hello.yaml", HELLO)]), Plan::default()).await;
    let express = cloud
        .invoke(&json!({"express": {"flow": "hello", "input": {"name": "Ada"}}}))
        .await;
    assert_eq!(
        express,
        json!({"status": "Succeeded", "output": {"greeting": "Hello, Ada!"}})
    );

    let start = json!({"start": {"flow": "hello", "name": "once", "input": {"name": "Ada"}}});
    cloud.invoke(&start).await;
    cloud.end("hello/once").await;
    assert_eq!(
        cloud.invoke(&start).await,
        json!({"flow": "hello", "name": "once", "status": "Succeeded"}),
        "asked again, it is the same one"
    );

    let happened =
        json!({"id": "e-7", "detail-type": "Object Created", "source": "aws.s3", "name": "S3", "detail": {}});
    cloud.invoke(&happened).await;
    assert_eq!(cloud.end("hello/e-7").await.name(), "Succeeded");

    let client = aws_sdk_sqs::Client::new(&cloud.config);
    let body = json!({"start": {"flow": "hello", "name": "queued", "input": {"name": "SQS"}}});
    client
        .send_message()
        .queue_url(&cloud.queue_url)
        .message_body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(cloud.end("hello/queued").await.name(), "Succeeded");
    cloud.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_means_nothing_is_told() {
    let cloud = Cloud::deploy("nothing", Package::with(&[("hello.yaml", HELLO)]), Plan::default()).await;
    let answer = cloud.lambda.invoke(json!({"x": 1}).to_string()).await.unwrap();
    let expected = "the event is none that this function knows: it has none of Records, requestContext, start, express, detail-type";
    assert_eq!(answer.json()["errorMessage"], expected);
    cloud.close().await;
}

const FAILS: &str = "\
Type: StateMachine
SpecVersion: v1
Name: fails
StartAt: Rest
States:
  - {Type: Wait, Name: Rest, Seconds: 1, Next: Stop}
  - {Type: Fail, Name: Stop, Code: Planned, Detail: as it should}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_written_down_for_the_alarm() {
    let cloud = Cloud::deploy("fails", Package::with(&[("fails.yaml", FAILS)]), Plan::default()).await;
    cloud.invoke(&json!({"start": {"flow": "fails", "name": "e"}})).await;
    assert_eq!(cloud.end("fails/e").await.name(), "Failed");
    cloud.settle().await;
    let line = json!({"event": "ExecutionEnded", "execution": "fails/e", "status": "Failed"}).to_string();
    let logs = cloud.lambda.logs();
    assert_eq!(
        logs.iter().filter(|said| **said == line).count(),
        1,
        "{}",
        logs.join("\n")
    );
    cloud.close().await;
}
