//! Passing over the parts of a blob without making anything of them.

use super::{DATASET, EXPIRY, OBSERVED, SUB, UNIT};
use crate::codec::{Cursor, Damaged};
use belfry_ngsi_ld::AttributeKind;

pub(super) fn names(c: &mut Cursor<'_>) -> Result<(), Damaged> {
    for _ in 0..c.count()? {
        c.varint()?;
    }
    Ok(())
}

pub(super) fn texts(c: &mut Cursor<'_>) -> Result<(), Damaged> {
    for _ in 0..c.count()? {
        c.bytes()?;
    }
    Ok(())
}

/// Passes over an attribute; its name's number, its kind and its expiry as written.
pub(super) fn attribute(c: &mut Cursor<'_>, depth: usize) -> Result<(u32, AttributeKind, Option<i64>), Damaged> {
    let depth = depth.checked_sub(1).ok_or(Damaged("they nest too deep"))?;
    let name = c.varint()? as u32;
    let head = c.byte()?;
    c.varint()?;
    c.varint()?;
    if head & DATASET != 0 {
        c.bytes()?;
    }
    if head & OBSERVED != 0 {
        c.varint()?;
    }
    if head & UNIT != 0 {
        c.bytes()?;
    }
    let expires = if head & EXPIRY != 0 { Some(c.zigzag()?) } else { None };
    value(head & 7, c, depth)?;
    if head & SUB != 0 {
        for _ in 0..c.count()? {
            attribute(c, depth)?;
        }
    }
    let (kind, ..) = AttributeKind::ALL[usize::from(head & 7)];
    Ok((name, kind, expires))
}

/// Passes over a value of the kind of this number.
pub(super) fn value(kind: u8, c: &mut Cursor<'_>, depth: usize) -> Result<(), Damaged> {
    let (kind, ..) = AttributeKind::ALL[usize::from(kind & 7)];
    match kind {
        AttributeKind::Property | AttributeKind::JsonProperty => json(c, depth),
        AttributeKind::GeoProperty => geometry(c),
        AttributeKind::Relationship => {
            if c.byte()? == 0 {
                c.bytes()?;
            } else {
                texts(c)?;
            }
            names(c)
        }
        AttributeKind::LanguageProperty => {
            for _ in 0..c.count()? {
                c.bytes()?;
                json(c, depth)?;
            }
            Ok(())
        }
        AttributeKind::VocabProperty => {
            c.byte()?;
            names(c)
        }
        AttributeKind::ListProperty => {
            for _ in 0..c.count()? {
                json(c, depth)?;
            }
            Ok(())
        }
        AttributeKind::ListRelationship => {
            texts(c)?;
            names(c)
        }
    }
}

fn json(c: &mut Cursor<'_>, depth: usize) -> Result<(), Damaged> {
    let depth = depth.checked_sub(1).ok_or(Damaged("they nest too deep"))?;
    match c.byte()? {
        0..=2 => Ok(()),
        3 => c.varint().map(drop),
        4 => c.take(8).map(drop),
        5 => c.bytes().map(drop),
        6 => {
            for _ in 0..c.count()? {
                json(c, depth)?;
            }
            Ok(())
        }
        7 => {
            for _ in 0..c.count()? {
                c.bytes()?;
                json(c, depth)?;
            }
            Ok(())
        }
        _ => Err(Damaged("a value has an unknown form")),
    }
}

fn positions(c: &mut Cursor<'_>) -> Result<(), Damaged> {
    let n = c.varint()?;
    let each = if n & 1 != 0 { 24 } else { 16 };
    let len = (n >> 1).checked_mul(each).ok_or(Damaged("a count is too large"))?;
    c.take(usize::try_from(len).map_err(|_| Damaged("a count is too large"))?).map(drop)
}

fn geometry(c: &mut Cursor<'_>) -> Result<(), Damaged> {
    fn lines(c: &mut Cursor<'_>) -> Result<(), Damaged> {
        for _ in 0..c.count()? {
            positions(c)?;
        }
        Ok(())
    }
    match c.byte()? {
        0..=2 => positions(c),
        3 | 4 => lines(c),
        5 => {
            for _ in 0..c.count()? {
                lines(c)?;
            }
            Ok(())
        }
        _ => Err(Damaged("a geometry has an unknown form")),
    }
}
