//! GET /entities/{entityId}: retrieve entity (ETSI GS CIM 009 clauses 5.7.1, 6.5.3.1).

use super::change::{no_entity, stated_types};
use crate::problem;
use crate::request::Exchange;
use crate::request::media;
use crate::request::representation::Wishes;
use axum::response::Response;
use belfry_kernel::Error;

/// What most entities fit into, bytes.
const USUAL_BYTES: usize = 1536;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, true)?;
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let shape = Wishes::of(&exchange.parameters).shape(&context, media)?;
    let types = stated_types(&exchange, &context)?;
    let rendering = shape.rendering(&context, exchange.context_member(&context, media));
    let narrowed = exchange.parameters.get("attrs").is_some();
    let mut out = Vec::with_capacity(USUAL_BYTES);
    let found = exchange.store()?.visit(id.as_str(), exchange.now(), &mut |entity| {
        if types.as_ref().is_some_and(|t| !t.matches(entity.types())) {
            return Err(no_entity(&id));
        }
        if narrowed && !entity.has_shown(&shape.view.select)? {
            return Err(Error::not_found(format!("the entity {id} has none of the attributes asked for")));
        }
        entity.write(&rendering, &mut out)
    })?;
    if !found {
        return Err(no_entity(&id));
    }
    let mut response = problem::ok(media.header(), out);
    exchange.put_context_link(&context, media, &mut response).await?;
    Ok(response)
}
