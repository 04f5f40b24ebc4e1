//! Evolutions as answers: gathered from the store, cut where an answer would get too long, rendered. Selects no entity.

use super::{Asked, instance};
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::form::write::{TemporalAttribute, TemporalEntity, TemporalForm, TemporalInstance, write_temporal};
use belfry_ngsi_ld::operation::instance_bytes;
use belfry_ngsi_ld::query::TimeRelation;
use belfry_ngsi_ld::{Context, Entity, Name};
use belfry_ports::Store;
use belfry_ports::temporal::{Evolution, Instance, TimeProperty};

/// The evolution of one entity, before it is shown.
pub(crate) struct Found {
    pub(crate) id: Iri,
    pub(crate) evolution: Evolution,
    /// Instances of each series that it holds at most.
    pub(crate) limit: usize,
    /// How large it is (see [`instance_bytes`]).
    pub(crate) bytes: usize,
}

/// Where an answer ends because it would get too long (clause 6.3.10).
pub(crate) struct Cut {
    /// The value of the `Content-Range` header.
    pub(crate) content_range: String,
}

/// What there is of one entity's past.
pub(crate) enum Gathered {
    /// Nothing is known of it.
    Nothing,
    /// More than there is room for.
    TooLarge,
    /// This.
    Found(Found),
}

/// Room in an answer for one more entity.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// Bytes that are left.
    pub(crate) bytes: usize,
    /// Whether nothing else is in the answer: then the evolution is shortened until it fits.
    pub(crate) alone: bool,
}

/// The fewest instances of a series that an answer is shortened to: the client goes on from the last one, and has to get
/// past it.
const FEWEST: usize = 2;

/// What is shown of one entity's past. The aggregates are made by the store, which then reads no instance for showing it.
pub(crate) fn gather(store: &dyn Store, id: &Iri, asked: &Asked, room: Room) -> Result<Gathered, Error> {
    let names = asked.names();
    let Some(evolution) = store.evolution(id.as_str(), names.as_deref(), &asked.range(0))? else {
        return Ok(Gathered::Nothing);
    };
    let mut found = Found { id: id.clone(), evolution, limit: asked.instances, bytes: 0 };
    if asked.aggregates.is_some() {
        return Ok(Gathered::Found(found));
    }
    while !found.take(store, names.as_deref(), asked, room.bytes)? {
        if !room.alone {
            return Ok(Gathered::TooLarge);
        }
        found.limit = (found.limit / 2).max(FEWEST);
    }
    Ok(Gathered::Found(found))
}

impl Found {
    /// Reads the instances, at most `limit` of each series. Whether they fit into so many bytes; the fewest always do.
    fn take(&mut self, store: &dyn Store, names: Option<&[Name]>, asked: &Asked, room: usize) -> Result<bool, Error> {
        let (limit, datasets) = (self.limit, asked.view.view.datasets.as_ref());
        let Evolution { instances, more, .. } = &mut self.evolution;
        instances.clear();
        (self.bytes, *more) = (0, false);
        // One more than is shown tells that there are more.
        let range = asked.range(limit.saturating_add(1));
        let (mut fits, mut of_series) = (true, 0);
        store.instances(self.id.as_str(), names, &range, &mut |instance| {
            let attribute = &instance.attribute;
            if datasets.is_some_and(|all| !all.iter().any(|d| d.as_ref() == attribute.dataset_id.as_ref())) {
                return true;
            }
            of_series =
                if instances.last().is_some_and(|last| same_series(last, &instance)) { of_series + 1 } else { 1 };
            if of_series > limit {
                *more = true;
                return true;
            }
            self.bytes += instance_bytes(attribute);
            fits = self.bytes <= room || limit <= FEWEST;
            instances.push(instance);
            fits
        })?;
        if range.last_n.is_some() {
            instances.chunk_by_mut(same_series).for_each(<[_]>::reverse);
        }
        Ok(fits)
    }

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

fn same_series(a: &Instance, b: &Instance) -> bool {
    a.attribute.name == b.attribute.name && a.attribute.dataset_id == b.attribute.dataset_id
}

/// The time of an instance by which the range was asked.
pub(crate) fn time_of(instance: &Instance, by: TimeProperty) -> Time {
    match by {
        TimeProperty::ObservedAt => instance.attribute.observed_at.unwrap_or(Time::from_micros(instance.stamp)),
        TimeProperty::ModifiedAt => instance.attribute.modified_at,
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
    let mut edge: Option<Time> = None;
    for found in all.iter().filter(|f| f.evolution.more) {
        for series in found.evolution.instances.chunk_by(same_series).filter(|s| s.len() >= found.limit) {
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
