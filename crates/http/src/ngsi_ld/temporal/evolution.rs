//! Evolutions as answers: gathered from the store, cut where an answer would get too long, rendered. Selects no entity.

use super::{Asked, instance};
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::form::write::{TemporalAttribute, TemporalEntity, TemporalForm, TemporalInstance, write_temporal};
use belfry_ngsi_ld::query::TimeRelation;
use belfry_ngsi_ld::{Context, Entity};
use belfry_ports::Store;
use belfry_ports::temporal::{Evolution, Instance, TimeProperty};

/// The evolution of one entity, before it is shown.
pub(crate) struct Found {
    pub(crate) id: Iri,
    pub(crate) evolution: Evolution,
}

/// Where an answer ends because it would get too long (clause 6.3.10).
pub(crate) struct Cut {
    /// The value of the `Content-Range` header.
    pub(crate) content_range: String,
}

/// What is shown of one entity's past; none when nothing is known of it. The aggregates are made by the store, which then
/// reads no instance for showing it.
pub(crate) fn gather(store: &dyn Store, id: &Iri, asked: &Asked) -> Result<Option<Found>, Error> {
    let limit = if asked.aggregates.is_some() { 0 } else { asked.instances };
    let names = asked.names();
    let Some(mut evolution) = store.evolution(id.as_str(), names.as_deref(), &asked.range(limit))? else {
        return Ok(None);
    };
    if let Some(datasets) = &asked.view.view.datasets {
        evolution.instances.retain(|i| datasets.iter().any(|d| d.as_ref() == i.attribute.dataset_id.as_ref()));
    }
    Ok(Some(Found { id: id.clone(), evolution }))
}

impl Found {
    /// What is known of the entity itself.
    pub(crate) fn head(&self) -> Entity {
        Entity {
            id: self.id.clone(),
            types: self.evolution.types.iter().copied().collect(),
            scopes: self.evolution.scopes.clone(),
            attributes: Vec::new(),
            created_at: self.evolution.created_at.unwrap_or_default(),
            modified_at: self.evolution.modified_at.unwrap_or_default(),
            expires_at: None,
        }
    }
}

/// The time of an instance by which the range was asked.
fn time_of(instance: &Instance, by: TimeProperty) -> Time {
    match by {
        TimeProperty::ObservedAt => instance.attribute.observed_at.unwrap_or(Time::from_micros(instance.stamp)),
        _ => Time::from_micros(instance.stamp),
    }
}

/// Cuts all evolutions at one instant, when one of them has more instances than an answer holds: what is left is
/// complete, so that the client can go on from there.
pub(crate) fn cut(all: &mut [Found], asked: &Asked) -> Option<Cut> {
    if asked.view.form == TemporalForm::Aggregated || !all.iter().any(|f| f.evolution.more) {
        return None;
    }
    let by = asked.by();
    let backwards = asked.query.is_some_and(|q| q.last_n.is_some());
    let same = |a: &Instance, b: &Instance| {
        a.attribute.name == b.attribute.name && a.attribute.dataset_id == b.attribute.dataset_id
    };
    let mut edge: Option<Time> = None;
    for found in all.iter().filter(|f| f.evolution.more) {
        for series in found.evolution.instances.chunk_by(same).filter(|s| s.len() >= asked.instances) {
            let times = series.iter().map(|i| time_of(i, by));
            let last = if backwards { times.min() } else { times.max() };
            edge = match (edge, last) {
                (Some(edge), Some(last)) => Some(if backwards { edge.max(last) } else { edge.min(last) }),
                (edge, last) => edge.or(last),
            };
        }
    }
    let edge = edge?;
    let (mut first, mut latest): (Option<Time>, Option<Time>) = (None, None);
    for found in all.iter_mut() {
        found.evolution.instances.retain(|i| if backwards { time_of(i, by) >= edge } else { time_of(i, by) <= edge });
        for time in found.evolution.instances.iter().map(|i| time_of(i, by)) {
            first = Some(first.map_or(time, |f| f.min(time)));
            latest = Some(latest.map_or(time, |l| l.max(time)));
        }
    }
    let relation = asked.query.and_then(|q| q.relation);
    let start = match (backwards, relation) {
        (true, Some(TimeRelation::Before(at))) => at,
        (true, Some(TimeRelation::Between(_, to))) => to,
        (true, _) => latest.unwrap_or(edge),
        (false, Some(TimeRelation::After(from) | TimeRelation::Between(from, _))) => from,
        (false, _) => first.unwrap_or(edge),
    };
    let size = asked.query.and_then(|q| q.last_n).map_or("*".to_owned(), |n| n.to_string());
    Some(Cut { content_range: format!("DateTime {start}-{edge}/{size}") })
}

/// Appends one evolution.
pub(crate) fn write(
    store: &dyn Store,
    mut found: Found,
    asked: &Asked,
    context: &Context,
    context_member: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let attributes = match &asked.aggregates {
        Some(aggregates) => aggregates.of(store, &found, asked)?,
        None => instances_of(std::mem::take(&mut found.evolution.instances), asked),
    };
    let evolution = found.evolution;
    let entity = TemporalEntity {
        id: found.id,
        types: evolution.types.into_iter().collect(),
        scopes: evolution.scopes,
        times: evolution.created_at.zip(evolution.modified_at.or(evolution.created_at)),
        deleted_at: evolution.deleted_at,
        attributes,
    };
    write_temporal(&entity, context, &asked.view, context_member, out);
    Ok(())
}

fn instances_of(all: Vec<Instance>, asked: &Asked) -> Vec<TemporalAttribute> {
    let newest_first = asked.query.is_some_and(|q| q.last_n.is_some());
    let mut attributes: Vec<TemporalAttribute> = Vec::new();
    for instance in all {
        let name = instance.attribute.name;
        if attributes.last().is_none_or(|a| a.name != name) {
            attributes.push(TemporalAttribute { name, instances: Vec::new(), aggregates: Vec::new() });
        }
        if let Some(attribute) = attributes.last_mut() {
            attribute.instances.push(TemporalInstance {
                instance_id: Some(instance::id_of(instance.stamp, instance.attribute.dataset_id.as_ref())),
                deleted_at: instance.deleted.then(|| Time::from_micros(instance.stamp)),
                attribute: instance.attribute,
            });
        }
    }
    if newest_first {
        // The last so many, the newest first (clause 5.7.3.4).
        for attribute in &mut attributes {
            attribute
                .instances
                .chunk_by_mut(|a, b| a.attribute.dataset_id == b.attribute.dataset_id)
                .for_each(<[_]>::reverse);
        }
    }
    attributes
}
