//! What goes over the wire besides the entities: headers, contexts, MQTT messages.

use super::receiver::Receiver;
use super::server::{Server, Setup};
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::subscription::Subscription;
use belfry_ports::{BoxFuture, ChangeSet, Collection, DocumentChange};
use belfry_runtime::notify::{Message, Publish};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const S: &str = "urn:ngsi-ld:Subscription:1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contexts_and_headers() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let receiver = Receiver::start().await;
    let body = format!(
        r#"{{"@context":{{"Car":"https://example.org/Car","speed":"https://example.org/speed"}},
        "id":"{S}","type":"Subscription","entities":[{{"type":"Car"}}],"watchedAttributes":["speed"],
        "notification":{{"attributes":["speed"],"endpoint":{{"uri":"{}","receiverInfo":[{{"key":"X-Town","value":"a b"}}]}}}}}}"#,
        receiver.url()
    );
    let ld = [("content-type", "application/ld+json")];
    let (status, text) = server.call("POST", "/ngsi-ld/v1/subscriptions", &ld, &body).await;
    assert_eq!(status, 201, "{text}");
    server.post("/entities", r#"{"id":"urn:car:1","type":"https://example.org/Car","https://example.org/speed":{"type":"Property","value":4}}"#, 201).await;
    let got = receiver.wait_for(1).await;
    assert_eq!(
        got[0].entities()[0].to_string(),
        r#"{"id":"urn:car:1","type":"Car","speed":{"type":"Property","value":4}}"#
    );
    assert_eq!(got[0].headers["x-town"], "a b");
    let link = got[0].headers["link"].to_str().unwrap().to_owned();
    let url = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert!(url.starts_with(&format!("http://{}/ngsi-ld/v1/jsonldContexts/", server.address)), "{link}");
    let own = server.get(&format!("/subscriptions/{S}")).await;
    assert_eq!(own.get("watchedAttributes").unwrap().to_string(), r#"["https://example.org/speed"]"#);
    assert_eq!(own.get("jsonldContext").unwrap().as_str(), Some(url.as_str()));
    server.stop().await;
}

#[derive(Default)]
struct Broker(Mutex<Vec<Message>>);

impl Publish for Broker {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), String>> {
        self.0.lock().push(message);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_for_mqtt() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Arc::new(Broker::default());
    let server = Server::with(dir.path(), Setup { publish: Some(broker.clone()), ..Setup::default() }).await;
    let body = format!(
        r#"{{"id":"{S}","type":"Subscription","entities":[{{"type":"Car"}}],"notification":{{"endpoint":{{
        "uri":"mqtt://u:p@host:1884/town/cars","notifierInfo":[{{"key":"MQTT-QoS","value":"1"}},{{"key":"MQTT-Version","value":"mqtt3.1.1"}}],
        "receiverInfo":[{{"key":"X-Town","value":"a"}}]}}}}}}"#
    );
    server.post("/subscriptions", &body, 201).await;
    server.create("urn:car:1", 3).await;
    let mut tries = 0;
    while broker.0.lock().is_empty() {
        tries += 1;
        assert!(tries < 200, "no message came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let message = broker.0.lock()[0].clone();
    assert_eq!((&*message.url, message.qos, message.v5), ("mqtt://u:p@host:1884/town/cars", 1, false));
    let json = Json::parse(&message.payload, 32).unwrap();
    let metadata = json.get("metadata").unwrap();
    assert_eq!(metadata.get("Content-Type").unwrap().as_str(), Some("application/json"));
    assert!(metadata.get("Link").is_some() && metadata.get("X-Town").is_some());
    assert_eq!(json.get("body").unwrap().get("type").unwrap().as_str(), Some("Notification"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_may_not_be_called_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    // Kept under another policy: by name it would be refused at once.
    let body = format!(
        r#"{{"id":"{S}","type":"Subscription","entities":[{{"type":"https://uri.etsi.org/ngsi-ld/default-context/Car"}}],
        "notification":{{"endpoint":{{"uri":"http://169.254.169.254/latest"}}}}}}"#
    );
    let kept = Subscription::read(Json::parse(body.as_bytes(), 16).unwrap(), Some(Time::from_micros(1))).unwrap();
    let (key, bytes) = (S.into(), Some(kept.encode().into()));
    let document = DocumentChange { collection: Collection::Subscription, key, bytes };
    let set = ChangeSet { documents: vec![document], ..ChangeSet::default() };
    server.store.write(Box::new(move |_, _| Ok(set))).await.unwrap();
    server.create("urn:car:1", 1).await;
    let status = server.becomes(S, |status| status.get("lastFailureReason").is_some()).await;
    assert!(status.get("lastFailureReason").unwrap().as_str().unwrap().contains("metadata"), "{status}");
    server.stop().await;
}

/// Reads one request with its body; none when the other side closed.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        if stream.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok())?;
            if text.len() == end + 4 + length {
                return Some(text.split_off(end + 4));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_answer_and_close_as_they_like() {
    /// The answer, and whether the connection is closed after it.
    const ANSWERS: [(&str, bool); 6] = [
        ("HTTP/1.1 204 No Content\r\n\r\n", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", true),
    ];
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/n?a=b", listener.local_addr().unwrap());
    let taken = Arc::new(Mutex::new(Vec::new()));
    let keeping = taken.clone();
    let receiving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let taken = keeping.clone();
            tokio::spawn(async move {
                while let Some(body) = read_request(&mut stream).await {
                    let (answer, closes) = {
                        let mut taken = taken.lock();
                        taken.push(Json::parse(&body, 32).unwrap());
                        ANSWERS[taken.len() % ANSWERS.len()]
                    };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if closes {
                        return;
                    }
                }
            });
        }
    });
    server.subscribe(S, &url, "", "").await;
    for n in 0..60 {
        server.create(&format!("urn:car:{n}"), n).await;
        let status = server.sent(S, n + 1).await;
        assert!(status.get("timesFailed").is_none(), "{n}: {status}");
    }
    assert_eq!(taken.lock().len(), 60);
    receiving.abort();
    server.stop().await;
}
