//! Between commits and the history store: which series an attribute instance belongs to, how an instance becomes a
//! sample and a sample an instance. History is a view of the log, filled from each commit after it is durable.
//!
//! A series' key is the entity's identifier, a zero byte, the attribute's number (four bytes, big end first), the
//! dataset. All series of an entity stand together; the series of number [`LIFE`] says when the entity came, went,
//! and which types and scopes it had, and holds the instances that it came with (`birth`).

pub(crate) mod birth;
pub(crate) mod fill;
mod life;
pub(crate) mod past;
pub(crate) mod read;

use crate::blob;
use crate::codec::{Cursor, Damaged, Put};
use crate::dictionary::Dictionary;
use belfry_history::{By, History, Op, Query, SampleRef, ValueRef};
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::{Attribute, Json, Name, Value};
use belfry_ports::{ChangeKind, ChangeSet, Commit, EntityChange, Sample};
use hashbrown::{HashMap, HashSet};
use life::{Life, last_types, live};

/// The number that no attribute has: the entity's own life.
const LIFE: u32 = u32::MAX;

/// Whole numbers up to this are the same as a double, and are kept as one, so that 20 and 20.5 share a column.
const EXACT: i64 = 1 << 53;

/// The largest stamp of a commit's samples.
pub(crate) fn last_stamp(at: Time, set: &ChangeSet) -> Time {
    at.plus_micros((set.samples.len() + repeats(set)) as i64)
}

/// How often an entity comes again in one commit.
fn repeats(set: &ChangeSet) -> usize {
    if set.entities.len() < 2 { 0 } else { set.entities.len() - 1 }
}

fn key_into(id: &str, number: u32, dataset: Option<&Iri>, out: &mut Vec<u8>) {
    out.extend_from_slice(id.as_bytes());
    out.push(0);
    out.extend_from_slice(&number.to_be_bytes());
    if let Some(dataset) = dataset {
        out.extend_from_slice(dataset.as_str().as_bytes());
    }
}

fn prefix_of(id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.len() + 1);
    key.extend_from_slice(id.as_bytes());
    key.push(0);
    key
}

/// The parts of a key.
fn parts(key: &[u8]) -> Result<(&str, u32, Option<Iri>), Damaged> {
    let wrong = Damaged("a series has a wrong key");
    let zero = key.iter().position(|b| *b == 0).ok_or(wrong)?;
    let (id, rest) = (&key[..zero], &key[zero + 1..]);
    if rest.len() < 4 {
        return Err(wrong);
    }
    let number = u32::from_be_bytes(rest[..4].try_into().map_err(|_| wrong)?);
    let text = |b| std::str::from_utf8(b).map_err(|_| wrong);
    let dataset = if rest.len() > 4 { Some(Iri::from_checked(text(&rest[4..])?)) } else { None };
    Ok((text(id)?, number, dataset))
}

/// The dataset of coarser samples: this and the period's text.
const COARSE: &str = belfry_ngsi_ld::entity::MEANS_DATASET;

/// Whether a dataset holds the coarser samples of another series.
fn is_coarse(dataset: Option<&Iri>) -> bool {
    dataset.is_some_and(|d| d.as_str().starts_with(COARSE))
}

/// Whose a series is.
pub(crate) struct Owner<'a> {
    /// The entity.
    pub(crate) id: &'a str,
    /// The attribute.
    pub(crate) name: Name,
    /// Whether it holds coarser samples of another series.
    pub(crate) coarse: bool,
}

/// Whose a key is; none for what is known of an entity itself, which is kept for ever.
pub(crate) fn owner<'a>(key: &'a [u8], names: &Dictionary) -> Option<Owner<'a>> {
    let (id, number, dataset) = parts(key).ok()?;
    if matches!(number, LIFE | past::PAST) {
        return None;
    }
    let name = names.name(u64::from(number)).ok()?;
    Some(Owner { id, name, coarse: is_coarse(dataset.as_ref()) })
}

/// The key of the series that holds the means of this one.
pub(crate) fn coarser_key(key: &[u8], period: &str) -> Vec<u8> {
    let mut coarse = key.to_vec();
    if let Ok((_, _, Some(dataset))) = parts(key) {
        // Of a dataset of its own: the name goes before it.
        coarse.truncate(key.len() - dataset.as_str().len());
        coarse.extend_from_slice(format!("{COARSE}{period}:{dataset}").as_bytes());
    } else {
        coarse.extend_from_slice(format!("{COARSE}{period}").as_bytes());
    }
    coarse
}

