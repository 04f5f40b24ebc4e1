//! What the operations on subscriptions share: reading the body, the context of notifications, the form shown to clients.
//! Holds no operation.

use crate::request::Exchange;
use crate::request::media::Media;
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::subscription::{DeliveryStatus, Subscription, compacted};
use belfry_ngsi_ld::{Context, Json};
use belfry_ports::{Collection, DocumentChange, Store};
use compact_str::CompactString;

/// The path of a subscription.
pub(super) const PATH: &str = "/ngsi-ld/v1/subscriptions/";

impl Exchange {
    /// The subscription's identifier in the path.
    ///
    /// # Errors
    /// `BadRequestData` when it is no URI.
    pub(super) fn subscription_id(&self) -> Result<Iri, Error> {
        Iri::parse(self.segment(0))
            .map_err(|e| Error::bad_data(format!("the subscription's id in the path is no URI: {e}")))
    }
}

pub(super) fn no_subscription(id: &Iri) -> Error {
    Error::not_found(format!("there is no subscription {id}"))
}

/// Sees to it that the context of the notifications can be had, and is named: the one given, or else that of the
/// request (clause 5.8.1.4). `members` are those of the body, names expanded.
///
/// # Errors
/// `LdContextNotAvailable`, or `BadRequestData` for one that is no context.
pub(super) async fn name_context(
    exchange: &Exchange,
    members: &mut Json,
    context: &Context,
    initialise: bool,
) -> Result<(), Error> {
    if let Some(Json::Str(url)) = members.get("jsonldContext") {
        if url.starts_with("http://") || url.starts_with("https://") {
            exchange.app.contexts.of_url(url).await?;
        }
        return Ok(());
    }
    if initialise
        && !context.reference().is_core()
        && let Json::Object(all) = members
    {
        let url = exchange.app.contexts.lasting_url(context).await?;
        all.push(("jsonldContext".into(), Json::from(url.as_str())));
    }
    Ok(())
}

/// The change that keeps a subscription.
pub(super) fn kept(subscription: &Subscription) -> DocumentChange {
    let (key, bytes) = (subscription.id.as_str().into(), subscription.encode().into());
    DocumentChange { collection: Collection::Subscription, key, bytes: Some(bytes) }
}

/// How its deliveries stand: as the notifier has it, or as it was last saved.
pub(super) fn status(exchange: &Exchange, store: &dyn Store, id: &str) -> Result<DeliveryStatus, Error> {
    let live = exchange.app.notifiers.get().and_then(|n| n.status(exchange.tenant().ok()?, id));
    if let Some(live) = live {
        return Ok(live);
    }
    let saved = store.document(Collection::Delivery, id)?;
    Ok(saved
        .and_then(|bytes| Json::parse(&bytes, 16).ok())
        .map(|json| DeliveryStatus::from_members(&json))
        .unwrap_or_default())
}

/// What a view of a subscription depends on.
pub(super) struct Shown<'s> {
    pub(super) subscription: &'s Subscription,
    pub(super) status: DeliveryStatus,
    pub(super) now: Time,
    pub(super) sys_attrs: bool,
    /// Whether what opens the endpoint is shown: to those who could change it.
    pub(super) secrets: bool,
}

/// Appends a subscription as a client sees it (clause 5.2.12).
pub(super) fn write(shown: &Shown<'_>, context: &Context, context_member: Option<&str>, out: &mut Vec<u8>) {
    let Shown { subscription, status, now, sys_attrs, secrets } = shown;
    let mut members: Vec<(CompactString, Json)> = compacted(&subscription.body, context);
    if !secrets {
        mask(&mut members);
    }
    members.push(("status".into(), Json::from(subscription.state(*now).as_str())));
    if members.iter().all(|(key, _)| key != "isActive") {
        members.push(("isActive".into(), Json::Bool(subscription.active)));
    }
    if *sys_attrs {
        members.push(("createdAt".into(), subscription.created_at.with_text(|t| Json::from(t))));
        members.push(("modifiedAt".into(), subscription.modified_at.with_text(|t| Json::from(t))));
    }
    if let Some((_, Json::Object(notification))) = members.iter_mut().find(|(key, _)| key == "notification") {
        notification.extend(status.members());
    }
    Json::Object(members).write(out);
    if let Some(member) = context_member {
        out.pop();
        out.extend_from_slice(b",\"@context\":");
        out.extend_from_slice(member.as_bytes());
        out.push(b'}');
    }
}

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Takes out what opens the endpoint: the values of `receiverInfo` (such as Authorization) and of `notifierInfo`, user and
/// password in its URL.
fn mask(members: &mut [(CompactString, Json)]) {
    fn of<'m>(members: &'m mut [(CompactString, Json)], key: &str) -> Option<&'m mut Json> {
        members.iter_mut().find(|(k, _)| k == key).map(|(_, value)| value)
    }
    let Some(Json::Object(notification)) = of(members, "notification") else { return };
    let Some(Json::Object(endpoint)) = of(notification, "endpoint") else { return };
    for (key, value) in endpoint {
        match (key.as_str(), value) {
            ("receiverInfo" | "notifierInfo", Json::Array(pairs)) => {
                for pair in pairs {
                    if let Json::Object(pair) = pair
                        && let Some(value) = of(pair, "value")
                    {
                        *value = Json::from(MASK);
                    }
                }
            }
            ("uri", Json::Str(uri)) => {
                if let Some((scheme, rest)) = uri.split_once("://") {
                    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                    if let Some(at) = rest[..end].rfind('@') {
                        *uri = format!("{scheme}://{MASK}{}", &rest[at..]).into();
                    }
                }
            }
            _ => {}
        }
    }
}

/// Refuses an endpoint that would never be called, by the address policy or since it names a user (clause 5.8.1.4), and
/// a period that is not granted.
///
/// # Errors
/// `BadRequestData` saying why.
pub(super) fn check_served(exchange: &Exchange, subscription: &Subscription) -> Result<(), Error> {
    exchange.app.notifiers.get().map_or(Ok(()), |notifiers| notifiers.check(subscription))
}

/// The media type of an answer: GeoJSON has no form for subscriptions.
pub(super) fn media(exchange: &Exchange) -> Result<Media, Error> {
    crate::request::media::accepted(&exchange.head.headers, false)
}
