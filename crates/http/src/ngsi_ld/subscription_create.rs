//! POST /subscriptions: create subscription (ETSI GS CIM 009 clauses 5.8.1, 6.10.3.1).

use super::subscription::{PATH, check_served, kept, name_context};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::subscription::{Subscription, expanded};
use belfry_ports::{ChangeSet, Collection};
use belfry_runtime::write::write;

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let mut members = expanded(parsed.json, &parsed.context, None)?;
    if let Json::Object(all) = &mut members
        && all.iter().all(|(key, _)| key != "id" && key != "@id")
    {
        all.insert(0, ("id".into(), Json::from(new_id(&exchange).as_str())));
    }
    // Refused before anything is made for it.
    let now = exchange.now();
    let first = Subscription::read(members.clone(), Some(now))?;
    check_served(&exchange, &first)?;
    if first.notification.show_changes {
        exchange.app.keep_before.announce(now);
    }
    name_context(&exchange, &mut members, &parsed.context, true).await?;
    let store = exchange.store_or_new().await?;
    let (id, _) = write(&*store, move |read, now| {
        let subscription = Subscription::read(members, Some(now))?;
        if read.document(Collection::Subscription, subscription.id.as_str())?.is_some() {
            return Err(Error::new(
                Kind::AlreadyExists,
                format!("there is a subscription {} already", subscription.id),
            ));
        }
        let set = ChangeSet { documents: vec![kept(&subscription)], ..ChangeSet::default() };
        Ok((set, subscription.id))
    })
    .await?;
    Ok(problem::created(&format!("{PATH}{id}")))
}

fn new_id(exchange: &Exchange) -> String {
    let mut bytes = [0_u8; 16];
    exchange.app.rng.fill(&mut bytes);
    format!("urn:ngsi-ld:Subscription:{:032x}", u128::from_le_bytes(bytes))
}