/// One operation with its own bytes; borrowed as an [`Op`] when all are made.
enum Owned {
    Append { key: std::ops::Range<usize>, sample: OwnedSample },
    Replace { key: std::ops::Range<usize>, sample: OwnedSample },
    Remove { key: std::ops::Range<usize>, stamp: i64 },
    RemoveSeries { key: std::ops::Range<usize> },
    RemovePrefix { key: std::ops::Range<usize> },
}

struct OwnedSample {
    stamp: i64,
    observed: Option<Time>,
    value: OwnedValue,
    rest: std::ops::Range<usize>,
    deleted: bool,
}

enum OwnedValue {
    None,
    Number(f64),
    Whole(i64),
    Bool(bool),
    Text(std::ops::Range<usize>),
    Bytes(std::ops::Range<usize>),
}

/// Collects the operations of one commit in one buffer.
struct Batch<'a> {
    names: &'a Dictionary,
    buffer: Vec<u8>,
    ops: Vec<Owned>,
    /// Entities whose births these operations lay out in series.
    unfolded: HashSet<Box<str>>,
}

impl<'a> Batch<'a> {
    fn new(names: &'a Dictionary) -> Self {
        Self { names, buffer: Vec::with_capacity(512), ops: Vec::new(), unfolded: HashSet::new() }
    }

    fn key(&mut self, id: &str, number: u32, dataset: Option<&Iri>) -> std::ops::Range<usize> {
        let start = self.buffer.len();
        key_into(id, number, dataset, &mut self.buffer);
        start..self.buffer.len()
    }

    fn sample(&mut self, stamp: i64, a: &Attribute, marks: u8, rewritten: Option<Time>) -> OwnedSample {
        let start = self.buffer.len();
        let base = rewritten.map_or(a.modified_at, |_| Time::from_micros(stamp));
        put_rest(a, marks, base, self.names, &mut self.buffer);
        // The time of writing stands at the end, where it is another than the stamp.
        if let Some(at) = rewritten {
            self.buffer.extend_from_slice(&at.micros().to_le_bytes());
        }
        let rest = start..self.buffer.len();
        let value = match &a.value {
            Value::Property(Json::Float(f)) => OwnedValue::Number(*f),
            Value::Property(Json::Int(i)) if (-EXACT..=EXACT).contains(i) => OwnedValue::Number(*i as f64),
            Value::Property(Json::Int(i)) => OwnedValue::Whole(*i),
            Value::Property(Json::Bool(b)) => OwnedValue::Bool(*b),
            Value::Property(Json::Str(s)) => {
                let start = self.buffer.len();
                self.buffer.extend_from_slice(s.as_bytes());
                OwnedValue::Text(start..self.buffer.len())
            }
            other => {
                let start = self.buffer.len();
                blob::encode_value(other, self.names, &mut self.buffer);
                OwnedValue::Bytes(start..self.buffer.len())
            }
        };
        OwnedSample { stamp, observed: a.observed_at, value, rest, deleted: false }
    }

    fn instance(&mut self, id: &str, stamp: i64, a: &Attribute, marks: u8) {
        let key = self.key(id, self.names.number(a.name), a.dataset_id.as_ref());
        let sample = self.sample(stamp, a, marks, None);
        self.ops.push(Owned::Append { key, sample });
    }

    fn tombstone(&mut self, id: &str, number: u32, dataset: Option<&Iri>, stamp: i64) {
        let key = self.key(id, number, dataset);
        let sample = OwnedSample { stamp, observed: None, value: OwnedValue::None, rest: 0..0, deleted: true };
        self.ops.push(Owned::Append { key, sample });
    }

