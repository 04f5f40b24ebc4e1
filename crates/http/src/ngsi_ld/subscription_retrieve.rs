//! GET /subscriptions/{subscriptionId}: retrieve subscription (ETSI GS CIM 009 clauses 5.8.3, 6.11.3.1).

use super::subscription::{Shown, media, no_subscription, status, write};
use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::Exchange;
use crate::request::parameters::parameter;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::Error;
use belfry_ngsi_ld::subscription::Subscription;
use belfry_ports::Collection;

pub(crate) const PARAMETERS: &[Parameter] =
    &[parameter("options", Schema::SomeOf(&["sysAttrs"]), "sysAttrs for the system's times.")];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media(&exchange)?;
    let id = exchange.subscription_id()?;
    let context = exchange.linked_context().await?;
    let store = exchange.store()?;
    let bytes = store.document(Collection::Subscription, id.as_str())?.ok_or_else(|| no_subscription(&id))?;
    let subscription = Subscription::decode(&bytes)?;
    let shown = Shown {
        subscription: &subscription,
        status: status(&exchange, &*store, id.as_str())?,
        now: exchange.now(),
        sys_attrs: exchange.parameters.lists("options", "sysAttrs"),
        secrets: exchange.may(Permission::Write),
    };
    let mut out = Vec::new();
    write(&shown, &context, exchange.context_member(&context, media), &mut out);
    let mut response = problem::ok(media.header(), out);
    exchange.put_context_link(&context, media, &mut response).await?;
    Ok(response)
}
