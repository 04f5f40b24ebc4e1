//! Queries by POST: the body, made into a query and an order.

use belfry_http::request::query_body::QueryBody;
use belfry_http::request::selection;
use belfry_ngsi_ld::query::Naming;
use belfry_ngsi_ld::{Context, Json};

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(json) = Json::parse(data, 64) else { return };
    let Ok(body) = QueryBody::read(&json) else { return };
    let naming = Naming::new(Context::core());
    if let Ok(query) = body.query(&naming) {
        let _ = selection::check_narrow(&query, false, body.any_type());
    }
    let _ = body.order(&naming);
}
