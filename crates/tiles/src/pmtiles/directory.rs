//! Directories: which tiles lie where (PMTiles 3, 4).

use crate::pmtiles::PmtilesError;
use crate::wire::{Reader, put_varint};

/// Where tiles or a further directory lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of the first tile.
    pub id: u64,
    /// From the beginning of the tiles, or of the leaf directories.
    pub offset: u64,
    /// Bytes, packed.
    pub length: u32,
    /// Tiles of following numbers that are this one; 0 for a leaf directory.
    pub run: u32,
}

const BROKEN: PmtilesError = PmtilesError::Malformed("a directory is broken");

/// Encodes a directory, not packed.
pub(crate) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut to = Vec::with_capacity(entries.len() * 6 + 8);
    put_varint(&mut to, entries.len() as u64);
    let mut last = 0;
    for entry in entries {
        put_varint(&mut to, entry.id - last);
        last = entry.id;
    }
    entries.iter().for_each(|entry| put_varint(&mut to, u64::from(entry.run)));
    entries.iter().for_each(|entry| put_varint(&mut to, u64::from(entry.length)));
    let mut next = None;
    for entry in entries {
        put_varint(&mut to, if next == Some(entry.offset) { 0 } else { entry.offset + 1 });
        next = Some(entry.offset + u64::from(entry.length));
    }
    to
}

/// Decodes a directory whose numbers must be from `from` to below `to`, ascending, no two entries sharing a tile.
pub(crate) fn decode(bytes: &[u8], from: u64, to: u64) -> Result<Vec<Entry>, PmtilesError> {
    let mut reader = Reader(bytes);
    let mut next = || reader.varint().map_err(|_| BROKEN);
    let count = next()?;
    // Four numbers an entry, each of a byte at least: a count that lies is refused before anything is made.
    if count == 0 || count > bytes.len() as u64 / 4 {
        return Err(BROKEN);
    }
    let mut entries = Vec::with_capacity(count as usize);
    let mut id = 0_u64;
    for index in 0..count {
        let step = next()?;
        id = id.checked_add(step).filter(|_| index == 0 || step > 0).ok_or(BROKEN)?;
        entries.push(Entry { id, offset: 0, length: 0, run: 0 });
    }
    for entry in &mut entries {
        entry.run = u32::try_from(next()?).map_err(|_| BROKEN)?;
    }
    for entry in &mut entries {
        entry.length = u32::try_from(next()?).ok().filter(|length| *length > 0).ok_or(BROKEN)?;
    }
    let mut after: Option<u64> = None;
    for entry in &mut entries {
        entry.offset = match (next()?, after) {
            (0, Some(after)) => after,
            (0, None) => return Err(BROKEN),
            (offset, _) => offset - 1,
        };
        after = Some(entry.offset.checked_add(u64::from(entry.length)).ok_or(BROKEN)?);
    }
    for (index, entry) in entries.iter().enumerate() {
        let end = entry.id.checked_add(u64::from(entry.run.max(1))).ok_or(BROKEN)?;
        let next = entries.get(index + 1).map_or(to, |next| next.id);
        if entry.id < from || end > next {
            return Err(PmtilesError::Malformed("a directory names tiles twice or that are not its own"));
        }
    }
    Ok(entries)
}

/// The entry in which a tile would be.
pub(crate) fn find(entries: &[Entry], id: u64) -> Option<&Entry> {
    let after = entries.partition_point(|entry| entry.id <= id);
    let entry = entries.get(after.checked_sub(1)?)?;
    (entry.run == 0 || id - entry.id < u64::from(entry.run)).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, offset: u64, length: u32, run: u32) -> Entry {
        Entry { id, offset, length, run }
    }

    #[test]
    fn there_and_back_and_found() {
        let entries = [entry(5, 0, 10, 1), entry(6, 10, 20, 3), entry(42, 0, 10, 1), entry(69, 5000, 7, 0)];
        let decoded = decode(&encode(&entries), 0, u64::MAX).unwrap();
        assert_eq!(decoded, entries);
        for (id, wanted) in
            [(4, None), (5, Some(0)), (8, Some(1)), (9, None), (42, Some(2)), (43, None), (1000, Some(3))]
        {
            assert_eq!(find(&decoded, id), wanted.map(|index: usize| &entries[index]), "{id}");
        }
    }

    #[test]
    fn hostile_ones_are_refused() {
        let good = [entry(5, 0, 10, 2), entry(9, 10, 20, 1)];
        let bytes = encode(&good);
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end], 0, u64::MAX).is_err());
        }
        assert!(decode(&bytes, 6, u64::MAX).is_err());
        assert!(decode(&bytes, 0, 9).is_err());
        let overlap = [entry(5, 0, 10, 5), entry(9, 10, 20, 1)];
        assert!(decode(&encode(&overlap), 0, u64::MAX).is_err());
        assert!(decode(&encode(&[entry(5, 0, 0, 1)]), 0, u64::MAX).is_err());
        assert!(decode(&[0], 0, u64::MAX).is_err());
        assert!(decode(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1, 1], 0, u64::MAX).is_err());
        // The first offset cannot follow on anything.
        assert!(decode(&[1, 5, 1, 10, 0], 0, u64::MAX).is_err());
    }
}
