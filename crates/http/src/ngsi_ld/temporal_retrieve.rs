//! GET /temporal/entities/{entityId}: retrieve the temporal evolution of an entity (ETSI GS CIM 009 clauses 5.7.3,
//! 6.19.3.1).

use super::change::no_entity;
use super::temporal::evolution::{Gathered, Room, cut, gather, write};
use super::temporal::{Asked, Texts};
use crate::problem;
use crate::request::representation::Wishes;
use crate::request::{Exchange, media};
use axum::response::Response;
use belfry_kernel::Error;
use http::header;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, false)?;
    let id = exchange.entity_id()?;
    let context = exchange.linked_context().await?;
    let parameters = &exchange.parameters;
    let wishes = Wishes::of(parameters);
    let asked = Asked::read(&Texts::of(parameters), &wishes, &exchange, &context)?;
    let store = exchange.store()?;
    let member = exchange.context_member(&context, media);
    let answer = || -> Result<_, Error> {
        let room = Room { bytes: asked.bytes, alone: true };
        let Gathered::Found(found) = gather(&*store, &id, &asked, room)? else { return Err(no_entity(&id)) };
        let mut all = [found];
        let cut = cut(&mut all, &asked);
        let mut out = Vec::with_capacity(4096);
        let [found] = all;
        write(&*store, found, &asked, &context, member, &mut out)?;
        Ok((out, cut))
    };
    let (out, cut) = super::temporal_query::aside(answer)?;
    let mut response = match &cut {
        Some(_) => problem::partial(media.header(), out),
        None => problem::ok(media.header(), out),
    };
    if let Some(cut) = cut {
        problem::put(&mut response, header::CONTENT_RANGE, &cut.content_range);
    }
    exchange.put_context_link(&context, media, &mut response).await?;
    Ok(response)
}
