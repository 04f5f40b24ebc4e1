//! POST /temporal/entities: create or update the temporal evolution of an entity (ETSI GS CIM 009 clauses 5.6.11,
//! 6.18.3.1).

use super::temporal_write::{append, known, limits};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let limits = limits(&exchange);
    let fragment = Reader::new(&parsed.context, &limits, Mode::Temporal).fragment(parsed.json)?;
    let id = fragment.id.clone().ok_or_else(|| Error::bad_data("the entity has no id"))?;
    if fragment.attributes.is_empty() {
        return Err(Error::bad_data("the entity has no attribute"));
    }
    let store = exchange.store_or_new().await?;
    let before = known(&*store, &id, None)?;
    if before.is_none() && fragment.types.is_empty() {
        return Err(Error::bad_data("the entity has no type"));
    }
    let types = fragment.types.to_vec();
    append(&*store, id.clone(), types, fragment).await?;
    Ok(match before {
        Some(_) => problem::no_content(),
        None => {
            let segment: String =
                utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC).to_string().replace("%3A", ":").replace("%2D", "-");
            problem::created(&format!("/ngsi-ld/v1/temporal/entities/{segment}"))
        }
    })
}
