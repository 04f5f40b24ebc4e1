//! POST /entityOperations/create: batch entity creation (ETSI GS CIM 009 clauses 5.6.7, 6.14.3.1).

use super::batch;
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::operation::BatchKind;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let items = batch::items(&exchange, parsed, BatchKind::Create).await?;
    let store = exchange.store_or_new().await?;
    let report = batch::apply(&*store, BatchKind::Create, items, exchange.writing()).await?;
    Ok(if report.errors.is_empty() {
        problem::created_all(report.created_body())
    } else {
        problem::multi_status(report.body())
    })
}
