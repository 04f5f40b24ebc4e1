//! GET /tokens: the access tokens, without their secrets.

use super::token_create::shown;
use crate::problem;
use crate::request::Exchange;
use crate::request::media::Media;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;
use belfry_runtime::tenant;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let store = exchange.app.tenants.get(tenant::DEFAULT)?;
    let tokens = belfry_identity::list(&*store)?;
    let mut out = Vec::new();
    Json::Array(tokens.iter().map(shown).collect()).write(&mut out);
    Ok(problem::ok(Media::Json.header(), out))
}
