//! Endpoints that would never be called are refused when they are named.

use super::server::Server;

const LD: [(&str, &str); 1] = [("content-type", "application/json")];

fn body(id: &str, uri: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"Subscription","entities":[{{"type":"T"}}],"notification":{{"endpoint":{{"uri":"{uri}"}}}}}}"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_at_creation_and_when_changed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let path = "/ngsi-ld/v1/subscriptions";
    for (uri, text) in [
        ("http://me:secret@127.0.0.1:9/x", "not an absolute http"),
        ("http://10.0.0.1/x", "private"),
        ("https://169.254.169.254/latest", "metadata"),
        ("mqtt://10.0.0.1/topic", "private"),
        ("mqtts://[fe80::1]:8883/topic", "private"),
    ] {
        let (status, answer) = server.call("POST", path, &LD, &body("urn:s:bad", uri)).await;
        assert!(
            status == 400 && answer.contains(text) && answer.contains("BadRequestData"),
            "{uri}: {status} {answer}"
        );
    }
    for (id, uri) in [("urn:s:1", "http://127.0.0.1:9/x"), ("urn:s:2", "mqtt://me:secret@127.0.0.1:9/topic")] {
        let (status, answer) = server.call("POST", path, &LD, &body(id, uri)).await;
        assert_eq!(status, 201, "{answer}");
    }
    let change = r#"{"notification":{"endpoint":{"uri":"http://10.0.0.1/x"}}}"#;
    let (status, answer) = server.call("PATCH", &format!("{path}/urn:s:1"), &LD, change).await;
    assert!(status == 400 && answer.contains("private"), "{status} {answer}");
    let (status, _) = server.call("PATCH", &format!("{path}/urn:s:1"), &LD, r#"{"description":"x"}"#).await;
    assert_eq!(status, 204);
    server.stop().await;
}
