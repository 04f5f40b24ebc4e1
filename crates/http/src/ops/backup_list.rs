//! GET /backups: the backups that were begun since the start, and how they went.

use crate::problem;
use crate::request::Exchange;
use crate::request::media::Media;
use axum::response::Response;
use belfry_kernel::Error;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let mut out = Vec::new();
    exchange.app.copies.shown().write(&mut out);
    Ok(problem::ok(Media::Json.header(), out))
}
