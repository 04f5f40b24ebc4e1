//! DELETE /entities: purge entities (ETSI GS CIM 009 clauses 5.6.21, 6.4.3.3), whole ones. In pieces, each a commit of its
//! own, so that a purge of a million entities neither holds up other writes nor fills the memory.

use crate::problem;
use crate::request::{Exchange, selection};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::operation::delete_entity;
use belfry_ngsi_ld::query::Naming;
use belfry_ports::ChangeSet;
use belfry_runtime::write::{change_of, write};
use std::sync::Arc;

/// Entities in one commit.
const PIECE: usize = 500;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let context = exchange.linked_context().await?;
    let query = selection::query(&exchange.parameters, &Naming::new(&context))?;
    let any_type = exchange.parameters.get("type") == Some("*");
    selection::check_narrow(&query, exchange.parameters.is_true("local"), any_type)?;
    if query.link_depth() > 0 {
        return Err(Error::bad_data("q: a purge does not follow relationships"));
    }
    let query = Arc::new(query);
    let store = exchange.store()?;
    let keep_before = exchange.keep_before();
    loop {
        let ids = store.ids(&query, PIECE, exchange.now())?;
        if ids.is_empty() {
            return Ok(problem::no_content());
        }
        let query = query.clone();
        let (deleted, _) = write(&*store, move |read, now| {
            let mut set = ChangeSet::default();
            for id in ids {
                // It may have changed since it was found.
                let Some(current) = read.entity(id.as_str())?.filter(|entity| query.matches(entity, now)) else {
                    continue;
                };
                let mut outcome = delete_entity(&id, Some(&current))?;
                set.entities.extend(change_of(&mut outcome, Some(&current), keep_before));
            }
            let deleted = set.entities.len();
            Ok((set, deleted))
        })
        .await?;
        if deleted == 0 {
            return Ok(problem::no_content());
        }
    }
}
