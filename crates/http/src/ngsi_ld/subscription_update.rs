//! PATCH /subscriptions/{subscriptionId}: update subscription (ETSI GS CIM 009 clauses 5.8.2, 6.11.3.2).

use super::subscription::{check_served, kept, name_context, no_subscription};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::subscription::{Subscription, patched};
use belfry_ports::{ChangeSet, Collection};
use belfry_runtime::write::write;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.subscription_id()?;
    let mut parsed = exchange.read_json().await?;
    let context = parsed.context.clone();
    name_context(&exchange, &mut parsed.json, &context, false).await?;
    let store = exchange.store()?;
    // As far as can be seen before the decision: one that changes at the same time is judged when it is called.
    if ["notification", "timeInterval"].iter().any(|key| parsed.json.get(key).is_some())
        && let Some(bytes) = store.document(Collection::Subscription, id.as_str())?
    {
        let after = patched(&Subscription::decode(&bytes)?, parsed.json.clone(), &context, exchange.now())?;
        check_served(&exchange, &after)?;
    }
    let keep_before = exchange.app.keep_before.clone();
    write(&*store, move |read, now| {
        let bytes = read.document(Collection::Subscription, id.as_str())?.ok_or_else(|| no_subscription(&id))?;
        let after = patched(&Subscription::decode(&bytes)?, parsed.json, &context, now)?;
        if after.notification.show_changes {
            keep_before.announce(now);
        }
        Ok((ChangeSet { documents: vec![kept(&after)], ..ChangeSet::default() }, ()))
    })
    .await?;
    Ok(problem::no_content())
}
