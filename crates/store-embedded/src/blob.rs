//! An entity as bytes: what is kept in memory for each entity, written to the log and to checkpoints, the same in all
//! three places. Names are the dictionary's numbers, times are differences; a one-kilobyte JSON entity takes about
//! 300 bytes. Knows nothing of where the bytes are kept.
//!
//! Layout: identifier, flags, created, modified, [expires], types, [scopes], attributes. See [`encode`].

mod lent;
mod skip;
#[cfg(test)]
mod tests;

pub(crate) use lent::lend;

use crate::codec::{Cursor, Damaged, Put};
use crate::dictionary::Dictionary;
use belfry_kernel::{Geometry, Iri, Position, Time};
use belfry_ngsi_ld::entity::{Objects, Terms};
use belfry_ngsi_ld::{Attribute, AttributeKind, Entity, Json, Name, Value};
use compact_str::CompactString;
use smallvec::SmallVec;

const EXPIRES: u8 = 1;
const SCOPES: u8 = 2;

const DATASET: u8 = 1 << 3;
const OBSERVED: u8 = 1 << 4;
const UNIT: u8 = 1 << 5;
const EXPIRY: u8 = 1 << 6;
const SUB: u8 = 1 << 7;

/// Deeper than any entity that the door lets in (its own limit is lower); guards the stack against damaged bytes.
const MAX_DEPTH: usize = 200;

/// Appends the bytes of an entity.
pub(crate) fn encode(entity: &Entity, names: &Dictionary, out: &mut Vec<u8>) {
    out.put_text(entity.id.as_str());
    let mut flags = 0;
    if entity.expires_at.is_some() {
        flags |= EXPIRES;
    }
    if !entity.scopes.is_empty() {
        flags |= SCOPES;
    }
    out.push(flags);
    out.extend_from_slice(&entity.created_at.micros().to_le_bytes());
    out.extend_from_slice(&entity.modified_at.micros().to_le_bytes());
    if let Some(t) = entity.expires_at {
        out.extend_from_slice(&t.micros().to_le_bytes());
    }
    put_names(&entity.types, names, out);
    if !entity.scopes.is_empty() {
        out.put_varint(entity.scopes.len() as u64);
        for scope in &entity.scopes {
            out.put_text(scope);
        }
    }
    put_attributes(&entity.attributes, entity.modified_at, names, out);
}

/// The identifier, without reading on.
pub(crate) fn id_of(blob: &[u8]) -> Result<&str, Damaged> {
    Cursor::new(blob).text()
}

/// What the indexes over whole entities need, without reading the attributes.
pub(crate) struct Head<'a> {
    pub(crate) expires_at: Option<Time>,
    pub(crate) types: SmallVec<[u32; 4]>,
    pub(crate) scopes: SmallVec<[&'a str; 2]>,
}

/// Reads the head of an entity.
pub(crate) fn head(blob: &[u8]) -> Result<Head<'_>, Damaged> {
    let mut c = Cursor::new(blob);
    c.text()?;
    let flags = c.byte()?;
    c.take(16)?;
    let expires_at = if flags & EXPIRES != 0 { Some(Time::from_micros(c.i64()?)) } else { None };
    let n = c.count()?;
    let types = (0..n).map(|_| Ok(c.varint()? as u32)).collect::<Result<_, Damaged>>()?;
    let mut scopes = SmallVec::new();
    if flags & SCOPES != 0 {
        for _ in 0..c.count()? {
            scopes.push(c.text()?);
        }
    }
    Ok(Head { expires_at, types, scopes })
}

/// Walks over an entity without making it: `on` gets each attribute instance's name (the dictionary's number) and the
/// instant at which it expires. What recovery does a million times.
pub(crate) fn skim(blob: &[u8], mut on: impl FnMut(u32, Option<Time>)) -> Result<(), Damaged> {
    walk(blob, |name, _, expires| on(name, expires))
}

