//! GET /jsonldContexts/{contextId}: one @context that is kept here, or its metadata (ETSI GS CIM 009 clauses 5.13.4,
//! 6.30.3.1).

use super::context_list::{of_cached, of_hosted};
use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::Exchange;
use crate::request::media::{self, Media};
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use belfry_ngsi_ld::Json;

pub(crate) const PARAMETERS: &[Parameter] =
    &[parameter("details", Schema::Boolean, "Whether the metadata is wanted rather than the content.")];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, false)?;
    let contexts = &exchange.app.contexts;
    let id = exchange.segment(0);
    let details = exchange.parameters.is_true("details");
    let (json, media) = match (contexts.hosted(id)?, contexts.cached_at(id)) {
        (Some(hosted), _) if details => (of_hosted(contexts, &hosted), Media::Json),
        (Some(hosted), _) => (Json::Object(vec![("@context".into(), hosted.context)]), media),
        (None, Some(cached)) if details => (of_cached(&cached), Media::Json),
        (None, Some(_)) => {
            return Err(Error::new(Kind::OperationNotSupported, "a cached @context is served by its own source only"));
        }
        (None, None) => return Err(no_context()),
    };
    let mut out = Vec::new();
    json.write(&mut out);
    Ok(problem::ok(media.header(), out))
}

/// There is no such context.
pub(super) fn no_context() -> Error {
    Error::not_found("there is no @context of this identifier")
}
