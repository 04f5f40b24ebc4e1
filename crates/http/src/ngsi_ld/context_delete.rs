//! DELETE /jsonldContexts/{contextId}: delete or reload an @context (ETSI GS CIM 009 clauses 5.13.5, 6.30.3.2).

use super::context_serve::no_context;
use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::Exchange;
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::{Error, Kind};

pub(crate) const PARAMETERS: &[Parameter] =
    &[parameter("reload", Schema::Boolean, "Whether a cached one is fetched anew rather than deleted.")];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let contexts = &exchange.app.contexts;
    let id = exchange.segment(0);
    let reload = exchange.parameters.is_true("reload");
    check_own(&exchange, id, reload)?;
    let done = if reload {
        if contexts.hosted(id)?.is_some() {
            return Err(Error::bad_data("reload: only a cached @context has a source to be fetched from"));
        }
        contexts.reload(id).await?
    } else {
        contexts.remove(id).await? || contexts.drop_cached(id)
    };
    if done { Ok(problem::no_content()) } else { Err(no_context()) }
}

/// Who is bound to a tenant takes away what was added there, and nothing that others may use.
fn check_own(exchange: &Exchange, id: &str, reload: bool) -> Result<(), Error> {
    let Some(tenant) = exchange.bound_to() else {
        return if exchange.may(Permission::Curate) { Ok(()) } else { Err(forbidden()) };
    };
    match exchange.app.contexts.hosted(id)? {
        Some(hosted) if hosted.is_of(tenant) && !reload => Ok(()),
        _ => Err(forbidden()),
    }
}

fn forbidden() -> Error {
    Error::new(Kind::Forbidden, "the access token is bound to a tenant, and the @context was not added there")
}
