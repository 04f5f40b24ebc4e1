//! DELETE /entities/{entityId}/attrs/{attrId}: delete attribute (ETSI GS CIM 009 clauses 5.6.5, 6.7.3.2).

use super::change::{change, stated_types};
use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::Exchange;
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::operation::{delete_attribute, delete_scope};
use belfry_ngsi_ld::query::Naming;

pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("datasetId", Schema::Text, "The instance to delete; the default one when absent or @none."),
    parameter("deleteAll", Schema::Boolean, "Whether every instance is deleted."),
];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let all = exchange.parameters.is_true("deleteAll");
    let dataset = match exchange.parameters.get("datasetId") {
        Some(_) if all => return Err(Error::bad_data("datasetId and deleteAll contradict each other")),
        Some("@none") | None => None,
        Some(text) => Some(Iri::parse(text).map_err(|e| Error::bad_data(format!("datasetId: it is no URI: {e}")))?),
    };
    let term = exchange.segment(1).to_owned();
    let name = if term == "scope" { None } else { Naming::new(&context).term(&term)?.name };
    let types = stated_types(&exchange, &context)?;
    let store = exchange.store()?;
    change(&*store, id, types, exchange.writing(), move |current, now| match name {
        Some(name) => delete_attribute(current, name, dataset.as_ref(), all, now),
        None if term == "scope" => delete_scope(current, now),
        // Nothing ever had this name.
        None => Err(Error::not_found(format!("the entity has no attribute '{}'", shown(&term)))),
    })
    .await?;
    Ok(problem::no_content())
}

fn shown(term: &str) -> String {
    term.chars().take(100).collect()
}
