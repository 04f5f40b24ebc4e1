//! The event stream: what a page sees while the town changes.

use crate::server::Server;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;

struct Events {
    body: Incoming,
    text: String,
    _sender: hyper::client::conn::http1::SendRequest<Full<bytes::Bytes>>,
}

impl Events {
    async fn open(server: &Server, last: Option<&str>) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::get("/events").header("host", "localhost");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new(), _sender: sender }
    }

    /// The next event that is no comment, or none when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n").map(|(e, r)| (e.to_owned(), r.to_owned())) {
                self.text = rest;
                if !event.starts_with(':') {
                    return Some(event);
                }
                continue;
            }
            let frame =
                tokio::time::timeout(Duration::from_secs(10), self.body.frame()).await.expect("an event in time")?;
            let data = frame.ok()?.into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_then_what_changes_and_again_after_a_break() {
    let server = Server::start().await;
    let mut events = Events::open(&server, None).await;
    let hello = events.next().await.unwrap();
    assert!(hello.starts_with("event: hello\ndata: {\"seq\":0,\"now\":\"20"), "{hello}");
    server.post("/entities", r#"{"id":"urn:a:1","type":"T","p":1}"#).await.expect(201);
    let entity = events.next().await.unwrap();
    assert!(entity.starts_with("event: entity\nid: 1\ndata: {\"seq\":1,\"at\":\"20"), "{entity}");
    assert!(entity.contains(r#""entity":{"id":"urn:a:1","type":"T","createdAt":""#), "{entity}");
    server.call("DELETE", "/entities/urn:a:1", &[], "").await.expect(204);
    let gone = events.next().await.unwrap();
    assert!(gone.starts_with("event: gone\nid: 2\n") && gone.ends_with("\"id\":\"urn:a:1\"}"), "{gone}");
    drop(events);

    server
        .post("/entityOperations/create", r#"[{"id":"urn:a:2","type":"T"},{"id":"urn:a:3","type":"T"}]"#)
        .await
        .expect(201);
    let mut events = Events::open(&server, Some("2")).await;
    assert!(events.next().await.unwrap().starts_with("event: hello\ndata: {\"seq\":2,"));
    // Only the last event of a commit can be resumed from.
    assert!(events.next().await.unwrap().starts_with("event: entity\ndata: {\"seq\":3,"));
    assert!(events.next().await.unwrap().starts_with("event: entity\nid: 3\ndata: {\"seq\":3,"));

    for unknown in ["99", "x", "-1"] {
        let mut events = Events::open(&server, Some(unknown)).await;
        assert!(events.next().await.unwrap().starts_with("event: hello\n"));
        assert!(events.next().await.unwrap().starts_with("event: reset\nid: 3\ndata: {\"seq\":3}"), "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_when_the_server_stops() {
    let server = Server::start().await;
    let mut events = Events::open(&server, None).await;
    events.next().await.unwrap();
    drop(server);
    assert_eq!(events.next().await, None);
}
