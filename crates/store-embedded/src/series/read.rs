//! Reads of the past: evolutions, aggregates, the state as of an instant.

use super::{LIFE, Life, history_error, instance, key_into, parts, prefix_of};
use crate::shared::Shared;
use belfry_history::{By, Function, History, Order, Query};
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::{Attribute, Entity, Name};
use belfry_ports::temporal::{Aggregation, Bucket, Evolution, Instance, TemporalRange, TimeProperty};

fn kept(shared: &Shared) -> Result<&History, Error> {
    shared
        .history
        .as_ref()
        .ok_or_else(|| Error::new(Kind::OperationNotSupported, "this town keeps no history (history.enabled = false)"))
}

fn axis(by: TimeProperty) -> By {
    match by {
        TimeProperty::ObservedAt => By::Observed,
        TimeProperty::CreatedAt | TimeProperty::ModifiedAt | TimeProperty::DeletedAt => By::Stamp,
    }
}

fn bucket(b: &belfry_history::Bucket) -> Bucket {
    Bucket {
        from: b.from,
        to: b.to,
        count: b.count,
        distinct: b.distinct,
        sum: b.get(Function::Sum),
        avg: b.get(Function::Avg),
        min: b.get(Function::Min),
        max: b.get(Function::Max),
        stddev: b.get(Function::Stddev),
        sumsq: b.get(Function::Sumsq),
    }
}

fn query_of(range: &TemporalRange) -> Query {
    let by = axis(range.by);
    // The port's end is exclusive, the store's inclusive.
    let to = if range.to == Time::MAX { i64::MAX } else { range.to.micros() - 1 };
    let from = if range.from == Time::MIN { i64::MIN } else { range.from.micros() };
    let (order, limit) = match range.last_n {
        Some(n) => (Order::Descending, n.min(range.limit)),
        None => (Order::Ascending, range.limit),
    };
    Query { by, from, to, order, limit: limit.saturating_add(1) }
}

/// The series of an entity that are asked for: attribute, dataset, key.
fn series(shared: &Shared, history: &History, id: &str, names: Option<&[Name]>) -> Result<Vec<Series>, Error> {
    let mut found = Vec::new();
    for key in history.series(&prefix_of(id)) {
        let key = key.map_err(|e| history_error(&e))?;
        let (_, number, dataset_id) = parts(&key)?;
        if number == LIFE {
            continue;
        }
        let name = shared.names.name(u64::from(number))?;
        if names.is_none_or(|names| names.contains(&name)) {
            found.push(Series { name, dataset_id, key });
        }
    }
    found.sort_by(|a, b| (a.name, &a.dataset_id).cmp(&(b.name, &b.dataset_id)));
    Ok(found)
}

struct Series {
    name: Name,
    dataset_id: Option<Iri>,
    key: Box<[u8]>,
}

pub(crate) fn evolution(
    shared: &Shared,
    id: &str,
    names: Option<&[Name]>,
    range: &TemporalRange,
) -> Result<Option<Evolution>, Error> {
    let history = kept(shared)?;
    let mut evolution = Evolution::default();
    if !life(shared, history, id, &mut evolution)? {
        return Ok(None);
    }
    let query = query_of(range);
    for s in series(shared, history, id, names)? {
        let mut of_series = Vec::new();
        for sample in history.range(&s.key, &query).map_err(|e| history_error(&e))? {
            let sample = sample.map_err(|e| history_error(&e))?;
            let deleted = sample.kind == belfry_history::Kind::Deleted;
            if (range.by == TimeProperty::DeletedAt) != deleted
                && (range.by == TimeProperty::DeletedAt || range.by == TimeProperty::CreatedAt)
            {
                continue;
            }
            let attribute = match instance(s.name, s.dataset_id.clone(), &sample, &shared.names)? {
                Some(attribute) => attribute,
                None => gone(s.name, s.dataset_id.clone(), Time::from_micros(sample.stamp)),
            };
            of_series.push(Instance { stamp: sample.stamp, attribute, deleted });
        }
        if of_series.len() == query.limit {
            of_series.pop();
            evolution.more = evolution.more || range.last_n.is_none_or(|n| n > range.limit);
        }
        if query.order == Order::Descending {
            of_series.reverse();
        }
        evolution.instances.append(&mut of_series);
    }
    Ok(Some(evolution))
}

/// Stands for an instance of which only its end is known.
fn gone(name: Name, dataset_id: Option<Iri>, at: Time) -> Attribute {
    Attribute {
        name,
        dataset_id,
        value: belfry_ngsi_ld::Value::Property(belfry_ngsi_ld::Json::Null),
        observed_at: None,
        unit_code: None,
        created_at: at,
        modified_at: at,
        expires_at: None,
        sub: Vec::new(),
    }
}

