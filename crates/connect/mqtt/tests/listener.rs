//! The listener with raw sockets: when it acknowledges, what it repeats, whom it lets in, whom it throws out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use belfry_connect_mqtt::codec::QoS;
use belfry_connect_mqtt::{Access, Authenticator, Credentials, Grant, ListenerConfig, PipelineLimits, Refusal};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{MemorySink, Raw, config, connect5, connect311, listen, listen_behind, login311, publish, subscribe311};

#[tokio::test]
async fn acknowledged_after_the_commit_and_not_before() {
    let sink = MemorySink::new();
    let listener = listen(config(), sink.clone()).await;
    let mut raw = Raw::connected(listener.local_addr(), &connect311("d", true, 60)).await;
    sink.gate.send_replace(false);
    raw.send(
        &[publish(2, "n/a", 1, "1"), publish(4, "n/a", 2, "2"), publish(0, "n/a", 0, "3"), vec![0xc0, 0]].concat(),
    )
    .await;
    // The ping is answered, the publishes are not.
    assert_eq!(raw.packet().await, Some(vec![0xd0, 0]));
    assert!(raw.silent().await);
    sink.gate.send_replace(true);
    assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, 1]));
    assert_eq!(raw.packet().await, Some(vec![0x50, 2, 0, 2]));
    // QoS 2: the same identifier before PUBREL is the same message, after it another one.
    raw.send(&publish(0x0c, "n/a", 2, "2")).await;
    assert_eq!(raw.packet().await, Some(vec![0x50, 2, 0, 2]));
    raw.send(&[0x62, 2, 0, 2]).await;
    assert_eq!(raw.packet().await, Some(vec![0x70, 2, 0, 2]));
    raw.send(&publish(4, "n/a", 2, "4")).await;
    assert_eq!(raw.packet().await, Some(vec![0x50, 2, 0, 2]));
    assert_eq!(sink.numbers(), [1.0, 2.0, 3.0, 4.0]);
    // Nothing maps this topic; it is acknowledged all the same, and so is what the platform refuses.
    raw.send(&[publish(2, "other", 5, "x"), publish(2, "bad/a", 6, "1"), publish(2, "j/a", 7, "{oops")].concat()).await;
    for id in [5, 6, 7] {
        assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, id]));
    }
    let handle = listener.handle();
    let c = handle.counters();
    let counted =
        [c.unmapped.total(), c.refused.load(Ordering::SeqCst), c.failed.total(), c.stored.load(Ordering::SeqCst)];
    assert_eq!(counted, [1, 1, 1, 4]);
    listener.shutdown().await;
}

#[tokio::test]
async fn refusals_have_reasons_in_version_5() {
    let listener = listen(config(), MemorySink::new()).await;
    let mut raw = Raw::connected(listener.local_addr(), &connect5("d", &[])).await;
    let p5 = |topic: &str, payload: &str| {
        let mut p = vec![0x32, (5 + topic.len() + payload.len()) as u8, 0, topic.len() as u8];
        p.extend(topic.as_bytes());
        p.extend([0, 9, 0]);
        p.extend(payload.as_bytes());
        p
    };
    for (topic, payload, answer) in [
        ("n/a", "1", vec![0x40, 2, 0, 9]),
        ("bad/a", "1", vec![0x40, 3, 0, 9, 0x87]),
        ("j/a", "{oops", vec![0x40, 3, 0, 9, 0x99]),
        ("$SYS/x", "1", vec![0x40, 3, 0, 9, 0x87]),
    ] {
        raw.send(&p5(topic, payload)).await;
        assert_eq!(raw.packet().await, Some(answer), "{topic}");
    }
    listener.shutdown().await;
}

