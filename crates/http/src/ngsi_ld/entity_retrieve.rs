//! GET /entities/{entityId}: retrieve entity (ETSI GS CIM 009 clauses 5.7.1, 6.5.3.1).

use super::change::{alive, no_entity, stated_types};
use crate::problem;
use crate::request::Exchange;
use crate::request::media;
use crate::request::representation::Wishes;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::write::write_feature;
use belfry_ngsi_ld::form::write_entity;

/// What most entities fit into, bytes.
const USUAL_BYTES: usize = 1536;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, true)?;
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let shape = Wishes::of(&exchange.parameters).shape(&context, media)?;
    let types = stated_types(&exchange, &context)?;
    let entity = exchange
        .store()?
        .entity(id.as_str())?
        .and_then(|entity| alive(entity, exchange.now()))
        .filter(|entity| types.as_ref().is_none_or(|t| t.matches(&entity.types)))
        .ok_or_else(|| no_entity(&id))?;
    if exchange.parameters.get("attrs").is_some() && !entity.attributes.iter().any(|a| shape.view.select.shows(a.name))
    {
        return Err(Error::not_found(format!("the entity {id} has none of the attributes asked for")));
    }
    let member = exchange.context_member(&context, media);
    let mut out = Vec::with_capacity(USUAL_BYTES);
    if shape.geojson {
        write_feature(&entity, &context, &shape.view, shape.geometry, member, &mut out);
    } else {
        write_entity(&entity, &context, &shape.view, member, &mut out);
    }
    let mut response = problem::ok(media.header(), out);
    exchange.put_context_link(&context, media, &mut response).await?;
    Ok(response)
}
