//! From a subscription and an item to what is sent: body, headers, identifier. Sends nothing.

use super::item::Item;
use crate::context::Contexts;
use crate::outbound::{Outbound, OutboundError, Peer};
use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::form::View;
use belfry_ngsi_ld::json::write_str;
use belfry_ngsi_ld::subscription::{
    Changed, Event, Notice, NotificationHead, Subscription, Triggers, write_notification,
};
use belfry_ports::{Change, ChangeKind, EntityChange, Seq};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A subscription with all that can be made ready once.
pub(crate) struct Spec {
    pub(crate) subscription: Arc<Subscription>,
    view: View,
    /// The endpoint, or why it is not called. (Of no interest when it is not spoken to by HTTP.)
    peer: Result<Peer, Arc<OutboundError>>,
    /// All but the Link to the context.
    headers: HeaderMap,
    ready: OnceCell<Arc<Ready>>,
}

/// What can be made ready once the context of the notifications is at hand.
pub(crate) struct Ready {
    pub(crate) context: Arc<Context>,
    /// The endpoint with all headers, or why it is not called.
    pub(crate) peer: Result<Peer, Arc<OutboundError>>,
}

impl Spec {
    pub(crate) fn new(subscription: Arc<Subscription>, outbound: &Outbound) -> Self {
        let endpoint = &subscription.notification.endpoint;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(endpoint.accept.as_str()));
        for (key, value) in &endpoint.receiver_info {
            // What the reader let through is a header.
            if let (Ok(key), Ok(value)) = (HeaderName::try_from(&**key), HeaderValue::from_str(value)) {
                headers.append(key, value);
            }
        }
        let peer = outbound.peer(&endpoint.uri).map_err(Arc::new);
        Self { view: subscription.view(), peer, headers, ready: OnceCell::new(), subscription }
    }

    /// The context of its notifications with what goes with it; the core one while its own cannot be had.
    pub(crate) async fn ready(&self, contexts: &Contexts) -> Arc<Ready> {
        let made = self
            .ready
            .get_or_try_init(|| async {
                let context = match &self.subscription.jsonld_context {
                    Some(url) => contexts.of_url(url).await?,
                    None => Context::core().clone(),
                };
                Ok::<_, belfry_kernel::Error>(self.ready_with(context))
            })
            .await;
        match made {
            Ok(made) => made.clone(),
            Err(error) => {
                tracing::warn!(subscription = %self.subscription.id, %error, "notified with the core @context, its own cannot be had");
                self.ready_with(Context::core().clone())
            }
        }
    }

    fn ready_with(&self, context: Arc<Context>) -> Arc<Ready> {
        let mut headers = self.headers.clone();
        if self.subscription.links_context()
            && let Some(link) = self.link(&context)
            && let Ok(link) = HeaderValue::from_str(&link)
        {
            headers.append(header::LINK, link);
        }
        let peer = self.peer.as_ref().map(|peer| peer.with_headers(&headers)).map_err(Arc::clone);
        Arc::new(Ready { context, peer })
    }

    fn link(&self, context: &Context) -> Option<String> {
        let url = context.link_url().or(self.subscription.jsonld_context.as_deref())?;
        Some(format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""))
    }

    /// The body of an item.
    pub(crate) fn body(&self, item: &Item, context: &Context, now: Time) -> Bytes {
        let mut out = Vec::with_capacity(1024);
        let changed: SmallVec<[SmallVec<[Changed<'_>; 8]>; 1]> =
            item.images.iter().map(|image| image.changes.iter().filter_map(changed_of).collect()).collect();
        let notices = item.images.iter().zip(&changed).map(|(image, changes)| match image.deleted {
            Some(at) => Notice::Deleted { entity: &image.entity, at },
            None => Notice::Entity { entity: &image.entity, changes },
        });
        let notices: SmallVec<[Notice<'_>; 1]> = notices.collect();
        let id = notification_id(&self.subscription.id, item.seq, item.part);
        let head = NotificationHead { id: &id, notified_at: now, context };
        write_notification(&self.subscription, &self.view, &head, &notices, &mut out);
        out.into()
    }

    /// The message for an MQTT endpoint (clause 7.2) around a body.
    pub(crate) fn message(&self, body: &[u8], context: &Context) -> Bytes {
        let endpoint = &self.subscription.notification.endpoint;
        let mut out = Vec::with_capacity(body.len() + 256);
        out.extend_from_slice(b"{\"metadata\":{\"Content-Type\":");
        write_str(endpoint.accept.as_str(), &mut out);
        if self.subscription.links_context()
            && let Some(link) = self.link(context)
        {
            out.extend_from_slice(b",\"Link\":");
            write_str(&link, &mut out);
        }
        for (key, value) in &endpoint.receiver_info {
            out.push(b',');
            write_str(key, &mut out);
            out.push(b':');
            write_str(value, &mut out);
        }
        out.extend_from_slice(b"},\"body\":");
        out.extend_from_slice(body);
        out.push(b'}');
        out.into()
    }
}

/// The same for the same subscription, commit and part, so that receivers can drop repeats.
pub(crate) fn notification_id(subscription: &Iri, seq: Seq, part: u32) -> String {
    let mut key = Vec::with_capacity(96);
    key.extend_from_slice(subscription.as_str().as_bytes());
    key.extend_from_slice(&seq.to_le_bytes());
    key.extend_from_slice(&part.to_le_bytes());
    format!("urn:ngsi-ld:Notification:{:032x}", xxhash_rust::xxh3::xxh3_128(&key))
}

/// None when nothing changed that is to be notified.
fn changed_of(change: &Change) -> Option<Changed<'_>> {
    let kind = match change.kind {
        ChangeKind::Created => Triggers::ATTRIBUTE_CREATED,
        ChangeKind::Updated => Triggers::ATTRIBUTE_UPDATED,
        ChangeKind::Repeated => return None,
        ChangeKind::Deleted => Triggers::ATTRIBUTE_DELETED,
    };
    Some(Changed { name: change.name, dataset_id: change.dataset_id.as_ref(), kind, before: change.before.as_deref() })
}

/// A change as subscriptions are matched against it.
pub(crate) fn event_of(change: &EntityChange, at: Time) -> Event<'_> {
    match change {
        EntityChange::Put { entity, created, changes, .. } => {
            Event { entity, created: *created, deleted: None, changes: changes.iter().filter_map(changed_of).collect() }
        }
        EntityChange::Delete { last, .. } => {
            Event { entity: last, created: false, deleted: Some(at), changes: SmallVec::new() }
        }
    }
}
