//! A commit as the bytes of one log record: instant, names that are new, entity images with what changed, samples,
//! documents. What is read back is what was committed, before-images included. Format version in the first byte.

use crate::blob;
use crate::codec::{Cursor, Damaged, Put};
use crate::dictionary::Dictionary;
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::{Attribute, Name};
use belfry_ports::{Change, ChangeKind, ChangeSet, Collection, DocumentChange, EntityChange, Sample};
use std::sync::Arc;

const VERSION: u8 = 1;

const PUT: u8 = 1;
const PUT_NEW: u8 = 2;
const DELETE: u8 = 3;
const PUT_HEAD: u8 = 4;

const APPEND: u8 = 1;
const REPLACE: u8 = 2;
const REMOVE: u8 = 3;
const FORGET: u8 = 4;

const HAS_DATASET: u8 = 4;
const HAS_BEFORE: u8 = 8;

/// A record read back. Blobs stay as they are, so that recovery need not make images of them.
pub(crate) struct Record<'a> {
    pub(crate) at: Time,
    pub(crate) entities: Vec<Entry<'a>>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) documents: Vec<DocumentChange>,
}

/// An entity change read back.
pub(crate) enum Entry<'a> {
    Put { blob: &'a [u8], created: bool, head: bool, changes: Vec<Change> },
    Delete { last: &'a [u8] },
}

/// Appends the record of a change set and tells where in it each put entity's blob lies. Names numbered `logged` and
/// above are written with it. `body` is room to work in.
pub(crate) fn encode(
    at: Time,
    set: &ChangeSet,
    names: &Dictionary,
    logged: usize,
    body: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Vec<std::ops::Range<usize>> {
    body.clear();
    let mut blobs = Vec::with_capacity(set.entities.len());
    body.put_varint(set.entities.len() as u64);
    let mut one = Vec::with_capacity(512);
    for change in &set.entities {
        one.clear();
        match change {
            EntityChange::Put { entity, created, head, changes } => {
                body.push(match (created, head) {
                    (true, _) => PUT_NEW,
                    (false, true) => PUT_HEAD,
                    (false, false) => PUT,
                });
                blob::encode(entity, names, &mut one);
                body.put_bytes(&one);
                blobs.push(body.len() - one.len()..body.len());
                body.put_varint(changes.len() as u64);
                for c in changes {
                    put_change(c, at, names, body);
                }
            }
            EntityChange::Delete { last, .. } => {
                body.push(DELETE);
                blob::encode(last, names, &mut one);
                body.put_bytes(&one);
                blobs.push(0..0);
            }
        }
    }
    body.put_varint(set.samples.len() as u64);
    for sample in &set.samples {
        put_sample(sample, at, names, body);
    }
    body.put_varint(set.documents.len() as u64);
    for d in &set.documents {
        body.push(d.collection as u8);
        body.put_text(&d.key);
        body.push(u8::from(d.bytes.is_some()));
        if let Some(bytes) = &d.bytes {
            body.put_bytes(bytes);
        }
    }
    // The names come first, since reading the rest needs them, but only now is it known which are new.
    out.push(VERSION);
    out.extend_from_slice(&at.micros().to_le_bytes());
    out.put_varint(logged as u64);
    let end = names.len();
    out.put_varint((end - logged) as u64);
    for number in logged..end {
        out.put_text(names.name(number as u64).map_or("", Name::as_str));
    }
    let base = out.len();
    out.extend_from_slice(body);
    for range in &mut blobs {
        if range.start < range.end {
            *range = range.start + base..range.end + base;
        }
    }
    blobs
}

/// The instant of a record, without reading on.
pub(crate) fn instant(bytes: &[u8]) -> Result<Time, Damaged> {
    let mut c = Cursor::new(bytes);
    if c.byte()? != VERSION {
        return Err(Damaged("a record is of a version that this program does not know"));
    }
    Ok(Time::from_micros(c.i64()?))
}

/// Reads a record, restoring the names it brings.
///
/// # Errors
/// `Internal` when the bytes are damaged or of an unknown version.
pub(crate) fn decode<'a>(bytes: &'a [u8], names: &Dictionary) -> Result<Record<'a>, Error> {
    let mut c = Cursor::new(bytes);
    if c.byte()? != VERSION {
        return Err(Damaged("a record is of a version that this program does not know").into());
    }
    let at = Time::from_micros(c.i64()?);
    let first = c.varint()?;
    for i in 0..c.count()? as u64 {
        names.restore(first + i, Name::intern(c.text()?)?)?;
    }
    let record = take_body(&mut c, at, names)?;
    if !c.is_empty() {
        return Err(Damaged("something follows a record").into());
    }
    Ok(record)
}

fn take_body<'a>(c: &mut Cursor<'a>, at: Time, names: &Dictionary) -> Result<Record<'a>, Damaged> {
    let n = c.count()?;
    let mut entities = Vec::with_capacity(n);
    for _ in 0..n {
        let tag = c.byte()?;
        let blob = c.bytes()?;
        entities.push(match tag {
            PUT | PUT_NEW | PUT_HEAD => {
                let changes = (0..c.count()?).map(|_| take_change(c, at, names)).collect::<Result<_, _>>()?;
                Entry::Put { blob, created: tag == PUT_NEW, head: tag == PUT_HEAD, changes }
            }
            DELETE => Entry::Delete { last: blob },
            _ => return Err(Damaged("an entity change has an unknown form")),
        });
    }
    let samples = (0..c.count()?).map(|_| take_sample(c, at, names)).collect::<Result<_, _>>()?;
    let n = c.count()?;
    let mut documents = Vec::with_capacity(n);
    for _ in 0..n {
        let collection = Collection::from_number(c.byte()?).ok_or(Damaged("a collection is unknown"))?;
        let key = c.text()?.into();
        let bytes = if c.byte()? != 0 { Some(Arc::from(c.bytes()?)) } else { None };
        documents.push(DocumentChange { collection, key, bytes });
    }
    Ok(Record { at, entities, samples, documents })
}

