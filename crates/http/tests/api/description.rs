//! The API description, health and metrics.

use crate::server::Server;
use belfry_ngsi_ld::Json;
use std::path::Path;

#[test]
fn the_committed_description_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ref/openapi.json");
    let apps = belfry_apps::all();
    let made = belfry_http::openapi::text(&belfry_http::operations(&apps), &apps);
    if std::env::var_os("BELFRY_WRITE_SNAPSHOT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "docs/ref/openapi.json is stale: run this test with BELFRY_WRITE_SNAPSHOT=1");
}

#[test]
fn the_committed_page_of_metrics_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ref/metrics.md");
    let made = belfry_runtime::metrics::reference_markdown();
    if std::env::var_os("BELFRY_WRITE_SNAPSHOT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "docs/ref/metrics.md is stale: run this test with BELFRY_WRITE_SNAPSHOT=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn describes_itself() {
    let server = Server::start().await;
    let made = belfry_http::openapi::text(&server.app.operations, server.apps.hosted());
    assert_eq!(server.get("!/openapi.json").await.expect(200).text(), made);
    server.post("/entities", r#"{"id":"urn:a:1","type":"T"}"#).await.expect(201);
    let health = server.get("!/health").await.expect(200);
    assert_eq!(health.member("status"), Json::from("ok"));
    assert_eq!(health.member("entities"), Json::Int(1));
    let metrics = server.get("!/metrics").await.expect(200);
    for line in [
        "belfry_http_requests_total{operation=\"createEntity\",status=\"2xx\"} 1",
        "belfry_http_request_seconds_count{operation=\"createEntity\"} 1",
        "belfry_entities{tenant=\"\"} 1",
    ] {
        assert!(metrics.text().lines().any(|l| l == line), "{line} is not in\n{}", metrics.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_the_page_for_everything_else() {
    let server = Server::start().await;
    let page = server.get("!/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(!page.header("content-security-policy").is_empty());
    assert_eq!(server.get("!/nothing/here").await.expect(404).problem(), "ResourceNotFound");
    assert_eq!(server.post("!/", "{}").await.expect(404).problem(), "ResourceNotFound");
}
