//! The publisher's pool: what one owner does with its brokers leaves room for others.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use belfry_connect_mqtt::codec::{QoS, Version};
use belfry_connect_mqtt::{Dial, Endpoint, PublishError, Publisher, PublisherConfig, Stream, TcpDial};
use futures_util::future::BoxFuture;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use support::{MemorySink, config, listen, rng};

/// Hosts of one name are never there and never refuse; the others are.
struct SomeDead;

impl Dial for SomeDead {
    fn dial<'a>(&'a self, host: &'a str, port: u16, tls: bool) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        match host {
            "dead" => Box::pin(std::future::pending()),
            _ => TcpDial.dial(host, port, tls),
        }
    }
}

async fn say(publisher: &Publisher, endpoint: &Endpoint) -> Result<(), PublishError> {
    publisher.publish(endpoint, Version::V5, "elsewhere/x", "1", QoS::AtLeastOnce, &[]).await
}

/// Connected to and answered, whatever the broker says about the message.
fn answered(result: &Result<(), PublishError>) -> bool {
    matches!(result, Ok(()) | Err(PublishError::Refused(_)))
}

#[tokio::test]
async fn dead_brokers_of_one_owner_leave_room_for_others() {
    let listener = listen(config(), MemorySink::new()).await;
    let publisher =
        Publisher::new(PublisherConfig { max_brokers: 8, ..PublisherConfig::default() }, Arc::new(SomeDead), rng());
    let dead = publisher.owned_by("dead");
    for port in 1..=20 {
        let (dead, endpoint) = (dead.clone(), Endpoint::parse(&format!("mqtt://dead:{port}")).unwrap());
        tokio::spawn(async move { say(&dead, &endpoint).await });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let endpoint = Endpoint::parse(&format!("mqtt://{}", listener.local_addr())).unwrap();
    for owner in ["", "waterworks"] {
        let result = say(&publisher.owned_by(owner), &endpoint).await;
        assert!(answered(&result), "{owner}: {result:?}");
    }
    let one_more = say(&dead, &Endpoint::parse("mqtt://dead:99").unwrap()).await;
    assert_eq!(one_more, Err(PublishError::Busy), "it has as much as it may");
    listener.shutdown().await;
}

#[tokio::test]
async fn a_connection_that_is_not_used_makes_room() {
    let listener = listen(config(), MemorySink::new()).await;
    let publisher =
        Publisher::new(PublisherConfig { max_brokers: 4, ..PublisherConfig::default() }, Arc::new(TcpDial), rng());
    for round in 0..2 {
        for n in 0..12 {
            // Each login is a connection of its own.
            let url = format!("mqtt://farm:{round}{n}@{}", listener.local_addr());
            let result = say(&publisher, &Endpoint::parse(&url).unwrap()).await;
            assert!(answered(&result), "{url}: {result:?}");
        }
    }
    listener.shutdown().await;
}
