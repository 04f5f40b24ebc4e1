//! What answers requests to the registers. Computes nothing.

pub(crate) mod basemap;
pub(crate) mod ogc_tiles;
pub(crate) mod tiles;

use crate::Service;
use crate::logic::title;
use belfry_kit::{Caching, Error, Reply, Request};
use belfry_ngsi_ld::Json;
use std::sync::Arc;

/// GET /belfry/v1/registers
pub(crate) async fn list(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let types = service.ctx.types(false)?;
    let context = &request.context;
    let register = |info: &belfry_kit::TypeInfo| {
        let name = context.compact(info.name);
        Json::Object(vec![
            ("id".into(), Json::from(name)),
            ("title".into(), Json::from(title(name).as_str())),
            ("type".into(), Json::from(info.name.as_str())),
            ("entities".into(), Json::Int(i64::try_from(info.entities).unwrap_or(i64::MAX))),
        ])
    };
    let registers = types.iter().map(register).collect();
    Ok(Reply::json(&Json::Object(vec![("registers".into(), Json::Array(registers))])).cached(Caching::NoStore))
}
