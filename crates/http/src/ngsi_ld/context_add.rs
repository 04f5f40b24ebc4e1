//! POST /jsonldContexts: add an @context (ETSI GS CIM 009 clauses 5.13.2, 6.29.3.1).

use crate::problem;
use crate::request::{Exchange, media};
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::form::take_context;
use belfry_runtime::context::{HOSTED_PATH, HostedKind, NewHosted};

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    media::content(&exchange.head.headers, exchange.operation.takes)?;
    let bytes = exchange.read_body().await?;
    let mut json = Json::parse(&bytes, exchange.app.reading.json_depth)?;
    let context =
        take_context(&mut json).ok_or_else(|| Error::bad_data("the body is an object with the member @context"))?;
    let mut random = [0_u8; 12];
    exchange.app.rng.fill(&mut random);
    let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let location = format!("{HOSTED_PATH}{id}");
    let tenant = exchange.tenant()?.to_owned();
    exchange.app.contexts.add(NewHosted { id, kind: HostedKind::Hosted, tenant, context }).await?;
    Ok(problem::created(&location))
}
