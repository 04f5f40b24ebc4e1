//! Reads of the past: evolutions, aggregates, the state as of an instant.

use super::birth::{self, Birth};
use super::life::Life;
use super::past::{PAST, after_entity};
use super::{BY_HAND, LIFE, history_error, instance, is_coarse, key_into, marks, parts, prefix_of};
use crate::shared::Shared;
use belfry_history::{By, Function, History, Order, Query, Sample};
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::{Attribute, AttributeKind, Entity, Name};
use belfry_ports::Stop;
use belfry_ports::temporal::{Aggregation, Bucket, Evolution, Instance, TemporalRange, TimeProperty};
use compact_str::CompactString;

pub(super) fn kept(shared: &Shared) -> Result<&History, Error> {
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
    let order = if range.last_n.is_some() { Order::Descending } else { Order::Ascending };
    // One more than wanted tells that there are more. Where samples are passed over, nobody knows how many are looked at.
    let limit = if picks(range.by) { usize::MAX } else { wanted(range).saturating_add(1) };
    Query { by, from, to, order, limit }
}

/// The series of an entity that are asked for.
fn series(shared: &Shared, history: &History, id: &str, names: Option<&[Name]>) -> Result<Vec<Series>, Error> {
    let (births, names_of) = (birth::of(history, id, &shared.names)?, &shared.names);
    let asked = |name| names.is_none_or(|names| names.contains(&name));
    let mut found = Vec::new();
    for key in history.series(&prefix_of(id)) {
        let key = key.map_err(|e| history_error(&e))?;
        let (_, number, dataset_id) = parts(&key)?;
        if number == LIFE {
            continue;
        }
        let name = names_of.name(u64::from(number))?;
        if asked(name) {
            let born = birth::samples(&births, name, dataset_id.as_ref(), names_of);
            found.push(Series { name, dataset_id, key, born });
        }
    }
    for a in births.iter().flat_map(|birth| &birth.instances).filter(|a| asked(a.name)) {
        if found.iter().any(|s| s.name == a.name && s.dataset_id == a.dataset_id) {
            continue;
        }
        let (name, dataset_id) = (a.name, a.dataset_id.clone());
        let mut key = Vec::new();
        key_into(id, names_of.number(name), dataset_id.as_ref(), &mut key);
        let born = birth::samples(&births, name, dataset_id.as_ref(), names_of);
        found.push(Series { name, dataset_id, key: key.into(), born });
    }
    found.sort_by(|a, b| (a.name, &a.dataset_id).cmp(&(b.name, &b.dataset_id)));
    Ok(found)
}

struct Series {
    name: Name,
    dataset_id: Option<Iri>,
    key: Box<[u8]>,
    /// Its samples that lie in births of the entity, oldest first.
    born: Vec<Sample>,
}

impl Series {
    /// Its samples, wherever they lie, as the query wants them.
    fn range(&self, history: &History, query: &Query) -> Result<impl Iterator<Item = Result<Sample, Error>>, Error> {
        let own = history.range(&self.key, query).map_err(|e| history_error(&e))?;
        let mut own = own.map(|sample| sample.map_err(|e| history_error(&e))).peekable();
        let time = |s: &Sample| match query.by {
            By::Stamp => Some(s.stamp),
            By::Observed => s.observed.map(Time::micros),
        };
        let place = move |s: &Sample| (time(s), s.stamp);
        let mut born: Vec<Sample> = self
            .born
            .iter()
            .filter(|s| time(s).is_some_and(|t| (query.from..=query.to).contains(&t)))
            .cloned()
            .collect();
        born.sort_by_key(place);
        let descending = query.order == Order::Descending;
        if descending {
            born.reverse();
        }
        let mut born = born.into_iter().peekable();
        let next = move || match (own.peek(), born.peek()) {
            (Some(Ok(a)), Some(b)) if (place(b) < place(a)) != descending => born.next().map(Ok),
            (None, _) => born.next().map(Ok),
            _ => own.next(),
        };
        Ok(std::iter::from_fn(next).take(query.limit))
    }
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
    if range.limit == 0 {
        return Ok(Some(evolution));
    }
    let wanted = wanted(range);
    let visit_series = visitor(shared, id, range)?;
    for s in series(shared, history, id, names)? {
        let mut of_series = Vec::new();
        visit_series(shared, history, &s, range, &mut |instance| {
            of_series.push(instance);
            of_series.len() <= wanted
        })?;
        if of_series.len() > wanted {
            of_series.pop();
            evolution.more = evolution.more || range.last_n.is_none_or(|n| n > range.limit);
        }
        if range.last_n.is_some() {
            of_series.reverse();
        }
        evolution.instances.append(&mut of_series);
    }
    Ok(Some(evolution))
}

