//! With the real Mosquitto: its tools against the listener, its broker under the client and the publisher.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use belfry_connect_mqtt::codec::{Packet, Properties, Publish, QoS, Version, decode};
use belfry_connect_mqtt::{Client, ClientConfig, Endpoint, PublishError, Publisher, PublisherConfig, TcpDial};
use belfry_connect_payload::{Filter, Mapper, Mapping};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use support::{MemorySink, Mosquitto, Raw, clock, config, connect311, listen, mapper, publish, rng};
use tokio::process::Command;

fn installed() -> bool {
    let found = std::process::Command::new("mosquitto_pub")
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        support::absent("mosquitto_pub");
    }
    found
}

fn tool(name: &str, port: u16, args: &[&str]) -> Command {
    let mut c = Command::new(name);
    c.args(["-h", "127.0.0.1", "-p", &port.to_string()]).args(args).kill_on_drop(true);
    c
}

#[tokio::test]
async fn its_tools_speak_with_the_listener() {
    if !installed() {
        return;
    }
    let sink = MemorySink::new();
    let listener = listen(config(), sink.clone()).await;
    let (port, handle) = (listener.local_addr().port(), listener.handle());
    let mut expected = Vec::new();
    for (i, version) in ["mqttv311", "mqttv5"].into_iter().enumerate() {
        for qos in ["0", "1", "2"] {
            let value = format!("{i}{qos}");
            let status = tool("mosquitto_pub", port, &["-V", version, "-q", qos, "-t", "n/a", "-m", &value])
                .status()
                .await
                .unwrap();
            assert!(status.success(), "{version} {qos}");
            expected.push(value.parse::<f64>().unwrap());
            sink.wait_for(expected.len()).await;
        }
        let sub = tool(
            "mosquitto_sub",
            port,
            &["-V", version, "-q", "1", "-t", "c/+", "-t", "n/#", "-C", "3", "-W", "10", "-F", "%t %q %p"],
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        while handle.publish("c/1", "hello", QoS::AtLeastOnce, false) == Ok(0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        handle.publish("c/2", "again", QoS::AtMostOnce, false).unwrap();
        // What a device publishes reaches subscribers too, once it is committed.
        assert!(tool("mosquitto_pub", port, &["-q", "2", "-t", "n/b", "-m", "7"]).status().await.unwrap().success());
        expected.push(7.0);
        let out = sub.wait_with_output().await.unwrap();
        assert_eq!(String::from_utf8(out.stdout).unwrap(), "c/1 1 hello\nc/2 0 again\nn/b 1 7\n");
    }
    assert_eq!(sink.numbers(), expected);
    assert!(
        !tool("mosquitto_pub", port, &["-u", "dev", "-P", "wrong", "-t", "n/a", "-m", "1"])
            .stderr(Stdio::null())
            .status()
            .await
            .unwrap()
            .success()
    );
    // Many lines over one connection.
    let mut lines =
        tool("mosquitto_pub", port, &["-q", "1", "-t", "n/many", "-l"]).stdin(Stdio::piped()).spawn().unwrap();
    let text: String = (0..2000).map(|i| format!("{i}\n")).collect();
    let mut stdin = lines.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, text.as_bytes()).await.unwrap();
    drop(stdin);
    assert!(lines.wait().await.unwrap().success());
    assert_eq!(sink.numbers()[expected.len()..], (0..2000).map(f64::from).collect::<Vec<_>>());
    // Request and response of 5.0 need properties passed on.
    let responder = async {
        let mut raw = Raw::connected(listener.local_addr(), &connect311("responder", true, 60)).await;
        raw.send(&[0x82, 8, 0, 1, 0, 3, b'a', b's', b'k', 0]).await;
        raw.packet().await;
        raw.packet().await.unwrap();
        raw.send(&publish(0, "answer", 0, "42")).await;
        raw
    };
    let ask = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        tool("mosquitto_rr", port, &["-V", "mqttv311", "-t", "ask", "-e", "answer", "-m", "?", "-W", "5"])
            .output()
            .await
            .unwrap()
    };
    let (answer, _raw) = tokio::join!(ask, responder);
    assert_eq!(String::from_utf8(answer.stdout).unwrap(), "42\n");
    listener.shutdown().await;
}