/// Fills in what is known of the entity itself; whether anything is.
fn life(shared: &Shared, history: &History, id: &str, into: &mut Evolution) -> Result<bool, Error> {
    let mut key = Vec::new();
    key_into(id, LIFE, None, &mut key);
    let mut known = false;
    for sample in history.range(&key, &Query::last(By::Stamp, 2)).map_err(|e| history_error(&e))? {
        let sample = sample.map_err(|e| history_error(&e))?;
        if sample.kind == belfry_history::Kind::Deleted {
            if !known {
                into.deleted_at = Some(Time::from_micros(sample.stamp));
            }
            known = true;
            continue;
        }
        let life = Life::read(&sample, &shared.names)?;
        (into.types, into.scopes, into.created_at) = (life.types, life.scopes, Some(life.created_at));
        into.modified_at = into.deleted_at.or(Some(Time::from_micros(sample.stamp)));
        return Ok(true);
    }
    Ok(known)
}

pub(crate) fn aggregate(
    shared: &Shared,
    id: &str,
    names: Option<&[Name]>,
    by: TimeProperty,
    boundaries: &[Time],
    distinct: bool,
) -> Result<Option<Vec<Aggregation>>, Error> {
    let history = kept(shared)?;
    if !life(shared, history, id, &mut Evolution::default())? {
        return Ok(None);
    }
    let mut all = Vec::new();
    for s in series(shared, history, id, names)? {
        let functions: &[Function] = if distinct { &[Function::DistinctCount] } else { &[] };
        let found = history
            .aggregate(&s.key, axis(by), boundaries.iter().copied(), functions)
            .map_err(|e| history_error(&e))?;
        let buckets: Vec<Bucket> = found.iter().filter(|b| b.count > 0).map(bucket).collect();
        if !buckets.is_empty() {
            all.push(Aggregation { name: s.name, dataset_id: s.dataset_id, buckets });
        }
    }
    Ok(Some(all))
}

pub(crate) fn historic(shared: &Shared, after: Option<&str>, limit: usize) -> Result<Vec<(Iri, Vec<Name>)>, Error> {
    let history = kept(shared)?;
    let mut found: Vec<(Iri, Vec<Name>)> = Vec::new();
    // Keys come in order of identifiers, so that a page begins where the last one ended.
    for key in history.series_after(&after.map(after_entity).unwrap_or_default()) {
        let key = key.map_err(|e| history_error(&e))?;
        let (id, ..) = parts(&key)?;
        if found.last().is_some_and(|(last, _)| last.as_str() == id) {
            continue;
        }
        if found.len() == limit {
            break;
        }
        let mut evolution = Evolution::default();
        if life(shared, history, id, &mut evolution)? {
            found.push((Iri::from_checked(id), evolution.types));
        }
    }
    Ok(found)
}

/// The first key after all series of an entity.
fn after_entity(id: &str) -> Vec<u8> {
    let mut key = prefix_of(id);
    key.pop();
    key.push(1);
    key
}

pub(crate) fn entity_at(shared: &Shared, id: &str, at: Time) -> Result<Option<Entity>, Error> {
    let mut found = None;
    walk(shared, &prefix_of(id), at, &mut |entity| {
        found = Some(entity);
        false
    })?;
    Ok(found)
}

pub(crate) fn state_at(shared: &Shared, at: Time, visit: &mut dyn FnMut(Entity) -> bool) -> Result<(), Error> {
    walk(shared, &[], at, visit)
}

/// Walks over the last sample of each series as of an instant and makes an image of each entity that existed then.
fn walk(shared: &Shared, prefix: &[u8], at: Time, visit: &mut dyn FnMut(Entity) -> bool) -> Result<(), Error> {
    let history = kept(shared)?;
    let mut current = String::new();
    let (mut life, mut attributes, mut modified): (Option<Life>, Vec<Attribute>, i64) = (None, Vec::new(), i64::MIN);
    for item in history.scan_at(prefix, at.micros()) {
        let (key, sample) = item.map_err(|e| history_error(&e))?;
        let (id, number, dataset_id) = parts(&key)?;
        if id != current {
            if let Some(life) = life.take()
                && !visit(life.image(&current, std::mem::take(&mut attributes), Time::from_micros(modified)))
            {
                return Ok(());
            }
            current.clear();
            current.push_str(id);
            attributes.clear();
            modified = i64::MIN;
        }
        modified = modified.max(sample.stamp);
        if number == LIFE {
            if sample.kind != belfry_history::Kind::Deleted {
                life = Some(Life::read(&sample, &shared.names)?);
            }
        } else if let Some(a) = instance(shared.names.name(u64::from(number))?, dataset_id, &sample, &shared.names)? {
            attributes.push(a);
        }
    }
    if let Some(life) = life {
        visit(life.image(&current, attributes, Time::from_micros(modified)));
    }
    Ok(())
}
