//! What a poller does with the messages of a real queue.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use serde_json::{Value, json};
use stepwell_cloud::lambda::{Kill, Lambda, Options};
use stepwell_cloud::parts::elasticmq::{ElasticMq, Queue, create_queue};
use stepwell_cloud::poller::{Faults, Order, Poller, PollerCounters, PollerOptions, Responses};
use stepwell_cloud::settings::settings;

use super::fixture::fixture;

/// How long a message is hidden where a test waits for it to come again.
const SOON_S: u32 = 1;

/// Longer than any test.
const LATE_S: u32 = 3600;

/// A queue of a test's own.
pub(crate) struct Bench {
    config: SdkConfig,
    sqs: Client,
    queue: Queue,
    pub(crate) lambda: Arc<Lambda>,
}

impl Bench {
    pub(crate) async fn new(name: &str, hidden_s: u32, options: Options) -> Self {
        // One server for all tests; it ends with their process.
        static SQS: OnceLock<ElasticMq> = OnceLock::new();
        let endpoint = SQS.get_or_init(|| ElasticMq::start().unwrap()).endpoint();
        let config = settings(&[("SQS", endpoint)]);
        let sqs = Client::new(&config);
        let queue = create_queue(&sqs, name, hidden_s).await.unwrap();
        let lambda = Arc::new(Lambda::start(options));
        Self {
            config,
            sqs,
            queue,
            lambda,
        }
    }

    pub(crate) async fn send(&self, body: &str) {
        let send = self.sqs.send_message().queue_url(&self.queue.url);
        send.message_body(body).send().await.unwrap();
    }

    pub(crate) fn options(&self) -> PollerOptions {
        PollerOptions {
            concurrency_first: 1,
            concurrency_max: 1,
            wait: Duration::from_secs(1),
            ..PollerOptions::new(&self.queue.url, &self.queue.arn)
        }
    }

    pub(crate) fn poll(&self, options: PollerOptions) -> Poller {
        Poller::start(&self.config, options, Arc::clone(&self.lambda)).unwrap()
    }

    /// How often the function saw a message.
    fn seen(&self, body: &str) -> usize {
        let line = format!("message {body}");
        self.lambda.logs().iter().filter(|logged| **logged == line).count()
    }

