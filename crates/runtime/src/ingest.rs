//! Readings of devices into entities: what a connector decoded becomes commits. A batch is one commit, so that it costs
//! one sync (several if it is large); each message of it is one change of its entity, and one more for each further value
//! of an attribute, so that every value is in history. Knows no protocol.

mod seen;
mod weight;

use crate::metrics::{self, Page, Source};
use crate::notify::KeepBefore;
use crate::tenant::Tenants;
use crate::write::{Current, with_gone, write};
use belfry_connect_payload::{Reading, Value as Read};
use belfry_kernel::{Clock, Error, Geometry, Iri, Kind, Tally, Time};
use belfry_ngsi_ld::form::{Limits, NULL};
use belfry_ngsi_ld::operation::{check_bytes, json_bytes};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Name, Value};
use belfry_ports::{Change, ChangeKind, ChangeSet, Collection, DocumentChange, EntityChange, Sample};
use hashbrown::HashMap;
use parking_lot::Mutex;
use seen::Seen;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use weight::Weights;

/// The deepest JSON that a reading may carry.
const JSON_DEPTH: usize = 32;
/// A value whose own time lies further ahead than this is from a clock that is wrong: it does not stand against what is
/// reported after it, microseconds.
const AHEAD: i64 = 300_000_000;
/// How often silent senders are forgotten at least, microseconds.
const FORGET_EVERY: i64 = 60_000_000;

/// One message of a device.
pub struct Message {
    /// What it says.
    pub readings: Vec<Reading>,
    /// How a repetition is known: the sender, the message's digest, and whether it may be a repetition at all. None for
    /// messages that are never repeated.
    pub repeat: Option<Repeat>,
    /// What it taught about later messages; kept with the readings.
    pub learned: Vec<Learned>,
}

/// Something that a connector wants to know again after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Under which key, within [`Collection::Device`].
    pub key: Box<str>,
    /// What; none to forget it.
    pub bytes: Option<Arc<[u8]>>,
}

/// See [`Message::repeat`].
pub struct Repeat {
    /// Who sends.
    pub sender: Box<str>,
    /// A digest of the message.
    pub key: u64,
    /// Whether it may be a repetition.
    pub suspect: bool,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is durable.
    Stored,
    /// It was durable before.
    Duplicate,
    /// It is refused for good: why, as a kind and as a sentence.
    Refused(Reason, Box<str>),
}

/// Why messages are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its entity does not exist, and only registered ones may report.
    Unregistered,
    /// The mapping names no entity for the device.
    NoEntity,
    /// The deny vocabulary has the name of its attribute or type.
    Name,
    /// A value that cannot be stored, or a name that is none.
    Value,
}

impl Reason {
    const ALL: [Self; 4] = [Self::Unregistered, Self::NoEntity, Self::Name, Self::Value];

    /// Its name in metrics and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unregistered => "unregistered",
            Self::NoEntity => "no_entity",
            Self::Name => "refused_name",
            Self::Value => "bad_value",
        }
    }
}

/// Counts what came in.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages stored.
    pub stored: AtomicU64,
    /// Readings stored.
    pub samples: AtomicU64,
    /// Messages known already.
    pub duplicate: AtomicU64,
    /// Messages refused, by reason.
    refused: [Tally; Reason::ALL.len()],
}

impl Counters {
    /// Messages refused for this reason.
    pub fn refused(&self, reason: Reason) -> u64 {
        self.refused[reason as usize].total()
    }
}

/// What is taken in.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Only devices that are registered may report.
    pub register_only: bool,
    /// Bytes that a commit of readings is to weigh at most.
    pub commit_bytes: usize,
    /// How long a sender that is silent is remembered, so that what it repeats is known.
    pub remember: Duration,
    /// Senders of one tenant that are remembered; beyond, those that are silent longest are forgotten.
    pub max_senders: usize,
}

