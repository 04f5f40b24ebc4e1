//! What happens to notifications that wait when their subscription or entity goes, and over restarts.

use super::receiver::Receiver;
use super::server::{Server, Setup, number};
use belfry_ports::Collection;
use belfry_testkit::MockClock;
use std::sync::Arc;
use std::time::Duration;

const S: &str = "urn:ngsi-ld:Subscription:1";
const SECOND: i64 = 1_000_000;

async fn settle() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

async fn delete(server: &Server, path: &str) {
    let (status, text) = server.call("DELETE", &format!("/ngsi-ld/v1{path}"), &[], "").await;
    assert_eq!(status, 204, "{text}");
}

fn documents(server: &Server, collection: Collection) -> usize {
    server.store.documents(collection, None, 1000).unwrap().len()
}

/// Waits until it is so.
async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..500 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_parked_goes_with_its_subscription() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(503);
    let server = Server::start(dir.path()).await;
    server.subscribe(S, &receiver.url(), "", "").await;
    for value in 0..20 {
        server.create(&format!("urn:car:{value}"), value).await;
    }
    until("parked notifications", || documents(&server, Collection::Parked) > 0).await;
    delete(&server, &format!("/subscriptions/{S}")).await;
    // One of the same identifier starts with nothing.
    server.subscribe(S, &receiver.url(), "", "").await;
    until("no parked notification", || documents(&server, Collection::Parked) == 0).await;
    assert_eq!(number(&server.status(S).await, "timesSent"), 0);
    receiver.answer(200);
    server.set_speed("urn:car:1", 99).await;
    assert_eq!(receiver.wait_for(1).await[0].value("speed"), 99);
    settle().await;
    assert_eq!(receiver.all().len(), 1, "notifications of the deleted one came");
    assert_eq!(number(&server.sent(S, 1).await, "timesFailed"), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_revives_no_subscription() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.delay(Duration::from_secs(60));
    // Nothing is saved or delivered before the stop, so that all of it is read again.
    let setup = || Setup {
        options: belfry_runtime::notify::Options {
            save_every: Duration::from_secs(600),
            timeout: Duration::from_millis(100),
            retry_min: Duration::from_secs(600),
            retry_max: Duration::from_secs(600),
            ..super::server::options()
        },
        ..Setup::default()
    };
    let server = Server::with(dir.path(), setup()).await;
    server.subscribe(S, &receiver.url(), "", "").await;
    server.subscribe("urn:s:2", &receiver.url(), r#","watchedAttributes":["speed"]"#, "").await;
    server.create("urn:car:1", 1).await;
    delete(&server, &format!("/subscriptions/{S}")).await;
    server.patch("/subscriptions/urn:s:2", r#"{"watchedAttributes":["name"]}"#, 204).await;
    server.set_speed("urn:car:1", 2).await;
    server.stop().await;
    receiver.delay(Duration::ZERO);
    let server = Server::start(dir.path()).await;
    let got = receiver.wait_for(1).await;
    settle().await;
    let ids: Vec<_> = got.iter().map(|r| r.body.get("subscriptionId").unwrap().to_string()).collect();
    assert_eq!((ids, receiver.all().len()), (vec!["\"urn:s:2\"".to_owned()], 1));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_back_deletions_survive_a_restart_and_go_with_their_subscription() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let start = || Server::with(dir.path(), Setup { clock: clock.clone(), ..Setup::default() });
    let server = start().await;
    let members = r#","throttling":10,"notificationTrigger":["entityCreated","entityDeleted"]"#;
    server.subscribe(S, &receiver.url(), members, r#","sysAttrs":true"#).await;
    server.create("urn:car:1", 1).await;
    receiver.wait_for(1).await;
    server.create("urn:car:2", 2).await;
    clock.advance_micros(SECOND);
    delete(&server, "/entities/urn:car:1").await;
    settle().await;
    server.stop().await;
    let server = start().await;
    clock.advance_micros(10 * SECOND);
    let got = receiver.wait_for(2).await;
    let find = |id: &str| {
        let id = Some(id);
        got[1].entities().iter().find(|e| e.get("id").unwrap().as_str() == id).unwrap().to_string()
    };
    let gone = find("urn:car:1");
    assert!(gone.starts_with(r#"{"id":"urn:car:1","type":"Car","createdAt":"2026-01-01T00:00:00"#), "{gone}");
    assert!(gone.contains(r#""deletedAt":"2026-01-01T00:00:01"#) && !gone.contains("speed"), "{gone}");
    assert!(find("urn:car:2").contains(r#""value":2"#), "{}", got[1].body);
    // Held back again; then the subscription goes.
    delete(&server, "/entities/urn:car:2").await;
    settle().await;
    delete(&server, &format!("/subscriptions/{S}")).await;
    until("no delivery document", || documents(&server, Collection::Delivery) == 0).await;
    clock.advance_micros(20 * SECOND);
    settle().await;
    assert_eq!(receiver.all().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_are_there_right_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let server = Server::start(dir.path()).await;
    server.subscribe(S, &receiver.url(), "", "").await;
    server.create("urn:car:1", 1).await;
    server.sent(S, 1).await;
    receiver.answer(400);
    server.set_speed("urn:car:1", 2).await;
    let before = server.sent(S, 2).await;
    server.stop().await;
    let server = Server::start(dir.path()).await;
    let after = server.status(S).await;
    assert_eq!(after.to_string(), before.to_string());
    for key in ["lastNotification", "lastSuccess", "lastFailure", "lastFailureReason"] {
        assert!(after.get(key).is_some(), "{key}");
    }
    assert_eq!((number(&after, "timesSent"), number(&after, "timesFailed")), (2, 1));
    assert_eq!(after.get("status").unwrap().as_str(), Some("failed"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn periods_stop_while_paused_and_end_with_the_subscription() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let server = Server::with(dir.path(), Setup { clock: clock.clone(), ..Setup::default() }).await;
    server.create("urn:car:1", 1).await;
    server.subscribe(S, &receiver.url(), r#","timeInterval":60,"expiresAt":"2026-01-01T01:00:00Z""#, "").await;
    settle().await;
    clock.advance_micros(61 * SECOND);
    receiver.wait_for(1).await;
    let path = format!("/subscriptions/{S}");
    server.patch(&path, r#"{"isActive":false}"#, 204).await;
    settle().await;
    clock.advance_micros(120 * SECOND);
    settle().await;
    assert_eq!(receiver.all().len(), 1, "paused");
    server.patch(&path, r#"{"isActive":true}"#, 204).await;
    settle().await;
    clock.advance_micros(60 * SECOND);
    receiver.wait_for(2).await;
    clock.advance_micros(3_600 * SECOND);
    settle().await;
    clock.advance_micros(120 * SECOND);
    settle().await;
    assert_eq!(receiver.all().len(), 2, "expired");
    server.patch(&path, r#"{"expiresAt":"2026-01-02T00:00:00Z"}"#, 204).await;
    settle().await;
    clock.advance_micros(61 * SECOND);
    receiver.wait_for(3).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_before_are_kept_only_while_somebody_shows_them() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let server = Server::with(dir.path(), Setup { clock: clock.clone(), ..Setup::default() }).await;
    let wanted = |server: &Server| server.keep_before.is_wanted(|| belfry_kernel::Clock::now(&*clock));
    assert!(!wanted(&server));
    server.create("urn:car:1", 1).await;
    server.subscribe(S, &receiver.url(), "", r#","showChanges":true"#).await;
    // At once, without waiting for the notifier.
    server.set_speed("urn:car:1", 2).await;
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].entities()[0].get("speed").unwrap().get("previousValue").unwrap().to_string(), "1");
    clock.advance_micros(120 * SECOND);
    assert!(wanted(&server));
    delete(&server, &format!("/subscriptions/{S}")).await;
    until("nobody wants values before", || !wanted(&server)).await;
    server.stop().await;
}