pub(crate) fn instances(
    shared: &Shared,
    id: &str,
    names: Option<&[Name]>,
    range: &TemporalRange,
    visit: &mut dyn FnMut(Instance) -> bool,
) -> Result<bool, Error> {
    let history = kept(shared)?;
    if !life(shared, history, id, &mut Evolution::default())? {
        return Ok(false);
    }
    let (wanted, mut on) = (wanted(range), true);
    let visit_series = visitor(shared, id, range)?;
    for s in series(shared, history, id, names)? {
        let mut left = wanted;
        visit_series(shared, history, &s, range, &mut |instance| {
            on = left > 0 && visit(instance);
            left = left.saturating_sub(1);
            on && left > 0
        })?;
        if !on {
            break;
        }
    }
    Ok(true)
}

/// How many instances of each series a range is about.
fn wanted(range: &TemporalRange) -> usize {
    range.last_n.map_or(range.limit, |n| n.min(range.limit))
}

/// Hands out the instances of one series that a range is about, in its order, until `visit` returns false.
type VisitSeries =
    fn(&Shared, &History, &Series, &TemporalRange, &mut dyn FnMut(Instance) -> bool) -> Result<(), Error>;

/// How the series of an entity are read. Where instances were corrected, the time of their writing is not their stamp.
fn visitor(shared: &Shared, id: &str, range: &TemporalRange) -> Result<VisitSeries, Error> {
    if range.every {
        return Ok(visit_every);
    }
    let corrected = range.by == TimeProperty::ModifiedAt && edited(shared, id)?;
    Ok(if corrected { visit_corrected } else { visit_series })
}

fn visit_series(
    shared: &Shared,
    history: &History,
    s: &Series,
    range: &TemporalRange,
    visit: &mut dyn FnMut(Instance) -> bool,
) -> Result<(), Error> {
    for sample in s.range(history, &query_of(range))? {
        let instance = instance_of(shared, s, &sample?)?;
        if (range.by == TimeProperty::DeletedAt) != instance.deleted && picks(range.by) {
            continue;
        }
        if !visit(instance) {
            break;
        }
    }
    Ok(())
}

/// All instances but deletions, those without the time of the range by their arrival.
fn visit_every(
    shared: &Shared,
    history: &History,
    s: &Series,
    range: &TemporalRange,
    visit: &mut dyn FnMut(Instance) -> bool,
) -> Result<(), Error> {
    // One more than wanted tells that there are more.
    let most = wanted(range).saturating_add(1);
    let order = if range.last_n.is_some() { Order::Descending } else { Order::Ascending };
    let query = Query { order, ..Query::all(By::Stamp) };
    let (mut all, mut timed, mut whole) = (Vec::new(), false, true);
    for sample in s.range(history, &query)? {
        let instance = instance_of(shared, s, &sample?)?;
        if instance.deleted {
            continue;
        }
        timed |= instance.attribute.observed_at.is_some();
        if all.len() == most {
            whole = false;
            break;
        }
        all.push(instance);
    }
    if !whole && timed {
        return visit_series(shared, history, s, range, visit);
    }
    if timed && range.by == TimeProperty::ObservedAt {
        all.sort_by_key(|i| (i.attribute.observed_at.unwrap_or(Time::from_micros(i.stamp)), i.stamp));
        if range.last_n.is_some() {
            all.reverse();
        }
    }
    all.into_iter().all(visit);
    Ok(())
}

