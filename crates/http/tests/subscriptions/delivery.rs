//! Notifications arrive: what is in them, in which order, after failures and restarts.

use super::receiver::Receiver;
use super::server::{Server, Setup, car, number, options};
use belfry_ngsi_ld::Json;
use belfry_runtime::notify;
use hashbrown::{HashMap, HashSet};
use std::time::Duration;

const S: &str = "urn:ngsi-ld:Subscription:1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_notified() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    server.subscribe(S, &receiver.url(), r#","watchedAttributes":["speed"],"q":"speed>10""#, "").await;
    server.create("urn:car:1", 5).await;
    server.set_speed("urn:car:1", 11).await;
    server.patch("/entities/urn:car:1/attrs/name", r#"{"value":"y"}"#, 204).await;
    server.set_speed("urn:car:1", 7).await;
    server.set_speed("urn:car:1", 12).await;
    let got = receiver.wait_for(2).await;
    assert_eq!(got.iter().map(|r| r.value("speed")).collect::<Vec<_>>(), [11, 12]);
    let first = &got[0];
    assert_eq!(first.body.get("subscriptionId").unwrap().as_str(), Some(S));
    assert_eq!(first.body.get("type").unwrap().as_str(), Some("Notification"));
    assert_eq!(first.headers["content-type"], "application/json");
    assert!(first.headers["link"].to_str().unwrap().contains("json-ld#context"));
    assert_ne!(got[0].id(), got[1].id());
    let status = server.sent(S, 2).await;
    assert_eq!(status.get("status").unwrap().as_str(), Some("ok"));
    assert!(status.get("lastSuccess").is_some() && status.get("lastFailure").is_none());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creation_deletion_batches_and_pauses() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    let triggers = r#","notificationTrigger":["entityCreated","entityDeleted"]"#;
    server.subscribe(S, &receiver.url(), triggers, "").await;
    let batch: Vec<String> = (0..30).map(|n| car(&format!("urn:car:{n}"), n)).collect();
    server.post("/entityOperations/create", &format!("[{}]", batch.join(",")), 201).await;
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].entities().len(), 30, "one notification for one commit");
    server.set_speed("urn:car:1", 99).await;
    let (status, _) = server.call("DELETE", "/ngsi-ld/v1/entities/urn:car:1", &[], "").await;
    assert_eq!(status, 204);
    let got = receiver.wait_for(2).await;
    let gone = &got[1].entities()[0];
    assert!(gone.get("deletedAt").is_some() && gone.get("speed").is_none(), "{gone}");

    server.patch(&format!("/subscriptions/{S}"), r#"{"isActive":false}"#, 204).await;
    assert_eq!(server.get(&format!("/subscriptions/{S}")).await.get("status").unwrap().as_str(), Some("paused"));
    server.create("urn:car:100", 1).await;
    server.patch(&format!("/subscriptions/{S}"), r#"{"isActive":true}"#, 204).await;
    server.create("urn:car:101", 1).await;
    let got = receiver.wait_for(3).await;
    assert_eq!(got[2].entity_id(), "urn:car:101");

    let (status, _) = server.call("DELETE", &format!("/ngsi-ld/v1/subscriptions/{S}"), &[], "").await;
    assert_eq!(status, 204);
    server.create("urn:car:102", 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.all().len(), 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_before_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    server.subscribe(S, &receiver.url(), r#","watchedAttributes":["speed"]"#, r#","showChanges":true"#).await;
    server.create("urn:car:1", 5).await;
    server.set_speed("urn:car:1", 6).await;
    let got = receiver.wait_for(2).await;
    assert_eq!(got[1].entities()[0].get("speed").unwrap().get("previousValue").unwrap().to_string(), "5");
    server.stop().await;
}

/// Each entity's values as they came, repeats dropped by the notification's identifier.
fn by_entity(all: &[super::receiver::Received]) -> HashMap<String, Vec<i64>> {
    let mut seen = HashSet::new();
    let mut found: HashMap<String, Vec<i64>> = HashMap::new();
    for one in all.iter().filter(|one| seen.insert(one.id())) {
        found.entry(one.entity_id()).or_default().push(one.value("speed"));
    }
    found
}

fn assert_in_order(all: &[super::receiver::Received], cars: usize, last: i64) {
    let found = by_entity(all);
    assert_eq!(found.len(), cars);
    for (id, values) in found {
        assert_eq!(values, (0..=last).collect::<Vec<_>>(), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_per_entity_is_kept_over_several_connections() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    receiver.delay(Duration::from_millis(1));
    server.subscribe(S, &receiver.url(), "", "").await;
    for car in 0..10 {
        server.create(&format!("urn:car:{car}"), 0).await;
    }
    for value in 1..=30 {
        for car in 0..10 {
            server.set_speed(&format!("urn:car:{car}"), value).await;
        }
    }
    assert_in_order(&receiver.wait_for(310).await, 10, 30);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_was_away_gets_everything_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    let address = receiver.address;
    server.subscribe(S, &receiver.url(), "", "").await;
    server.create("urn:car:1", 0).await;
    server.create("urn:car:2", 0).await;
    receiver.wait_for(2).await;
    drop(receiver);
    tokio::time::sleep(Duration::from_millis(20)).await;
    for value in 1..=100 {
        server.set_speed("urn:car:1", value).await;
        server.set_speed("urn:car:2", value).await;
    }
    // Long enough for what waits to be parked.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = server.status(S).await;
    assert_eq!(status.get("status").unwrap().as_str(), Some("failed"));
    assert!(number(&status, "timesFailed") > 0 && status.get("lastFailureReason").is_some(), "{status}");
    let parked = server.store.documents(belfry_ports::Collection::Parked, None, 1000).unwrap().len();
    assert!(parked > 0, "nothing was parked");
    let receiver = Receiver::at(address).await;
    server.set_speed("urn:car:1", 101).await;
    server.set_speed("urn:car:2", 101).await;
    let got = receiver.wait_for(202).await;
    for values in by_entity(&got).values() {
        assert_eq!(*values, (1..=101).collect::<Vec<_>>());
    }
    for _ in 0..100 {
        if server.store.documents(belfry_ports::Collection::Parked, None, 10).unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(server.store.documents(belfry_ports::Collection::Parked, None, 10).unwrap().is_empty());
    server.becomes(S, |status| status.get("status").unwrap().as_str() == Some("ok")).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let server = Server::start(dir.path()).await;
    server.subscribe(S, &receiver.url(), "", "").await;
    for car in 0..5 {
        server.create(&format!("urn:car:{car}"), 0).await;
    }
    receiver.delay(Duration::from_millis(3));
    for value in 1..=40 {
        for car in 0..5 {
            server.set_speed(&format!("urn:car:{car}"), value).await;
        }
    }
    server.stop().await;
    let before = receiver.all().len();
    receiver.answer(503);
    let server = Server::start(dir.path()).await;
    for value in 41..=60 {
        for car in 0..5 {
            server.set_speed(&format!("urn:car:{car}"), value).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop().await;
    receiver.answer(200);
    receiver.delay(Duration::ZERO);
    let server = Server::start(dir.path()).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let all = receiver.all();
        let ids: HashSet<String> = all.iter().map(|r| r.id()).collect();
        if ids.len() >= 305 {
            assert_in_order(&all, 5, 60);
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{} came, {before} before the restart", ids.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.sent(S, 305).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_makes_room_oldest_first() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup { options: notify::Options { max_pending: 20, ..options() }, ..Setup::default() };
    let server = Server::with(dir.path(), setup).await;
    let receiver = Receiver::start().await;
    receiver.answer(500);
    server.subscribe(S, &receiver.url(), "", "").await;
    server.create("urn:car:1", 0).await;
    for value in 1..=100 {
        server.set_speed("urn:car:1", value).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    receiver.answer(200);
    // One more may be under way besides those that wait.
    let mut values = Vec::new();
    for _ in 0..500 {
        values = by_entity(&receiver.all()).remove("urn:car:1").unwrap_or_default();
        if values.last() == Some(&100) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(values.last(), Some(&100));
    assert!((20..=21).contains(&values.len()) && values.windows(2).all(|w| w[0] + 1 == w[1]), "{values:?}");
    let dropped = 101 - values.len() as i64;
    server.becomes(S, |status| number(status, "timesDropped") == dropped).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_refuses_is_not_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    receiver.answer(400);
    server.subscribe(S, &receiver.url(), "", "").await;
    server.create("urn:car:1", 0).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    receiver.answer(200);
    server.set_speed("urn:car:1", 1).await;
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].value("speed"), 1);
    assert_eq!(number(&server.sent(S, 2).await, "timesFailed"), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_answer_as_they_should() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let body = |id: &str| {
        format!(
            r#"{{{id}"type":"Subscription","entities":[{{"type":"Car"}}],"notification":{{"endpoint":{{"uri":"http://127.0.0.1:1/"}}}}}}"#
        )
    };
    let one = format!("\"id\":\"{S}\",");
    server.post("/subscriptions", &body(&one), 201).await;
    server.post("/subscriptions", &body(&one), 409).await;
    server.post("/subscriptions", &body(""), 201).await;
    server.post("/subscriptions", "{}", 400).await;
    server.post("/subscriptions", "nonsense", 400).await;
    server.patch(&format!("/subscriptions/{S}"), r#"{"throttling":-1}"#, 400).await;
    server.patch("/subscriptions/urn:none:1", r#"{"throttling":1}"#, 404).await;
    server.patch("/subscriptions/none", r#"{"throttling":1}"#, 400).await;
    for (method, path, wanted) in [
        ("GET", "/ngsi-ld/v1/subscriptions/urn:none:1", 404),
        ("GET", "/ngsi-ld/v1/subscriptions/none", 400),
        ("DELETE", "/ngsi-ld/v1/subscriptions/urn:none:1", 404),
        ("GET", "/ngsi-ld/v1/subscriptions?limit=0", 400),
        ("PUT", "/ngsi-ld/v1/subscriptions", 405),
    ] {
        let (status, text) = server.call(method, path, &[], "").await;
        assert_eq!(status, wanted, "{method} {path}: {text}");
    }
    let Json::Array(all) = server.get("/subscriptions?count=true").await else { panic!() };
    assert_eq!(all.len(), 2);
    let Json::Array(page) = server.get("/subscriptions?limit=1&offset=1").await else { panic!() };
    assert_eq!(page[0], all[1]);
    let shown = server.get(&format!("/subscriptions/{S}?options=sysAttrs")).await;
    assert!(shown.get("createdAt").is_some() && shown.get("status").unwrap().as_str() == Some("active"), "{shown}");
    let ld = [("accept", "application/ld+json")];
    let (_, text) = server.call("GET", &format!("/ngsi-ld/v1/subscriptions/{S}"), &ld, "").await;
    assert!(text.contains("\"@context\":"), "{text}");
    server.stop().await;
}
