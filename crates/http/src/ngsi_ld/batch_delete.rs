//! POST /entityOperations/delete: batch entity deletion (ETSI GS CIM 009 clauses 5.6.10, 6.17.3.1).

use super::batch::Report;
use super::change::{is_alive, no_entity};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::form::read::{BatchFault, read_ids};
use belfry_ports::{ChangeSet, EntityChange};
use belfry_runtime::write::write;
use hashbrown::HashSet;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let ids = read_ids(parsed.json, exchange.app.reading.batch)?;
    let mut report = Report::default();
    let mut good: Vec<Iri> = Vec::with_capacity(ids.len());
    for id in ids {
        match id {
            Ok(id) => good.push(id),
            Err(fault) => report.errors.push(fault),
        }
    }
    let store = exchange.store()?;
    let (report, _) = write(&*store, move |read, now| {
        let mut set = ChangeSet::default();
        let mut gone: HashSet<Iri> = HashSet::with_capacity(good.len());
        for id in good {
            let found = read.entity(id.as_str())?.filter(|entity| is_alive(entity, now));
            match found.filter(|_| !gone.contains(&id)) {
                Some(last) => {
                    set.entities.push(EntityChange::Delete { id: id.clone(), last });
                    gone.insert(id.clone());
                    report.updated.push(id);
                }
                None => report.errors.push(BatchFault { error: no_entity(&id), id: Some(id) }),
            }
        }
        Ok((set, report))
    })
    .await?;
    Ok(if report.errors.is_empty() { problem::no_content() } else { problem::multi_status(report.body()) })
}
