//! POST /entities/{entityId}/attrs: append attributes (ETSI GS CIM 009 clauses 5.6.3, 6.6.3.1).

use super::change::{change, check_same, stated_types};
use super::update_result;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::operation::append_attributes;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let overwrite = !exchange.parameters.lists("options", "noOverwrite");
    let parsed = exchange.read_json().await?;
    let fragment = Reader::new(&parsed.context, &exchange.app.reading, Mode::Full).fragment(parsed.json)?;
    check_same(&id, fragment.id.as_ref())?;
    let types = stated_types(&exchange, &parsed.context)?;
    let store = exchange.store()?;
    let outcome = change(&*store, id, types, exchange.writing(), move |current, now| {
        append_attributes(current, fragment, overwrite, now)
    })
    .await?;
    Ok(update_result::answer(&outcome))
}
