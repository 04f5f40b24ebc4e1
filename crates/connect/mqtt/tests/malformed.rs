//! Malformed and forbidden packets on a real socket: each row with what the client gets, and the listener goes on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use belfry_connect_mqtt::ListenerConfig;
use std::time::Duration;
use support::{MemorySink, Raw, config, connect5, connect311, listen, publish};

/// What the client sees: a CONNACK code, a DISCONNECT reason of 5.0, or only the end.
#[derive(Debug, PartialEq)]
enum Seen {
    ConnAck(u8),
    Disconnect(u8),
    Closed,
}

async fn ending(raw: &mut Raw) -> Seen {
    let mut seen = Seen::Closed;
    while let Some(packet) = raw.packet().await {
        match packet[0] {
            0x20 => seen = Seen::ConnAck(packet[3]),
            0xe0 => seen = Seen::Disconnect(*packet.get(2).unwrap_or(&0)),
            _ => {}
        }
    }
    seen
}

#[tokio::test]
async fn each_gets_its_answer_and_the_listener_goes_on() {
    let sink = MemorySink::new();
    let listener =
        listen(ListenerConfig { connect_timeout: Duration::from_millis(300), ..config() }, sink.clone()).await;
    let address = listener.local_addr();
    let patched = |at: usize, value: u8| {
        let mut p = connect311("c", true, 60);
        p[at] = value;
        p
    };
    // Before a CONNECT was accepted.
    let first: Vec<(&str, Vec<u8>, Seen)> = vec![
        ("nothing at all", vec![], Seen::Closed),
        ("half a CONNECT", connect311("c", true, 60)[..8].to_vec(), Seen::Closed),
        ("packet type 0", vec![0x00, 0], Seen::Closed),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec(), Seen::Closed),
        ("TLS", vec![0x16, 3, 1, 2, 0], Seen::Closed),
        ("PINGREQ first", vec![0xc0, 0], Seen::Closed),
        ("PUBLISH first", publish(0, "n/a", 0, "1"), Seen::Closed),
        (
            "CONNECT with flags",
            {
                let mut p = connect311("c", true, 60);
                p[0] = 0x11;
                p
            },
            Seen::Closed,
        ),
        ("another protocol name", patched(4, b'X'), Seen::ConnAck(1)),
        ("protocol level 3", patched(8, 3), Seen::ConnAck(1)),
        ("protocol level 6", patched(8, 6), Seen::ConnAck(1)),
        ("reserved connect flag", patched(9, 3), Seen::Closed),
        ("will QoS without will", patched(9, 0x0a), Seen::Closed),
        ("will retain without will", patched(9, 0x22), Seen::Closed),
        ("will QoS 3", patched(9, 0x1e), Seen::Closed),
        ("password without user name", patched(9, 0x42), Seen::Closed),
        ("user name that is not there", patched(9, 0x82), Seen::Closed),
        ("client identifier beyond the packet", patched(13, 200), Seen::Closed),
        (
            "bytes left over",
            {
                let mut p = connect311("c", true, 60);
                p[1] += 1;
                p.push(0);
                p
            },
            Seen::Closed,
        ),
        ("no identifier and a kept session", connect311("", false, 60), Seen::ConnAck(2)),
        ("identifier that is not UTF-8", patched(14, 0xff), Seen::Closed),
        ("identifier with a null", patched(14, 0), Seen::Closed),
        ("remaining length of five bytes", vec![0x10, 0xff, 0xff, 0xff, 0xff, 0x01], Seen::Closed),
        ("remaining length too long a form", vec![0x10, 0x80, 0x00], Seen::Closed),
        ("larger than the limit", vec![0x10, 0xff, 0xff, 0xff, 0x7f], Seen::Closed),
        ("property twice", connect5("c", &[0x21, 0, 5, 0x21, 0, 5]), Seen::Closed),
        ("receive maximum 0", connect5("c", &[0x21, 0, 0]), Seen::Closed),
        ("maximum packet size 0", connect5("c", &[0x27, 0, 0, 0, 0]), Seen::Closed),
        ("unknown property", connect5("c", &[0x7e, 0]), Seen::Closed),
        ("property of another packet", connect5("c", &[0x23, 0, 1]), Seen::Closed),
        ("property cut off", connect5("c", &[0x21, 0]), Seen::Closed),
        ("authentication method", connect5("c", &[0x15, 0, 1, b'x']), Seen::ConnAck(0x8c)),
        ("authentication data without method", connect5("c", &[0x16, 0, 1, b'x']), Seen::Closed),
    ];
    for (what, bytes, expected) in first {
        let mut raw = Raw::open(address).await;
        raw.send(&bytes).await;
        assert_eq!(ending(&mut raw).await, expected, "{what}");
    }
    // After a CONNECT of 5.0 was accepted: the reason is said.
    let then: Vec<(&str, Vec<u8>, Seen)> = vec![
        ("second CONNECT", connect5("c", &[]), Seen::Disconnect(0x82)),
        ("CONNACK", vec![0x20, 3, 0, 0, 0], Seen::Disconnect(0x82)),
        ("SUBACK", vec![0x90, 4, 0, 1, 0, 0], Seen::Disconnect(0x82)),
        ("AUTH", vec![0xf0, 0], Seen::Disconnect(0x82)),
        ("PUBREC of what was never sent", vec![0x50, 2, 0, 1], Seen::Disconnect(0x82)),
        ("QoS 3", vec![0x36, 6, 0, 1, b'a', 0, 1, 0], Seen::Disconnect(0x81)),
        ("DUP at QoS 0", vec![0x38, 4, 0, 1, b'a', 0], Seen::Disconnect(0x81)),
        ("packet identifier 0", vec![0x32, 6, 0, 1, b'a', 0, 0, 0], Seen::Disconnect(0x81)),
        ("topic with wildcard", vec![0x30, 4, 0, 1, b'#', 0], Seen::Disconnect(0x90)),
        ("topic with null", vec![0x30, 4, 0, 1, 0, 0], Seen::Disconnect(0x81)),
        ("topic not UTF-8", vec![0x30, 5, 0, 2, 0xc0, 0x80, 0], Seen::Disconnect(0x81)),
        ("topic with a surrogate", vec![0x30, 6, 0, 3, 0xed, 0xa0, 0x80, 0], Seen::Disconnect(0x81)),
        ("empty topic without alias", vec![0x30, 3, 0, 0, 0], Seen::Disconnect(0x94)),
        ("topic alias", vec![0x30, 7, 0, 1, b'a', 3, 0x23, 0, 1], Seen::Disconnect(0x94)),
        ("subscription identifier from a client", vec![0x30, 6, 0, 1, b'a', 2, 0x0b, 1], Seen::Disconnect(0x82)),
        ("topic beyond the packet", vec![0x30, 3, 0, 9, b'a'], Seen::Disconnect(0x81)),
        ("SUBSCRIBE with wrong flags", vec![0x80, 6, 0, 1, 0, 0, 0, 0], Seen::Disconnect(0x81)),
        ("SUBSCRIBE without filter", vec![0x82, 3, 0, 1, 0], Seen::Disconnect(0x81)),
        ("SUBSCRIBE with reserved options", vec![0x82, 7, 0, 1, 0, 0, 1, b'a', 0x40], Seen::Disconnect(0x81)),
        ("SUBSCRIBE with QoS 3", vec![0x82, 7, 0, 1, 0, 0, 1, b'a', 3], Seen::Disconnect(0x81)),
        ("SUBSCRIBE with retain handling 3", vec![0x82, 7, 0, 1, 0, 0, 1, b'a', 0x30], Seen::Disconnect(0x81)),
        ("SUBSCRIBE with an identifier", vec![0x82, 9, 0, 1, 2, 0x0b, 1, 0, 1, b'a', 0], Seen::Disconnect(0xa1)),
        ("SUBSCRIBE with identifier 0", vec![0x82, 9, 0, 1, 2, 0x0b, 0, 0, 1, b'a', 0], Seen::Disconnect(0x82)),
        ("UNSUBSCRIBE without filter", vec![0xa2, 3, 0, 1, 0], Seen::Disconnect(0x81)),
        ("PINGREQ with a body", vec![0xc0, 1, 0], Seen::Disconnect(0x81)),
        ("PUBREL with wrong flags", vec![0x60, 2, 0, 1], Seen::Disconnect(0x81)),
        ("larger than the limit", vec![0x30, 0xff, 0xff, 0x7f], Seen::Disconnect(0x95)),
        ("packet type 0", vec![0, 0], Seen::Disconnect(0x81)),
        ("DISCONNECT", vec![0xe0, 0], Seen::Closed),
    ];
    for (what, bytes, expected) in then {
        let mut raw = Raw::connected(address, &connect5("c", &[])).await;
        raw.send(&bytes).await;
        assert_eq!(ending(&mut raw).await, expected, "{what}");
    }
    // It still serves.
    let mut raw = Raw::connected(address, &connect311("good", true, 60)).await;
    raw.send(&publish(2, "n/a", 7, "1")).await;
    assert_eq!(raw.packet().await, Some(vec![0x40, 2, 0, 7]));
    assert_eq!(sink.numbers(), [1.0]);
    listener.shutdown().await;
}