    fn put(&mut self, key: &[u8]) -> std::ops::Range<usize> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(key);
        start..self.buffer.len()
    }

    /// Notes that history has an entity of these types, which the current state does not tell.
    fn past(&mut self, id: &str, types: &[Name], stamp: i64) {
        for name in types {
            let key = past::key_of(self.names.number(*name), id);
            let key = self.put(&key);
            let value = OwnedValue::Bool(true);
            let sample = OwnedSample { stamp, observed: None, value, rest: 0..0, deleted: false };
            self.ops.push(Owned::Append { key, sample });
        }
    }

    /// Hands on the operations, borrowing from the buffer.
    fn with_ops<T>(&self, take: impl FnOnce(&[Op<'_>]) -> T) -> T {
        let bytes = |r: &std::ops::Range<usize>| &self.buffer[r.clone()];
        let sample = |s: &OwnedSample| -> Result<SampleRef<'_>, std::str::Utf8Error> {
            Ok(SampleRef {
                stamp: s.stamp,
                observed: s.observed,
                value: match &s.value {
                    OwnedValue::None => ValueRef::None,
                    OwnedValue::Number(f) => ValueRef::F64(*f),
                    OwnedValue::Whole(i) => ValueRef::I64(*i),
                    OwnedValue::Bool(b) => ValueRef::Bool(*b),
                    OwnedValue::Text(r) => ValueRef::Text(std::str::from_utf8(&self.buffer[r.clone()])?),
                    OwnedValue::Bytes(r) => ValueRef::Bytes(&self.buffer[r.clone()]),
                },
                rest: &self.buffer[s.rest.clone()],
                kind: if s.deleted { belfry_history::Kind::Deleted } else { belfry_history::Kind::Normal },
            })
        };
        let mut ops = Vec::with_capacity(self.ops.len());
        for op in &self.ops {
            ops.push(match op {
                Owned::Append { key, sample: s } => {
                    Op::Append { key: bytes(key), sample: sample(s).expect("texts come from texts") }
                }
                Owned::Replace { key, sample: s } => {
                    Op::Replace { key: bytes(key), sample: sample(s).expect("texts come from texts") }
                }
                Owned::Remove { key, stamp } => Op::Remove { key: bytes(key), stamp: *stamp },
                Owned::RemoveSeries { key } => Op::RemoveSeries { key: bytes(key) },
                Owned::RemovePrefix { key } => Op::RemovePrefix { prefix: bytes(key) },
            });
        }
        take(&ops)
    }
}

/// At most how many bytes a change set takes of history's open part, when its record in the log has this many.
pub(crate) fn weight(set: &ChangeSet, record_bytes: usize) -> usize {
    /// For each operation beside its key and what the record holds of it: the number in the key, fixed fields, bookkeeping.
    const EACH: usize = 128;
    let of = |id: &Iri, dataset: Option<&Iri>| id.as_str().len() + dataset.map_or(0, |d| d.as_str().len()) + EACH;
    let of_all = |id: &Iri, all: &[Attribute]| all.iter().map(|a| of(id, a.dataset_id.as_ref())).sum::<usize>();
    let entities = set.entities.iter().map(|change| match change {
        EntityChange::Put { entity, created: true, .. } => {
            of(&entity.id, None) + of_all(&entity.id, &entity.attributes)
        }
        EntityChange::Put { entity, changes, .. } => {
            of(&entity.id, None) + changes.iter().map(|c| of(&entity.id, c.dataset_id.as_ref())).sum::<usize>()
        }
        EntityChange::Delete { id, last } => of(id, None) + of_all(id, &last.attributes),
    });
    let samples = set.samples.iter().map(|sample| match sample {
        Sample::Append { id, attribute, .. } | Sample::Replace { id, attribute, .. } => {
            of(id, None) + of(id, attribute.dataset_id.as_ref())
        }
        Sample::Remove { id, dataset_id, .. } | Sample::Forget { id, dataset_id, .. } => of(id, dataset_id.as_ref()),
    });
    2 * record_bytes + entities.sum::<usize>() + samples.sum::<usize>()
}

