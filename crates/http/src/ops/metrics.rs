//! GET /metrics: counters for Prometheus.

use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use http::HeaderValue;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let app = &exchange.app;
    let stores: Vec<_> = app.tenants.all().into_iter().map(|(name, store)| (name, store.health())).collect();
    let sources = app.sources.get().into_iter().flatten().map(|source| &**source);
    let text = app.metrics.text(&app.operations, &stores, sources);
    Ok(problem::ok(HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"), text))
}
