//! PATCH /entities/{entityId}/attrs/{attrId}: partial attribute update (ETSI GS CIM 009 clauses 5.6.4, 6.7.3.1).

use super::change::{change, stated_types};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::operation::patch_attribute;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let parsed = exchange.read_json().await?;
    let reader = Reader::new(&parsed.context, &exchange.app.reading, Mode::Partial);
    let fragment = reader.attribute(exchange.segment(1), parsed.json)?;
    let types = stated_types(&exchange, &parsed.context)?;
    let store = exchange.store()?;
    change(&*store, id, types, exchange.writing(), |current, now| patch_attribute(current, fragment, now)).await?;
    Ok(problem::no_content())
}