/// Takes readings in.
pub struct Ingest {
    tenants: Arc<Tenants>,
    limits: Arc<Limits>,
    clock: Arc<dyn Clock>,
    keep_before: Arc<KeepBefore>,
    options: Options,
    weights: Weights,
    /// Senders that were new since those that are silent were last forgotten, and when that was.
    new_senders: AtomicUsize,
    forgotten: Mutex<Time>,
    /// What was counted.
    pub counters: Counters,
}

impl Ingest {
    /// Into these stores, within these limits and refusing their names; with the values before while somebody wants to see
    /// them.
    pub fn new(
        tenants: Arc<Tenants>,
        limits: Limits,
        clock: Arc<dyn Clock>,
        keep_before: Arc<KeepBefore>,
        options: Options,
    ) -> Self {
        let (limits, weights) = (Arc::new(limits), Weights::default());
        let (new_senders, forgotten) = (AtomicUsize::new(0), Mutex::new(Time::MIN));
        let counters = Counters::default();
        Self { tenants, limits, clock, keep_before, options, weights, new_senders, forgotten, counters }
    }

    /// Hands a batch to the store at once, in order; the future resolves when it is durable, with one outcome a message.
    /// A batch that is too large for one commit becomes several; when a later one fails, the earlier ones stand, and are
    /// known when they are sent again.
    pub fn submit(
        self: &Arc<Self>,
        tenant: Option<&str>,
        batch: Vec<Message>,
    ) -> impl Future<Output = Result<Vec<Taken>, Error>> + Send + 'static + use<> {
        let ingest = self.clone();
        let keep_before = self.keep_before.is_wanted(|| self.clock.now());
        let writing = self.tenants.get_or_create(tenant.unwrap_or_default()).map(|store| {
            // With the values before, a commit weighs up to twice as much.
            let most = if keep_before { self.options.commit_bytes / 2 } else { self.options.commit_bytes };
            let parts = self.weights.cut(&*store, batch, most).into_iter().map(|part| {
                let ingest = self.clone();
                write(&*store, move |read, now| ingest.decide(part, read, now, keep_before))
            });
            parts.collect::<Vec<_>>()
        });
        async move {
            let mut all = Vec::new();
            for part in writing? {
                let ((taken, samples), _) = part.await?;
                ingest.count(&taken, samples);
                all.extend(taken);
            }
            Ok(all)
        }
    }

    fn decide(
        &self,
        batch: Vec<Message>,
        read: &dyn belfry_ports::Read,
        now: Time,
        keep_before: bool,
    ) -> Result<(ChangeSet, (Vec<Taken>, u64)), Error> {
        let mut work = Work {
            read,
            now,
            limits: &self.limits,
            register_only: self.options.register_only,
            keep_before,
            weights: &self.weights,
            bytes: 0,
            entities: HashMap::new(),
            seen: HashMap::new(),
            set: ChangeSet::default(),
            samples: 0,
        };
        let taken = batch.into_iter().map(|m| work.message(m)).collect::<Result<Vec<Taken>, _>>()?;
        let samples = work.samples;
        let new = work.seen.values().filter(|seen| seen.is_new).count();
        if new > 0 {
            self.new_senders.fetch_add(new, Ordering::Relaxed);
        }
        Ok((work.finish(), (taken, samples)))
    }

    fn count(&self, taken: &[Taken], samples: u64) {
        let (mut stored, mut duplicate) = (0, 0);
        for outcome in taken {
            match outcome {
                Taken::Stored => stored += 1,
                Taken::Duplicate => duplicate += 1,
                Taken::Refused(reason, why) => {
                    if let Some(count) = self.counters.refused[*reason as usize].note(self.clock.now()) {
                        tracing::warn!(reason = reason.as_str(), count, latest = &**why, "messages of devices refused");
                    }
                }
            }
        }
        self.counters.stored.fetch_add(stored, Ordering::Relaxed);
        self.counters.duplicate.fetch_add(duplicate, Ordering::Relaxed);
        self.counters.samples.fetch_add(samples, Ordering::Relaxed);
    }

    /// Forgets senders that are silent for long, and those that are too many: to be called once in a while; it does
    /// something once a minute, or when many were new.
    pub async fn forget(&self) {
        let now = self.clock.now();
        {
            let mut last = self.forgotten.lock();
            let many = (self.options.max_senders / 4).max(1);
            if now < last.plus_micros(FORGET_EVERY) && self.new_senders.load(Ordering::Relaxed) < many {
                return;
            }
            *last = now;
            self.new_senders.store(0, Ordering::Relaxed);
        }
        let remember = i64::try_from(self.options.remember.as_micros()).unwrap_or(i64::MAX);
        for (tenant, store) in self.tenants.all() {
            match seen::forget(&*store, now.plus_micros(-remember), self.options.max_senders).await {
                Ok(0) => {}
                Ok(senders) => tracing::debug!(tenant, senders, "silent senders forgotten"),
                Err(error) => tracing::warn!(tenant, %error, "silent senders cannot be forgotten yet"),
            }
        }
    }

    /// Writes the lines about refusals that are due: to be called once in a while, so that what came after the last line
    /// is told even if nothing comes any more.
    pub fn tell(&self) {
        for reason in Reason::ALL {
            if let Some(count) = self.counters.refused[reason as usize].due(self.clock.now()) {
                tracing::warn!(reason = reason.as_str(), count, "messages of devices refused");
            }
        }
    }
}

