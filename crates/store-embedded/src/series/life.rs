//! An entity's own life as samples of the series [`LIFE`]: when it came, went, and which types and scopes it had. What it
//! came with lies in the sample of its coming (`birth` reads it). Holds no instance of an attribute.

use super::{ASIDE, BY_HAND, Batch, LIFE, Owned, OwnedSample, OwnedValue, birth, key_into, marks};
use crate::codec::{Cursor, Damaged, Put};
use crate::dictionary::Dictionary;
use belfry_history::{By, History, Query};
use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::{Attribute, Entity, Name};
use compact_str::CompactString;
use hashbrown::HashMap;
use std::ops::Range;

/// What one sample of the series of an entity's life says.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    pub(super) types: Vec<Name>,
    pub(super) scopes: Vec<CompactString>,
    pub(super) created_at: Time,
    pub(super) expires_at: Option<Time>,
    pub(super) first: First,
}

/// Where the instances are that an entity came with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum First {
    /// In series of their own, like all others.
    #[default]
    Apart,
    /// Here: encoded as [`birth::instances`] reads them.
    Here(Box<[u8]>),
    /// Where the sample before this one says.
    Before,
}

const HERE: u8 = 1;
const BEFORE: u8 = 2;

impl Life {
    /// As an entity is now; it came earlier.
    pub(super) fn of(entity: &Entity) -> Self {
        Self {
            types: entity.types.to_vec(),
            scopes: entity.scopes.clone(),
            created_at: entity.created_at,
            expires_at: entity.expires_at,
            first: First::Before,
        }
    }

    pub(super) fn read(sample: &belfry_history::Sample, names: &Dictionary) -> Result<Self, Damaged> {
        let belfry_history::Value::Bytes(bytes) = &sample.value else {
            return Err(Damaged("the life of an entity has a wrong form"));
        };
        let mut c = Cursor::new(bytes);
        let created_at = Time::from_micros(c.i64()?);
        let expires_at = Some(c.i64()?).filter(|t| *t != i64::MIN).map(Time::from_micros);
        let types = (0..c.count()?).map(|_| names.name(c.varint()?)).collect::<Result<_, _>>()?;
        let scopes = (0..c.count()?).map(|_| Ok(c.text()?.into())).collect::<Result<_, Damaged>>()?;
        let first = if c.is_empty() {
            First::Apart
        } else {
            match c.byte()? {
                HERE => First::Here(c.rest().into()),
                BEFORE => First::Before,
                _ => return Err(Damaged("the life of an entity has a wrong form")),
            }
        };
        Ok(Self { types, scopes, created_at, expires_at, first })
    }

    /// The image of an entity that had these attributes.
    pub(super) fn image(self, id: &str, attributes: Vec<Attribute>, modified_at: Time) -> Entity {
        let Self { types, scopes, created_at, expires_at, .. } = self;
        Entity {
            id: Iri::from_checked(id),
            types: types.into(),
            scopes,
            attributes,
            created_at,
            modified_at,
            expires_at,
        }
    }
}