/// Adds a durable commit to history. A commit that holds nothing for it is noted all the same, so that the log need not
/// be kept for it.
///
/// # Errors
/// `Full` before anything was added: flush, then call again. Otherwise the commit may be in by half, and calling again
/// completes it.
pub(crate) fn append(history: &History, commit: &Commit, names: &Dictionary) -> belfry_history::Result<()> {
    if commit.changes.entities.is_empty() && commit.changes.samples.is_empty() {
        return history.apply(commit.seq, &[]).map(drop);
    }
    let mut batch = Batch::new(names);
    let start = commit.at.micros();
    for id in commit.changes.samples.iter().filter_map(edited) {
        if !batch.unfolded.contains(id.as_str()) {
            batch.unfold(history, id.as_str(), i64::MAX).map_err(|e| birth::unreadable(&e))?;
        }
    }
    // What is forgotten is what was before the commit.
    for sample in &commit.changes.samples {
        if let Sample::Forget { id, name, dataset_id, all_datasets } = sample {
            forget(&mut batch, history, id, *name, dataset_id.as_ref().filter(|_| !all_datasets), *all_datasets);
        }
    }
    // What goes into history alone comes before the changes, each at a stamp of its own: after the commit an entity is as its
    // change left it.
    let mut lives = HashMap::new();
    for (i, sample) in commit.changes.samples.iter().enumerate() {
        sample_change(&mut batch, history, &mut lives, sample, start + i as i64);
    }
    let at = start + commit.changes.samples.len() as i64;
    // An entity that one commit changes twice gets a later stamp the second time.
    let mut times: HashMap<&str, i64> = HashMap::new();
    let several = commit.changes.entities.len() > 1;
    for change in &commit.changes.entities {
        let stamp = if several {
            let n = times.entry(change.id().as_str()).or_insert(-1);
            *n += 1;
            at + *n
        } else {
            at
        };
        entity_change(&mut batch, change, stamp);
    }
    batch.with_ops(|ops| history.apply(commit.seq, ops)).map(drop)
}

/// The entity whose past a sample changes by hand, unless all of it goes.
fn edited(sample: &Sample) -> Option<&Iri> {
    match sample {
        Sample::Append { .. } | Sample::Forget { name: None, .. } => None,
        Sample::Replace { id, .. } | Sample::Remove { id, .. } | Sample::Forget { id, .. } => Some(id),
    }
}

fn entity_change(batch: &mut Batch<'_>, change: &EntityChange, stamp: i64) {
    match change {
        EntityChange::Put { entity, created, head, changes } => {
            let id = entity.id.as_str();
            if *created {
                return batch.birth(entity, stamp);
            }
            if *head {
                batch.life(id, stamp, &Life::of(entity), 0);
            }
            for c in changes {
                match c.kind {
                    ChangeKind::Created | ChangeKind::Updated | ChangeKind::Repeated => {
                        if let Some(a) = entity.instance(c.name, c.dataset_id.as_ref()) {
                            batch.instance(id, stamp, a, 0);
                        }
                    }
                    ChangeKind::Deleted => {
                        batch.tombstone(id, batch.names.number(c.name), c.dataset_id.as_ref(), stamp);
                    }
                }
            }
        }
        EntityChange::Delete { id, last } => {
            batch.tombstone(id.as_str(), LIFE, None, stamp);
            batch.past(id.as_str(), &last.types, stamp);
            for a in &last.attributes {
                batch.tombstone(id.as_str(), batch.names.number(a.name), a.dataset_id.as_ref(), stamp);
            }
        }
    }
}

fn forget(
    batch: &mut Batch<'_>,
    history: &History,
    id: &Iri,
    name: Option<Name>,
    dataset_id: Option<&Iri>,
    all_datasets: bool,
) {
    let Some(name) = name else {
        for name in last_types(history, id.as_str(), batch.names) {
            let key = past::key_of(batch.names.number(name), id.as_str());
            let key = batch.put(&key);
            batch.ops.push(Owned::RemoveSeries { key });
        }
        let key = batch.put(&prefix_of(id.as_str()));
        batch.ops.push(Owned::RemovePrefix { key });
        return;
    };
    let key = batch.key(id.as_str(), batch.names.number(name), dataset_id);
    batch.ops.push(if all_datasets { Owned::RemovePrefix { key } } else { Owned::RemoveSeries { key } });
}

fn sample_change<'a>(
    batch: &mut Batch<'_>,
    history: &History,
    lives: &mut HashMap<&'a str, Vec<Name>>,
    sample: &'a Sample,
    stamp: i64,
) {
    match sample {
        Sample::Append { id, types, attribute } => {
            live(batch, history, lives, id.as_str(), types, stamp);
            batch.instance(id.as_str(), stamp, attribute, ASIDE);
        }
        Sample::Replace { id, stamp: which, attribute } => {
            let key = batch.key(id.as_str(), batch.names.number(attribute.name), attribute.dataset_id.as_ref());
            let before = history.range(&batch.buffer[key.clone()], &Query::last(By::Stamp, 1).within(*which, *which));
            let before = before.ok().and_then(|mut all| all.next()).and_then(Result::ok);
            let marks = before.map_or(0, |b| marks(&b) & ASIDE);
            let sample = batch.sample(*which, attribute, marks, Some(attribute.modified_at));
            batch.ops.push(Owned::Replace { key, sample });
            batch.by_hand(history, id.as_str(), stamp);
        }
        Sample::Remove { id, name, dataset_id, stamp: which } => {
            let key = batch.key(id.as_str(), batch.names.number(*name), dataset_id.as_ref());
            batch.ops.push(Owned::Remove { key, stamp: *which });
            batch.by_hand(history, id.as_str(), stamp);
        }
        // Done before all else.
        Sample::Forget { name: None, .. } => {}
        Sample::Forget { id, .. } => batch.by_hand(history, id.as_str(), stamp),
    }
}

