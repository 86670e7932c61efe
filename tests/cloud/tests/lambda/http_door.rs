//! A function that is asked over HTTP.

use std::sync::Arc;

use http::Request;
use stepwell_cloud::http_door::HttpDoor;
use stepwell_cloud::lambda::{Lambda, Options, PAYLOAD_BYTES_MAX};

use super::fixture::{ask, fixture};

fn at(door: &HttpDoor, path: &str) -> String {
    format!("{}{path}", door.url())
}

#[tokio::test]
async fn requests_reach_the_function_and_answers_come_back() {
    let lambda = Arc::new(Lambda::start(fixture()));
    let door = HttpDoor::start(Arc::clone(&lambda)).await.unwrap();
    let echoed = ask(&at(&door, "/any?x=1"), Request::put("/"), &[0, 255]).await;
    let header = |name: &str| echoed.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!((echoed.status().as_u16(), &echoed.body()[..]), (201, &[0, 255][..]));
    assert_eq!(
        (header("x-method"), header("set-cookie")),
        ("PUT".to_owned(), "seen=1".to_owned())
    );
    let plain = ask(&at(&door, "/plain"), Request::get("/"), &[]).await;
    assert_eq!(
        (plain.status().as_u16(), &plain.body()[..]),
        (200, &br#"{"plain":true}"#[..])
    );
    let binary = ask(&at(&door, "/binary"), Request::get("/"), &[]).await;
    assert_eq!((binary.status().as_u16(), &binary.body()[..]), (200, &[0, 255][..]));
    assert_eq!(
        ask(&at(&door, "/odd"), Request::get("/"), &[]).await.status().as_u16(),
        502
    );
    let large = vec![0; PAYLOAD_BYTES_MAX];
    assert_eq!(
        ask(&at(&door, "/any"), Request::post("/"), &large)
            .await
            .status()
            .as_u16(),
        413
    );
    assert_eq!(lambda.counters().cold_starts, 1);
}

#[tokio::test]
async fn a_function_without_room_is_too_many_requests() {
    let lambda = Arc::new(Lambda::start(Options {
        instances_max: 0,
        ..fixture()
    }));
    let door = HttpDoor::start(lambda).await.unwrap();
    assert_eq!(
        ask(&at(&door, "/any"), Request::get("/"), &[]).await.status().as_u16(),
        429
    );
}