fn start(broker: &Mosquitto, sink: Arc<MemorySink>, version: Version) -> Client {
    let endpoint = Endpoint::parse(&format!("mqtt://127.0.0.1:{}", broker.port)).unwrap();
    let config =
        ClientConfig { version, max_backoff: Duration::from_millis(500), ..ClientConfig::new(endpoint, "belfry-test") };
    Client::start(config, sink, mapper(), clock(), rng(), Arc::new(TcpDial))
}

async fn until_up(client: &Client) {
    let mut up = client.connected();
    tokio::time::timeout(Duration::from_secs(10), up.wait_for(|up| *up)).await.expect("connected within 10 s").unwrap();
}

/// Publishes numbers at QoS 1 and repeats the one that is not acknowledged, over restarts of the broker.
async fn numbers(port: u16, from: u32, to: u32) {
    let mut next = from;
    while next < to {
        let Ok(stream) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let mut raw = Raw(stream);
        let mut exchange = async || -> std::io::Result<()> {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            raw.0.write_all(&connect311("numbers", false, 60)).await?;
            raw.0.read_exact(&mut [0; 4]).await?;
            while next < to {
                let id = (next % 60_000 + 1) as u16;
                // Values repeat on purpose: a repetition is not known by its value.
                raw.0.write_all(&publish(2, "n/a", id, &(next % 7).to_string())).await?;
                raw.0.read_exact(&mut [0; 4]).await?;
                next += 1;
            }
            Ok(())
        };
        let _ = exchange().await;
    }
}

