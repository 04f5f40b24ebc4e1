//! DELETE /temporal/entities/{entityId}: delete a temporal evolution (ETSI GS CIM 009 clauses 5.6.16, 6.19.3.2). An entity
//! that is here goes on being here, and its past begins anew.

use super::temporal_write::{check_known, commit};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ports::{ChangeSet, EntityChange, Sample};
use belfry_runtime::write::write;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let store = exchange.store()?;
    check_known(&*store, &id)?;
    commit(&*store, Sample::Forget { id: id.clone(), name: None, dataset_id: None, all_datasets: true }).await?;
    write(&*store, move |read, _| {
        let again = read
            .entity(id.as_str())?
            .map(|entity| ChangeSet::of(EntityChange::Put { entity, created: false, head: true, changes: Vec::new() }));
        Ok((again.unwrap_or_default(), ()))
    })
    .await?;
    Ok(problem::no_content())
}
