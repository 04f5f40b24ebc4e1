//! PATCH /temporal/entities/{entityId}/attrs/{attrId}/{instanceId}: replace one instance of a temporal evolution (ETSI GS
//! CIM 009 clauses 5.6.14, 6.22.3.1).

use super::temporal::instance;
use super::temporal_write::{attribute_name, check_known, commit};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::{Mode, Reader};
use belfry_ngsi_ld::{Attribute, Json};
use belfry_ports::Sample;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let parsed = exchange.read_json().await?;
    let store = exchange.store()?;
    check_known(&*store, &id)?;
    let term = exchange.segment(1);
    let name = attribute_name(term, &parsed.context)?;
    let found = instance::find(&*store, &id, name, exchange.segment(2))?;
    let reader = Reader::new(&parsed.context, &exchange.app.reading, Mode::Full);
    let fragment = reader.attribute(term, only_instance(parsed.json, term)?)?;
    if fragment.deletes() {
        return Err(Error::bad_data("an instance is deleted by DELETE, not by urn:ngsi-ld:null"));
    }
    let Attribute { created_at, dataset_id, .. } = found.attribute;
    if fragment.dataset_id.is_some() && fragment.dataset_id != dataset_id {
        return Err(Error::bad_data("datasetId: an instance stays in its dataset"));
    }
    let attribute = Attribute { created_at, dataset_id, ..fragment.into_attribute(exchange.now())? };
    commit(&*store, Sample::Replace { id, stamp: found.stamp, attribute }).await?;
    Ok(problem::no_content())
}

/// The instance in the body: under the attribute's name in an array of one, or by itself.
fn only_instance(body: Json, term: &str) -> Result<Json, Error> {
    let one = |json: Json| match json {
        Json::Array(mut items) if items.len() == 1 => Ok(items.remove(0)),
        Json::Array(_) => Err(Error::bad_data("exactly one instance is given here")),
        other => Ok(other),
    };
    match body {
        Json::Object(mut members) if members.iter().any(|(key, _)| key == term) => {
            members.retain(|(key, _)| !matches!(key.as_str(), "@context" | "id" | "type"));
            match members.pop() {
                Some((_, value)) if members.is_empty() => one(value),
                _ => Err(Error::bad_data("exactly one attribute is given here")),
            }
        }
        other => one(other),
    }
}
