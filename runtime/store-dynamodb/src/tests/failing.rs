//! A server that fails, refuses, or answers nobody.

use bytes::Bytes;
use stepwell_cloud::settings::settings;
use stepwell_cloud::unsteady::{Fault, Unsteady};
use stepwell_ports::{Catalogue, Due, Log, LogError, Remedy};

use super::world::{World, bare, entry, key};
use crate::{DynamoStore, Options};

/// What DynamoDB answers instead of doing it.
fn refusal(status: u16, kind: &str) -> Fault {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"no"}}"#);
    Fault::Answer { status, body }
}

#[tokio::test]
async fn what_passes_is_tried_later_and_what_does_not_is_given_up() {
    let world = World::start().await;
    let door = Unsteady::before(world.dynoxide.address()).unwrap();
    let store = world.once(&door.endpoint());
    let key = key("order/17", "");
    for (status, kind, remedy) in [
        (400, "ThrottlingException", Remedy::Retry),
        (400, "ProvisionedThroughputExceededException", Remedy::Retry),
        (400, "RequestLimitExceeded", Remedy::Retry),
        (500, "InternalServerError", Remedy::Retry),
        (503, "ServiceUnavailable", Remedy::Retry),
        (429, "TooManyRequestsException", Remedy::Retry),
        (400, "AccessDeniedException", Remedy::GiveUp),
        (400, "ValidationException", Remedy::GiveUp),
        (400, "ResourceNotFoundException", Remedy::GiveUp),
        (400, "UnrecognizedClientException", Remedy::GiveUp),
    ] {
        door.next([(); 4].map(|()| refusal(status, kind)));
        let remedies = [
            store
                .append(entry(&key, 1, "x"), Due::Keep)
                .await
                .map_err(|error| error.remedy()),
            store.last(&key).await.map(drop).map_err(|error| error.remedy()),
            store.range(&key, 1, 9).await.map(drop).map_err(|error| error.remedy()),
            store.get("blob").await.map(drop).map_err(|error| error.remedy()),
        ];
        assert_eq!(remedies, [Err(remedy); 4], "{kind}");
    }
    door.next([refusal(400, "TransactionConflictException")]);
    let conflict = store.append(entry(&key, 1, "x"), Due::Keep).await;
    assert_eq!(conflict.map_err(|error| error.remedy()), Err(Remedy::Retry));
    assert_eq!(store.last(&key).await.unwrap(), None);
    assert_eq!(store.spent().write_units, 0.0);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_given_up_and_a_server_is_waited_for() {
    let world = World::start().await;
    let missing = DynamoStore::new(
        &world.config(),
        Options {
            table: "missing".to_owned(),
            ..bare()
        },
    );
    let error = missing.last(&key("order/17", "")).await.unwrap_err();
    assert!(matches!(error, LogError::Refused { .. }), "{error:?}");
    let nobody = format!(
        "http://127.0.0.1:{}",
        stepwell_cloud::parts::process::free_port().unwrap()
    );
    let error = world.once(&nobody).last(&key("order/17", "")).await.unwrap_err();
    assert!(matches!(error, LogError::Store { .. }), "{error:?}");
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_finds_itself() {
    let world = World::start().await;
    let door = Unsteady::before(world.dynoxide.address()).unwrap();
    let key = key("order/17", "");
    // The SDK tries again by itself, and meets the record that it wrote.
    let store = DynamoStore::new(&settings(&[("DynamoDB", door.endpoint())]), bare());
    door.next([Fault::LoseAnswer]);
    let error = store.append(entry(&key, 1, "mine"), Due::Keep).await.unwrap_err();
    assert!(matches!(error, LogError::Taken { revision: 1, .. }), "{error:?}");
    assert_eq!(store.last(&key).await.unwrap(), Some(entry(&key, 1, "mine")));
    let spent = store.spent();
    assert_eq!((spent.requests, spent.lost_writes), (3, 1));
    // Where it does not, nobody knows.
    let store = world.once(&door.endpoint());
    door.next([Fault::LoseAnswer]);
    let error = store.append(entry(&key, 2, "mine"), Due::Keep).await.unwrap_err();
    assert_eq!(
        (matches!(error, LogError::Store { .. }), error.remedy()),
        (true, Remedy::Retry)
    );
    assert_eq!(store.last(&key).await.unwrap(), Some(entry(&key, 2, "mine")));
    door.next([Fault::LoseRequest]);
    store.append(entry(&key, 3, "mine"), Due::Keep).await.unwrap_err();
    assert_eq!(store.last(&key).await.unwrap(), Some(entry(&key, 2, "mine")));
}

#[tokio::test]
async fn throttling_is_ridden_out_by_the_sdk() {
    let world = World::start().await;
    let door = Unsteady::before(world.dynoxide.address()).unwrap();
    let store = DynamoStore::new(&settings(&[("DynamoDB", door.endpoint())]), bare());
    let key = key("order/17", "");
    door.next([refusal(400, "ThrottlingException")]);
    store.append(entry(&key, 1, "one"), Due::Keep).await.unwrap();
    assert_eq!(store.last(&key).await.unwrap(), Some(entry(&key, 1, "one")));
    let spent = store.spent();
    assert_eq!((spent.requests, spent.write_units, spent.lost_writes), (3, 1.0, 0));
}

#[tokio::test]
async fn a_blob_that_was_half_written_is_not_there() {
    let world = World::start().await;
    let door = Unsteady::before(world.dynoxide.address()).unwrap();
    let store = world.once(&door.endpoint());
    let body = Bytes::from(super::world::noise(1 << 20));
    // The read passes, two chunks too, and the third is lost.
    door.next([Fault::Pass, Fault::Pass, Fault::Pass, Fault::LoseRequest]);
    store.put("model/large", body.clone()).await.unwrap_err();
    assert_eq!(store.get("model/large").await.unwrap(), None);
    store.put("model/large", body.clone()).await.unwrap();
    assert_eq!(store.get("model/large").await.unwrap(), Some(body));
}
