//! Backups of a running server: waited for, or heard of later.

use crate::server::Server;
use belfry_ngsi_ld::Json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn how_a_backup_went_is_told_whoever_waits_for_it() {
    let server = Server::start().await;
    let dir = tempfile::tempdir().unwrap();
    server.app.backups.set(dir.path().to_owned()).unwrap();
    server.post("/entities", r#"{"id":"urn:a:1","type":"T"}"#).await.expect(201);
    assert_eq!(server.get("!/backups").await.expect(200).text(), "[]");
    let waited = server.post("!/backups", r#"{"name":"monday"}"#).await.expect(201);
    assert_eq!((waited.member("state"), waited.member("seq")), (Json::from("done"), Json::Int(1)));

    server.post("/entities", r#"{"id":"urn:a:2","type":"T"}"#).await.expect(201);
    let later = [("prefer", "wait=5, respond-async")];
    let reply = server.call("POST", "!/backups", &later, r#"{"name":"tuesday"}"#).await.expect(202);
    assert_eq!((reply.header("location"), reply.member("name")), ("/backups", Json::from("tuesday")));
    let went = async |at: usize| {
        for _ in 0..600 {
            let all = server.get("!/backups").await.expect(200);
            if !matches!(all.member(&format!("{at}.state")), Json::Null)
                && all.member(&format!("{at}.state")) != Json::from("underWay")
            {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never ends")
    };
    let all = went(1).await;
    assert_eq!((all.member("1.state"), all.member("1.seq")), (Json::from("done"), Json::Int(2)), "{}", all.text());
    // The directory is taken.
    server.post("!/backups", r#"{"name":"tuesday"}"#).await.expect(400);
    let all = went(2).await;
    assert_eq!(all.member("2.state"), Json::from("failed"));
    assert!(all.member("2.reason").as_str().unwrap().contains("not empty"), "{}", all.text());
}