/// As [`skim`], for the kinds of the instances.
pub(crate) fn kinds(blob: &[u8], mut on: impl FnMut(u32, AttributeKind)) -> Result<(), Damaged> {
    walk(blob, |name, kind, _| on(name, kind))
}

fn walk(blob: &[u8], mut on: impl FnMut(u32, AttributeKind, Option<Time>)) -> Result<(), Damaged> {
    let mut c = Cursor::new(blob);
    c.text()?;
    let flags = c.byte()?;
    c.take(8)?;
    let modified = c.i64()?;
    if flags & EXPIRES != 0 {
        c.take(8)?;
    }
    skip::names(&mut c)?;
    if flags & SCOPES != 0 {
        skip::texts(&mut c)?;
    }
    for _ in 0..c.count()? {
        let (name, kind, expires) = skip::attribute(&mut c, MAX_DEPTH)?;
        on(name, kind, expires.map(|t| Time::from_micros(modified.wrapping_add(t))));
    }
    Ok(())
}

/// Reads an entity.
pub(crate) fn decode(blob: &[u8], names: &Dictionary) -> Result<Entity, Damaged> {
    let mut c = Cursor::new(blob);
    let id = iri(c.text()?)?;
    let flags = c.byte()?;
    let created_at = Time::from_micros(c.i64()?);
    let modified_at = Time::from_micros(c.i64()?);
    let expires_at = if flags & EXPIRES != 0 { Some(Time::from_micros(c.i64()?)) } else { None };
    let types = take_names(&mut c, names)?;
    let mut scopes = Vec::new();
    if flags & SCOPES != 0 {
        for _ in 0..c.count()? {
            scopes.push(CompactString::from(c.text()?));
        }
    }
    let attributes = take_attributes(&mut c, modified_at, names, MAX_DEPTH)?;
    if !c.is_empty() {
        return Err(Damaged("something follows an entity"));
    }
    Ok(Entity { id, types, scopes, attributes, created_at, modified_at, expires_at })
}

/// Appends one attribute instance by itself; times are differences to `base`.
pub(crate) fn encode_attribute(a: &Attribute, base: Time, names: &Dictionary, out: &mut Vec<u8>) {
    out.put_varint(u64::from(names.number(a.name)));
    let mut head = a.value.kind() as u8;
    for (flag, present) in [
        (DATASET, a.dataset_id.is_some()),
        (OBSERVED, a.observed_at.is_some()),
        (UNIT, a.unit_code.is_some()),
        (EXPIRY, a.expires_at.is_some()),
        (SUB, !a.sub.is_empty()),
    ] {
        if present {
            head |= flag;
        }
    }
    out.push(head);
    out.put_zigzag(a.created_at.micros() - base.micros());
    out.put_zigzag(a.modified_at.micros() - base.micros());
    if let Some(dataset) = &a.dataset_id {
        out.put_text(dataset.as_str());
    }
    if let Some(t) = a.observed_at {
        out.put_zigzag(t.micros() - base.micros());
    }
    if let Some(unit) = &a.unit_code {
        out.put_text(unit);
    }
    if let Some(t) = a.expires_at {
        out.put_zigzag(t.micros() - base.micros());
    }
    encode_value(&a.value, names, out);
    if !a.sub.is_empty() {
        put_attributes(&a.sub, base, names, out);
    }
}

/// Reads one attribute instance written by [`encode_attribute`] with the same `base`.
pub(crate) fn decode_attribute(c: &mut Cursor<'_>, base: Time, names: &Dictionary) -> Result<Attribute, Damaged> {
    take_attribute(c, base, names, MAX_DEPTH)
}

fn put_attributes(attributes: &[Attribute], base: Time, names: &Dictionary, out: &mut Vec<u8>) {
    out.put_varint(attributes.len() as u64);
    for a in attributes {
        encode_attribute(a, base, names, out);
    }
}