impl Source for Ingest {
    fn measure(&self, page: &mut Page) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.single(&metrics::INGEST_STORED, load(&self.counters.stored));
        page.single(&metrics::INGEST_SAMPLES, load(&self.counters.samples));
        page.single(&metrics::INGEST_DUPLICATES, load(&self.counters.duplicate));
        let mut refused = page.family(&metrics::INGEST_REFUSED);
        for reason in Reason::ALL {
            refused.row(&[reason.as_str()], self.counters.refused(reason));
        }
    }
}

/// Why a reading cannot be stored.
struct Fault {
    reason: Reason,
    error: Error,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { reason: Reason::Value, error }
    }
}

/// An entity that a message touches.
struct Touched {
    image: Entity,
    /// Whether it is new with the next change.
    created: bool,
    /// What had expired of it before the next change.
    current: Current,
    /// What the next change changes.
    changes: Vec<Change>,
}

/// What one message changes.
#[derive(Default)]
struct Made {
    changes: Vec<EntityChange>,
    samples: Vec<Sample>,
    bytes: usize,
    /// What the instances before weigh.
    before: usize,
}

impl Made {
    /// Ends a change of an entity: the image as it is now, by what changed.
    fn put(&mut self, touched: &mut Touched, now: Time, limits: &Limits) -> Result<(), Error> {
        let changes = std::mem::take(&mut touched.changes);
        let created = std::mem::take(&mut touched.created);
        if changes.is_empty() && !created {
            return Ok(());
        }
        check_bytes(&touched.image, limits)?;
        touched.image.modified_at = now;
        self.bytes += weight::entity(&touched.image);
        let entity = Arc::new(touched.image.clone());
        let mut change = EntityChange::Put { entity, created, head: false, changes };
        with_gone(&mut change, touched.current.gone());
        self.changes.extend(touched.current.ended.take());
        self.changes.push(change);
        Ok(())
    }
}

struct Work<'a> {
    read: &'a dyn belfry_ports::Read,
    now: Time,
    limits: &'a Limits,
    register_only: bool,
    /// Whether changes carry the instances as they were.
    keep_before: bool,
    weights: &'a Weights,
    /// What `set` weighs.
    bytes: usize,
    /// Images as this batch has left them.
    entities: HashMap<Iri, Arc<Entity>>,
    seen: HashMap<Box<str>, Seen>,
    set: ChangeSet,
    /// Readings in `set`.
    samples: u64,
}

