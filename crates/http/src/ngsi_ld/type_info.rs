//! GET /types/{type}: one entity type in use (ETSI GS CIM 009 clauses 5.7.7, 6.26.3.1).

use super::catalogue::{answer, kinds, number, short};
use super::temporal_query::aside;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let context = exchange.linked_context().await?;
    let name = context.expand_known(exchange.segment(0))?;
    let store = exchange.store()?;
    let found = store.types(false)?.into_iter().find(|t| Some(t.name) == name);
    let found = found.ok_or_else(|| Error::not_found("no entity has this type"))?;
    let attributes = aside(|| store.kinds(Some(found.name), None))?;
    let details = attributes.iter().map(|(name, of)| {
        Json::Object(vec![
            ("id".into(), Json::from(name.as_str())),
            ("type".into(), Json::from("Attribute")),
            ("attributeName".into(), short(&context, *name)),
            ("attributeTypes".into(), kinds(of)),
        ])
    });
    let json = Json::Object(vec![
        ("id".into(), Json::from(found.name.as_str())),
        ("type".into(), Json::from("EntityTypeInfo")),
        ("typeName".into(), short(&context, found.name)),
        ("entityCount".into(), number(found.entities)),
        ("attributeDetails".into(), Json::Array(details.collect())),
    ]);
    answer(&exchange, &context, json).await
}
