//! What the killed process writes: of each writer a fixed sequence, so that from a commit follows all that was before it.
//! Holds no store.

use belfry_kernel::Error;
use belfry_ngsi_ld::{Entity, Value};
use belfry_ports::{ChangeSet, Collection, Commit, Decide, DocumentChange, EntityChange, Seq, Store};
use belfry_testkit::entity::{delete, entity, number, put};
use std::fmt;
use std::sync::Arc;

pub const WRITERS: u64 = 16;
/// Entities of each writer, which it writes in turn.
pub const ENTITIES: u64 = 12;
/// The consumers of the feed, as the documents are called in which their places are kept. The late one reads in few rounds,
/// so that the log is held for it alone.
pub const CONSUMERS: [&str; 2] = ["prompt", "late"];
/// Every so many steps an entity is deleted; without a divisor in common with `ENTITIES`, so that it is each one's turn.
const DELETION: u64 = 5;

/// One write. All of it is one commit: an entity with two equal values (or its deletion), the writer's own entity and a
/// document, both with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub writer: u64,
    /// From 1 on, over all rounds.
    pub number: u64,
}

impl Step {
    pub fn entity(self) -> String {
        format!("urn:w:{}:{}", self.writer, self.number % ENTITIES)
    }

    /// The writer's own entity.
    pub fn own(writer: u64) -> String {
        format!("urn:own:{writer}")
    }

    pub fn document(writer: u64) -> String {
        format!("writer-{writer}")
    }

    /// Whether it deletes its entity, which is there then.
    pub fn deletes(self) -> bool {
        self.number > ENTITIES && self.number.is_multiple_of(DELETION)
    }

    pub fn decide(self) -> Decide {
        Box::new(move |read, now| {
            let value = |term| number(term, self.number as f64, now);
            let mut set = if self.deletes() {
                delete(read, &self.entity())?
            } else {
                ChangeSet::of(put(read, entity(&self.entity(), "Pair", vec![value("a"), value("b")], now))?)
            };
            set.entities.push(put(read, entity(&Self::own(self.writer), "Own", vec![value("done")], now))?);
            let bytes = Some(Arc::from(self.number.to_le_bytes()));
            let key = Self::document(self.writer).into();
            set.documents.push(DocumentChange { collection: Collection::Audit, key, bytes });
            Ok(set)
        })
    }
}

/// What a commit of the test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Step(Step),
    /// The place of a consumer was saved.
    Place(Seq, usize),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(f, "step {} {}", step.writer, step.number),
            Self::Place(seq, consumer) => write!(f, "place {seq} {consumer}"),
        }
    }
}

impl What {
    pub fn parse(kind: &str, first: &str, second: &str) -> Option<Self> {
        let (first, second) = (first.parse().ok()?, second.parse().ok()?);
        match kind {
            "step" => Some(Self::Step(Step { writer: first, number: second })),
            "place" => Some(Self::Place(first, usize::try_from(second).ok()?)),
            _ => None,
        }
    }

    /// # Errors
    /// What is wrong, when the commit is not whole.
    pub fn of(commit: &Commit) -> Result<Self, String> {
        let wrong = |what: &str| format!("commit {}: {what}: {:?}", commit.seq, commit.changes);
        let [document] = commit.changes.documents.as_slice() else { return Err(wrong("one document was expected")) };
        let number = number_in(document.bytes.as_deref()).ok_or_else(|| wrong("the document is not a number"))?;
        if document.collection == Collection::Cursor {
            let consumer = CONSUMERS.iter().position(|name| **name == *document.key);
            let alone = commit.changes.entities.is_empty();
            let place = consumer.filter(|_| alone).map(|consumer| Self::Place(number, consumer));
            return place.ok_or_else(|| wrong("nothing but a place was expected"));
        }
        let writer = document.key.strip_prefix("writer-").and_then(|w| w.parse().ok());
        let step = Step { writer: writer.ok_or_else(|| wrong("nobody's document"))?, number };
        let [changed, own] = commit.changes.entities.as_slice() else {
            return Err(wrong("two entities were expected"));
        };
        let changed_right = match changed {
            EntityChange::Put { entity, .. } => {
                !step.deletes() && entity.id.as_str() == step.entity() && numbers(entity) == [number, number]
            }
            EntityChange::Delete { id, .. } => step.deletes() && id.as_str() == step.entity(),
        };
        let own_right = match own {
            EntityChange::Put { entity, .. } => {
                entity.id.as_str() == Step::own(step.writer) && numbers(entity) == [number]
            }
            EntityChange::Delete { .. } => false,
        };
        if changed_right && own_right { Ok(Self::Step(step)) } else { Err(wrong("its parts do not belong together")) }
    }
}

/// The number that a document holds.
pub fn number_in(bytes: Option<&[u8]>) -> Option<u64> {
    bytes?.try_into().ok().map(u64::from_le_bytes)
}

/// The values of an entity.
pub fn numbers(entity: &Entity) -> Vec<u64> {
    entity.attributes.iter().map(|a| number_of(&a.value)).collect()
}

/// The number that a value is; one that no step has when it is none.
pub fn number_of(value: &Value) -> u64 {
    match value {
        Value::Property(json) => json.as_f64().map_or(u64::MAX, |f| f as u64),
        _ => u64::MAX,
    }
}

/// The place that is saved of a consumer.
pub fn place_of(store: &dyn Store, consumer: usize) -> Seq {
    let place = store.document(Collection::Cursor, CONSUMERS[consumer]).expect("the state is readable");
    number_in(place.as_deref()).unwrap_or_default()
}

/// Saves the place of a consumer.
pub fn save(consumer: usize, place: Seq) -> Decide {
    Box::new(move |_, _| {
        let bytes = Some(Arc::from(place.to_le_bytes()));
        let change = DocumentChange { collection: Collection::Cursor, key: CONSUMERS[consumer].into(), bytes };
        Ok::<_, Error>(ChangeSet { documents: vec![change], ..ChangeSet::default() })
    })
}
