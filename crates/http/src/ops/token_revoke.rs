//! DELETE /tokens/{tokenId}: revokes an access token, from now on.

use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_runtime::tenant;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let store = exchange.app.tenants.get(tenant::DEFAULT)?;
    if belfry_identity::revoke(&*store, exchange.segment(0)).await? {
        Ok(problem::no_content())
    } else {
        Err(Error::not_found("there is no token of this identifier"))
    }
}
