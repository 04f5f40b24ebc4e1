//! POST /tokens: makes an access token. The answer is the only place where its secret ever stands.

use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_identity::{NewToken, Role, Token};
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Json;
use belfry_runtime::tenant;
use compact_str::CompactString;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let new = wanted(&parsed.json)?;
    let store = exchange.app.tenants.get(tenant::DEFAULT)?;
    let issued = belfry_identity::create(&*store, &*exchange.app.rng, new).await?;
    let mut members = members(&issued.token);
    members.push(("secret".into(), Json::from(issued.secret.as_str())));
    let mut out = Vec::new();
    Json::Object(members).write(&mut out);
    let mut response = problem::created_all(out);
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    Ok(response)
}

fn wanted(json: &Json) -> Result<NewToken, Error> {
    let Json::Object(members) = json else {
        return Err(Error::bad_data("a token is an object with label, role, and perhaps tenant and expiresAt"));
    };
    let (mut label, mut role, mut only, mut expires_at) = (None, None, None, None);
    for (key, value) in members {
        let text = value.as_str().ok_or_else(|| Error::bad_data("each member of a token is a text"))?;
        match key.as_str() {
            "label" => label = Some(text.to_owned()),
            "role" => {
                let known = Role::parse(text);
                role = Some(known.ok_or_else(|| Error::bad_data("role: it is reader, writer, ingest or admin"))?);
            }
            "tenant" => {
                if !text.is_empty() {
                    tenant::check_name(text)?;
                }
                only = Some(text.to_owned());
            }
            "expiresAt" => {
                expires_at = Some(Time::parse(text).map_err(|e| Error::bad_data(format!("expiresAt: {e}")))?);
            }
            _ => return Err(Error::bad_data("a token has label, role, tenant and expiresAt, and no other member")),
        }
    }
    let label = label.ok_or_else(|| Error::bad_data("label is missing"))?;
    let role = role.ok_or_else(|| Error::bad_data("role is missing"))?;
    Ok(NewToken { label, role, tenant: only, expires_at })
}

/// A token as it may be seen.
pub(super) fn shown(token: &Token) -> Json {
    Json::Object(members(token))
}

fn members(token: &Token) -> Vec<(CompactString, Json)> {
    let time = |at: Time| at.with_text(|text| Json::from(text));
    let mut members = vec![
        ("id".into(), Json::from(token.id.as_str())),
        ("label".into(), Json::from(token.label.as_str())),
        ("role".into(), Json::from(token.role.as_str())),
        ("createdAt".into(), time(token.created_at)),
    ];
    if let Some(only) = &token.tenant {
        members.push(("tenant".into(), Json::from(only.as_str())));
    }
    if let Some(at) = token.expires_at {
        members.push(("expiresAt".into(), time(at)));
    }
    members
}