impl Work<'_> {
    fn message(&mut self, message: Message) -> Result<Taken, Error> {
        if let Some(repeat) = &message.repeat {
            let read = self.read;
            let seen = self.seen_of(&repeat.sender)?;
            if repeat.suspect && seen.contains(repeat.key, read)? {
                return Ok(Taken::Duplicate);
            }
        }
        let samples = message.readings.len() as u64;
        match self.readings(message.readings) {
            Ok(made) => {
                self.take(made)?;
                self.samples += samples;
            }
            Err(Fault { reason, error }) if matches!(error.kind(), Kind::BadRequestData | Kind::Forbidden) => {
                return Ok(Taken::Refused(reason, error.public().into()));
            }
            Err(fault) => return Err(fault.error),
        }
        self.learn(message.learned)?;
        if let Some(repeat) = message.repeat {
            self.seen_of(&repeat.sender)?.insert(repeat.key);
        }
        Ok(Taken::Stored)
    }

    fn seen_of(&mut self, sender: &str) -> Result<&mut Seen, Error> {
        if !self.seen.contains_key(sender) {
            self.seen.insert(sender.into(), Seen::read(sender, self.read)?);
        }
        Ok(self.seen.get_mut(sender).expect("it was just put there"))
    }

    /// What all readings of one message change, or why none of them is taken.
    fn readings(&self, readings: Vec<Reading>) -> Result<Made, Fault> {
        let mut touched: SmallVec<[Touched; 1]> = SmallVec::new();
        let mut made = Made::default();
        for reading in readings {
            let Some(target) = &reading.entity else {
                let text =
                    format!("device {}: the mapping names no entity for it and it is not registered", reading.device);
                return Err(Fault { reason: Reason::NoEntity, error: Error::bad_data(text) });
            };
            let at = match touched.iter().position(|t| t.image.id == target.id) {
                Some(at) => at,
                None => {
                    let (image, created, current) = self.image(&target.id, &target.types)?;
                    touched.push(Touched { image, created, current, changes: Vec::new() });
                    touched.len() - 1
                }
            };
            let touched = &mut touched[at];
            let name = self.name(&reading.attribute)?;
            let reading = attribute(name, reading, self.now, self.limits)?;
            if is_late(&touched.image, &reading, self.now) {
                made.bytes += weight::attribute(&reading);
                let types = touched.image.types.to_vec();
                made.samples.push(Sample::Append { id: touched.image.id.clone(), types, attribute: reading });
                continue;
            }
            if touched.changes.iter().any(|c| c.name == name) {
                // The value before this one is a change of its own, or history would never see it.
                made.put(touched, self.now, self.limits)?;
            }
            let before = set(&mut touched.image, reading, &mut touched.changes, self.limits)?;
            if self.keep_before
                && let (Some(before), Some(change)) = (before, touched.changes.last_mut())
                && change.kind == ChangeKind::Updated
            {
                let bytes = weight::attribute(&before);
                if made.before + bytes <= weight::MOST_BEFORE {
                    made.before += bytes;
                    change.before = Some(Box::new(before));
                }
            }
            if made.bytes > weight::MOST_MESSAGE {
                break;
            }
        }
        for mut touched in touched {
            made.put(&mut touched, self.now, self.limits)?;
        }
        if made.bytes > weight::MOST_MESSAGE {
            let most = weight::MOST_MESSAGE >> 20;
            let text = format!("one message changes more than {most} MiB of entities: send fewer values at once");
            return Err(Error::bad_data(text).into());
        }
        Ok(made)
    }

    /// Takes over what a message changes.
    fn take(&mut self, made: Made) -> Result<(), Error> {
        self.bytes += made.bytes + made.before;
        for change in &made.changes {
            if let EntityChange::Put { entity, .. } = change {
                self.weights.note(&entity.id, weight::entity(entity));
                self.entities.insert(entity.id.clone(), entity.clone());
            }
        }
        if self.bytes > weight::MOST {
            // What they weigh is known now: sent again, the batch is cut.
            return Err(Error::new(Kind::Unavailable, "the batch is too large for one commit: send it again"));
        }
        self.set.entities.extend(made.changes);
        self.set.samples.extend(made.samples);
        Ok(())
    }

    /// Keeps what a message taught, where that is new.
    fn learn(&mut self, learned: Vec<Learned>) -> Result<(), Error> {
        for Learned { key, bytes } in learned {
            self.bytes += key.len() + bytes.as_ref().map_or(0, |b| b.len());
            if let Some(earlier) = self.set.documents.iter_mut().find(|d| d.key == key) {
                earlier.bytes = bytes;
            } else if self.read.document(Collection::Device, &key)? != bytes {
                self.set.documents.push(DocumentChange { collection: Collection::Device, key, bytes });
            }
        }
        Ok(())
    }

    /// The image of an entity without what has expired of it, whether it is new, and what has expired.
    fn image(&self, id: &Iri, types: &[compact_str::CompactString]) -> Result<(Entity, bool, Current), Fault> {
        let stored = match self.entities.get(id) {
            Some(image) => Some(image.clone()),
            None => self.read.entity(id.as_str())?,
        };
        let mut current = Current::of(stored, self.now, self.keep_before);
        if let Some(image) = current.entity.take() {
            return Ok((Arc::unwrap_or_clone(image), false, current));
        }
        if self.register_only {
            let error = Error::new(Kind::Forbidden, format!("{id} is not registered: create its entity first"));
            return Err(Fault { reason: Reason::Unregistered, error });
        }
        let types = types.iter().map(|t| self.name(t)).collect::<Result<SmallVec<[Name; 1]>, _>>()?;
        let image = Entity {
            id: id.clone(),
            types,
            scopes: Vec::new(),
            attributes: Vec::new(),
            created_at: self.now,
            modified_at: self.now,
            expires_at: None,
        };
        Ok((image, true, current))
    }

    fn name(&self, term: &str) -> Result<Name, Fault> {
        let name = Context::core().expand(term)?;
        match self.limits.deny.reason(name.as_str()) {
            Some(why) => {
                let error = Error::bad_data(format!("{term:?} is refused: {why}"));
                Err(Fault { reason: Reason::Name, error })
            }
            None => Ok(name),
        }
    }

    fn finish(mut self) -> ChangeSet {
        let now = self.now;
        self.set.documents.extend(self.seen.into_values().flat_map(|seen| seen.into_changes(now)));
        self.set
    }
}

