//! The state as of an instant, against images kept along the way.

use super::server::{Server, Setup};
use belfry_kernel::{Clock, Time};
use belfry_ngsi_ld::Json;
use belfry_testkit::MockClock;
use std::collections::BTreeMap;
use std::sync::Arc;

async fn state(server: &Server, path: &str) -> BTreeMap<String, Json> {
    let (status, text) = server.call("GET", path, &[], "").await;
    assert_eq!(status, 200, "{text}");
    let Json::Array(all) = Json::parse(text.as_bytes(), 64).unwrap() else { panic!("{text}") };
    all.into_iter().map(|e| (e.get("id").unwrap().as_str().unwrap().to_owned(), e)).collect()
}

async fn present(server: &Server) -> BTreeMap<String, Json> {
    let Json::Array(all) = server.get("/entities?type=Car&limit=1000").await else { panic!() };
    all.into_iter().map(|e| (e.get("id").unwrap().as_str().unwrap().to_owned(), e)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let server = Server::with(dir.path(), Setup { clock: clock.clone(), ..Setup::default() }).await;
    let mut images: Vec<(Time, BTreeMap<String, Json>)> = Vec::new();
    for step in 0..12_i64 {
        clock.advance_micros(1_000_000);
        server.create(&format!("urn:car:{step:02}"), step).await;
        if step > 2 {
            server.set_speed(&format!("urn:car:{:02}", step - 2), step * 10).await;
        }
        if step % 4 == 3 {
            let (status, _) =
                server.call("DELETE", &format!("/ngsi-ld/v1/entities/urn:car:{:02}", step - 3), &[], "").await;
            assert_eq!(status, 204);
        }
        images.push((clock.now().plus_micros(1000), present(&server).await));
    }
    clock.advance_micros(1_000_000);
    for (at, wanted) in &images {
        assert_eq!(&state(&server, &format!("/belfry/v1/state?at={at}")).await, wanted, "{at}");
    }
    let (at, wanted) = &images[6];
    let some = state(&server, &format!("/belfry/v1/state?at={at}&limit=2")).await;
    assert_eq!(some.len(), 2);
    let fast = state(&server, &format!("/belfry/v1/state?at={at}&type=Car&q=speed%3E20")).await;
    assert!(!fast.is_empty() && fast.len() < wanted.len());
    let one = state(&server, &format!("/belfry/v1/state?at={at}&id=urn:car:05")).await;
    assert_eq!(one.keys().collect::<Vec<_>>(), ["urn:car:05"]);
    assert!(state(&server, "/belfry/v1/state?at=2000-01-01T00:00:00Z").await.is_empty());
    let lines = [("accept", "application/x-ndjson")];
    let (_, text) = server.call("GET", &format!("/belfry/v1/state?at={at}"), &lines, "").await;
    assert_eq!(text.lines().count(), wanted.len());
    for bad in ["/belfry/v1/state", "/belfry/v1/state?at=noon"] {
        assert_eq!(server.call("GET", bad, &[], "").await.0, 400, "{bad}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_what_it_is_when_the_past_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let server = Server::with(dir.path(), Setup { clock: clock.clone(), ..Setup::default() }).await;
    for n in 0..3 {
        server.create(&format!("urn:car:{n}"), n).await;
    }
    let doors = r#"{"doors":[{"value":1},{"value":2,"datasetId":"urn:d:2"}]}"#;
    server.post("/entities/urn:car:0/attrs", doors, 204).await;
    clock.advance_micros(1_000_000);
    server.set_speed("urn:car:0", 70).await;
    clock.advance_micros(1_000_000);
    let before = clock.now();
    clock.advance_micros(1_000_000);
    for path in ["urn:car:0", "urn:car:1/attrs/speed", "urn:car:2/attrs/name?deleteAll=true"] {
        let (status, text) = server.call("DELETE", &format!("/ngsi-ld/v1/temporal/entities/{path}"), &[], "").await;
        assert_eq!(status, 204, "{path}: {text}");
    }
    let now = present(&server).await;
    assert_eq!(now.len(), 3);
    let at = |time: Time| format!("/belfry/v1/state?at={time}&type=Car");
    clock.advance_micros(1_000_000);
    assert_eq!(state(&server, &at(clock.now())).await, now);
    // What was deleted is gone from before.
    let past = state(&server, &at(before)).await;
    let has = |id: &str, name: &str| past[id].get(name).is_some();
    assert!(!past.contains_key("urn:car:0"));
    assert!(!has("urn:car:1", "speed") && has("urn:car:1", "name") && has("urn:car:2", "speed"));
    assert!(!has("urn:car:2", "name"));
    // It goes on from there.
    server.set_speed("urn:car:0", 80).await;
    clock.advance_micros(1_000_000);
    assert_eq!(state(&server, &at(clock.now())).await, present(&server).await);
    let (status, _) = server.call("DELETE", "/ngsi-ld/v1/entities/urn:car:0", &[], "").await;
    assert_eq!(status, 204);
    clock.advance_micros(1_000_000);
    assert_eq!(state(&server, &at(clock.now())).await, present(&server).await);
    server.stop().await;
}
