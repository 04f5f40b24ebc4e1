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
