//! What the operations that write to the past share (ETSI GS CIM 009 clauses 5.6.11 to 5.6.15): nothing of the current
//! state changes. Holds no operation.

use super::change::no_entity;
use crate::request::Exchange;
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::form::{EntityFragment, Limits};
use belfry_ngsi_ld::{Attribute, Context, Entity, Name};
use belfry_ports::temporal::{Evolution, TemporalRange, TimeProperty};
use belfry_ports::{Change, ChangeKind, ChangeSet, EntityChange, Sample, Store};
use belfry_runtime::write::write;
use std::sync::Arc;

/// Looks whether anything is known of an entity's past, or of one attribute's.
pub(super) fn known(store: &dyn Store, id: &Iri, name: Option<Name>) -> Result<Option<Evolution>, Error> {
    let range = TemporalRange {
        by: TimeProperty::ModifiedAt,
        from: Time::MIN,
        to: Time::MAX,
        last_n: None,
        limit: 1,
        every: false,
    };
    match name {
        Some(name) => store.evolution(id.as_str(), Some(&[name]), &range),
        None => store.evolution(id.as_str(), Some(&[]), &range),
    }
}

/// The limits for bodies about the past: an attribute has many instances there.
pub(super) fn limits(exchange: &Exchange) -> Limits {
    let instances = exchange.app.limits.max_temporal_instances_per_body;
    Limits { instances, attributes: instances, ..exchange.app.reading.clone() }
}

/// The name of the attribute in the path.
pub(super) fn attribute_name(text: &str, context: &Context) -> Result<Name, Error> {
    match context.expand_known(text)? {
        Some(name) => Ok(name),
        None => Err(Error::not_found(format!("nothing here has an attribute {text:?}"))),
    }
}

/// Adds every attribute instance of a fragment.
pub(super) async fn append(
    store: &dyn Store,
    id: Iri,
    types: Vec<Name>,
    fragment: EntityFragment,
) -> Result<(), Error> {
    write(store, move |_, now| {
        let mut samples = Vec::with_capacity(fragment.attributes.len());
        for attribute in fragment.attributes {
            let attribute = attribute.into_attribute(now)?;
            samples.push(Sample::Append { id: id.clone(), types: types.clone(), attribute });
        }
        Ok((ChangeSet { samples, ..ChangeSet::default() }, ()))
    })
    .await?;
    Ok(())
}

/// Commits one change of the past.
pub(super) async fn commit(store: &dyn Store, sample: Sample) -> Result<(), Error> {
    write(store, move |_, _| Ok((ChangeSet { samples: vec![sample], ..ChangeSet::default() }, ()))).await?;
    Ok(())
}

/// Writes again what an entity is, for a past that begins anew with it: whoever looks at the state as of now finds it. The
/// current state stays as it is, and nobody is notified.
pub(super) fn as_it_is(entity: Arc<Entity>, head: bool, which: impl Fn(&Attribute) -> bool) -> EntityChange {
    let again = |a: &Attribute| Change {
        name: a.name,
        dataset_id: a.dataset_id.clone(),
        kind: ChangeKind::Repeated,
        before: None,
    };
    let changes = entity.attributes.iter().filter(|a| which(a)).map(again).collect();
    EntityChange::Put { entity, created: false, head, changes }
}

/// Refuses when nothing is known of the entity.
pub(super) fn check_known(store: &dyn Store, id: &Iri) -> Result<Evolution, Error> {
    known(store, id, None)?.ok_or_else(|| no_entity(id))
}
