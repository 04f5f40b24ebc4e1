//! Throttling, periods, expiry: by a clock that the test moves.

use super::receiver::Receiver;
use super::server::{Server, Setup, number};
use belfry_runtime::notify;
use belfry_testkit::MockClock;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const S: &str = "urn:ngsi-ld:Subscription:1";
const SECOND: i64 = 1_000_000;
/// Commits of one instant are a microsecond apart.
const SLACK: i64 = 1000;

async fn server(dir: &Path, clock: &Arc<MockClock>) -> Server {
    Server::with(dir, Setup { clock: clock.clone(), ..Setup::default() }).await
}

/// Long enough for anything that is due to be sent.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttling_holds_back_and_sends_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let server_one = server(dir.path(), &clock).await;
    server_one.subscribe(S, &receiver.url(), r#","throttling":10"#, "").await;
    server_one.create("urn:car:1", 0).await;
    receiver.wait_for(1).await;
    for value in 1..=5 {
        clock.advance_micros(SECOND);
        server_one.set_speed("urn:car:1", value).await;
    }
    server_one.create("urn:car:2", 7).await;
    settle().await;
    assert_eq!(receiver.all().len(), 1);
    // What is held back survives a restart.
    server_one.stop().await;
    let server_two = server(dir.path(), &clock).await;
    settle().await;
    assert_eq!(receiver.all().len(), 1);
    clock.advance_micros(6 * SECOND);
    let got = receiver.wait_for(2).await;
    let mut shown: Vec<(String, i64)> = got[1]
        .entities()
        .iter()
        .map(|e| {
            (e.get("id").unwrap().to_string(), e.get("speed").unwrap().get("value").unwrap().as_f64().unwrap() as i64)
        })
        .collect();
    shown.sort();
    assert_eq!(shown, [("\"urn:car:1\"".to_owned(), 5), ("\"urn:car:2\"".to_owned(), 7)]);
    server_two.set_speed("urn:car:1", 8).await;
    settle().await;
    assert_eq!(receiver.all().len(), 2, "the pause begins anew");
    clock.advance_micros(10 * SECOND);
    assert_eq!(receiver.wait_for(3).await[2].value("speed"), 8);
    server_two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_notifications_show_what_was_at_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let (shows, plain) = (Receiver::start().await, Receiver::start().await);
    let server = server(dir.path(), &clock).await;
    let often = r#","throttling":10,"notificationTrigger":["entityCreated","attributeCreated","attributeUpdated","attributeDeleted"]"#;
    server.subscribe(S, &shows.url(), often, r#","showChanges":true"#).await;
    server.subscribe("urn:s:plain", &plain.url(), often, "").await;
    server.create("urn:car:1", 1).await;
    shows.wait_for(1).await;
    plain.wait_for(1).await;
    for value in 2..=4 {
        clock.advance_micros(SECOND);
        server.set_speed("urn:car:1", value).await;
    }
    server.post("/entities/urn:car:1/attrs", r#"{"doors":{"type":"Property","value":3}}"#, 204).await;
    server.patch("/entities/urn:car:1/attrs/doors", r#"{"value":5}"#, 204).await;
    let (status, _) = server.call("DELETE", "/ngsi-ld/v1/entities/urn:car:1/attrs/name", &[], "").await;
    assert_eq!(status, 204);
    settle().await;
    clock.advance_micros(10 * SECOND);
    let text = |r: &super::receiver::Received| {
        let one = &r.entities()[0];
        ["speed", "doors", "name"].map(|name| one.get(name).map(ToString::to_string).unwrap_or_default())
    };
    let got = shows.wait_for(2).await;
    let [speed, doors, name] = text(&got[1]);
    assert!(speed.contains(r#""value":4"#) && speed.contains(r#""previousValue":1"#), "{speed}");
    assert!(doors.contains(r#""value":5"#) && !doors.contains("previous"), "it is new since: {doors}");
    assert!(name.contains("urn:ngsi-ld:null") && name.contains(r#""previousValue":"x""#), "{name}");
    let got = plain.wait_for(2).await;
    let [speed, _, name] = text(&got[1]);
    assert!(!speed.contains("previous") && name == r#""urn:ngsi-ld:null""#, "{speed} {name}");
    // The next one begins from there.
    server.set_speed("urn:car:1", 9).await;
    settle().await;
    clock.advance_micros(10 * SECOND);
    let [speed, _, name] = text(&shows.wait_for(3).await[2]);
    assert!(speed.contains(r#""previousValue":4"#) && name.is_empty(), "{speed} {name}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn periods() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let server_one = server(dir.path(), &clock).await;
    server_one.create("urn:car:1", 1).await;
    server_one.create("urn:car:2", 20).await;
    server_one.subscribe(S, &receiver.url(), r#","timeInterval":60,"q":"speed>10""#, "").await;
    server_one.set_speed("urn:car:2", 21).await;
    settle().await;
    assert_eq!(receiver.all().len(), 0, "changes trigger nothing");
    clock.advance_micros(61 * SECOND);
    let got = receiver.wait_for(1).await;
    assert_eq!((got[0].entities().len(), got[0].value("speed")), (1, 21));
    settle().await;
    server_one.stop().await;
    // Periods that passed meanwhile are not made up for, and the next one is due when it would have been.
    clock.advance_micros(180 * SECOND);
    let server_two = server(dir.path(), &clock).await;
    receiver.wait_for(2).await;
    settle().await;
    assert_eq!(receiver.all().len(), 2);
    clock.advance_micros(59 * SECOND);
    receiver.wait_for(3).await;
    server_two.set_speed("urn:car:2", 3).await;
    clock.advance_micros(60 * SECOND);
    settle().await;
    assert_eq!(receiver.all().len(), 3, "nothing matches, nothing is sent");
    server_two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expiry() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let server = server(dir.path(), &clock).await;
    server.subscribe(S, &receiver.url(), r#","expiresAt":"2026-01-01T00:01:00Z""#, "").await;
    server.create("urn:car:1", 1).await;
    receiver.wait_for(1).await;
    clock.advance_micros(61 * SECOND);
    server.set_speed("urn:car:1", 2).await;
    settle().await;
    assert_eq!(receiver.all().len(), 1);
    assert_eq!(server.get(&format!("/subscriptions/{S}")).await.get("status").unwrap().as_str(), Some("expired"));
    server.patch(&format!("/subscriptions/{S}"), r#"{"expiresAt":"2026-01-02T00:00:00Z"}"#, 204).await;
    server.set_speed("urn:car:1", 3).await;
    assert_eq!(receiver.wait_for(2).await[1].value("speed"), 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn periods_do_not_pile_up() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let receiver = Receiver::start().await;
    let server = server(dir.path(), &clock).await;
    server.create("urn:car:1", 1).await;
    let every = |seconds: &str| format!(r#","timeInterval":{seconds}"#);
    let body = |seconds: &str| {
        format!(
            r#"{{"type":"Subscription","entities":[{{"type":"Car"}}],"timeInterval":{seconds},"notification":{{"endpoint":{{"uri":"{}"}}}}}}"#,
            receiver.url()
        )
    };
    for short in ["0.000001", "0.999"] {
        let (status, text) = server.call("POST", "/ngsi-ld/v1/subscriptions", &[], &body(short)).await;
        assert!(status == 400 && text.contains("timeInterval: it must be at least 1 s"), "{text}");
    }
    server.subscribe(S, &receiver.url(), &every("1"), "").await;
    server.patch(&format!("/subscriptions/{S}"), r#"{"timeInterval":0.5}"#, 400).await;
    receiver.delay(Duration::from_millis(1500));
    clock.advance_micros(SECOND + SLACK);
    receiver.asked(1).await;
    for dropped in 1..=3 {
        clock.advance_micros(SECOND + SLACK);
        server.becomes(S, |status| number(status, "timesDropped") == dropped).await;
    }
    receiver.delay(Duration::ZERO);
    let status = server.sent(S, 1).await;
    assert_eq!((number(&status, "timesSent"), number(&status, "timesDropped")), (1, 3), "{status}");
    clock.advance_micros(SECOND + SLACK);
    let status = server.sent(S, 2).await;
    assert_eq!((receiver.all().len(), number(&status, "timesDropped")), (2, 3), "{status}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_period_says_that_it_left_entities_out() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MockClock::default());
    let (few, light) = (Receiver::start().await, Receiver::start().await);
    let options = notify::Options { entities_per_period: 3, max_bytes_each: 100_000, ..super::server::options() };
    let server = Server::with(dir.path(), Setup { clock: clock.clone(), options, ..Setup::default() }).await;
    for n in 0..5 {
        server.create(&format!("urn:car:{n}"), n).await;
    }
    let note = format!(r#"{{"note":{{"type":"Property","value":"{}"}}}}"#, "x".repeat(60_000));
    for n in 0..2 {
        server.post(&format!("/entities/urn:car:{n}/attrs"), &note, 204).await;
    }
    server.subscribe("urn:s:few", &few.url(), r#","timeInterval":60,"q":"speed>=2""#, "").await;
    server.subscribe("urn:s:light", &light.url(), r#","timeInterval":60,"q":"speed<2""#, "").await;
    clock.advance_micros(60 * SECOND + SLACK);
    assert_eq!(few.wait_for(1).await[0].entities().len(), 3);
    assert_eq!(light.wait_for(1).await[0].entities().len(), 1, "two are too large together");
    assert_eq!(number(&server.sent("urn:s:few", 1).await, "timesCut"), 0);
    let status = server.becomes("urn:s:light", |status| number(status, "timesCut") == 1).await;
    assert_eq!(number(&status, "timesDropped"), 0, "{status}");
    server.create("urn:car:9", 9).await;
    clock.advance_micros(60 * SECOND + SLACK);
    server.becomes("urn:s:few", |status| number(status, "timesCut") == 1).await;
    assert_eq!(few.wait_for(2).await[1].entities().len(), 3);
    server.stop().await;
}
