//! DELETE /temporal/entities/{entityId}/attrs/{attrId}/{instanceId}: delete one instance of a temporal evolution (ETSI GS
//! CIM 009 clauses 5.6.15, 6.22.3.2).

use super::temporal::instance;
use super::temporal_write::{attribute_name, check_known, commit};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ports::Sample;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let store = exchange.store()?;
    check_known(&*store, &id)?;
    let name = attribute_name(exchange.segment(1), &context)?;
    let found = instance::find(&*store, &id, name, exchange.segment(2))?;
    commit(&*store, Sample::Remove { id, name, dataset_id: found.attribute.dataset_id, stamp: found.stamp }).await?;
    Ok(problem::no_content())
}