impl Batch<'_> {
    pub(super) fn life(&mut self, id: &str, stamp: i64, life: &Life, marks: u8) {
        let (key, sample) = self.life_sample(id, stamp, life, marks);
        self.ops.push(Owned::Append { key, sample });
    }

    pub(super) fn life_sample(&mut self, id: &str, stamp: i64, life: &Life, marks: u8) -> (Range<usize>, OwnedSample) {
        let (key, rest, start) =
            self.life_head(id, (&life.types, &life.scopes), (life.created_at, life.expires_at), marks);
        match &life.first {
            First::Apart => {}
            First::Here(bytes) => {
                self.buffer.push(HERE);
                self.buffer.extend_from_slice(bytes);
            }
            First::Before => self.buffer.push(BEFORE),
        }
        let value = OwnedValue::Bytes(start..self.buffer.len());
        (key, OwnedSample { stamp, observed: None, value, rest, deleted: false })
    }

    /// The coming of an entity with all that it came with, in one sample; what is too large for that in one of each series.
    pub(super) fn birth(&mut self, entity: &Entity, stamp: i64) {
        let id = entity.id.as_str();
        let head = (entity.types.as_slice(), entity.scopes.as_slice());
        let (key, rest, start) = self.life_head(id, head, (entity.created_at, entity.expires_at), 0);
        let end = self.buffer.len();
        self.buffer.push(HERE);
        birth::put(&entity.attributes, stamp, self.names, &mut self.buffer);
        let here = self.buffer.len() - end <= birth::LARGEST;
        if !here {
            self.buffer.truncate(end);
        }
        let value = OwnedValue::Bytes(start..self.buffer.len());
        // So that retention finds what was observed long before it came.
        let oldest = birth::oldest(stamp, &entity.attributes);
        let observed = (here && oldest < stamp).then(|| Time::from_micros(oldest));
        self.ops.push(Owned::Append { key, sample: OwnedSample { stamp, observed, value, rest, deleted: false } });
        if !here {
            for a in &entity.attributes {
                self.instance(id, stamp, a, 0);
            }
        }
    }

    /// Puts what every sample of a life begins with: its key, its marks, and where its value starts.
    fn life_head(
        &mut self,
        id: &str,
        (types, scopes): (&[Name], &[CompactString]),
        (created_at, expires_at): (Time, Option<Time>),
        marks: u8,
    ) -> (Range<usize>, Range<usize>, usize) {
        let key = self.key(id, LIFE, None);
        let rest = self.buffer.len();
        if marks != 0 {
            self.buffer.push(marks);
        }
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&created_at.micros().to_le_bytes());
        self.buffer.extend_from_slice(&expires_at.map_or(i64::MIN, Time::micros).to_le_bytes());
        self.buffer.put_varint(types.len() as u64);
        for t in types {
            let number = self.names.number(*t);
            self.buffer.put_varint(u64::from(number));
        }
        self.buffer.put_varint(scopes.len() as u64);
        for s in scopes {
            self.buffer.put_text(s);
        }
        (key, rest..start, start)
    }

    /// Notes in the entity's life that somebody changed its past by hand, so that it need not end in the present state.
    pub(super) fn by_hand(&mut self, history: &History, id: &str, stamp: i64) {
        let mut key = Vec::new();
        key_into(id, LIFE, None, &mut key);
        let Ok(Some(newest)) = history.latest_at(&key, i64::MAX) else { return };
        if let Ok(life) = Life::read(&newest, self.names) {
            self.life(id, stamp, &Life { first: First::Apart, ..life }, ASIDE | BY_HAND);
        }
    }
}

/// What was last known of an entity itself.
struct LastLife {
    stamp: i64,
    marks: u8,
    life: Life,
    /// Whether it has ended since.
    ended: bool,
}

fn last_life(history: &History, id: &str, names: &Dictionary) -> Option<LastLife> {
    let mut key = Vec::new();
    key_into(id, LIFE, None, &mut key);
    let mut ended = false;
    for sample in history.range(&key, &Query::last(By::Stamp, usize::MAX)).ok()? {
        let sample = sample.ok()?;
        if sample.kind == belfry_history::Kind::Deleted {
            ended = true;
        } else if marks(&sample) & BY_HAND == 0 {
            let life = Life::read(&sample, names).ok()?;
            return Some(LastLife { stamp: sample.stamp, marks: marks(&sample), life, ended });
        }
    }
    None
}

/// The types that an entity was last known by.
pub(super) fn last_types(history: &History, id: &str, names: &Dictionary) -> Vec<Name> {
    last_life(history, id, names).map(|last| last.life.types).unwrap_or_default()
}

/// Adds types to what is known of an entity, or begins with them. `lives` holds what this commit found or made.
pub(super) fn live<'a>(
    batch: &mut Batch<'_>,
    history: &History,
    lives: &mut HashMap<&'a str, Vec<Name>>,
    id: &'a str,
    types: &[Name],
    stamp: i64,
) {
    let missing = |known: &[Name]| types.iter().copied().filter(|t| !known.contains(t)).collect::<Vec<_>>();
    if types.is_empty() || lives.get(id).is_some_and(|known| missing(known).is_empty()) {
        return;
    }
    let before = last_life(history, id, batch.names);
    let known = lives.entry(id).or_insert_with(|| before.as_ref().map(|b| b.life.types.clone()).unwrap_or_default());
    let new = missing(known);
    if new.is_empty() {
        return;
    }
    known.extend(&new);
    let types = known.clone();
    match before {
        // A correction of what was known, so that the entity goes on being gone.
        Some(LastLife { stamp: which, marks, life, ended: true }) => {
            // What this commit laid out in series is not here any more.
            let first = if batch.unfolded.contains(id) { First::Apart } else { life.first.clone() };
            let (key, sample) = batch.life_sample(id, which, &Life { types, first, ..life }, marks);
            batch.ops.push(Owned::Replace { key, sample });
        }
        Some(LastLife { life, .. }) => {
            batch.life(id, stamp, &Life { types, first: First::Apart, ..life }, ASIDE);
        }
        None => {
            let created_at = Time::from_micros(stamp);
            batch.life(id, stamp, &Life { types, created_at, ..Life::default() }, ASIDE);
        }
    }
    batch.past(id, &new, stamp);
}
