//! PATCH /entities/{entityId}/attrs: update attributes (ETSI GS CIM 009 clauses 5.6.2, 6.6.3.2).

use super::change::{change, check_same, stated_types};
use super::update_result;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::operation::update_attributes;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let parsed = exchange.read_json().await?;
    let fragment = Reader::new(&parsed.context, &exchange.app.reading, Mode::Update).fragment(parsed.json)?;
    check_same(&id, fragment.id.as_ref())?;
    let types = stated_types(&exchange, &parsed.context)?;
    let store = exchange.store()?;
    let outcome =
        change(&*store, id, types, exchange.writing(), |current, now| update_attributes(current, fragment, now))
            .await?;
    Ok(update_result::answer(&outcome))
}
