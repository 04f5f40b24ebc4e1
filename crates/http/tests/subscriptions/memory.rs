//! What waits for endpoints takes no more memory than it may.

use super::receiver::Receiver;
use super::server::{Server, Setup, number, options};
use belfry_ngsi_ld::Json;
use belfry_runtime::notify;
use std::time::Duration;

const S: &str = "urn:ngsi-ld:Subscription:1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_endpoint_has_bytes_make_room_and_the_newest_come() {
    let dir = tempfile::tempdir().unwrap();
    let small = notify::Options { max_bytes_each: 400_000, ..options() };
    let server = Server::with(dir.path(), Setup { options: small, ..Setup::default() }).await;
    let receiver = Receiver::start().await;
    receiver.delay(Duration::from_millis(300));
    server.subscribe(S, &receiver.url(), "", "").await;
    server.create("urn:car:1", 0).await;
    let text = "x".repeat(20_000);
    server
        .post("/entities/urn:car:1/attrs", &format!(r#"{{"note":{{"type":"Property","value":"{text}"}}}}"#), 204)
        .await;
    for value in 1..=60 {
        server.set_speed("urn:car:1", value).await;
    }
    let status = server.status(S).await;
    let dropped = number(&status, "timesDropped");
    assert!(dropped >= 30, "the endpoint answers, so nothing is parked, and all of it waits: {status}");
    receiver.delay(Duration::ZERO);
    let speed = |got: &super::receiver::Received| match got.entities()[0].get("speed").and_then(|a| a.get("value")) {
        Some(Json::Int(n)) => *n,
        _ => panic!("{}", got.body),
    };
    for _ in 0..500 {
        if receiver.all().last().is_some_and(|got| speed(got) == 60) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let got: Vec<i64> = receiver.all().iter().map(speed).collect();
    assert!(got.is_sorted() && got.last() == Some(&60), "{got:?}");
    // Told again: the last changes may have made room after it was asked.
    let dropped = number(&server.status(S).await, "timesDropped");
    // Two came of the creation and the note, before the first change.
    assert_eq!(got.len() as i64 + dropped, 62, "each is either delivered or counted: {got:?}");
    server.stop().await;
}
