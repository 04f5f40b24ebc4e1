//! DELETE /temporal/entities/{entityId}: delete a temporal evolution (ETSI GS CIM 009 clauses 5.6.16, 6.19.3.2). An entity
//! that is here goes on being here, and its past begins anew with what it is now.

use super::temporal_write::{as_it_is, check_known};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ports::{ChangeSet, Sample};
use belfry_runtime::write::write;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let store = exchange.store()?;
    check_known(&*store, &id)?;
    write(&*store, move |read, _| {
        let again = read.entity(id.as_str())?.map(|entity| as_it_is(entity, true, |_| true));
        let forget = Sample::Forget { id, name: None, dataset_id: None, all_datasets: true };
        Ok((ChangeSet { entities: again.into_iter().collect(), samples: vec![forget], ..ChangeSet::default() }, ()))
    })
    .await?;
    Ok(problem::no_content())
}
