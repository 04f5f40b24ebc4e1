//! GET /entities: query entities (ETSI GS CIM 009 clauses 5.7.2, 6.4.3.2), and the answer that the same query by POST
//! gives.

use super::temporal_query::aside;
use crate::problem;
use crate::request::media::{self, Media};
use crate::request::representation::{Shape, Wishes};
use crate::request::{Exchange, selection};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::query::{EntityQuery, Naming, OrderBy};
use belfry_ports::{Page, Paged, Search, Stop, Store};
use std::time::Instant;

/// With more entities to look at than this, a query is moved off the threads that serve others.
const LOOKS: usize = 500;
/// For so many entities an answer has room from the start.
const USUAL_ENTITIES: usize = 20;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, true)?;
    let context = exchange.linked_context().await?;
    let (query, order) = {
        let naming = Naming::new(&context);
        (selection::query(&exchange.parameters, &naming)?, selection::order(&exchange.parameters, &naming)?)
    };
    let any_type = exchange.parameters.get("type") == Some("*");
    if any_type && exchange.parameters.get("local") == Some("false") {
        return Err(Error::bad_data("type=* means what is held here; local=false contradicts it"));
    }
    selection::check_narrow(&query, exchange.parameters.is_true("local"), any_type)?;
    let shape = Wishes::of(&exchange.parameters).shape(&context, media)?;
    let page = exchange.page()?;
    answer(&exchange, &Asked { query, order, page, shape, media, context: &context }).await
}

/// A query with all that its answer depends on.
pub(super) struct Asked<'c> {
    pub(super) query: EntityQuery,
    pub(super) order: Option<OrderBy>,
    pub(super) page: Page,
    pub(super) shape: Shape,
    pub(super) media: Media,
    pub(super) context: &'c Context,
}

pub(super) async fn answer(exchange: &Exchange, asked: &Asked<'_>) -> Result<Response, Error> {
    let store = exchange.store()?;
    let (found, out) = match render(exchange, &*store, asked, LOOKS)? {
        Some(rendered) => rendered,
        None => aside(|| render(exchange, &*store, asked, usize::MAX))?.unwrap_or_default(),
    };
    let mut response = problem::ok(asked.media.header(), out);
    exchange.put_context_link(asked.context, asked.media, &mut response).await?;
    exchange.put_paging(asked.page, &found, asked.media, &mut response);
    Ok(response)
}

/// What the search came to and the body; none when more entities had to be looked at than it may.
fn render(
    exchange: &Exchange,
    store: &dyn Store,
    asked: &Asked<'_>,
    looks: usize,
) -> Result<Option<(Paged, Vec<u8>)>, Error> {
    let Asked { query, order, page, shape, media, context } = asked;
    let deadline = exchange.deadline();
    let late = move || Instant::now() >= deadline;
    let stop = Stop::when(&late);
    let search = Search { query, order: order.as_ref(), page: *page, now: exchange.now(), looks, stop };
    let rendering = shape.rendering(context, exchange.context_member(context, *media));
    let of_items = rendering.of_items();
    let mut out = Vec::with_capacity(page.limit.min(USUAL_ENTITIES) * 1024);
    rendering.open_list(&mut out);
    let opened = out.len();
    let found = store.find(&search, &mut |entity| {
        if out.len() > opened {
            out.push(b',');
        }
        entity.write(&of_items, &mut out)
    })?;
    rendering.close_list(&mut out);
    Ok(found.map(|found| (found, out)))
}