    /// Waits until the function has seen a message so often.
    async fn until_seen(&self, body: &str, times: usize) {
        while self.seen(body) < times {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

pub(crate) async fn until(poller: &Poller, reached: impl Fn(&PollerCounters) -> bool) {
    while !reached(&poller.counters()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn messages_come_in_the_documented_shape_and_are_deleted() {
    let bench = Bench::new("shape", LATE_S, fixture()).await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("v");
    let trace = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value("Root=1-2-3;Sampled=1");
    let send = bench.sqs.send_message().queue_url(&bench.queue.url).message_body("see");
    let sent = send
        .message_attributes("k", text.build().unwrap())
        .message_system_attributes(
            MessageSystemAttributeNameForSends::AwsTraceHeader,
            trace.build().unwrap(),
        )
        .send()
        .await
        .unwrap();
    let poller = bench.poll(bench.options());
    until(&poller, |counters| counters.deleted == 1).await;
    let logs = bench.lambda.logs();
    let record = logs.iter().find(|line| line.starts_with('{')).unwrap();
    let mut record: Value = serde_json::from_str(record).unwrap();
    assert!(record["receiptHandle"].take().is_string());
    for name in ["SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"] {
        assert!(record["attributes"][name].take().is_string(), "{name}");
    }
    let expected = json!({
        "messageId": sent.message_id(),
        "receiptHandle": null,
        "body": "see",
        "attributes": {
            "AWSTraceHeader": "Root=1-2-3;Sampled=1",
            "ApproximateFirstReceiveTimestamp": null,
            "ApproximateReceiveCount": "1",
            "SenderId": null,
            "SentTimestamp": null,
        },
        "messageAttributes": {
            "k": { "stringListValues": [], "binaryListValues": [], "dataType": "String", "stringValue": "v" },
        },
        "md5OfBody": sent.md5_of_message_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:shape",
        "awsRegion": "us-east-1",
    });
    assert_eq!(record, expected);
    let counters = poller.stop().await;
    let counted = (counters.messages, counters.batches, counters.deletes, counters.deleted);
    assert_eq!(counted, (1, 1, 1, 1));
}

#[tokio::test]
async fn only_what_failed_comes_again() {
    let bench = Bench::new("partial", SOON_S, fixture()).await;
    for body in ["fine: a", "fail item: b", "fine: c"] {
        bench.send(body).await;
    }
    let poller = bench.poll(bench.options());
    bench.until_seen("fail item: b", 2).await;
    until(&poller, |counters| counters.deleted == 2 && counters.items_failed >= 2).await;
    assert_eq!((bench.seen("fine: a"), bench.seen("fine: c")), (1, 1));
    assert_eq!(poller.stop().await.batches_failed, 0);
}

#[tokio::test]
async fn a_batch_that_fails_or_names_a_stranger_comes_again_as_a_whole() {
    for (name, bad) in [
        ("failing", "fail batch"),
        ("stranger", "fail wrong item"),
        ("exiting", "exit"),
    ] {
        let bench = Bench::new(name, SOON_S, fixture()).await;
        for body in ["fine", bad] {
            bench.send(body).await;
        }
        let poller = bench.poll(bench.options());
        until(&poller, |counters| {
            counters.batches_failed >= 2 && counters.messages >= 4
        })
        .await;
        assert_eq!(poller.stop().await.deleted, 0, "{name}");
    }
}

#[tokio::test]
async fn without_partial_responses_an_answer_means_that_all_went_well() {
    let bench = Bench::new("whole", LATE_S, fixture()).await;
    bench.send("fail item").await;
    let responses = Responses::Whole;
    let poller = bench.poll(PollerOptions {
        responses,
        ..bench.options()
    });
    until(&poller, |counters| counters.deleted == 1).await;
    assert_eq!(poller.stop().await.items_failed, 0);
}

#[tokio::test]
async fn a_batch_is_gathered_in_its_window_and_parted_at_six_megabytes() {
    let bench = Bench::new("window", LATE_S, fixture()).await;
    for number in 0..15 {
        bench.send(&format!("small: {number}")).await;
    }
    let options = PollerOptions {
        batch_size: 15,
        window: Duration::from_secs(300),
        ..bench.options()
    };
    let poller = bench.poll(options);
    until(&poller, |counters| counters.deleted == 15).await;
    let counters = poller.stop().await;
    assert_eq!((counters.batches, counters.deletes), (1, 2));
    let large = "x".repeat(1_000_000);
    for _ in 0..8 {
        bench.send(&large).await;
    }
    let options = PollerOptions {
        batch_size: 8,
        window: Duration::from_secs(300),
        ..bench.options()
    };
    let poller = bench.poll(options);
    until(&poller, |counters| counters.deleted == 8).await;
    let counters = poller.stop().await;
    assert_eq!((counters.batches, counters.deletes, counters.batches_failed), (2, 2, 0));
}

#[tokio::test]
async fn a_message_whose_function_dies_as_it_answers_comes_again() {
    let bench = Bench::new("dying", SOON_S, fixture()).await;
    bench.lambda.kill_next(Kill::AtAnswer);
    bench.send("fine").await;
    let poller = bench.poll(bench.options());
    until(&poller, |counters| counters.deleted == 1).await;
    assert_eq!(bench.seen("fine"), 2);
    let counters = poller.stop().await;
    assert_eq!((counters.batches, counters.batches_failed), (2, 1));
}

#[tokio::test]
async fn messages_are_doubled_held_back_and_kept_by_chance() {
    let bench = Bench::new("faulty", SOON_S, fixture()).await;
    bench.send("fine").await;
    let faults = Faults {
        seed: 3,
        doubled_one_in: 1,
        held_one_in: 1,
        held_max: Duration::from_millis(1),
        deletion_lost_one_in: 1,
        order: Order::Any,
    };
    let poller = bench.poll(PollerOptions {
        faults,
        ..bench.options()
    });
    bench.until_seen("fine", 4).await;
    let counters = poller.stop().await;
    assert!(
        counters.doubled >= 2 && counters.held >= 2 && counters.deletions_lost >= 1,
        "{counters:?}"
    );
    assert_eq!((counters.deleted, counters.deletes), (0, 0));
}

#[tokio::test]
async fn a_loop_through_a_queue_is_cut_off() {
    let bench = Bench::new("loop", LATE_S, fixture()).await;
    let mut trace = None;
    for _ in 0..16 {
        let see = json!({ "do": "see" }).to_string();
        let seen = bench.lambda.invoke_traced(see, trace.as_deref()).await.unwrap().json();
        trace = seen["trace"].as_str().map(str::to_owned);
    }
    let trace = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(trace.unwrap())
        .build();
    let send = bench
        .sqs
        .send_message()
        .queue_url(&bench.queue.url)
        .message_body("fine");
    let send = send.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace.unwrap());
    send.send().await.unwrap();
    let poller = bench.poll(bench.options());
    until(&poller, |counters| counters.batches_failed == 1).await;
    assert_eq!(poller.stop().await.deleted, 0);
    assert_eq!((bench.lambda.counters().recursions, bench.seen("fine")), (1, 0));
}
