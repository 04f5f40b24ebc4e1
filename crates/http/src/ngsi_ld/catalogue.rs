//! What the operations on types and attributes share (ETSI GS CIM 009 clauses 4.5.10 to 4.5.15): their JSON, and the
//! answer around it.

use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::parameters::parameter;
use crate::request::{Exchange, media};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::{AttributeKind, Context, Json, Name};
use std::sync::Arc;

pub(crate) const PARAMETERS: &[Parameter] =
    &[parameter("details", Schema::Boolean, "Whether more than the names is wanted.")];

/// A list's own identifier is one for the whole system, by its kind.
pub(super) fn list(kind: &str, urn: &str, member: &str, names: impl Iterator<Item = Json>) -> Json {
    Json::Object(vec![
        ("id".into(), Json::from(urn)),
        ("type".into(), Json::from(kind)),
        (member.into(), Json::Array(names.collect())),
    ])
}

/// The short form of a name.
pub(super) fn short(context: &Context, name: Name) -> Json {
    Json::from(context.compact(name))
}

/// Names in short form.
pub(super) fn shorts<'n>(context: &Context, names: impl IntoIterator<Item = &'n Name>) -> Json {
    Json::Array(names.into_iter().map(|name| short(context, *name)).collect())
}

/// A whole number.
pub(super) fn number(count: u64) -> Json {
    Json::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The kinds of an attribute.
pub(super) fn kinds(kinds: &[AttributeKind]) -> Json {
    Json::Array(kinds.iter().map(|kind| Json::from(kind.as_str())).collect())
}

/// The answer: the JSON in the accepted media type, with the context in it or linked from it.
pub(super) async fn answer(exchange: &Exchange, context: &Arc<Context>, json: Json) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, false)?;
    let json = match (exchange.context_member(context, media), json) {
        (None, json) => json,
        (Some(_), Json::Array(items)) => {
            Json::Array(items.into_iter().map(|item| with_context(item, context)).collect())
        }
        (Some(_), json) => with_context(json, context),
    };
    let mut out = Vec::with_capacity(512);
    json.write(&mut out);
    let mut response = problem::ok(media.header(), out);
    exchange.put_context_link(context, media, &mut response).await?;
    Ok(response)
}

fn with_context(json: Json, context: &Context) -> Json {
    match json {
        Json::Object(mut members) => {
            members.push(("@context".into(), context.reference().json().clone()));
            Json::Object(members)
        }
        other => other,
    }
}
