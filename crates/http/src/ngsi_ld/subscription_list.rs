//! GET /subscriptions: query subscriptions (ETSI GS CIM 009 clauses 5.8.4, 6.10.3.2).

use super::subscription::{Shown, media, status, write};
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::Error;
use belfry_ngsi_ld::subscription::Subscription;
use belfry_ports::{Collection, Paged};

/// How many documents are read at a time.
const PAGE: usize = 500;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media(&exchange)?;
    let context = exchange.linked_context().await?;
    let page = exchange.page()?;
    let store = exchange.store()?;
    let (mut seen, mut out, mut given) = (0_usize, vec![b'['], 0_usize);
    let mut after: Option<Box<str>> = None;
    let end = page.offset.saturating_add(page.limit);
    loop {
        let documents = store.documents(Collection::Subscription, after.as_deref(), PAGE)?;
        for document in &documents {
            if (page.offset..end).contains(&seen) {
                let subscription = Subscription::decode(&document.bytes)?;
                let shown = Shown {
                    subscription: &subscription,
                    status: status(&exchange, &*store, &document.key)?,
                    now: exchange.now(),
                    sys_attrs: exchange.parameters.lists("options", "sysAttrs"),
                    secrets: exchange.may(Permission::Write),
                };
                if given > 0 {
                    out.push(b',');
                }
                given += 1;
                write(&shown, &context, exchange.context_member(&context, media), &mut out);
            }
            seen += 1;
        }
        // One more than the page holds tells whether there are more.
        match documents.last() {
            Some(last) if documents.len() == PAGE && (page.count || seen <= end) => after = Some(last.key.clone()),
            _ => break,
        }
    }
    out.push(b']');
    let mut response = problem::ok(media.header(), out);
    exchange.put_context_link(&context, media, &mut response).await?;
    let paged = Paged { given: page.limit, count: page.count.then_some(seen), more: seen > end };
    exchange.put_paging(page, &paged, media, &mut response);
    Ok(response)
}
