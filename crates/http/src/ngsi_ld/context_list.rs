//! GET /jsonldContexts: the @contexts that are kept here (ETSI GS CIM 009 clauses 5.13.3, 6.29.3.2), and the metadata of one.

use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::Exchange;
use crate::request::media::{self, Media};
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Json;
use belfry_runtime::context::{Cached, Contexts, Hosted, HostedKind};

pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("details", Schema::Boolean, "Whether more than the URLs is wanted."),
    parameter("kind", Schema::OneOf(&["Hosted", "Cached", "ImplicitlyCreated"]), "Only those of this kind."),
];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    media::accepted(&exchange.head.headers, false)?;
    let contexts = &exchange.app.contexts;
    let kind = exchange.parameters.get("kind").and_then(HostedKind::parse);
    let details = exchange.parameters.is_true("details");
    // Who is bound to a tenant sees what was added there. The others are of all tenants.
    let bound = exchange.bound_to();
    let mut all = Vec::new();
    for hosted in contexts.all_hosted()? {
        let shown = bound.is_none_or(|tenant| hosted.is_of(tenant));
        if shown && kind.is_none_or(|k| k == hosted.kind) {
            all.push(if details {
                of_hosted(contexts, &hosted)
            } else {
                Json::from(contexts.hosted_url(&hosted.id).as_str())
            });
        }
    }
    if bound.is_none() && kind.is_none_or(|k| k == HostedKind::Cached) {
        for cached in contexts.cached() {
            all.push(if details { of_cached(&cached) } else { Json::from(cached.url.as_str()) });
        }
    }
    let mut out = Vec::new();
    Json::Array(all).write(&mut out);
    Ok(problem::ok(Media::Json.header(), out))
}

/// Metadata of a context that is kept in the store.
pub(super) fn of_hosted(contexts: &Contexts, hosted: &Hosted) -> Json {
    Json::Object(vec![
        ("URL".into(), Json::from(contexts.hosted_url(&hosted.id).as_str())),
        ("localId".into(), Json::from(hosted.id.as_str())),
        ("kind".into(), Json::from(hosted.kind.as_str())),
        ("createdAt".into(), time(hosted.created_at)),
    ])
}

/// Metadata of a context that was fetched. Its URL is its identifier here.
pub(super) fn of_cached(cached: &Cached) -> Json {
    Json::Object(vec![
        ("URL".into(), Json::from(cached.url.as_str())),
        ("localId".into(), Json::from(cached.url.as_str())),
        ("kind".into(), Json::from(HostedKind::Cached.as_str())),
        ("createdAt".into(), time(cached.fetched_at)),
        ("expiresAt".into(), time(cached.fresh_until)),
        ("lastUsage".into(), time(cached.last_used)),
        ("numberOfHits".into(), Json::Int(i64::try_from(cached.uses).unwrap_or(i64::MAX))),
    ])
}

fn time(at: Time) -> Json {
    at.with_text(|text| Json::from(text))
}
