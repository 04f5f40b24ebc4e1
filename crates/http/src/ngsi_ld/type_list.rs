//! GET /types: the entity types in use (ETSI GS CIM 009 clauses 5.7.5, 5.7.6, 6.25.3.1).

use super::catalogue::{answer, list, short, shorts};
use super::temporal_query::aside;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let context = exchange.linked_context().await?;
    let details = exchange.parameters.is_true("details");
    let store = exchange.store()?;
    let types = aside(|| store.types(details))?;
    let json = if details {
        Json::Array(
            types
                .iter()
                .map(|t| {
                    Json::Object(vec![
                        ("id".into(), Json::from(t.name.as_str())),
                        ("type".into(), Json::from("EntityType")),
                        ("typeName".into(), short(&context, t.name)),
                        ("attributeNames".into(), shorts(&context, &t.attributes)),
                    ])
                })
                .collect(),
        )
    } else {
        list(
            "EntityTypeList",
            "urn:ngsi-ld:EntityTypeList:1",
            "typeList",
            types.iter().map(|t| short(&context, t.name)),
        )
    };
    answer(&exchange, &context, json).await
}
