//! The platform as it is wired: what devices send over MQTT, as metrics and traces show it.

use super::{Running, start};
use belfry_config::Config;
use belfry_connect_mqtt::codec::{QoS, Version};
use belfry_connect_mqtt::{Endpoint, Publisher, PublisherConfig, TcpDial};
use belfry_runtime::SystemRng;
use belfry_testkit::collector::Collector;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn started(dir: &Path, more: &[(&str, &str)]) -> anyhow::Result<Running> {
    let data = dir.join("data");
    let backups = dir.join("backups");
    let mut flags = vec![
        ("server.listen".to_owned(), "127.0.0.1:0".to_owned()),
        ("mqtt.listener.enabled".to_owned(), "true".to_owned()),
        ("mqtt.listener.listen".to_owned(), "127.0.0.1:0".to_owned()),
        ("store.data_dir".to_owned(), data.display().to_string()),
        ("store.backup_dir".to_owned(), backups.display().to_string()),
    ];
    flags.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    start(&Config::load(None, [], &flags)?).await
}

async fn metrics(running: &Running) -> String {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let answer = client.get(format!("http://{}/metrics", running.address()).parse().unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Waits until the page has all these lines.
async fn shows(running: &Running, lines: &[&str]) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let page = metrics(running).await;
        let missing: Vec<_> = lines.iter().filter(|line| !page.lines().any(|l| l == **line)).collect();
        if missing.is_empty() {
            return page;
        }
        assert!(Instant::now() < deadline, "{missing:#?} not in\n{page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_devices_send_is_counted_and_traced() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    // A broker that is not there, to see its client try again.
    let broker = r#"[{ url = "mqtt://127.0.0.1:9", client_id = "town", topics = ["x/#"] }]"#;
    let url = collector.url();
    let running = started(dir.path(), &[("telemetry.endpoint", &url), ("mqtt.brokers", broker)]).await.unwrap();
    let mqtt = running.mqtt_address().unwrap();
    let endpoint = Endpoint::parse(&format!("mqtt://{mqtt}")).unwrap();
    let publisher = Publisher::new(PublisherConfig::default(), Arc::new(TcpDial), Arc::new(SystemRng));
    for (topic, payload) in [
        ("belfry/WaterObserved/mill/height", "2.35"),
        ("belfry/WaterObserved/mill", r#"{"height":2.36,"flow":7}"#),
        ("belfry/WaterObserved/mill/faceId", "1"),
        ("belfry/WaterObserved/mill", "{oops"),
        ("elsewhere/mill", "2.37"),
    ] {
        // What is refused is acknowledged with its reason, which the publisher gives as an error.
        let _ = publisher.publish(&endpoint, Version::V5, topic, payload.as_bytes(), QoS::AtLeastOnce, &[]).await;
    }
    let page = shows(
        &running,
        &[
            "belfry_ingest_messages_stored_total 2",
            "belfry_ingest_samples_committed_total 3",
            "belfry_ingest_messages_duplicate_total 0",
            r#"belfry_ingest_messages_refused_total{reason="refused_name"} 1"#,
            r#"belfry_ingest_messages_refused_total{reason="unregistered"} 0"#,
            r#"belfry_mqtt_connections{connector="listener"} 1"#,
            r#"belfry_mqtt_connections{connector="town@127.0.0.1:9"} 0"#,
            r#"belfry_mqtt_connections_total{connector="listener"} 1"#,
            r#"belfry_mqtt_messages_received_total{connector="listener"} 5"#,
            r#"belfry_mqtt_messages_stored_total{connector="listener"} 2"#,
            r#"belfry_mqtt_messages_unmapped_total{connector="listener"} 1"#,
            r#"belfry_mqtt_messages_failed_total{connector="listener"} 1"#,
            r#"belfry_mqtt_messages_refused_total{connector="listener",reason="payload"} 1"#,
            r#"belfry_mqtt_messages_refused_total{connector="listener",reason="topic"} 0"#,
            r#"belfry_mqtt_messages_refused_total{connector="listener",reason="ingest"} 1"#,
        ],
    )
    .await;
    let reconnects =
        page.lines().find(|l| l.starts_with(r#"belfry_mqtt_reconnects_total{connector="town@127.0.0.1:9"} "#));
    let count = reconnects.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    assert!(count.is_some_and(|count| count > 0), "{page}");
    // Every metric on the page is in the reference, under the kind that it has there.
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let found = belfry_runtime::metrics::ALL.iter().find(|m| m.name == name);
        assert_eq!(found.map(|m| format!("{:?}", m.kind).to_lowercase()).as_deref(), Some(kind), "{name}");
        assert_eq!(page.matches(&format!("# TYPE {name} ")).count(), 1, "{name} stands twice");
    }

    let spans = collector.wait_until(|all| all.iter().filter(|s| s.name == "process mqtt").count() >= 3).await;
    let batch = spans.iter().find(|s| s.attributes.get("belfry.ingest.stored").is_some_and(|n| n == "1")).unwrap();
    assert_eq!((batch.kind, batch.parent_id.as_str(), batch.is_error), (5, "", false));
    assert_eq!(batch.attributes["messaging.system"], "mqtt");
    assert_eq!(batch.attributes["messaging.batch.message_count"], "1");
    let commit = spans.iter().find(|s| s.parent_id == batch.span_id).unwrap();
    assert_eq!((commit.name.as_str(), &commit.trace_id), ("commit", &batch.trace_id));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unregistered_devices_are_counted_and_a_bad_collector_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = started(dir.path(), &[("telemetry.endpoint", "http://169.254.169.254/")]).await;
    let why = format!("{:#}", refused.err().unwrap());
    assert_eq!(why, "telemetry.endpoint cannot be used: addresses of cloud metadata services are not called");
    let running = started(dir.path(), &[("mqtt.register_only", "true")]).await.unwrap();
    let mqtt = running.mqtt_address().unwrap();
    let endpoint = Endpoint::parse(&format!("mqtt://{mqtt}")).unwrap();
    let publisher = Publisher::new(PublisherConfig::default(), Arc::new(TcpDial), Arc::new(SystemRng));
    let topic = "belfry/WaterObserved/mill/height";
    let _ = publisher.publish(&endpoint, Version::V5, topic, "2.35", QoS::AtLeastOnce, &[]).await;
    let page = shows(
        &running,
        &[r#"belfry_ingest_messages_refused_total{reason="unregistered"} 1"#, "belfry_ingest_messages_stored_total 0"],
    )
    .await;
    assert!(!page.contains("belfry_telemetry_"), "nothing is shown of what is off: {page}");
    running.stop().await;
}