/// A reading as an attribute that was just written.
fn attribute(name: Name, reading: Reading, now: Time, limits: &Limits) -> Result<Attribute, Error> {
    let value = match reading.value {
        Read::Number(f) => Value::Property(Json::number(f)),
        Read::Bool(b) => Value::Property(Json::Bool(b)),
        Read::Text(text) => Value::Property(sound(Json::Str(text), name, limits)?),
        Read::Json(text) => {
            let json = Json::parse(text.as_bytes(), JSON_DEPTH).map_err(|e| Error::bad_data(e.public()))?;
            Value::Property(sound(json, name, limits)?)
        }
        Read::Point(position) => Value::Geo(Geometry::Point(position)),
    };
    Ok(Attribute {
        name,
        dataset_id: None,
        value,
        observed_at: Some(reading.observed_at.unwrap_or(now)),
        unit_code: reading.unit_code,
        created_at: now,
        modified_at: now,
        expires_at: None,
        sub: Vec::new(),
    })
}

/// Whether a reading is older than what is known, so that it belongs to history alone.
fn is_late(image: &Entity, reading: &Attribute, now: Time) -> bool {
    let known = image.instance(reading.name, None).and_then(|a| a.observed_at);
    known.is_some_and(|known| reading.observed_at.is_some_and(|at| at < known) && known <= now.plus_micros(AHEAD))
}

