//! Updating a subscription (ETSI GS CIM 009 clauses 5.5.8 and 5.8.2): a fragment over the members that are kept.

use super::{Subscription, expanded};
use crate::form::NULL;
use crate::{Context, Json};
use belfry_kernel::{Error, Time};

/// The subscription after a fragment: each member of it takes the place of the one before, `null` (or
/// `urn:ngsi-ld:null`) deletes one. A `notification` without `endpoint` keeps the endpoint.
///
/// # Errors
/// `BadRequestData` naming the member that is wrong, when a member that must be there is deleted, or when the
/// identifier would change.
pub fn patched(before: &Subscription, fragment: Json, context: &Context, now: Time) -> Result<Subscription, Error> {
    let Json::Object(fragment) = expanded(fragment, context, Some(&before.body))? else {
        return Err(Error::bad_data("a subscription fragment is an object"));
    };
    let Json::Object(mut members) = before.body.clone() else {
        return Err(Error::internal("a kept subscription is no object"));
    };
    let mut expiry_given = false;
    for (key, mut value) in fragment {
        let at = members.iter().position(|(k, _)| *k == key);
        if matches!(value, Json::Null) || value.as_str() == Some(NULL) {
            if let Some(at) = at {
                members.remove(at);
            }
            continue;
        }
        if matches!(key.as_str(), "id" | "@id") && value.as_str() != Some(before.id.as_str()) {
            return Err(Error::bad_data("id: the identifier of a subscription does not change"));
        }
        if key == "notification"
            && value.get("endpoint").is_none()
            && let (Json::Object(new), Some(endpoint)) =
                (&mut value, before.body.get("notification").and_then(|n| n.get("endpoint")))
        {
            new.push(("endpoint".into(), endpoint.clone()));
        }
        expiry_given |= key == "expiresAt";
        match at {
            Some(at) => members[at].1 = value,
            None => members.push((key, value)),
        }
    }
    // An expiry that the fragment does not speak of may be over (clause 5.8.2.4).
    let mut after = Subscription::read(Json::Object(members), None)?;
    if expiry_given && after.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::bad_data("expiresAt: it is in the past"));
    }
    after.created_at = before.created_at;
    after.modified_at = now;
    Ok(after)
}
