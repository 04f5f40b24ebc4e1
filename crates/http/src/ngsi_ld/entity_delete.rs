//! DELETE /entities/{entityId}: delete entity (ETSI GS CIM 009 clauses 5.6.6, 6.5.3.2).

use super::change::{is_alive, no_entity, stated_types};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::operation::delete_entity;
use belfry_ports::ChangeSet;
use belfry_runtime::write::{change_of, write};

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let types = stated_types(&exchange, &context)?;
    let keep_before = exchange.keep_before();
    let store = exchange.store()?;
    write(&*store, move |read, now| {
        let current = read
            .entity(id.as_str())?
            .filter(|entity| is_alive(entity, now) && types.as_ref().is_none_or(|t| t.matches(&entity.types)))
            .ok_or_else(|| no_entity(&id))?;
        let mut outcome = delete_entity(&id, Some(&current))?;
        let change = change_of(&mut outcome, Some(&current), keep_before);
        Ok((change.map(ChangeSet::of).unwrap_or_default(), ()))
    })
    .await?;
    Ok(problem::no_content())
}