/// By `modifiedAt` (clause 5.6.14 sets it anew): the whole series is looked at. A range without limit is handed out by
/// arrival, since nobody could hold it.
fn visit_corrected(
    shared: &Shared,
    history: &History,
    s: &Series,
    range: &TemporalRange,
    visit: &mut dyn FnMut(Instance) -> bool,
) -> Result<(), Error> {
    let wanted = wanted(range).saturating_add(1);
    let mut first: Vec<Instance> = Vec::new();
    let order = |all: &mut Vec<Instance>| {
        all.sort_by_key(|i| (i.attribute.modified_at, i.stamp));
        if range.last_n.is_some() {
            all.reverse();
        }
        all.truncate(wanted);
    };
    for sample in s.range(history, &Query::all(By::Stamp))? {
        let instance = instance_of(shared, s, &sample?)?;
        if !(range.from..range.to).contains(&instance.attribute.modified_at) {
            continue;
        }
        if wanted == usize::MAX {
            if !visit(instance) {
                break;
            }
            continue;
        }
        first.push(instance);
        if first.len() / 2 > wanted {
            order(&mut first);
        }
    }
    order(&mut first);
    first.into_iter().all(visit);
    Ok(())
}

fn instance_of(shared: &Shared, s: &Series, sample: &Sample) -> Result<Instance, Error> {
    let deleted = sample.kind == belfry_history::Kind::Deleted;
    let attribute = match instance(s.name, s.dataset_id.clone(), sample, &shared.names)? {
        Some(attribute) => attribute,
        None => gone(s.name, s.dataset_id.clone(), Time::from_micros(sample.stamp)),
    };
    Ok(Instance { stamp: sample.stamp, attribute, deleted })
}

