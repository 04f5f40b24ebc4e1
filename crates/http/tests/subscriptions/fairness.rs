//! Slow endpoints take from no other what it needs to be notified.

use super::receiver::Receiver;
use super::server::Server;
use std::time::{Duration, Instant};

async fn subscribe(server: &Server, id: &str, url: &str) {
    let body = format!(
        r#"{{"id":"{id}","type":"Subscription","entities":[{{"type":"Car"}}],
        "notification":{{"endpoint":{{"uri":"{url}","timeout":600000}}}}}}"#
    );
    server.post("/subscriptions", &body, 201).await;
}

/// Sets the speeds of all cars and gives the time until a receiver has got so many notifications.
async fn until(server: &Server, receiver: &Receiver, speed: i64, count: usize) -> Duration {
    let start = Instant::now();
    for car in 0..30 {
        server.set_speed(&format!("urn:car:{car}"), speed).await;
    }
    receiver.wait_for(count).await;
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_endpoints_do_not_hold_up_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).await;
    let (slow, early, late) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    slow.delay(Duration::from_secs(60));
    for car in 0..30 {
        server.create(&format!("urn:car:{car}"), 0).await;
    }
    subscribe(&server, "urn:s:early", &early.url()).await;
    until(&server, &early, 1, 30).await;
    for n in 0..40 {
        subscribe(&server, &format!("urn:s:slow:{n}"), &slow.url()).await;
    }
    until(&server, &early, 2, 60).await;
    // All that wants to be under way is.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let took = until(&server, &early, 3, 90).await;
    assert!(took < Duration::from_secs(10), "a known one: {took:?}");
    subscribe(&server, "urn:s:late", &late.url()).await;
    let took = until(&server, &late, 4, 30).await;
    assert!(took < Duration::from_secs(10), "a new one: {took:?}");
    // More than may be under way without having been called before.
    for n in 40..120 {
        subscribe(&server, &format!("urn:s:slow:{n}"), &slow.url()).await;
    }
    until(&server, &late, 5, 60).await;
    let took = until(&server, &late, 6, 90).await;
    assert!(took < Duration::from_secs(10), "a known one beside many: {took:?}");
    assert_eq!(slow.all().len(), 0);
    // What is under way there ends with it.
    drop(slow);
    server.stop().await;
}
