//! POST /entityOperations/merge: batch entity merge (ETSI GS CIM 009 clauses 5.6.20, 6.31.3.1).

use super::batch;
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::operation::BatchKind;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let items = batch::items(&exchange, parsed, BatchKind::Merge).await?;
    let store = exchange.store()?;
    let report = batch::apply(&*store, BatchKind::Merge, items, exchange.writing()).await?;
    Ok(if report.errors.is_empty() { problem::no_content() } else { problem::multi_status(report.body()) })
}