/// Whether some samples are no instances by this time: deletions, or all but deletions.
fn picks(by: TimeProperty) -> bool {
    matches!(by, TimeProperty::DeletedAt | TimeProperty::CreatedAt)
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
pub(super) fn life(shared: &Shared, history: &History, id: &str, into: &mut Evolution) -> Result<bool, Error> {
    let mut key = Vec::new();
    key_into(id, LIFE, None, &mut key);
    // Notes made by hand may stand before what is looked for; usually two samples are enough.
    let mut known = false;
    for limit in [2, usize::MAX] {
        for sample in history.range(&key, &Query::last(By::Stamp, limit)).map_err(|e| history_error(&e))? {
            let sample = sample.map_err(|e| history_error(&e))?;
            if sample.kind == belfry_history::Kind::Deleted {
                if !known {
                    into.deleted_at = Some(Time::from_micros(sample.stamp));
                }
                known = true;
                continue;
            }
            if marks(&sample) & BY_HAND != 0 {
                continue;
            }
            let life = Life::read(&sample, &shared.names)?;
            (into.types, into.scopes, into.created_at) = (life.types, life.scopes, Some(life.created_at));
            into.modified_at = into.deleted_at.or(Some(Time::from_micros(sample.stamp)));
            return Ok(true);
        }
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
            .aggregate(&s.key, axis(by), boundaries.iter().copied(), functions, &s.born)
            .map_err(|e| history_error(&e))?;
        let buckets: Vec<Bucket> = found.iter().filter(|b| b.count > 0).map(bucket).collect();
        if !buckets.is_empty() {
            let kind = newest_kind(shared, history, &s)?;
            all.push(Aggregation { name: s.name, dataset_id: s.dataset_id, kind, buckets });
        }
    }
    Ok(Some(all))
}

/// The kind of the newest instance of a series. Tombstones seldom come together, so that few samples are enough.
fn newest_kind(shared: &Shared, history: &History, s: &Series) -> Result<AttributeKind, Error> {
    for limit in [2, usize::MAX] {
        for sample in s.range(history, &Query::last(By::Stamp, limit))? {
            let sample = sample?;
            if let Some(attribute) = instance(s.name, None, &sample, &shared.names)? {
                return Ok(attribute.value.kind());
            }
        }
    }
    Ok(AttributeKind::Property)
}

/// Hands out the scopes of an entity; see [`belfry_ports::Store::scopes`].
pub(crate) fn scopes(
    shared: &Shared,
    id: &str,
    (from, to): (Time, Time),
    visit: &mut dyn FnMut(&[CompactString]) -> bool,
) -> Result<(), Error> {
    let history = kept(shared)?;
    let mut key = Vec::new();
    key_into(id, LIFE, None, &mut key);
    let mut see = |sample: &Sample| -> Result<bool, Error> {
        Ok(sample.kind == belfry_history::Kind::Deleted || visit(&Life::read(sample, &shared.names)?.scopes))
    };
    let latest = |at| history.latest_at(&key, at).map_err(|e| history_error(&e));
    let last = if to == Time::MAX { i64::MAX } else { to.micros().saturating_sub(1) };
    let before = if from == Time::MIN { None } else { latest(from.micros())? };
    if let Some(sample) = &before
        && !see(sample)?
    {
        return Ok(());
    }
    let early = before.is_none() && last != i64::MAX && latest(last)?.is_none();
    let query = match early {
        true => Query { by: By::Stamp, from: i64::MIN, to: i64::MAX, order: Order::Ascending, limit: 1 },
        false => {
            let from = if from == Time::MIN { i64::MIN } else { from.micros().saturating_add(1) };
            Query { by: By::Stamp, from, to: last, order: Order::Ascending, limit: usize::MAX }
        }
    };
    for sample in history.range(&key, &query).map_err(|e| history_error(&e))? {
        if !see(&sample.map_err(|e| history_error(&e))?)? {
            break;
        }
    }
    Ok(())
}

pub(crate) fn entity_at(shared: &Shared, id: &str, at: Time) -> Result<Option<Entity>, Error> {
    let mut found = None;
    walk(shared, Walk::One(id), at, Stop::NEVER, &mut |entity| {
        found = Some(entity);
        false
    })?;
    Ok(found)
}

pub(crate) fn state_at(
    shared: &Shared,
    at: Time,
    after: Option<&str>,
    stop: Stop<'_>,
    visit: &mut dyn FnMut(Entity) -> bool,
) -> Result<Option<Iri>, Error> {
    walk(shared, Walk::After(after), at, stop, visit)
}

/// Series that are passed before it is asked whether to stop.
const SERIES_AT_ONCE: usize = 256;

/// Over which entities a walk goes.
#[derive(Clone, Copy)]
enum Walk<'a> {
    One(&'a str),
    After(Option<&'a str>),
}

/// Walks over the last sample of each series as of an instant and makes an image of each entity that existed then. The
/// last entity of the walk when it ended early.
fn walk(
    shared: &Shared,
    over: Walk<'_>,
    at: Time,
    stop: Stop<'_>,
    visit: &mut dyn FnMut(Entity) -> bool,
) -> Result<Option<Iri>, Error> {
    let history = kept(shared)?;
    let (mut current, mut passed) = (Past::default(), 0_usize);
    let scan = match over {
        Walk::One(id) => history.scan_at(&prefix_of(id), at.micros()),
        Walk::After(None) => history.scan_at(&[], at.micros()),
        Walk::After(Some(id)) => history.scan_after(&after_entity(id), at.micros()),
    };
    for item in scan {
        let (key, sample) = item.map_err(|e| history_error(&e))?;
        let (id, number, dataset_id) = parts(&key)?;
        if number == PAST {
            continue;
        }
        passed += 1;
        if id != current.id {
            let before = std::mem::replace(&mut current, Past::of(id));
            let last = before.id.clone();
            let on = before.image(shared, history, at)?.is_none_or(&mut *visit);
            if !on || (passed > SERIES_AT_ONCE && !last.is_empty() && stop.is_due()) {
                return Ok(Some(Iri::from_checked(&last)));
            }
            if passed > SERIES_AT_ONCE {
                passed = 0;
            }
        }
        if is_coarse(dataset_id.as_ref()) {
            continue;
        }
        let sample = if marks(&sample) == 0 {
            sample
        } else if number == LIFE {
            match newest_current(history, &key, at)? {
                Some(sample) => sample,
                None => continue,
            }
        } else {
            // Whether it is worth looking further back, the life tells, which comes last.
            current.beside.push((number, dataset_id, key));
            continue;
        };
        current.take(shared, number, dataset_id, &sample)?;
    }
    if let Some(image) = current.image(shared, history, at)? {
        visit(image);
    }
    Ok(None)
}

/// The newest sample of a series as of an instant that was written with the current state, not to the past alone. The
/// cost grows with the samples since then.
fn newest_current(history: &History, key: &[u8], at: Time) -> Result<Option<Sample>, Error> {
    let query = Query::last(By::Stamp, usize::MAX).within(i64::MIN, at.micros());
    for sample in history.range(key, &query).map_err(|e| history_error(&e))? {
        let sample = sample.map_err(|e| history_error(&e))?;
        if marks(&sample) == 0 {
            return Ok(Some(sample));
        }
    }
    Ok(None)
}

/// What has been read of one entity as of an instant.
#[derive(Default)]
struct Past {
    id: String,
    /// The sample that tells its life, unless that has ended.
    life: Option<(i64, Life)>,
    /// The newest sample of each series: its stamp, and the instance unless that has ended.
    newest: Vec<Newest>,
    /// Series whose newest sample was written to the past alone.
    beside: Vec<(u32, Option<Iri>, Box<[u8]>)>,
}

struct Newest {
    name: Name,
    dataset_id: Option<Iri>,
    stamp: i64,
    instance: Option<Attribute>,
}

impl Past {
    fn of(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    fn take(&mut self, shared: &Shared, number: u32, dataset_id: Option<Iri>, sample: &Sample) -> Result<(), Error> {
        let stamp = sample.stamp;
        if number != LIFE {
            let name = shared.names.name(u64::from(number))?;
            let instance = instance(name, dataset_id.clone(), sample, &shared.names)?;
            self.newest.push(Newest { name, dataset_id, stamp, instance });
        } else if sample.kind != belfry_history::Kind::Deleted {
            self.life = Some((stamp, Life::read(sample, &shared.names)?));
        }
        Ok(())
    }

    /// Adds what it came with, where nothing newer is known.
    fn come(&mut self, birth: Birth) {
        let known = self.newest.len();
        for instance in birth.instances {
            let (name, stamp) = (instance.name, birth.stamp);
            let of_series = |n: &&mut Newest| n.name == name && n.dataset_id == instance.dataset_id;
            match self.newest[..known].iter_mut().find(of_series) {
                Some(newest) if newest.stamp > stamp => {}
                Some(older) => (older.stamp, older.instance) = (stamp, Some(instance)),
                None => {
                    let dataset_id = instance.dataset_id.clone();
                    self.newest.push(Newest { name, dataset_id, stamp, instance: Some(instance) });
                }
            }
        }
    }

    /// The entity, if it existed.
    fn image(mut self, shared: &Shared, history: &History, at: Time) -> Result<Option<Entity>, Error> {
        let Some((stamp, life)) = self.life.take() else { return Ok(None) };
        let mut sorted = true;
        for (number, dataset_id, key) in std::mem::take(&mut self.beside) {
            if let Some(sample) = newest_current(history, &key, at)? {
                self.take(shared, number, dataset_id, &sample)?;
                sorted = false;
            }
        }
        if let Some(birth) = birth::behind(history, &self.id, (stamp, &life), &shared.names)? {
            sorted &= birth.instances.is_empty();
            self.come(birth);
        }
        if !sorted {
            // They stand where a walk in the order of keys would have put them.
            self.newest.sort_by_cached_key(|n| (shared.names.number(n.name), n.dataset_id.clone()));
        }
        let modified = self.newest.iter().map(|n| n.stamp).fold(stamp, i64::max);
        let attributes = self.newest.into_iter().filter_map(|n| n.instance).collect();
        Ok(Some(life.image(&self.id, attributes, Time::from_micros(modified))))
    }
}

/// Whether somebody changed the past of this entity by hand.
pub(crate) fn edited(shared: &Shared, id: &str) -> Result<bool, Error> {
    let mut key = Vec::new();
    key_into(id, LIFE, None, &mut key);
    for sample in kept(shared)?.range(&key, &Query::all(By::Stamp)).map_err(|e| history_error(&e))? {
        if marks(&sample.map_err(|e| history_error(&e))?) & BY_HAND != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