fn take_attributes(
    c: &mut Cursor<'_>,
    base: Time,
    names: &Dictionary,
    depth: usize,
) -> Result<Vec<Attribute>, Damaged> {
    let n = c.count()?;
    let mut attributes = Vec::with_capacity(n);
    for _ in 0..n {
        attributes.push(take_attribute(c, base, names, depth)?);
    }
    Ok(attributes)
}

fn take_attribute(c: &mut Cursor<'_>, base: Time, names: &Dictionary, depth: usize) -> Result<Attribute, Damaged> {
    let depth = depth.checked_sub(1).ok_or(Damaged("they nest too deep"))?;
    let front = take_front(c, base, names)?;
    let value = take_value(front.flags & 7, c, names)?;
    let sub = if front.flags & SUB != 0 { take_attributes(c, base, names, depth)? } else { Vec::new() };
    Ok(Attribute {
        name: front.name,
        dataset_id: front.dataset_id.map(iri).transpose()?,
        value,
        observed_at: front.observed_at,
        unit_code: front.unit_code.map(CompactString::from),
        created_at: front.created_at,
        modified_at: front.modified_at,
        expires_at: front.expires_at,
        sub,
    })
}

/// What stands before the value of an attribute instance.
struct Front<'a> {
    name: Name,
    flags: u8,
    created_at: Time,
    modified_at: Time,
    dataset_id: Option<&'a str>,
    observed_at: Option<Time>,
    unit_code: Option<&'a str>,
    expires_at: Option<Time>,
}

fn take_front<'a>(c: &mut Cursor<'a>, base: Time, names: &Dictionary) -> Result<Front<'a>, Damaged> {
    let time = |c: &mut Cursor<'_>| Ok(Time::from_micros(base.micros().wrapping_add(c.zigzag()?)));
    let name = names.name(c.varint()?)?;
    let flags = c.byte()?;
    Ok(Front {
        name,
        flags,
        created_at: time(c)?,
        modified_at: time(c)?,
        dataset_id: if flags & DATASET != 0 { Some(c.text()?) } else { None },
        observed_at: if flags & OBSERVED != 0 { Some(time(c)?) } else { None },
        unit_code: if flags & UNIT != 0 { Some(c.text()?) } else { None },
        expires_at: if flags & EXPIRY != 0 { Some(time(c)?) } else { None },
    })
}

/// Appends a value; its kind is written by the caller.
pub(crate) fn encode_value(value: &Value, names: &Dictionary, out: &mut Vec<u8>) {
    match value {
        Value::Property(json) | Value::Json(json) => put_json(json, out),
        Value::Geo(geometry) => put_geometry(geometry, out),
        Value::Relationship { objects, object_types } => {
            match objects {
                Objects::One(one) => {
                    out.push(0);
                    out.put_text(one.as_str());
                }
                Objects::Many(many) => {
                    out.push(1);
                    put_iris(many, out);
                }
            }
            put_names(object_types, names, out);
        }
        Value::Language(map) => {
            out.put_varint(map.len() as u64);
            for (tag, text) in map {
                out.put_text(tag);
                put_json(text, out);
            }
        }
        Value::Vocab(terms) => {
            out.push(u8::from(matches!(terms, Terms::Many(_))));
            put_names(terms.as_slice(), names, out);
        }
        Value::List(items) => {
            out.put_varint(items.len() as u64);
            for item in items {
                put_json(item, out);
            }
        }
        Value::ListRelationship { objects, object_types } => {
            put_iris(objects, out);
            put_names(object_types, names, out);
        }
    }
}

