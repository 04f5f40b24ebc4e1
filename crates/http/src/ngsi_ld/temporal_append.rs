//! POST /temporal/entities/{entityId}/attrs: add attributes to a temporal evolution (ETSI GS CIM 009 clauses 5.6.12,
//! 6.20.3.1).

use super::change::check_same;
use super::temporal_write::{append, check_known, limits};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let parsed = exchange.read_json().await?;
    let limits = limits(&exchange);
    let fragment = Reader::new(&parsed.context, &limits, Mode::Temporal).fragment(parsed.json)?;
    check_same(&id, fragment.id.as_ref())?;
    let store = exchange.store()?;
    check_known(&*store, &id)?;
    let types = fragment.types.to_vec();
    append(&*store, id, types, fragment).await?;
    Ok(problem::no_content())
}
