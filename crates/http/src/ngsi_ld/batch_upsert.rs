//! POST /entityOperations/upsert: batch creation or update (ETSI GS CIM 009 clauses 5.6.8, 6.15.3.1), of an array or of
//! lines.

use super::{batch, lines};
use crate::problem;
use crate::request::Exchange;
use crate::request::media::{self, Content};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::operation::BatchKind;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let kind = match exchange.parameters.get("options") {
        Some("update") => BatchKind::UpsertUpdate,
        _ => BatchKind::UpsertReplace,
    };
    if media::content(&exchange.head.headers, exchange.operation.takes)? == Content::Lines {
        return lines::run(exchange, kind).await;
    }
    let parsed = exchange.read_json().await?;
    let items = batch::items(&exchange, parsed, kind).await?;
    let store = exchange.store_or_new().await?;
    let report = batch::apply(&*store, kind, items, exchange.writing()).await?;
    Ok(if !report.errors.is_empty() {
        problem::multi_status(report.body())
    } else if report.created.is_empty() {
        problem::no_content()
    } else {
        problem::created_all(report.created_body())
    })
}