/// Reads a value of the kind of this number.
pub(crate) fn take_value(kind: u8, c: &mut Cursor<'_>, names: &Dictionary) -> Result<Value, Damaged> {
    let (kind, ..) = AttributeKind::ALL[usize::from(kind & 7)];
    Ok(match kind {
        AttributeKind::Property => Value::Property(take_json(c, MAX_DEPTH)?),
        AttributeKind::JsonProperty => Value::Json(take_json(c, MAX_DEPTH)?),
        AttributeKind::GeoProperty => Value::Geo(take_geometry(c)?),
        AttributeKind::Relationship => {
            let objects = match c.byte()? {
                0 => Objects::One(iri(c.text()?)?),
                _ => Objects::Many(take_iris(c)?),
            };
            Value::Relationship { objects, object_types: take_names(c, names)? }
        }
        AttributeKind::LanguageProperty => {
            let n = c.count()?;
            let mut map = Vec::with_capacity(n);
            for _ in 0..n {
                map.push((CompactString::from(c.text()?), take_json(c, MAX_DEPTH)?));
            }
            Value::Language(map)
        }
        AttributeKind::VocabProperty => {
            let many = c.byte()? != 0;
            let terms: SmallVec<[Name; 1]> = take_names(c, names)?;
            match (many, terms.as_slice()) {
                (false, [one]) => Value::Vocab(Terms::One(*one)),
                _ => Value::Vocab(Terms::Many(terms.into_vec())),
            }
        }
        AttributeKind::ListProperty => {
            let n = c.count()?;
            let mut items = Vec::with_capacity(n);
            for _ in 0..n {
                items.push(take_json(c, MAX_DEPTH)?);
            }
            Value::List(items)
        }
        AttributeKind::ListRelationship => {
            let objects = take_iris(c)?;
            Value::ListRelationship { objects, object_types: take_names(c, names)? }
        }
    })
}

fn put_names(list: &[Name], names: &Dictionary, out: &mut Vec<u8>) {
    out.put_varint(list.len() as u64);
    for name in list {
        out.put_varint(u64::from(names.number(*name)));
    }
}

fn take_names(c: &mut Cursor<'_>, names: &Dictionary) -> Result<SmallVec<[Name; 1]>, Damaged> {
    (0..c.count()?).map(|_| names.name(c.varint()?)).collect()
}

fn put_iris(list: &[Iri], out: &mut Vec<u8>) {
    out.put_varint(list.len() as u64);
    for iri in list {
        out.put_text(iri.as_str());
    }
}

fn take_iris(c: &mut Cursor<'_>) -> Result<Vec<Iri>, Damaged> {
    (0..c.count()?).map(|_| iri(c.text()?)).collect()
}

fn iri(text: &str) -> Result<Iri, Damaged> {
    Iri::parse(text).map_err(|_| Damaged("an identifier is no URI"))
}

fn put_json(json: &Json, out: &mut Vec<u8>) {
    match json {
        Json::Null => out.push(0),
        Json::Bool(b) => out.push(1 + u8::from(*b)),
        Json::Int(i) => {
            out.push(3);
            out.put_zigzag(*i);
        }
        Json::Float(f) => {
            out.push(4);
            out.extend_from_slice(&f.to_bits().to_le_bytes());
        }
        Json::Str(s) => {
            out.push(5);
            out.put_text(s);
        }
        Json::Array(items) => {
            out.push(6);
            out.put_varint(items.len() as u64);
            for item in items {
                put_json(item, out);
            }
        }
        Json::Object(members) => {
            out.push(7);
            out.put_varint(members.len() as u64);
            for (key, value) in members {
                out.put_text(key);
                put_json(value, out);
            }
        }
    }
}

fn take_json(c: &mut Cursor<'_>, depth: usize) -> Result<Json, Damaged> {
    let depth = depth.checked_sub(1).ok_or(Damaged("they nest too deep"))?;
    Ok(match c.byte()? {
        0 => Json::Null,
        1 => Json::Bool(false),
        2 => Json::Bool(true),
        3 => Json::Int(c.zigzag()?),
        4 => Json::Float(c.finite()?),
        5 => Json::Str(c.text()?.into()),
        6 => {
            let n = c.count()?;
            let mut items = Vec::with_capacity(n);
            for _ in 0..n {
                items.push(take_json(c, depth)?);
            }
            Json::Array(items)
        }
        7 => {
            let n = c.count()?;
            let mut members = Vec::with_capacity(n);
            for _ in 0..n {
                members.push((c.text()?.into(), take_json(c, depth)?));
            }
            Json::Object(members)
        }
        _ => return Err(Damaged("a value has an unknown form")),
    })
}

