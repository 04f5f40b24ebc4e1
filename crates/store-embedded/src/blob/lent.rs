//! An entity read where its bytes lie: attributes are found one by one, and only what is asked for is made of them.

use super::{EXPIRES, MAX_DEPTH, SCOPES, SUB, skip, take_front, take_names, take_value};
use crate::codec::{Cursor, Damaged};
use crate::dictionary::Dictionary;
use belfry_kernel::Time;
use belfry_ngsi_ld::json::{write_f64, write_i64, write_str};
use belfry_ngsi_ld::lent::{AttributeRef, EntityRef, Source, ValueSource};
use belfry_ngsi_ld::{AttributeKind, Value};
use smallvec::SmallVec;
use std::borrow::Cow;

/// The entity of these bytes. Attribute instances that expired at or before `now` are passed over.
pub(crate) fn lend<'a>(
    blob: &'a [u8],
    names: &'a Dictionary,
    now: Time,
) -> Result<EntityRef<'a, Attributes<'a>>, Damaged> {
    let mut c = Cursor::new(blob);
    let id = c.text()?;
    let flags = c.byte()?;
    let created_at = Time::from_micros(c.i64()?);
    let modified_at = Time::from_micros(c.i64()?);
    let expires_at = if flags & EXPIRES != 0 { Some(Time::from_micros(c.i64()?)) } else { None };
    let types = take_names(&mut c, names)?;
    let mut scopes = SmallVec::new();
    if flags & SCOPES != 0 {
        for _ in 0..c.count()? {
            scopes.push(c.text()?);
        }
    }
    let count = c.count()?;
    if count == 0 && !c.is_empty() {
        return Err(Damaged("something follows an entity"));
    }
    let attributes = Attributes { at: c, count, base: modified_at, names, depth: MAX_DEPTH, own: Some(now) };
    Ok(EntityRef { id, types, scopes, created_at, modified_at, expires_at, attributes })
}

/// Attribute instances, or sub-attributes of one, as they lie in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a> {
    at: Cursor<'a>,
    count: usize,
    base: Time,
    names: &'a Dictionary,
    depth: usize,
    /// Of an entity's own: at which instant they are looked at. After the last of them the bytes end.
    own: Option<Time>,
}

impl<'a> Attributes<'a> {
    fn take(&mut self) -> Result<AttributeRef<'a, Self>, Damaged> {
        let depth = self.depth.checked_sub(1).ok_or(Damaged("they nest too deep"))?;
        let front = take_front(&mut self.at, self.base, self.names)?;
        let kind = front.flags & 7;
        let value = Encoded { kind, at: self.at, names: self.names };
        skip::value(kind, &mut self.at, MAX_DEPTH)?;
        let mut sub = None;
        if front.flags & SUB != 0 {
            let count = self.at.count()?;
            sub = Some(Self { count, depth, own: None, ..*self });
            for _ in 0..count {
                skip::attribute(&mut self.at, depth)?;
            }
        }
        Ok(AttributeRef {
            name: front.name,
            dataset_id: front.dataset_id,
            value,
            observed_at: front.observed_at,
            unit_code: front.unit_code,
            created_at: front.created_at,
            modified_at: front.modified_at,
            expires_at: front.expires_at,
            sub,
        })
    }
}

impl<'a> Source<'a> for Attributes<'a> {
    type Fault = Damaged;
    type Value = Encoded<'a>;

    fn attributes(self) -> impl Iterator<Item = Result<AttributeRef<'a, Self>, Damaged>> {
        Each { left: self.count, of: self }
    }
}

struct Each<'a> {
    of: Attributes<'a>,
    left: usize,
}

impl<'a> Iterator for Each<'a> {
    type Item = Result<AttributeRef<'a, Attributes<'a>>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            self.left -= 1;
            let mut taken = self.of.take();
            if self.left == 0 && self.of.own.is_some() && !self.of.at.is_empty() {
                taken = Err(Damaged("something follows an entity"));
            }
            match &taken {
                Ok(a) if self.of.own.is_some_and(|now| a.expires_at.is_some_and(|at| at <= now)) => {}
                Ok(_) => return Some(taken),
                Err(_) => {
                    self.left = 0;
                    return Some(taken);
                }
            }
        }
        None
    }
}

/// A value as it lies in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Encoded<'a> {
    kind: u8,
    at: Cursor<'a>,
    names: &'a Dictionary,
}

impl<'a> ValueSource<'a> for Encoded<'a> {
    type Fault = Damaged;

    fn kind(self) -> AttributeKind {
        AttributeKind::ALL[usize::from(self.kind)].0
    }

    fn write_json(mut self, out: &mut Vec<u8>) -> Result<bool, Damaged> {
        let plain = matches!(self.kind(), AttributeKind::Property | AttributeKind::JsonProperty);
        if plain {
            write_json(&mut self.at, MAX_DEPTH, out)?;
        }
        Ok(plain)
    }

    fn get(mut self) -> Result<Cow<'a, Value>, Damaged> {
        take_value(self.kind, &mut self.at, self.names).map(Cow::Owned)
    }
}

/// Appends the JSON text of a value, as `Json::write` does of one that was made.
fn write_json(c: &mut Cursor<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), Damaged> {
    let depth = depth.checked_sub(1).ok_or(Damaged("they nest too deep"))?;
    match c.byte()? {
        0 => out.extend_from_slice(b"null"),
        1 => out.extend_from_slice(b"false"),
        2 => out.extend_from_slice(b"true"),
        3 => write_i64(c.zigzag()?, out),
        4 => write_f64(c.finite()?, out),
        5 => write_str(c.text()?, out),
        6 => {
            out.push(b'[');
            for at in 0..c.count()? {
                if at > 0 {
                    out.push(b',');
                }
                write_json(c, depth, out)?;
            }
            out.push(b']');
        }
        7 => {
            out.push(b'{');
            for at in 0..c.count()? {
                if at > 0 {
                    out.push(b',');
                }
                write_str(c.text()?, out);
                out.push(b':');
                write_json(c, depth, out)?;
            }
            out.push(b'}');
        }
        _ => return Err(Damaged("a value has an unknown form")),
    }
    Ok(())
}