const UNIT: u8 = 1 << 3;
const EXPIRY: u8 = 1 << 4;
const SUB: u8 = 1 << 5;
/// The instance (or life) was added to the past alone: it never was in the current state.
const ASIDE: u8 = 1 << 6;
/// This life only notes that instances of the past were changed or taken away by hand.
const BY_HAND: u8 = 1 << 7;

/// The marks of a sample: of an instance in the head of what belongs to it, of a life alone.
fn marks(sample: &belfry_history::Sample) -> u8 {
    sample.rest.first().map_or(0, |head| head & (ASIDE | BY_HAND))
}

/// Whether a sample was written with the current state, not to the past alone.
pub(crate) fn was_current(sample: &belfry_history::Sample) -> bool {
    marks(sample) == 0
}

/// What belongs to an instance besides its value and times: it seldom changes from one instance to the next, so nothing
/// in it may be a time of writing.
fn put_rest(a: &Attribute, marks: u8, base: Time, names: &Dictionary, out: &mut Vec<u8>) {
    let mut head = a.value.kind() as u8 | marks;
    for (flag, present) in [(UNIT, a.unit_code.is_some()), (EXPIRY, a.expires_at.is_some()), (SUB, !a.sub.is_empty())] {
        if present {
            head |= flag;
        }
    }
    out.push(head);
    out.extend_from_slice(&a.created_at.micros().to_le_bytes());
    if let Some(unit) = &a.unit_code {
        out.put_text(unit);
    }
    if let Some(t) = a.expires_at {
        out.extend_from_slice(&t.micros().to_le_bytes());
    }
    if !a.sub.is_empty() {
        out.put_varint(a.sub.len() as u64);
        for sub in &a.sub {
            // Times of a sub-attribute that was written together with its attribute become zero.
            blob::encode_attribute(sub, base, names, out);
        }
    }
}

/// The instance that a sample stands for; none for a tombstone.
fn instance(
    name: Name,
    dataset_id: Option<Iri>,
    sample: &belfry_history::Sample,
    names: &Dictionary,
) -> Result<Option<Attribute>, Damaged> {
    if sample.kind == belfry_history::Kind::Deleted {
        return Ok(None);
    }
    let mut c = Cursor::new(&sample.rest);
    let head = c.byte()?;
    let created_at = Time::from_micros(c.i64()?);
    let unit_code = if head & UNIT != 0 { Some(c.text()?.into()) } else { None };
    let expires_at = if head & EXPIRY != 0 { Some(Time::from_micros(c.i64()?)) } else { None };
    let base = Time::from_micros(sample.stamp);
    let mut sub = Vec::new();
    if head & SUB != 0 {
        for _ in 0..c.count()? {
            sub.push(blob::decode_attribute(&mut c, base, names)?);
        }
    }
    let modified_at = if c.is_empty() { base } else { Time::from_micros(c.i64()?) };
    let value = match &sample.value {
        belfry_history::Value::F64(f) => Value::Property(Json::number(*f)),
        belfry_history::Value::I64(i) => Value::Property(Json::Int(*i)),
        belfry_history::Value::Bool(b) => Value::Property(Json::Bool(*b)),
        belfry_history::Value::Text(s) => Value::Property(Json::Str((&**s).into())),
        belfry_history::Value::Bytes(bytes) => blob::take_value(head & 7, &mut Cursor::new(bytes), names)?,
        belfry_history::Value::None => return Err(Damaged("an instance has no value")),
    };
    Ok(Some(Attribute {
        name,
        dataset_id,
        value,
        observed_at: sample.observed,
        unit_code,
        created_at,
        modified_at,
        expires_at,
        sub,
    }))
}

pub(crate) fn history_error(e: &belfry_history::Error) -> Error {
    Error::new(Kind::Unavailable, "history could not be read; the platform's log says why").caused_by(e.to_string())
}