fn put_geometry(geometry: &Geometry, out: &mut Vec<u8>) {
    let lines = |out: &mut Vec<u8>, lines: &[Vec<Position>]| {
        out.put_varint(lines.len() as u64);
        for line in lines {
            put_positions(line, out);
        }
    };
    match geometry {
        Geometry::Point(p) => {
            out.push(0);
            put_positions(std::slice::from_ref(p), out);
        }
        Geometry::MultiPoint(ps) => {
            out.push(1);
            put_positions(ps, out);
        }
        Geometry::LineString(ps) => {
            out.push(2);
            put_positions(ps, out);
        }
        Geometry::MultiLineString(ls) => {
            out.push(3);
            lines(out, ls);
        }
        Geometry::Polygon(ls) => {
            out.push(4);
            lines(out, ls);
        }
        Geometry::MultiPolygon(ps) => {
            out.push(5);
            out.put_varint(ps.len() as u64);
            for p in ps {
                lines(out, p);
            }
        }
    }
}

fn take_geometry(c: &mut Cursor<'_>) -> Result<Geometry, Damaged> {
    fn lines(c: &mut Cursor<'_>) -> Result<Vec<Vec<Position>>, Damaged> {
        (0..c.count()?).map(|_| take_positions(c)).collect()
    }
    Ok(match c.byte()? {
        0 => match c.varint()? {
            n if n >> 1 == 1 => Geometry::Point(take_position(c, n & 1 != 0)?),
            _ => return Err(Damaged("a point has not one position")),
        },
        1 => Geometry::MultiPoint(take_positions(c)?),
        2 => Geometry::LineString(take_positions(c)?),
        3 => Geometry::MultiLineString(lines(c)?),
        4 => Geometry::Polygon(lines(c)?),
        5 => Geometry::MultiPolygon((0..c.count()?).map(|_| lines(c)).collect::<Result<_, _>>()?),
        _ => return Err(Damaged("a geometry has an unknown form")),
    })
}

/// Count and whether any has an altitude, then the numbers; a missing altitude among others is a NaN.
fn put_positions(positions: &[Position], out: &mut Vec<u8>) {
    let altitudes = positions.iter().any(|p| p.alt.is_some());
    out.put_varint((positions.len() as u64) << 1 | u64::from(altitudes));
    for p in positions {
        out.extend_from_slice(&p.lon.to_le_bytes());
        out.extend_from_slice(&p.lat.to_le_bytes());
        if altitudes {
            out.extend_from_slice(&p.alt.unwrap_or(f64::NAN).to_le_bytes());
        }
    }
}

fn take_positions(c: &mut Cursor<'_>) -> Result<Vec<Position>, Damaged> {
    let n = c.varint()?;
    let (n, altitudes) = ((n >> 1) as usize, n & 1 != 0);
    let mut positions = Vec::with_capacity(n.min(4096));
    for _ in 0..n {
        positions.push(take_position(c, altitudes)?);
    }
    Ok(positions)
}

fn take_position(c: &mut Cursor<'_>, altitude: bool) -> Result<Position, Damaged> {
    let (lon, lat) = (c.finite()?, c.finite()?);
    let alt = if altitude { Some(c.f64()?).filter(|a| !a.is_nan()) } else { None };
    if alt.is_some_and(f64::is_infinite) {
        return Err(Damaged("a number is not finite"));
    }
    Ok(Position { lon, lat, alt })
}
