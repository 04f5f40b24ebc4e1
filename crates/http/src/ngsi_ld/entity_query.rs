//! GET /entities: query entities (ETSI GS CIM 009 clauses 5.7.2, 6.4.3.2), and the answer that the same query by POST
//! gives.

use super::change::alive;
use crate::problem;
use crate::request::media::{self, Media};
use crate::request::representation::{Shape, Wishes};
use crate::request::{Exchange, selection};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::form::write::{write_entities, write_feature_collection};
use belfry_ngsi_ld::query::{EntityQuery, Naming, OrderBy};
use belfry_ports::{Answer, Page, Store};

/// With more entities than this, a query that must look at many is moved off the threads that serve others.
const MANY_ENTITIES: u64 = 2_000;

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
    let (answer, given, out) = if may_take_long(&*store, asked) && can_step_aside() {
        tokio::task::block_in_place(|| render(exchange, &*store, asked))?
    } else {
        render(exchange, &*store, asked)?
    };
    let mut response = problem::ok(asked.media.header(), out);
    exchange.put_context_link(asked.context, asked.media, &mut response).await?;
    exchange.put_paging_after(given, asked.page, &answer, asked.media, &mut response);
    Ok(response)
}

/// The answer, how many entities the store gave for it, and the body.
fn render(exchange: &Exchange, store: &dyn Store, asked: &Asked<'_>) -> Result<(Answer, usize, Vec<u8>), Error> {
    let now = exchange.now();
    let mut answer = store.query(&asked.query, asked.order.as_ref(), asked.page, now)?;
    let given = answer.entities.len();
    let entities: Vec<_> = std::mem::take(&mut answer.entities).into_iter().filter_map(|e| alive(e, now)).collect();
    let member = exchange.context_member(asked.context, asked.media);
    let mut out = Vec::with_capacity(2 + entities.len() * 1024);
    let Shape { view, geojson, geometry } = &asked.shape;
    if *geojson {
        write_feature_collection(&entities, asked.context, view, *geometry, member, &mut out);
    } else {
        write_entities(&entities, asked.context, view, member, &mut out);
    }
    Ok((answer, given, out))
}

/// Whether many entities may have to be looked at.
fn may_take_long(store: &dyn Store, asked: &Asked<'_>) -> bool {
    let query = &asked.query;
    let by_id = !query.selectors.is_empty() && query.selectors.iter().all(|s| !s.ids.is_empty());
    let heavy =
        query.q.is_some() || query.geo.is_some() || query.scope.is_some() || asked.order.is_some() || asked.page.count;
    let deep = asked.page.offset > 1_000 || asked.page.limit > 200;
    !by_id && (heavy || deep) && store.health().entities > MANY_ENTITIES
}

/// Whether this thread's other tasks can be handed to another one.
fn can_step_aside() -> bool {
    tokio::runtime::Handle::try_current()
        .is_ok_and(|h| h.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread)
}
