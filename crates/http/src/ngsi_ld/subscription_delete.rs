//! DELETE /subscriptions/{subscriptionId}: delete subscription (ETSI GS CIM 009 clauses 5.8.5, 6.11.3.3).

use super::subscription::no_subscription;
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ports::{ChangeSet, Collection, DocumentChange};
use belfry_runtime::write::write;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let id = exchange.subscription_id()?;
    let store = exchange.store()?;
    write(&*store, move |read, _| {
        if read.document(Collection::Subscription, id.as_str())?.is_none() {
            return Err(no_subscription(&id));
        }
        let gone = DocumentChange { collection: Collection::Subscription, key: id.as_str().into(), bytes: None };
        Ok((ChangeSet { documents: vec![gone], ..ChangeSet::default() }, ()))
    })
    .await?;
    Ok(problem::no_content())
}
