//! Which changes each `notificationTrigger` stands for (ETSI GS CIM 009 table 5.2.12-1), and that writing a value that
//! is there already is no change (clause 5.8.6).

use super::receiver::{Received, Receiver};
use super::server::Server;
use std::time::Duration;

const CAR: &str = "/entities/urn:car:1";

/// `speed/extra`, or `deleted`.
fn shown(one: &Received) -> String {
    let entity = &one.entities()[0];
    if entity.get("deletedAt").is_some() {
        return "deleted".to_owned();
    }
    let extra = match entity.get("extra") {
        None => "-".to_owned(),
        Some(bare) if bare.as_str() == Some("urn:ngsi-ld:null") => "gone".to_owned(),
        Some(extra) => extra.get("value").unwrap().to_string(),
    };
    format!("{}/{extra}", entity.get("speed").unwrap().get("value").unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_trigger_has_its_changes() {
    const CREATED: &str = "1/-";
    const UPDATED: &str = "2/-";
    const APPENDED: &str = "2/1";
    const REMOVED: &str = "2/gone";
    const DELETED: &str = "deleted";
    let cases: &[(&str, &[&str])] = &[
        ("", &[CREATED, UPDATED, APPENDED]),
        (r#""entityCreated""#, &[CREATED]),
        (r#""entityUpdated""#, &[CREATED, UPDATED, APPENDED, REMOVED]),
        (r#""entityDeleted""#, &[DELETED]),
        (r#""attributeCreated""#, &[CREATED, APPENDED]),
        (r#""attributeUpdated""#, &[UPDATED]),
        (r#""attributeDeleted""#, &[REMOVED]),
        (r#""attributeDeleted","entityCreated""#, &[CREATED, REMOVED]),
    ];
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    for (n, (triggers, _)) in cases.iter().enumerate() {
        let member =
            if triggers.is_empty() { String::new() } else { format!(r#","notificationTrigger":[{triggers}]"#) };
        server.subscribe(&format!("urn:s:{n}"), &receiver.url(), &member, "").await;
    }
    server.create("urn:car:1", 1).await;
    server.set_speed("urn:car:1", 2).await;
    // The same value in every way there is to write it.
    let whole = r#"{"speed":{"type":"Property","value":2},"name":{"type":"Property","value":"x"}}"#;
    server.set_speed("urn:car:1", 2).await;
    server.patch(&format!("{CAR}/attrs"), r#"{"speed":{"type":"Property","value":2.0}}"#, 204).await;
    server.patch(CAR, r#"{"speed":{"type":"Property","value":2}}"#, 204).await;
    server.post(&format!("{CAR}/attrs"), whole, 204).await;
    for (method, path, body) in [
        ("PUT", CAR.to_owned(), format!(r#"{{"id":"urn:car:1","type":"Car",{}"#, &whole[1..])),
        ("PUT", format!("{CAR}/attrs/speed"), r#"{"type":"Property","value":2}"#.to_owned()),
    ] {
        let (status, text) = server.call(method, &format!("/ngsi-ld/v1{path}"), &[], &body).await;
        assert_eq!(status, 204, "{text}");
    }
    let same = format!(r#"[{{"id":"urn:car:1","type":"Car",{}]"#, &whole[1..]);
    server.post("/entityOperations/upsert", &same, 204).await;
    server.post(&format!("{CAR}/attrs"), r#"{"extra":{"type":"Property","value":1}}"#, 204).await;
    for path in ["/ngsi-ld/v1/entities/urn:car:1/attrs/extra", "/ngsi-ld/v1/entities/urn:car:1"] {
        let (status, text) = server.call("DELETE", path, &[], "").await;
        assert_eq!(status, 204, "{text}");
    }
    receiver.wait_for(cases.iter().map(|(_, expected)| expected.len()).sum()).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let all = receiver.all();
    for (n, (triggers, expected)) in cases.iter().enumerate() {
        let id = format!("urn:s:{n}");
        let own = all.iter().filter(|r| r.body.get("subscriptionId").unwrap().as_str() == Some(&id));
        assert_eq!(own.map(shown).collect::<Vec<_>>(), *expected, "{triggers}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_member_that_differs_is_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    server.create("urn:car:1", 1).await;
    server.subscribe("urn:s:1", &receiver.url(), r#","watchedAttributes":["speed"]"#, "").await;
    let speed = format!("{CAR}/attrs/speed");
    for (body, count) in [
        (r#"{"value":1,"unitCode":"KMH"}"#, 1),
        (r#"{"value":1,"unitCode":"KMH"}"#, 1),
        (r#"{"value":1,"observedAt":"2026-01-01T00:00:00Z"}"#, 2),
        (r#"{"value":1,"observedAt":"2026-01-01T00:00:00.000Z"}"#, 2),
        (r#"{"value":1,"accuracy":{"type":"Property","value":0.5}}"#, 3),
        (r#"{"accuracy":{"type":"Property","value":0.5}}"#, 3),
        (r#"{"accuracy":{"type":"Property","value":0.4}}"#, 4),
        (r#"{"value":{"a":1,"b":2}}"#, 5),
        (r#"{"value":{"b":2,"a":1}}"#, 5),
        (r#"{"value":{"b":2}}"#, 6),
    ] {
        server.patch(&speed, body, 204).await;
        receiver.wait_for(count).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.all().len(), 6);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_show_what_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receivers = [Receiver::start().await, Receiver::start().await, Receiver::start().await];
    let triggers = r#","notificationTrigger":["attributeDeleted","entityDeleted"]"#;
    for (n, notification) in ["", r#","sysAttrs":true"#, r#","showChanges":true"#].iter().enumerate() {
        server.subscribe(&format!("urn:s:{n}"), &receivers[n].url(), triggers, notification).await;
    }
    server.create("urn:car:1", 7).await;
    for path in ["/ngsi-ld/v1/entities/urn:car:1/attrs/speed", "/ngsi-ld/v1/entities/urn:car:1"] {
        assert_eq!(server.call("DELETE", path, &[], "").await.0, 204);
    }
    let keys = |json: &belfry_ngsi_ld::Json| match json {
        belfry_ngsi_ld::Json::Object(members) => members.iter().map(|(k, _)| k.to_string()).collect::<Vec<_>>(),
        other => vec![other.to_string()],
    };
    let mut found = Vec::new();
    for receiver in &receivers {
        let got = receiver.wait_for(2).await;
        found.push((keys(got[0].entities()[0].get("speed").unwrap()), keys(&got[1].entities()[0])));
    }
    let of = |attribute: &[&str], entity: &[&str]| {
        let own = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        (own(attribute), own(entity))
    };
    assert_eq!(found[0], of(&["\"urn:ngsi-ld:null\""], &["id", "type", "deletedAt"]));
    let times = ["createdAt", "modifiedAt", "deletedAt"];
    assert_eq!(
        found[1],
        of(&[&["type", "value"][..], &times].concat(), &["id", "type", "createdAt", "modifiedAt", "deletedAt"])
    );
    assert_eq!(found[2], of(&["type", "value", "previousValue"], &["id", "type", "deletedAt", "name"]));
    server.stop().await;
}
