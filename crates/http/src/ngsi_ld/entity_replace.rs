//! PUT /entities/{entityId}: replace entity (ETSI GS CIM 009 clauses 5.6.18, 6.5.3.3).

use super::change::{change, check_same, stated_types};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::operation::replace_entity;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let parsed = exchange.read_json().await?;
    let mut fragment = Reader::new(&parsed.context, &exchange.app.reading, Mode::Full).fragment(parsed.json)?;
    check_same(&id, fragment.id.as_ref())?;
    fragment.id = Some(id.clone());
    let types = stated_types(&exchange, &parsed.context)?;
    let store = exchange.store()?;
    change(&*store, id, types, exchange.writing(), move |current, now| {
        // The path says which entity; a body without a type leaves its type as it is.
        if fragment.types.is_empty() {
            fragment.types.clone_from(&current.types);
        }
        replace_entity(Some(&current), fragment.into_entity(now)?, now)
    })
    .await?;
    Ok(problem::no_content())
}
