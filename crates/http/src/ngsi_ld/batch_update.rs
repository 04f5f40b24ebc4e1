//! POST /entityOperations/update: batch entity update (ETSI GS CIM 009 clauses 5.6.9, 6.16.3.1).

use super::batch;
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::operation::BatchKind;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let kind = match exchange.parameters.get("options") {
        Some("noOverwrite") => BatchKind::UpdateNoOverwrite,
        _ => BatchKind::Update,
    };
    let parsed = exchange.read_json().await?;
    let items = batch::items(&exchange, parsed, kind).await?;
    let store = exchange.store()?;
    let report = batch::apply(&*store, kind, items, exchange.writing()).await?;
    Ok(if report.errors.is_empty() { problem::no_content() } else { problem::multi_status(report.body()) })
}