#[tokio::test]
async fn a_failed_commit_closes_the_connection_and_the_repetition_is_stored_once() {
    let sink = MemorySink::new();
    let listener = listen(config(), sink.clone()).await;
    let mut raw = Raw::connected(listener.local_addr(), &connect311("d", false, 60)).await;
    sink.failing.store(true, Ordering::SeqCst);
    raw.send(&publish(2, "n/a", 1, "1")).await;
    assert_eq!(raw.packet().await, None);
    sink.failing.store(false, Ordering::SeqCst);
    // The client comes back and repeats; its connection breaks before it reads the acknowledgement; it repeats again.
    for _ in 0..3 {
        let mut raw = Raw::connected(listener.local_addr(), &connect311("d", false, 60)).await;
        raw.send(&[publish(0x0a, "n/a", 1, "1"), publish(0x0c, "n/a", 2, "2")].concat()).await;
        // A PUBREC that is known needs not wait for the PUBACK before it: order holds within each kind.
        let mut answers = [raw.packet().await, raw.packet().await];
        answers.sort();
        assert_eq!(answers, [Some(vec![0x40, 2, 0, 1]), Some(vec![0x50, 2, 0, 2])]);
    }
    assert_eq!(sink.numbers(), [1.0, 2.0]);
    // The same over a restart of the listener, by the window of the sink.
    listener.shutdown().await;
    let listener = listen(config(), sink.clone()).await;
    let mut raw = Raw::connected(listener.local_addr(), &connect311("d", false, 60)).await;
    raw.send(&[publish(0x0a, "n/a", 1, "1"), publish(2, "n/a", 3, "1")].concat()).await;
    assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, 1]));
    assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, 3]));
    assert_eq!(sink.numbers(), [1.0, 2.0, 1.0]);
    listener.shutdown().await;
}

#[tokio::test]
async fn a_sensor_that_says_the_same_twice_says_it_twice() {
    let sink = MemorySink::new();
    let listener = listen(config(), sink.clone()).await;
    // It wakes up, says its value under identifier 1 and leaves; the last time it repeats what never arrived.
    for flags in [2, 2, 0x0a] {
        let mut raw = Raw::connected(listener.local_addr(), &connect311("sleeper", false, 60)).await;
        raw.send(&publish(flags, "n/a", 1, "21.5")).await;
        assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, 1]));
        raw.send(&[0xe0, 0]).await;
        assert_eq!(raw.packet().await, None);
    }
    assert_eq!(sink.numbers(), [21.5; 3]);
    listener.shutdown().await;
}

#[tokio::test]
async fn a_session_ends_with_its_expiry() {
    let listener = listen(config(), MemorySink::new()).await;
    // 5.0, not clean, and a session that outlives its connection by one second.
    let mut connect = connect5("d", &[0x11, 0, 0, 0, 1]);
    connect[9] = 0;
    for (pause, present) in [(0, 0), (200, 1), (1300, 0)] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let mut raw = Raw::open(listener.local_addr()).await;
        raw.send(&connect).await;
        assert_eq!(raw.packet().await.map(|p| p[2]), Some(present), "after {pause} ms");
        raw.send(&[0xe0, 0]).await;
        assert_eq!(raw.packet().await, None);
    }
    listener.shutdown().await;
}

#[tokio::test]
async fn a_full_pipeline_stops_the_reading() {
    let small = PipelineLimits { batch_messages: 8, batches: 2, ..PipelineLimits::default() };
    // Two batches of this connection; or one, when all connections together have too much under way.
    for (pipeline, most) in [(small, 16), (PipelineLimits { total_bytes: 1, ..small }, 8)] {
        let sink = MemorySink::new();
        let listener = listen(ListenerConfig { pipeline, ..config() }, sink.clone()).await;
        sink.gate.send_replace(false);
        let mut raw = Raw::connected(listener.local_addr(), &connect311("d", true, 60)).await;
        let many: Vec<u8> = (1..=500_u16).flat_map(|i| publish(2, "n/a", i, &i.to_string())).collect();
        raw.send(&many).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let held = listener.handle().counters().received.load(Ordering::SeqCst);
        assert!(held <= most, "{held} taken in while nothing is committed");
        sink.gate.send_replace(true);
        for i in 1..=500_u16 {
            let [high, low] = i.to_be_bytes();
            assert_eq!(raw.packet().await, Some(vec![0x40, 2, high, low]));
        }
        assert_eq!(sink.numbers(), (1..=500).map(f64::from).collect::<Vec<_>>());
        assert!(sink.largest.load(Ordering::SeqCst) <= 8);
        listener.shutdown().await;
    }
}