#[tokio::test]
async fn long_topics_and_deep_filters_are_refused() {
    let listener =
        listen(ListenerConfig { max_topic_levels: 4, max_topic_bytes: 20, ..config() }, MemorySink::new()).await;
    for topic in ["a/b/c/d/e", "aaaaaaaaaaaaaaaaaaaaa"] {
        let mut raw = Raw::connected(listener.local_addr(), &connect5("c", &[])).await;
        raw.send(
            &[vec![0x30, (3 + topic.len()) as u8, 0, topic.len() as u8], topic.as_bytes().to_vec(), vec![0]].concat(),
        )
        .await;
        assert_eq!(ending(&mut raw).await, Seen::Disconnect(0x90), "{topic}");
    }
    let mut raw = Raw::connected(listener.local_addr(), &connect5("c", &[])).await;
    for (filter, code) in
        [("a/b/c/d/e", 0x8f), ("a/#/b", 0x8f), ("a+", 0x8f), ("$share/g/a", 0x9e), ("$SYS/#", 0x87), ("a/+/#", 0)]
    {
        raw.send(
            &[
                vec![0x82, (6 + filter.len()) as u8, 0, 1, 0, 0, filter.len() as u8],
                filter.as_bytes().to_vec(),
                vec![0],
            ]
            .concat(),
        )
        .await;
        assert_eq!(raw.packet().await, Some(vec![0x90, 4, 0, 1, 0, code]), "{filter}");
    }
    listener.shutdown().await;
}
