//! DELETE /temporal/entities/{entityId}/attrs/{attrId}: delete an attribute from a temporal evolution (ETSI GS CIM 009
//! clauses 5.6.13, 6.21.3.1). One that the entity has now goes on being there, and its past begins anew.

use super::temporal_write::{as_it_is, attribute_name, check_known, known};
use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::Exchange;
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::Attribute;
use belfry_ports::{ChangeSet, Sample};
use belfry_runtime::write::write;

pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("datasetId", Schema::Text, "The dataset whose instances are deleted; the default one when absent."),
    parameter("deleteAll", Schema::Boolean, "Whether the instances of every dataset are deleted."),
];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let dataset_id = match exchange.parameters.get("datasetId") {
        None | Some("@none") => None,
        Some(text) => Some(Iri::parse(text).map_err(|e| Error::bad_data(format!("datasetId: {e}")))?),
    };
    let all_datasets = exchange.parameters.is_true("deleteAll");
    let store = exchange.store()?;
    check_known(&*store, &id)?;
    let name = attribute_name(exchange.segment(1), &context)?;
    let evolution = known(&*store, &id, Some(name))?.unwrap_or_default();
    if !evolution.instances.iter().any(|i| all_datasets || i.attribute.dataset_id == dataset_id) {
        return Err(Error::not_found(format!("{id} has no such attribute in its past")));
    }
    write(&*store, move |read, _| {
        let gone = |a: &Attribute| a.name == name && (all_datasets || a.dataset_id == dataset_id);
        let now = read.entity(id.as_str())?.filter(|entity| entity.attributes.iter().any(gone));
        let entities = now.map(|entity| as_it_is(entity, false, gone)).into_iter().collect();
        let forget = Sample::Forget { id, name: Some(name), dataset_id, all_datasets };
        Ok((ChangeSet { entities, samples: vec![forget], ..ChangeSet::default() }, ()))
    })
    .await?;
    Ok(problem::no_content())
}