#[tokio::test]
async fn more_than_the_receive_maximum_is_a_protocol_error() {
    let sink = MemorySink::new();
    let listener = listen(ListenerConfig { receive_maximum: 3, ..config() }, sink.clone()).await;
    sink.gate.send_replace(false);
    let mut raw = Raw::connected(listener.local_addr(), &connect5("d", &[])).await;
    for id in 1..=4 {
        raw.send(&[0x32, 9, 0, 3, b'n', b'/', b'a', 0, id, 0, b'1']).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    sink.gate.send_replace(true);
    // What was taken before is committed and acknowledged; then comes the reason.
    let mut last = Vec::new();
    while let Some(p) = raw.packet().await {
        last = p;
    }
    assert_eq!(last, [0xe0, 1, 0x93]);
    listener.shutdown().await;
}

#[tokio::test]
async fn who_may_come_in() {
    let listener = listen(ListenerConfig { max_connections: 2, ..config() }, MemorySink::new()).await;
    let address = listener.local_addr();
    for (user, password, code) in [("dev", "secret", 0), ("dev", "wrong", 4), ("nobody", "", 4), ("banned", "", 5)] {
        let mut raw = Raw::open(address).await;
        raw.send(&login311("x", user, password)).await;
        assert_eq!(raw.packet().await, Some(vec![0x20, 2, 0, code]), "{user}");
        // One at a time, so that the limit of connections is not what answers.
        drop(raw);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut guest = Raw::connected(address, &login311("g", "guest", "")).await;
    guest.send(&[0x82, 6, 0, 1, 0, 1, b'#', 0]).await;
    assert_eq!(guest.packet().await, Some(vec![0x90, 3, 0, 1, 0x80]));
    // A session belongs to its principal.
    let mut thief = Raw::open(address).await;
    thief.send(&login311("g", "dev", "secret")).await;
    assert_eq!(thief.packet().await, Some(vec![0x20, 2, 0, 5]));
    drop(thief);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let _second = Raw::connected(address, &connect311("s", true, 60)).await;
    let mut third = Raw::open(address).await;
    assert_eq!(third.packet().await, None);
    listener.shutdown().await;
}

#[tokio::test]
async fn sessions_are_taken_over_and_kept() {
    let listener = listen(config(), MemorySink::new()).await;
    let address = listener.local_addr();
    let handle = listener.handle();
    let mut first = Raw::connected(address, &connect311("d", false, 60)).await;
    first.send(&[0x82, 8, 0, 1, 0, 3, b'c', b'/', b'+', 1]).await;
    assert_eq!(first.packet().await, Some(vec![0x90, 3, 0, 1, 1]));
    assert_eq!(handle.publish("c/x", "one", QoS::AtLeastOnce, false), Ok(1));
    assert_eq!(first.packet().await, Some([&[0x32, 10, 0, 3][..], b"c/x", &[0, 1], b"one"].concat()));
    // Not acknowledged. Another connection takes the session: it gets the message again, marked.
    let mut second = Raw::open(address).await;
    second.send(&connect311("d", false, 60)).await;
    assert_eq!(second.packet().await, Some(vec![0x20, 2, 1, 0]));
    assert_eq!(first.packet().await, None);
    assert_eq!(second.packet().await, Some([&[0x3a, 10, 0, 3][..], b"c/x", &[0, 1], b"one"].concat()));
    second.send(&[0x40, 2, 0, 1, 0xe0, 0]).await;
    assert_eq!(second.packet().await, None);
    // While nobody is there, QoS 1 waits and QoS 0 does not.
    assert_eq!(handle.publish("c/x", "lost", QoS::AtMostOnce, false), Ok(0));
    assert_eq!(handle.publish("c/x", "two", QoS::AtLeastOnce, false), Ok(1));
    let mut third = Raw::open(address).await;
    third.send(&connect311("d", false, 60)).await;
    assert_eq!(third.packet().await, Some(vec![0x20, 2, 1, 0]));
    assert_eq!(third.packet().await, Some([&[0x32, 10, 0, 3][..], b"c/x", &[0, 2], b"two"].concat()));
    // A clean session gives all of it up.
    let mut clean = Raw::open(address).await;
    clean.send(&connect311("d", true, 60)).await;
    assert_eq!(clean.packet().await, Some(vec![0x20, 2, 0, 0]));
    assert!(clean.silent().await);
    assert_eq!(handle.publish("c/x", "three", QoS::AtLeastOnce, false), Ok(0));
    listener.shutdown().await;
}

#[tokio::test]
async fn silence_beyond_the_keep_alive_ends_the_connection_and_publishes_the_will() {
    let sink = MemorySink::new();
    let listener = listen(config(), sink.clone()).await;
    let mut connect = connect311("d", true, 1);
    connect[9] |= 0x04;
    connect.extend([0, 3, b'n', b'/', b'w', 0, 2, b'9', b'9']);
    connect[1] = (connect.len() - 2) as u8;
    let mut quiet = Raw::connected(listener.local_addr(), &connect).await;
    let start = std::time::Instant::now();
    assert_eq!(quiet.packet().await, None);
    assert!((1.3..3.0).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    sink.wait_for(1).await;
    // After a goodbye there is no will.
    connect[14] = b'e';
    let mut polite = Raw::connected(listener.local_addr(), &connect).await;
    polite.send(&[0xe0, 0]).await;
    assert_eq!(polite.packet().await, None);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(sink.numbers(), [99.0]);
    listener.shutdown().await;
}

#[tokio::test]
async fn a_slow_subscriber_harms_nobody() {
    let small = ListenerConfig { queue_messages: 50, write_timeout: Duration::from_millis(500), ..config() };
    let listener = listen(small, MemorySink::new()).await;
    let (address, handle) = (listener.local_addr(), listener.handle());
    let subscribe = |qos: u8| vec![0x82, 6, 0, 1, 0, 1, b'#', qos];
    let mut slow = Raw::connected(address, &connect311("slow", true, 60)).await;
    slow.send(&subscribe(0)).await;
    slow.packet().await;
    let mut keen = Raw::connected(address, &connect311("keen", true, 60)).await;
    keen.send(&subscribe(0)).await;
    keen.packet().await;
    // The slow one does not read: its socket fills, its queue fills, then messages are dropped and it is thrown out. The
    // keen one gets them all.
    let payload = vec![b'x'; 60_000];
    for i in 0..1000 {
        handle.publish("t", payload.clone(), QoS::AtMostOnce, false).unwrap();
        assert!(keen.packet().await.is_some(), "{i}");
    }
    assert!(handle.counters().dropped.load(Ordering::SeqCst) > 0);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(handle.connected(), 1);
    // At QoS 1 a client that never acknowledges is disconnected when its queue is full.
    let mut deaf = Raw::connected(address, &connect5("deaf", &[])).await;
    deaf.send(&[0x82, 7, 0, 1, 0, 0, 1, b'#', 1]).await;
    deaf.packet().await;
    for _ in 0..200 {
        handle.publish("t", "x", QoS::AtLeastOnce, false).unwrap();
    }
    let mut last = Vec::new();
    while let Some(p) = deaf.packet().await {
        last = p;
    }
    assert_eq!(last, [0xe0, 1, 0x97]);
    listener.shutdown().await;
}

#[tokio::test]
async fn retained_messages_are_kept_within_their_limit() {
    let listener = listen(ListenerConfig { retained_messages: 2, ..config() }, MemorySink::new()).await;
    let handle = listener.handle();
    for (topic, payload) in [("r/1", "a"), ("r/2", "b"), ("r/3", "c"), ("r/1", "A"), ("r/2", "")] {
        handle.publish(topic, payload, QoS::AtMostOnce, true).unwrap();
    }
    let mut raw = Raw::connected(listener.local_addr(), &connect311("d", true, 60)).await;
    raw.send(&[0x82, 8, 0, 1, 0, 3, b'r', b'/', b'#', 0]).await;
    assert_eq!(raw.packet().await, Some(vec![0x90, 3, 0, 1, 0]));
    assert_eq!(raw.packet().await, Some([&[0x31, 6, 0, 3][..], b"r/1", b"A"].concat()));
    assert!(raw.silent().await);
    listener.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_commits_and_acknowledges_what_is_under_way() {
    let sink = MemorySink::new();
    *sink.delay.lock().unwrap() = Duration::from_millis(200);
    let listener = listen(config(), sink.clone()).await;
    let mut raw = Raw::connected(listener.local_addr(), &connect5("d", &[])).await;
    raw.send(&[0x32, 9, 0, 3, b'n', b'/', b'a', 0, 1, 0, b'1']).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let address = listener.local_addr();
    listener.shutdown().await;
    assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, 1]));
    assert_eq!(raw.packet().await, Some(vec![0xe0, 1, 0x8b]));
    assert_eq!(raw.packet().await, None);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    let listener = listen(config(), MemorySink::new()).await;
    let address = listener.local_addr();
    // The same client identifier in each: two sessions.
    let mut farm = Raw::connected(address, &login311("d", "farm", "")).await;
    let mut town = Raw::connected(address, &connect311("d", true, 60)).await;
    for raw in [&mut farm, &mut town] {
        raw.send(&subscribe311(1, "n/#", 0)).await;
        assert_eq!(raw.packet().await, Some(vec![0x90, 3, 0, 1, 0]));
    }
    let mut sender = Raw::connected(address, &login311("sender", "farm", "")).await;
    sender.send(&publish(1, "n/a", 0, "7")).await;
    assert_eq!(farm.packet().await, Some(publish(0, "n/a", 0, "7")));
    assert!(town.silent().await);
    listener.handle().publish("n/b", "8", QoS::AtMostOnce, false).unwrap();
    assert_eq!(town.packet().await, Some(publish(0, "n/b", 0, "8")));
    assert!(farm.silent().await);
    // What is retained, too.
    for (user, expected) in [("farm", Some(publish(1, "n/a", 0, "7"))), ("dev", None)] {
        let mut late = Raw::connected(address, &login311(&format!("late-{user}"), user, "secret")).await;
        late.send(&subscribe311(1, "n/#", 0)).await;
        late.packet().await;
        match expected {
            Some(retained) => assert_eq!(late.packet().await, Some(retained)),
            None => assert!(late.silent().await),
        }
    }
    listener.shutdown().await;
}

/// Lets everyone in until told otherwise, after a while.
#[derive(Default)]
struct Revocable {
    revoked: AtomicBool,
    takes: Duration,
}

impl Authenticator for Revocable {
    fn authenticate(&self, credentials: Credentials) -> BoxFuture<'_, Result<Grant, Refusal>> {
        Box::pin(async move {
            tokio::time::sleep(self.takes).await;
            if self.revoked.load(Ordering::SeqCst) {
                return Err(Refusal::BadCredentials);
            }
            let principal = credentials.client_id;
            Ok(Grant { principal, tenant: None, publish: Access::All, subscribe: Access::All })
        })
    }
}