impl Record<'_> {
    /// The change set with its images made.
    pub(crate) fn into_set(self, names: &Dictionary) -> Result<ChangeSet, Damaged> {
        let mut entities = Vec::with_capacity(self.entities.len());
        for entry in self.entities {
            entities.push(match entry {
                Entry::Put { blob, created, head, changes } => {
                    EntityChange::Put { entity: Arc::new(blob::decode(blob, names)?), created, head, changes }
                }
                Entry::Delete { last } => {
                    let last = Arc::new(blob::decode(last, names)?);
                    EntityChange::Delete { id: last.id.clone(), last }
                }
            });
        }
        Ok(ChangeSet { entities, samples: self.samples, documents: self.documents, trace: None })
    }
}

fn put_change(change: &Change, at: Time, names: &Dictionary, out: &mut Vec<u8>) {
    let kind = match change.kind {
        ChangeKind::Created => 0,
        ChangeKind::Updated => 1,
        ChangeKind::Deleted => 2,
        ChangeKind::Repeated => 3,
    };
    let dataset = if change.dataset_id.is_some() { HAS_DATASET } else { 0 };
    let before = if change.before.is_some() { HAS_BEFORE } else { 0 };
    out.push(kind | dataset | before);
    out.put_varint(u64::from(names.number(change.name)));
    if let Some(dataset) = &change.dataset_id {
        out.put_text(dataset.as_str());
    }
    if let Some(before) = &change.before {
        blob::encode_attribute(before, at, names, out);
    }
}

fn take_change(c: &mut Cursor<'_>, at: Time, names: &Dictionary) -> Result<Change, Damaged> {
    let head = c.byte()?;
    let kind = match head & 3 {
        0 => ChangeKind::Created,
        1 => ChangeKind::Updated,
        2 => ChangeKind::Deleted,
        _ => ChangeKind::Repeated,
    };
    let name = names.name(c.varint()?)?;
    let dataset_id = if head & HAS_DATASET != 0 { Some(Iri::from_checked(c.text()?)) } else { None };
    let before = if head & HAS_BEFORE != 0 { Some(Box::new(blob::decode_attribute(c, at, names)?)) } else { None };
    Ok(Change { name, dataset_id, kind, before })
}

fn put_optional(text: Option<&str>, out: &mut Vec<u8>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        out.put_text(text);
    }
}

fn take_dataset(c: &mut Cursor<'_>) -> Result<Option<Iri>, Damaged> {
    if c.byte()? != 0 { Ok(Some(Iri::from_checked(c.text()?))) } else { Ok(None) }
}

fn put_sample(sample: &Sample, at: Time, names: &Dictionary, out: &mut Vec<u8>) {
    match sample {
        Sample::Append { id, types, attribute } => {
            out.push(APPEND);
            out.put_text(id.as_str());
            out.put_varint(types.len() as u64);
            for t in types {
                out.put_varint(u64::from(names.number(*t)));
            }
            blob::encode_attribute(attribute, at, names, out);
        }
        Sample::Replace { id, stamp, attribute } => {
            out.push(REPLACE);
            out.put_text(id.as_str());
            out.put_zigzag(*stamp);
            blob::encode_attribute(attribute, at, names, out);
        }
        Sample::Remove { id, name, dataset_id, stamp } => {
            out.push(REMOVE);
            out.put_text(id.as_str());
            out.put_varint(u64::from(names.number(*name)));
            put_optional(dataset_id.as_ref().map(Iri::as_str), out);
            out.put_zigzag(*stamp);
        }
        Sample::Forget { id, name, dataset_id, all_datasets } => {
            out.push(FORGET);
            out.put_text(id.as_str());
            out.put_varint(name.map_or(0, |n| u64::from(names.number(n)) + 1));
            put_optional(dataset_id.as_ref().map(Iri::as_str), out);
            out.push(u8::from(*all_datasets));
        }
    }
}

fn take_sample(c: &mut Cursor<'_>, at: Time, names: &Dictionary) -> Result<Sample, Damaged> {
    let tag = c.byte()?;
    let id = Iri::from_checked(c.text()?);
    Ok(match tag {
        APPEND => {
            let types: Vec<Name> = (0..c.count()?).map(|_| names.name(c.varint()?)).collect::<Result<_, _>>()?;
            let attribute: Attribute = blob::decode_attribute(c, at, names)?;
            Sample::Append { id, types, attribute }
        }
        REPLACE => Sample::Replace { id, stamp: c.zigzag()?, attribute: blob::decode_attribute(c, at, names)? },
        REMOVE => {
            let name = names.name(c.varint()?)?;
            Sample::Remove { id, name, dataset_id: take_dataset(c)?, stamp: c.zigzag()? }
        }
        FORGET => {
            let name = match c.varint()? {
                0 => None,
                n => Some(names.name(n - 1)?),
            };
            Sample::Forget { id, name, dataset_id: take_dataset(c)?, all_datasets: c.byte()? != 0 }
        }
        _ => return Err(Damaged("a sample has an unknown form")),
    })
}
