//! GET /openapi.json: the description of this API, that of applications included.

use crate::request::Exchange;
use crate::request::media::Media;
use crate::{openapi, problem};
use axum::response::Response;
use belfry_kernel::Error;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let app = &exchange.app;
    let text = app.description.get_or_init(|| openapi::text(&app.operations, app.apps.hosted()).into());
    Ok(problem::ok(Media::Json.header(), text.clone()))
}
