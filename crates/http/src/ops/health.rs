//! GET /health: whether the server is well. Says how many, never what.

use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;
use belfry_runtime::tenant;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let health = exchange.app.tenants.get(tenant::DEFAULT)?.health();
    let number = |n: u64| Json::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let well = health.refusing_writes.is_none();
    let up_s = (exchange.now().micros() - exchange.app.started_at.micros()) / 1_000_000;
    let mut members = vec![
        ("status".into(), Json::from(if well { "ok" } else { "read-only" })),
        ("version".into(), Json::from(env!("CARGO_PKG_VERSION"))),
        ("upSeconds".into(), Json::Int(up_s)),
        ("seq".into(), number(health.seq)),
        ("entities".into(), number(health.entities)),
    ];
    if !well {
        members.push(("detail".into(), Json::from("writes are refused; the log says why")));
    }
    let mut out = Vec::new();
    Json::Object(members).write(&mut out);
    Ok(problem::health(well, out))
}
