//! GET /attributes/{attrId}: one attribute in use (ETSI GS CIM 009 clauses 5.7.10, 6.28.3.1).

use super::catalogue::{answer, kinds, number, short, shorts};
use super::temporal_query::aside;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let context = exchange.linked_context().await?;
    let name = context.expand_known(exchange.segment(0))?;
    let store = exchange.store()?;
    let (found, of) = aside(|| {
        let found = store.attributes(true)?.into_iter().find(|a| Some(a.name) == name);
        let found = found.ok_or_else(|| Error::not_found("no entity has this attribute"))?;
        let of = store.kinds(None, Some(found.name))?;
        Ok::<_, Error>((found, of.into_iter().flat_map(|(_, of)| of).collect::<Vec<_>>()))
    })?;
    let json = Json::Object(vec![
        ("id".into(), Json::from(found.name.as_str())),
        ("type".into(), Json::from("Attribute")),
        ("attributeName".into(), short(&context, found.name)),
        ("attributeCount".into(), number(found.entities)),
        ("attributeTypes".into(), kinds(&of)),
        ("typeNames".into(), shorts(&context, &found.types)),
    ]);
    answer(&exchange, &context, json).await
}
