//! Every example, through the function: the same result, and the same entries of each scope, as on one machine.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use stepwell_core::Report;
use stepwell_engine::Ended;
use stepwell_expression::{Plain, Value};

use crate::cloud::{Cloud, Plan};
use crate::local;
use crate::package::Package;
use crate::programs::root;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_answers_as_on_one_machine() {
    answers_as_expected("hello").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saga_answers_as_on_one_machine() {
    answers_as_expected("saga").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approval_answers_as_on_one_machine() {
    answers_as_expected("approval").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_answers_as_on_one_machine() {
    answers_as_expected("media").await;
}

async fn answers_as_expected(name: &str) {
    let example = root().join("examples").join(name);
    let cloud = Cloud::deploy(&format!("example-{name}"), Package::of(&example), Plan::default()).await;
    put_objects(&cloud, &example.join("objects")).await;
    let start = json!({"start": {"flow": name, "name": "e", "input": read(&example.join("input.json"))}});
    let began = cloud.invoke(&start).await;
    assert_eq!(began, json!({"flow": name, "name": "e", "status": "Running"}));
    let execution = format!("{name}/e");
    if example.join("report.json").is_file() {
        report(&cloud, &execution, &read(&example.join("report.json"))).await;
    }
    let output = match cloud.end(&execution).await {
        Ended::Succeeded(output) => output,
        other @ (Ended::Running | Ended::Failed(_) | Ended::Stopped(_) | Ended::TimedOut(_)) => {
            panic!("{name} ends with {other:?}\n{}", cloud.lambda.logs().join("\n"))
        }
    };
    let output: Json = serde_json::from_str(&serde_json::to_string(&Plain(output)).unwrap()).unwrap();
    assert_eq!(output, read(&example.join("expected.json")));
    let here = local::entries_of(&cloud.engine.history(&execution).await.unwrap());
    let flow = name.to_owned();
    let there = tokio::task::spawn_blocking(move || local::entries(&flow, &example));
    assert_eq!(here, there.await.unwrap());
    cloud.close().await;
}

fn read(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Reports to the task that waits, once it does.
async fn report(cloud: &Cloud, execution: &str, output: &Json) {
    let output = Value::parse_json(&output.to_string()).unwrap();
    let token = cloud.token(execution).await;
    cloud.engine.report(&token, Report::Succeeded(output)).await.unwrap();
}

/// Puts the objects of an example into the bucket, as `<bucket>/<key>`.
async fn put_objects(cloud: &Cloud, folder: &Path) {
    let settings = aws_sdk_s3::config::Builder::from(&cloud.config)
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(settings);
    for path in files(folder) {
        let key = path.strip_prefix(folder).unwrap().display().to_string();
        let body = fs::read(&path).unwrap();
        client
            .put_object()
            .bucket(&cloud.bucket)
            .key(key)
            .body(body.into())
            .send()
            .await
            .unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