#[tokio::test]
async fn a_revoked_token_ends_the_connection() {
    let sink = MemorySink::new();
    let door = Arc::new(Revocable::default());
    let config = ListenerConfig { recheck: Duration::from_millis(50), ..config() };
    let listener = listen_behind(config, sink.clone(), door.clone()).await;
    // A will that would publish 13 on n/will.
    let mut connect = connect5("d", &[]);
    connect[9] |= 4;
    connect.extend([0, 0, 6]);
    connect.extend(b"n/will");
    connect.extend([0, 2]);
    connect.extend(b"13");
    connect[1] = (connect.len() - 2) as u8;
    let mut raw = Raw::connected(listener.local_addr(), &connect).await;
    raw.send(&[0xc0, 0]).await;
    assert_eq!(raw.packet().await, Some(vec![0xd0, 0]));
    assert!(raw.silent().await);
    door.revoked.store(true, Ordering::SeqCst);
    assert_eq!(raw.packet().await, Some(vec![0xe0, 1, 0x87]));
    assert_eq!(raw.packet().await, None);
    listener.shutdown().await;
    assert_eq!(sink.numbers(), [0.0; 0]);
}

#[tokio::test]
async fn a_client_that_is_gone_before_its_connack_leaves_no_session() {
    let door = Arc::new(Revocable { takes: Duration::from_millis(200), ..Revocable::default() });
    let listener = listen_behind(config(), MemorySink::new(), door).await;
    for n in 0..5 {
        let mut raw = Raw::open(listener.local_addr()).await;
        raw.send(&connect311(&format!("c{n}"), true, 60)).await;
        // With a reset, so that what is written to it fails.
        raw.0.set_zero_linger().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!((listener.handle().connected(), listener.handle().sessions()), (0, 0));
    listener.shutdown().await;
}

#[tokio::test]
async fn a_subscriber_gets_everything_that_is_retained_however_much_it_is() {
    let config = ListenerConfig { queue_messages: 10, ..config() };
    let listener = listen(config, MemorySink::new()).await;
    for n in 0..300 {
        listener.handle().publish(&format!("r/{n}"), "x", QoS::AtLeastOnce, true).unwrap();
    }
    let mut raw = Raw::connected(listener.local_addr(), &connect311("d", true, 60)).await;
    raw.send(&subscribe311(1, "#", 1)).await;
    assert_eq!(raw.packet().await, Some(vec![0x90, 3, 0, 1, 1]));
    for n in 0..300 {
        let p = raw.packet().await.unwrap_or_else(|| panic!("thrown out after {n} messages"));
        let topic = usize::from(p[3]);
        raw.send(&[0x40, 2, p[4 + topic], p[5 + topic]]).await;
    }
    assert!(raw.silent().await);
    listener.shutdown().await;
}
