//! What answers requests about roads. Computes nothing.

use crate::Service;
use belfry_kit::{Error, Reply, Request};
use belfry_ngsi_ld::Json;
use std::sync::Arc;

/// The file that holds the road map.
const MAP: &str = "roads.osm";

/// GET /belfry/v1/transport/roads
pub(crate) async fn describe(service: Arc<Service>, _: Request) -> Result<Reply, Error> {
    let file = service.ctx.files().get(MAP)?.ok_or_else(|| Error::not_found("there is no road map yet"))?;
    let number = |n: u64| Json::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let members = vec![
        ("edition".into(), number(file.edition)),
        ("bytes".into(), number(file.bytes as u64)),
        ("sha256".into(), Json::from(file.sha256.as_str())),
        ("at".into(), Json::from(file.at.to_string().as_str())),
    ];
    Ok(Reply::json(&Json::Object(members)).tagged(format!("\"{}\"", file.edition)))
}