/// Puts a reading into an image; what was there before.
fn set(
    image: &mut Entity,
    reading: Attribute,
    changes: &mut Vec<Change>,
    limits: &Limits,
) -> Result<Option<Attribute>, Error> {
    let name = reading.name;
    let full = image.attributes.len() >= limits.attributes;
    let old = image.attributes.iter_mut().find(|a| a.name == name && a.dataset_id.is_none());
    let (kind, before) = match old {
        Some(a) => {
            let before = a.clone();
            (a.value, a.observed_at, a.modified_at) = (reading.value, reading.observed_at, reading.modified_at);
            if reading.unit_code.is_some() {
                a.unit_code = reading.unit_code;
            }
            (if before.says_same(a) { ChangeKind::Repeated } else { ChangeKind::Updated }, Some(before))
        }
        None if full => {
            return Err(Error::bad_data(format!("{} would have more than {} attributes", image.id, limits.attributes)));
        }
        None => {
            image.attributes.push(reading);
            (ChangeKind::Created, None)
        }
    };
    changes.push(Change { name, dataset_id: None, kind, before: None });
    Ok(before)
}

/// A value that may be stored: neither too large nor with a denied name inside, and no Null.
fn sound(json: Json, name: Name, limits: &Limits) -> Result<Json, Error> {
    if json == Json::Null || json.as_str() == Some(NULL) {
        return Err(Error::bad_data(format!("{name}: null is no value")));
    }
    if json_bytes(&json) > limits.value_bytes {
        return Err(Error::bad_data(format!("{name}: its value is larger than {} bytes", limits.value_bytes)));
    }
    match limits.deny.inside(&json) {
        Some((term, reason)) => Err(Error::bad_data(format!("{name}: the term {term:?} is refused: {reason}"))),
        None => Ok(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_connect_payload::EntityRef;

    fn entity() -> Entity {
        Entity {
            id: Iri::parse("urn:a:1").expect("a URI"),
            types: SmallVec::new(),
            scopes: Vec::new(),
            attributes: Vec::new(),
            created_at: Time::default(),
            modified_at: Time::default(),
            expires_at: None,
        }
    }

    fn take(image: &mut Entity, attribute: &str, value: Read, limits: &Limits) -> Result<(), Error> {
        let entity = EntityRef { id: image.id.clone(), types: ["T".into()].into() };
        let reading = Reading {
            device: "d".into(),
            entity: Some(Arc::new(entity)),
            attribute: attribute.into(),
            value,
            unit_code: None,
            observed_at: None,
        };
        let name = Context::core().expand(attribute)?;
        set(image, super::attribute(name, reading, Time::default(), limits)?, &mut Vec::new(), limits).map(|_| ())
    }

    #[test]
    fn what_a_device_says_is_looked_at_as_what_a_client_says() {
        let limits = Limits { attributes: 2, value_bytes: 100, ..Limits::default() };
        let mut image = entity();
        for (value, text) in [
            (Read::Json(r#"{"a":[{"licensePlate":"x"}]}"#.into()), "licensePlate"),
            (Read::Json(format!("[\"{}\"]", "x".repeat(200)).into()), "larger than 100 bytes"),
            (Read::Text("x".repeat(200).into()), "larger than 100 bytes"),
            (Read::Json("null".into()), "null is no value"),
            (Read::Text("urn:ngsi-ld:null".into()), "null is no value"),
        ] {
            let error = take(&mut image, "a", value, &limits).expect_err("it is refused");
            assert!(error.kind() == Kind::BadRequestData && error.public().contains(text), "{}", error.public());
            assert!(image.attributes.is_empty());
        }
        for attribute in ["a", "b", "a"] {
            take(&mut image, attribute, Read::Json(r#"{"level":[1,2]}"#.into()), &limits).expect("it is fine");
        }
        let error = take(&mut image, "c", Read::Number(1.0), &limits).expect_err("a third one");
        assert!(error.public().contains("more than 2 attributes"), "{}", error.public());
    }
}
