//! GET /openapi.json: the description of this API.

use crate::request::Exchange;
use crate::request::media::Media;
use crate::{openapi, problem};
use axum::response::Response;
use belfry_kernel::Error;
use bytes::Bytes;
use std::sync::LazyLock;

pub(crate) async fn run(_: Exchange) -> Result<Response, Error> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi::text().into());
    Ok(problem::ok(Media::Json.header(), TEXT.clone()))
}