/// Restarts of the broker, of the client, and broken connections in between: each message committed once, in order.
async fn nothing_lost_nothing_doubled(version: Version) {
    let Some(mut broker) = Mosquitto::start() else { return };
    let sink = MemorySink::new();
    let client = start(&broker, sink.clone(), version);
    until_up(&client).await;
    let publisher = tokio::spawn(numbers(broker.port, 0, 4000));
    sink.wait_for(300).await;
    // The broker goes down while batches wait for their commit.
    *sink.delay.lock().unwrap() = Duration::from_millis(20);
    for _ in 0..3 {
        broker.down();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(broker.up());
        let before = sink.stored.lock().unwrap().len();
        sink.wait_for((before + 200).min(4000)).await;
    }
    // The client goes down; what comes meanwhile waits at the broker.
    client.shutdown().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let client = start(&broker, sink.clone(), version);
    // The store fails for a while.
    sink.failing.store(true, std::sync::atomic::Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    sink.failing.store(false, std::sync::atomic::Ordering::SeqCst);
    *sink.delay.lock().unwrap() = Duration::ZERO;
    tokio::time::timeout(Duration::from_secs(60), publisher).await.expect("the numbers get through").unwrap();
    sink.wait_for(4000).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let got = sink.numbers();
    assert_eq!(got.len(), 4000);
    let wrong = got.iter().enumerate().find(|(i, n)| **n != (i % 7) as f64);
    assert_eq!(wrong, None);
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lost_nothing_doubled_version_5() {
    nothing_lost_nothing_doubled(Version::V5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lost_nothing_doubled_version_311() {
    nothing_lost_nothing_doubled(Version::V311).await;
}

#[tokio::test]
async fn discovery_and_rebirths_work_through_the_broker() {
    let Some(broker) = Mosquitto::start() else { return };
    let run = async |topic: &str, payload: &str, retain: &[&str]| {
        let args = [&["-q", "1", "-t", topic, "-m", payload], retain].concat();
        assert!(tool("mosquitto_pub", broker.port, &args).status().await.unwrap().success());
    };
    let discovery = r#"{"state_topic":"z2m/hall","value_template":"{{ value_json.t }}","unique_id":"hall"}"#;
    run("homeassistant/sensor/hall/config", discovery, &["-r"]).await;
    let sink = MemorySink::new();
    let commands =
        tool("mosquitto_sub", broker.port, &["-t", "spBv1.0/g/NCMD/#", "-C", "1", "-W", "10", "-F", "%t %x"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    // The second time the session at the broker is an old one: what discovery says is wanted again all the same.
    for n in 1..=2 {
        let endpoint = Endpoint::parse(&format!("mqtt://127.0.0.1:{}", broker.port)).unwrap();
        let learning = Arc::new(Mapper::new(Mapping::parse(support::LEARNING).unwrap()));
        let client =
            Client::start(ClientConfig::new(endpoint, "ha"), sink.clone(), learning, clock(), rng(), Arc::new(TcpDial));
        until_up(&client).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        run("z2m/hall", &format!("{{\"t\":{n}}}"), &[]).await;
        sink.wait_for(n).await;
        // Data of a Sparkplug node whose birth was never heard: it is asked for.
        run("spBv1.0/g/NDATA/n", "", &[]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.shutdown().await;
    }
    assert_eq!(sink.numbers(), [1.0, 2.0]);
    let out = commands.wait_with_output().await.unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    let rebirth: String = b"Node Control/Rebirth".iter().map(|b| format!("{b:02x}")).collect();
    assert!(out.starts_with("spBv1.0/g/NCMD/n ") && out.contains(&rebirth), "{out}");
}

/// Filters that cover or cross those of the mapping, as a configuration has them: each message is taken once.
#[tokio::test(flavor = "multi_thread")]
async fn overlapping_subscriptions_bring_a_message_once() {
    let Some(broker) = Mosquitto::start() else { return };
    // A session from before, with subscriptions that are no longer asked for.
    let before = ["-V", "mqttv5", "-c", "-x", "3600", "-i", "belfry-test", "-q", "1", "-t", "n/+", "-t", "n/#", "-E"];
    assert!(tool("mosquitto_sub", broker.port, &before).status().await.unwrap().success());
    let send = async |topic: &str, value: &str| {
        let args = ["-q", "1", "-t", topic, "-m", value];
        assert!(tool("mosquitto_pub", broker.port, &args).status().await.unwrap().success());
    };
    let sink = MemorySink::new();
    let mut sent = Vec::new();
    for (round, extra) in [&["n/#"][..], &["+/x", "n/#", "#"], &["+/x", "+/+"], &["+/x"]].into_iter().enumerate() {
        let endpoint = Endpoint::parse(&format!("mqtt://127.0.0.1:{}", broker.port)).unwrap();
        let filters = extra.iter().map(|f| Filter::parse(f).unwrap()).collect();
        let config = ClientConfig { filters, ..ClientConfig::new(endpoint, "belfry-test") };
        let client = Client::start(config, sink.clone(), mapper(), clock(), rng(), Arc::new(TcpDial));
        until_up(&client).await;
        // Values repeat on purpose: a copy is not known by its value.
        for (topic, value) in [("n/x", "7"), ("n/x", "7"), ("n/y", "8"), ("n/x", "7")] {
            send(topic, value).await;
            sent.push(value.parse::<f64>().unwrap());
        }
        sink.wait_for(sent.len()).await;
        client.shutdown().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(sink.numbers(), sent, "round {round}");
        // These wait at the broker.
        for value in ["1", "1"] {
            send("n/x", value).await;
            sent.push(value.parse::<f64>().unwrap());
        }
    }
}

/// A broker of 3.1.1 that sends a message to each of the subscriptions that cross (or to all of them at once), as the
/// standard lets it: it answers, then says each of `values` under `n/x` once, and again after a pause.
async fn broker_311(listener: tokio::net::TcpListener, each: bool, values: &[&str]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut socket, _) = listener.accept().await.unwrap();
    let (mut buffer, mut filters, mut id) = (Vec::new(), Vec::<Filter>::new(), 0_u16);
    let mut copies = |filters: &[Filter], topic: &str, payload: &[u8], qos: QoS| {
        let matching = filters.iter().filter(|f| f.matches(topic)).count();
        let mut out = Vec::new();
        for _ in 0..if each { matching } else { matching.min(1) } {
            id += 1;
            let id = if qos == QoS::AtMostOnce { 0 } else { id };
            let p = Publish { dup: false, qos, retain: false, topic, id, properties: Properties::EMPTY, payload };
            Packet::Publish(p).encode(Version::V311, &mut out);
        }
        out
    };
    let (mut said, mut acknowledged) = (0, 0);
    loop {
        let answer = decode(&buffer, Version::V311, 1 << 20).unwrap().map(|(packet, length)| {
            let mut out = Vec::new();
            match packet {
                Packet::Connect(_) => out.extend([0x20, 2, 0, 0]),
                Packet::Subscribe(s) => {
                    filters.extend(s.filters.iter().map(|(f, _)| Filter::parse(f).unwrap()));
                    out.extend([0x90, (2 + s.filters.len()) as u8, (s.id >> 8) as u8, s.id as u8]);
                    out.extend(s.filters.iter().map(|_| 1));
                }
                Packet::Publish(p) => out = copies(&filters, p.topic, p.payload, p.qos),
                Packet::Unsubscribe(u) => {
                    filters.retain(|f| !u.filters.iter().any(|gone| *gone == f.as_str()));
                    out.extend([0xb0, 2, (u.id >> 8) as u8, u.id as u8]);
                    // Its habit is known now.
                    for value in values {
                        out.extend(copies(&filters, "n/x", value.as_bytes(), QoS::AtLeastOnce));
                        said += 1;
                    }
                }
                Packet::Ack(_) => acknowledged += 1,
                Packet::PingReq => out.extend([0xd0, 0]),
                Packet::Disconnect(_) => {
                    assert_eq!(acknowledged, said * if each { 2 } else { 1 }, "every copy is acknowledged");
                    return (None, length);
                }
                other => panic!("{other:?}"),
            }
            (Some(out), length)
        });
        match answer {
            None => assert!(socket.read_buf(&mut buffer).await.unwrap() > 0),
            Some((Some(out), length)) => {
                buffer.drain(..length);
                socket.write_all(&out).await.unwrap();
            }
            Some((None, _)) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_broker_without_identifiers_are_taken_once_and_repeats_each_time() {
    let values = ["7", "7", "8", "7"];
    for each in [true, false] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::parse(&format!("mqtt://{}", listener.local_addr().unwrap())).unwrap();
        let filters = vec![Filter::parse("+/x").unwrap()];
        let config = ClientConfig { filters, version: Version::V311, ..ClientConfig::new(endpoint, "belfry-test") };
        let sink = MemorySink::new();
        let client = Client::start(config, sink.clone(), mapper(), clock(), rng(), Arc::new(TcpDial));
        let broker = tokio::spawn(async move { broker_311(listener, each, &values).await });
        sink.wait_for(values.len()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        client.shutdown().await;
        assert_eq!(sink.numbers(), [7.0, 7.0, 8.0, 7.0], "each: {each}");
        broker.await.unwrap();
    }
}

/// A broker that refuses a subscription at first is asked again.
#[tokio::test]
async fn a_refused_subscription_is_asked_for_again() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&format!("mqtt://{}", listener.local_addr().unwrap())).unwrap();
    let config = ClientConfig { backoff: Duration::from_millis(50), ..ClientConfig::new(endpoint, "belfry-test") };
    let client = Client::start(config, MemorySink::new(), mapper(), clock(), rng(), Arc::new(TcpDial));
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut buffer = Vec::new();
    let mut asked = Vec::new();
    let mut up = client.connected();
    while asked.len() < 3 {
        let answer = decode(&buffer, Version::V5, 1 << 20).unwrap().map(|(packet, length)| {
            let answer = match packet {
                // It knows no subscription identifiers.
                Packet::Connect(_) => vec![0x20, 5, 0, 0, 2, 0x29, 0],
                Packet::Subscribe(s) => {
                    asked.push(s.filters.iter().map(|(f, _)| (*f).to_owned()).collect::<Vec<_>>());
                    // Not allowed twice, then allowed; the others at once.
                    let granted = |f: &str| if f == "bad/+" && asked.len() < 3 { 0x87 } else { 1 };
                    let mut p = vec![0x90, (3 + s.filters.len()) as u8, (s.id >> 8) as u8, s.id as u8, 0];
                    p.extend(s.filters.iter().map(|(f, _)| granted(f)));
                    p
                }
                Packet::PingReq => vec![0xd0, 0],
                other => panic!("{other:?}"),
            };
            (answer, length)
        });
        let Some((answer, length)) = answer else {
            assert!(socket.read_buf(&mut buffer).await.unwrap() > 0, "after {asked:?}");
            continue;
        };
        buffer.drain(..length);
        if asked.len() < 3 {
            assert!(!*up.borrow(), "not yet subscribed to everything");
        }
        socket.write_all(&answer).await.unwrap();
    }
    let bad = || vec!["bad/+".to_owned()];
    assert_eq!(asked, [vec!["n/+".to_owned(), "bad/+".to_owned(), "j/+".to_owned()], bad(), bad()]);
    tokio::time::timeout(Duration::from_secs(5), up.wait_for(|up| *up)).await.unwrap().unwrap();
    drop(socket);
}

#[tokio::test]
async fn the_publisher_publishes() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let endpoint = Endpoint::parse(&format!("mqtt://127.0.0.1:{}/notify/x", broker.port)).unwrap();
    let topic = endpoint.topic.clone().unwrap();
    let sub = tool(
        "mosquitto_sub",
        broker.port,
        &["-V", "mqttv5", "-q", "2", "-t", "notify/#", "-C", "6", "-W", "10", "-F", "%q %p %P"],
    )
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let publisher = Publisher::new(PublisherConfig::default(), Arc::new(TcpDial), rng());
    for version in [Version::V5, Version::V311] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let user = [("Link", "<x>"), ("a", "b")];
            assert_eq!(publisher.publish(&endpoint, version, &topic, "{}", qos, &user).await, Ok(()));
            // One connection a version; they are not ordered among each other.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let out = sub.wait_with_output().await.unwrap();
    let user = "Link:<x> a:b";
    assert_eq!(
        String::from_utf8(out.stdout).unwrap(),
        format!("0 {{}} {user}\n1 {{}} {user}\n2 {{}} {user}\n0 {{}} \n1 {{}} \n2 {{}} \n")
    );
    // The broker restarts: the broken connection is noticed, at the latest by the message that meets it.
    broker.down();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let refused = publisher.publish(&endpoint, Version::V5, &topic, "{}", QoS::AtLeastOnce, &[]).await;
    assert!(matches!(refused, Err(PublishError::Connect(_) | PublishError::Unconfirmed)), "{refused:?}");
    assert!(broker.up());
    let mut results = Vec::new();
    for _ in 0..3 {
        results.push(publisher.publish(&endpoint, Version::V5, &topic, "{}", QoS::AtLeastOnce, &[]).await);
    }
    assert_eq!(results.last(), Some(&Ok(())), "{results:?}");
    assert!(matches!(
        publisher.publish(&endpoint, Version::V5, "a/#", "", QoS::AtMostOnce, &[]).await,
        Err(PublishError::Topic(_))
    ));
    let all = futures_util::future::join_all(
        (0..200).map(|i| publisher.publish(&endpoint, Version::V5, "many", i.to_string(), QoS::AtLeastOnce, &[])),
    );
    assert!(all.await.iter().all(Result::is_ok));
}

#[test]
fn endpoints() {
    let e = Endpoint::parse("mqtts://us%40er:p%3aw@broker.example/a/b%20c").unwrap();
    assert_eq!((e.host.as_str(), e.port, e.tls), ("broker.example", 8883, true));
    assert_eq!(
        (e.username.as_deref(), e.password.as_deref(), e.topic.as_deref()),
        (Some("us@er"), Some("p:w"), Some("a/b c"))
    );
    assert!(!format!("{e:?}").contains("p:w"));
    let e = Endpoint::parse("mqtt://[::1]:1884").unwrap();
    assert_eq!((e.host.as_str(), e.port, e.topic), ("::1", 1884, None));
    for bad in [
        "http://x",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://h:0",
        "mqtt://h:99999",
        "mqtt://h:x",
        "mqtt://[::1",
        "mqtt://[::1]x",
        "mqtt://a b",
        "mqtt://h/a/#",
        "mqtt://h/%zz",
        "mqtt://h/%ff",
        "mqtt://%@h",
    ] {
        assert!(Endpoint::parse(bad).is_err(), "{bad}");
    }
}
