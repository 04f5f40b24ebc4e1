//! GET /attributes: the attributes in use (ETSI GS CIM 009 clauses 5.7.8, 5.7.9, 6.27.3.1).

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
    let all = aside(|| store.attributes(details))?;
    let json = if details {
        Json::Array(
            all.iter()
                .map(|a| {
                    Json::Object(vec![
                        ("id".into(), Json::from(a.name.as_str())),
                        ("type".into(), Json::from("Attribute")),
                        ("attributeName".into(), short(&context, a.name)),
                        ("typeNames".into(), shorts(&context, &a.types)),
                    ])
                })
                .collect(),
        )
    } else {
        list(
            "AttributeList",
            "urn:ngsi-ld:AttributeList:1",
            "attributeList",
            all.iter().map(|a| short(&context, a.name)),
        )
    };
    answer(&exchange, &context, json).await
}
