//! POST /entityOperations/query: query entities by a body (ETSI GS CIM 009 clauses 5.2.23, 5.2.33, 5.7.2, 6.23.3.1).

use super::entity_query::{Asked, answer};
use crate::request::query_body::QueryBody;
use crate::request::selection::check_narrow;
use crate::request::{Exchange, media};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::query::Naming;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, true)?;
    let parsed = exchange.read_json().await?;
    let body = QueryBody::read(&parsed.json)?;
    if body.temporal.is_some() {
        return Err(Error::bad_data("temporalQ belongs to a query of temporal evolutions"));
    }
    let (query, order) = {
        let naming = Naming::new(&parsed.context);
        (body.query(&naming)?, body.order(&naming)?)
    };
    check_narrow(&query, exchange.parameters.is_true("local"), body.any_type())?;
    let shape = body.wishes(&exchange).shape(&parsed.context, media)?;
    let page = exchange.page()?;
    let context: &Context = &parsed.context;
    answer(&exchange, &Asked { query, order, page, shape, media, context }).await
}
