//! What of some rows is in history already: asked before rows are sent that may have been sent before, so that nothing
//! is there twice after a cut. Compares attribute, dataset and instant.

use super::parcel::StateRow;
use super::window::Origin;
use crate::TransferError;
use crate::client::Client;
use crate::history_body::is_attribute;
use crate::temporal::{Part, instances, observed_at};
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use std::collections::HashSet;
use std::sync::Arc;

/// The states of which history does not know yet that they were written. What became state is history too, so that a
/// state whose every instance with an instant is in history was written; one without any instant is written again.
pub(super) async fn new_states(client: &Client, rows: Vec<Arc<StateRow>>) -> Result<Vec<Arc<StateRow>>, TransferError> {
    let mut new = Vec::with_capacity(rows.len());
    for row in rows {
        let Ok(entity) = Json::parse(&row.text, 128) else { continue };
        let timed = observed(&entity);
        let known = timed.is_some() && {
            let left = without_known(client, &row.id, &[(row.origin.clone(), entity)]).await?;
            left.iter().all(|(_, entity)| observed(entity).is_none())
        };
        if !known {
            new.push(row);
        }
    }
    Ok(new)
}

/// Some instant at which the entity was observed.
fn observed(entity: &Json) -> Option<Time> {
    instances(entity).find_map(|(_, instance)| observed_at(instance))
}

type Key = (String, Option<String>, Time);

/// The rows without the instances that are there already; without the rows of which nothing is left.
///
/// Instances without `observedAt`, and entities with a @context other than one address, cannot be told apart from new
/// ones and stay.
pub(super) async fn without_known(
    client: &Client,
    id: &str,
    rows: &[(Origin, Json)],
) -> Result<Vec<(Origin, Json)>, TransferError> {
    let link = match rows.iter().find_map(|(_, entity)| entity.get("@context")) {
        None => None,
        Some(Json::Str(address)) => Some(address.as_str()),
        Some(_) => return Ok(rows.to_vec()),
    };
    let times =
        || rows.iter().flat_map(|(_, entity)| instances(entity)).filter_map(|(_, instance)| observed_at(instance));
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(rows.to_vec()) };
    let mut known: HashSet<Key> = HashSet::new();
    let mut part = Part { id, attrs: None, from: first, to: Some(last.plus_micros(1)), link };
    while let Some((entity, next)) = part.get(client).await? {
        known.extend(instances(&entity).filter_map(|(name, instance)| key(name, instance)));
        match next {
            Some(next) => part.from = next,
            None => break,
        }
    }
    Ok(rows.iter().filter_map(|(origin, entity)| Some((origin.clone(), without(entity, &known)?))).collect())
}

fn key(name: &str, instance: &Json) -> Option<Key> {
    let dataset = instance.get("datasetId").and_then(Json::as_str).map(str::to_owned);
    Some((name.to_owned(), dataset, observed_at(instance)?))
}

fn without(entity: &Json, known: &HashSet<Key>) -> Option<Json> {
    let Json::Object(members) = entity else { return None };
    let is_new = |name: &str, instance: &Json| key(name, instance).is_none_or(|key| !known.contains(&key));
    let mut left = Vec::with_capacity(members.len());
    let mut any = false;
    for (name, value) in members {
        match value {
            _ if !is_attribute(name) => left.push((name.clone(), value.clone())),
            Json::Array(instances) => {
                let new: Vec<_> = instances.iter().filter(|instance| is_new(name, instance)).cloned().collect();
                if !new.is_empty() {
                    any = true;
                    left.push((name.clone(), Json::Array(new)));
                }
            }
            one if is_new(name, one) => {
                any = true;
                left.push((name.clone(), one.clone()));
            }
            _ => {}
        }
    }
    any.then_some(Json::Object(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes(), 16).unwrap()
    }

    #[test]
    fn known_instances_are_left_out() {
        let there = json(
            r#"{"id":"urn:x:1","type":"T","a":[{"value":1,"observedAt":"2026-01-01T00:00:00Z"}],"b":{"value":1,"observedAt":"2026-01-01T00:00:00.000Z","datasetId":"urn:d:1"}}"#,
        );
        let known: HashSet<Key> = instances(&there).filter_map(|(name, instance)| key(name, instance)).collect();
        assert_eq!(without(&there, &known), None);
        let rows = json(
            r#"{"id":"urn:x:1","type":"T","a":[{"value":1,"observedAt":"2026-01-01T00:00:00Z"},{"value":2,"observedAt":"2026-01-01T01:00:00Z"}],"b":{"value":1,"observedAt":"2026-01-01T00:00:00Z"}}"#,
        );
        let left = json(
            r#"{"id":"urn:x:1","type":"T","a":[{"value":2,"observedAt":"2026-01-01T01:00:00Z"}],"b":{"value":1,"observedAt":"2026-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(without(&rows, &known), Some(left));
    }
}
