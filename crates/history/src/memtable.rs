//! The open part: rows of the newest samples, grouped by series, found by key and in key order. Not durable by itself:
//! the caller's commit log is.
//!
//! A series costs its key once and about 40 bytes; a row is a variable-length record in an arena, chained to the row
//! before it in its series. Where a series has become long, numbers of one shape stand side by side in extents, each
//! linked into the chain as one record. Nothing is changed in place: a correction is one more row, flagged as such.

use std::collections::BTreeMap;

use belfry_kernel::Time;
use parking_lot::{Mutex, MutexGuard};

use crate::arena::{Arena, NOWHERE};
use crate::clears::Clears;
use crate::extent::{Extent, Stretch};
use crate::keyorder::KeyOrder;
use crate::keytable::KeyTable;
use crate::recent::Recent;
use crate::rows::{BOOL, BYTES, DELETED, F64, I64, OBSERVED, Patch, REMOVED, TEXT, TYPE, tag_of};
use crate::sample::{Kind, Sample, SampleRef, ValueRef};
use crate::wire::{Reader, put_bytes, put_i64};

/// Row bit beside those of a tag: it corrects, and may concern a stamp stored elsewhere.
const PATCH: u8 = 64;
/// Row bit: it has a remainder.
const REST: u8 = 128;
/// In place of a type, and no other bit: the row stands for an extent, whose number is in place of its stamp.
const LINK: u8 = 7;

/// Rows that a series has before extents are made for it.
const LONG: u32 = 256;
/// Rows alike that come one after another before an extent is made for more of them.
const ALIKE: usize = 8;

/// Memory counted for a series beside its key: the record, its share of both indexes.
const SERIES_BYTES: usize = 44;

struct Series {
    key: u32,
    newest_row: u32,
    rows: u32,
    key_len: u16,
    /// `max_stamp` also accounts for what older parts hold.
    settled: bool,
    patched: bool,
    max_stamp: i64,
}

/// Corrections by stamp: the sample that is there, or that none is.
pub(crate) type Overlay = BTreeMap<i64, Option<Sample>>;

/// What the memtable must know from older parts to take an append.
pub(crate) enum Wanted {
    /// Nothing: the row is in (or was there already).
    Nothing,
    /// The greatest stamp that older parts hold of this series; append again after [`Memtable::settle`].
    Floor,
    /// Whether older parts hold this very stamp; if not, put it in with [`Memtable::patch`].
    Presence,
}

/// What a walk meets.
pub(crate) enum Piece<'a> {
    /// One sample.
    Sample(SampleRef<'a>),
    /// Some numbers, oldest first, with no correction among them.
    Stretch(Stretch<'a>),
}

/// Rows by series.
#[derive(Default)]
pub(crate) struct Memtable {
    arena: Arena,
    series: Vec<Series>,
    table: KeyTable,
    /// Behind a lock of its own: it is brought up to date by those who read.
    order: Mutex<KeyOrder>,
    extents: Vec<Extent>,
    extent_bytes: usize,
    rests: Recent,
    pub(crate) clears: Clears,
    clear_bytes: usize,
    pub(crate) rows: u64,
    pub(crate) newest: Option<i64>,
    /// The last log sequence that was applied.
    pub(crate) last_seq: u64,
    scratch: Vec<u8>,
}

impl Memtable {
    /// An empty one that goes on after log sequence `last_seq`.
    pub(crate) fn after(last_seq: u64) -> Self {
        Self { last_seq, ..Self::default() }
    }

    /// Memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.bytes() + self.series.len() * SERIES_BYTES + self.extent_bytes + self.clear_bytes
    }

    pub(crate) fn has_room(&self) -> bool {
        self.arena.has_room()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0 && self.clears.is_empty()
    }

    fn key(&self, id: u32) -> &[u8] {
        key_of(&self.arena, &self.series, id)
    }

    /// The order of all series there are.
    fn order(&self) -> MutexGuard<'_, KeyOrder> {
        let mut order = self.order.lock();
        order.bring_up(self.series.len() as u32, |id| self.key(id));
        order
    }

    fn find(&self, key: &[u8]) -> Option<u32> {
        self.table.find(key, |id| self.key(id) == key)
    }

    fn find_or_add(&mut self, key: &[u8]) -> u32 {
        let id = self.series.len() as u32;
        let (arena, series) = (&self.arena, &self.series);
        if let Some(known) = self.table.find_or_add(key, id, |id| key_of(arena, series, id) == key) {
            return known;
        }
        let at = self.arena.push(key);
        self.series.push(Series {
            key: at,
            newest_row: NOWHERE,
            rows: 0,
            key_len: key.len() as u16,
            settled: false,
            patched: false,
            max_stamp: i64::MIN,
        });
        id
    }

    /// Appends a sample unless its stamp is there. `older_newest`: the greatest stamp of any older part.
    pub(crate) fn append(&mut self, key: &[u8], sample: &SampleRef<'_>, older_newest: Option<i64>) -> Wanted {
        let id = self.find_or_add(key);
        let series = &self.series[id as usize];
        let beyond_older = series.settled || older_newest.is_none_or(|n| sample.stamp > n);
        if beyond_older && sample.stamp > series.max_stamp {
            self.push_row(id, sample, 0);
            return Wanted::Nothing;
        }
        if sample.stamp <= series.max_stamp
            && let Some(present) = self.presence(id, sample.stamp)
        {
            if !present {
                self.push_row(id, sample, PATCH);
            }
            return Wanted::Nothing;
        }
        if self.clears.covers(key) {
            // Older parts do not count any more; a stamp between others still goes in as a correction.
            let above = sample.stamp > self.series[id as usize].max_stamp;
            self.push_row(id, sample, if above { 0 } else { PATCH });
            return Wanted::Nothing;
        }
        if beyond_older && older_newest.is_none_or(|n| sample.stamp > n) {
            self.push_row(id, sample, PATCH);
            return Wanted::Nothing;
        }
        if self.series[id as usize].settled { Wanted::Presence } else { Wanted::Floor }
    }

    /// Tells the greatest stamp that older parts hold of `key`.
    pub(crate) fn settle(&mut self, key: &[u8], floor: Option<i64>) {
        let id = self.find_or_add(key);
        let series = &mut self.series[id as usize];
        series.settled = true;
        series.max_stamp = series.max_stamp.max(floor.unwrap_or(i64::MIN));
    }

    /// Puts a sample in, whatever is at its stamp.
    pub(crate) fn patch(&mut self, key: &[u8], sample: &SampleRef<'_>) {
        let id = self.find_or_add(key);
        self.push_row(id, sample, PATCH);
    }

    /// Takes away what is at `stamp`.
    pub(crate) fn remove(&mut self, key: &[u8], stamp: i64) {
        let gone = SampleRef { stamp, observed: None, value: ValueRef::None, rest: &[], kind: Kind::Normal };
        let id = self.find_or_add(key);
        self.push_row(id, &gone, PATCH | REMOVED);
    }

    /// Empties one series.
    pub(crate) fn clear_key(&mut self, key: &[u8]) {
        self.clear_bytes += self.clears.add_key(key);
        if let Some(id) = self.find(key) {
            self.drop_rows(id);
        }
    }

    /// Empties every series whose key starts with `prefix`.
    pub(crate) fn clear_prefix(&mut self, prefix: &[u8]) {
        self.clear_bytes += self.clears.add_prefix(prefix);
        let order = self.order();
        let mut place = order.seek(prefix, |id| self.key(id));
        let mut under = Vec::new();
        while let Some((id, next)) = order.get(place).filter(|&(id, _)| self.key(id).starts_with(prefix)) {
            under.push(id);
            place = next;
        }
        drop(order);
        under.into_iter().for_each(|id| self.drop_rows(id));
    }

    fn drop_rows(&mut self, id: u32) {
        let series = &mut self.series[id as usize];
        self.rows -= u64::from(series.rows);
        (series.newest_row, series.rows, series.settled, series.patched) = (NOWHERE, 0, true, false);
        series.max_stamp = i64::MIN;
    }

    /// Whether a stamp is known to be there or gone; `None` when only older parts can tell.
    fn presence(&self, id: u32, stamp: i64) -> Option<bool> {
        let mut at = self.series[id as usize].newest_row;
        while at != NOWHERE {
            let row = self.row(at);
            if row.flags == LINK {
                if self.extent(&row).stamps().binary_search(&stamp).is_ok() {
                    return Some(true);
                }
            } else if row.stamp == stamp {
                return Some(row.flags & REMOVED == 0);
            }
            at = row.before;
        }
        None
    }

    fn push_row(&mut self, id: u32, sample: &SampleRef<'_>, flags: u8) {
        let newest_row = if flags == 0 && self.series[id as usize].rows >= LONG {
            self.push_number(id, sample).unwrap_or_else(|| self.push_record(id, sample, flags))
        } else {
            self.push_record(id, sample, flags)
        };
        let series = &mut self.series[id as usize];
        series.newest_row = newest_row;
        series.rows += 1;
        series.patched |= flags & PATCH != 0;
        series.max_stamp = series.max_stamp.max(sample.stamp);
        self.rows += 1;
        self.newest = self.newest.max(Some(sample.stamp));
    }

    /// Adds a sample to the extent at the end of its series, or to a new one where many like it came before; the series' newest
    /// record then. None when the sample does not go into an extent.
    fn push_number(&mut self, id: u32, sample: &SampleRef<'_>) -> Option<u32> {
        let Series { rows, newest_row: at, .. } = self.series[id as usize];
        let tag = tag_of(sample);
        let number = Extent::holds(sample.value).filter(|_| sample.kind == Kind::Normal);
        let newest = self.row(at);
        let mut rest = None;
        if newest.flags == LINK {
            let extent = &self.extents[newest.stamp as usize];
            let alike = extent.tag == tag && self.rest_at(extent.rest) == sample.rest;
            match number.filter(|_| alike) {
                Some(x) if self.extents[newest.stamp as usize].push(sample.stamp, sample.observed, x) => {
                    return Some(at);
                }
                Some(_) => rest = Some(self.extents[newest.stamp as usize].rest),
                None => self.extent_bytes -= self.extents[newest.stamp as usize].close(),
            }
        } else if number.is_some() {
            rest = self.rest_of_many(at, tag, sample.rest);
        }
        let mut extent = Extent::beside(rows as usize, tag, rest?);
        extent.push(sample.stamp, sample.observed, number?);
        self.extent_bytes += extent.bytes();
        self.extents.push(extent);
        let mut link = [0; Row::HEAD];
        link[..4].copy_from_slice(&at.to_le_bytes());
        link[4] = LINK;
        link[5..].copy_from_slice(&(self.extents.len() as u64 - 1).to_le_bytes());
        Some(self.arena.push(&link))
    }

    /// Where the remainder of the newest rows lies, when enough of them have this one and this tag.
    fn rest_of_many(&self, newest: u32, tag: u8, rest: &[u8]) -> Option<u32> {
        let (mut at, mut found) = (newest, None);
        for _ in 0..ALIKE {
            let row = (at != NOWHERE).then(|| self.row(at))?;
            if row.flags & !REST != tag || self.sample(&row).rest != rest {
                return None;
            }
            found = found.or_else(|| self.rest_place(&row));
            at = row.before;
        }
        found.or(Some(NOWHERE))
    }

    /// Adds a record to the arena.
    fn push_record(&mut self, id: u32, sample: &SampleRef<'_>, flags: u8) -> u32 {
        let mut flags = flags | tag_of(sample);
        let newest_row = self.series[id as usize].newest_row;
        let rest = if sample.rest.is_empty() { NOWHERE } else { self.intern_rest(sample.rest, newest_row) };
        if rest != NOWHERE {
            flags |= REST;
        }
        let out = &mut self.scratch;
        out.clear();
        out.extend_from_slice(&newest_row.to_le_bytes());
        out.push(flags);
        out.extend_from_slice(&sample.stamp.to_le_bytes());
        if let Some(observed) = sample.observed {
            put_i64(out, sample.stamp.wrapping_sub(observed.micros()));
        }
        if rest != NOWHERE {
            out.extend_from_slice(&rest.to_le_bytes());
        }
        match sample.value {
            ValueRef::None => {}
            ValueRef::F64(x) => out.extend_from_slice(&x.to_bits().to_le_bytes()),
            ValueRef::I64(x) => put_i64(out, x),
            ValueRef::Bool(x) => out.push(u8::from(x)),
            ValueRef::Text(x) => put_bytes(out, x.as_bytes()),
            ValueRef::Bytes(x) => put_bytes(out, x),
        }
        self.arena.push(&self.scratch)
    }

    /// Where these bytes lie: as the remainder of a recent row of any series, of the newest one of this series, or anew.
    fn intern_rest(&mut self, rest: &[u8], newest_row: u32) -> u32 {
        let hash = match self.rests.find(rest, |at| stored_bytes(&self.arena, at) == rest) {
            Ok(at) => return at,
            Err(hash) => hash,
        };
        let before = (newest_row != NOWHERE).then(|| self.rest_place(&self.row(newest_row))).flatten();
        let at = before.filter(|&at| stored_bytes(&self.arena, at) == rest).unwrap_or_else(|| {
            self.scratch.clear();
            put_bytes(&mut self.scratch, rest);
            self.arena.push(&self.scratch)
        });
        self.rests.put(hash, at);
        at
    }

    /// Where the remainder of a row lies.
    fn rest_place(&self, row: &Row) -> Option<u32> {
        if row.flags == LINK {
            return Some(self.extent(row).rest).filter(|&at| at != NOWHERE);
        }
        let mut r = Reader::new(&self.arena.from(row.at)[Row::HEAD..]);
        if row.flags & OBSERVED != 0 {
            r.i64().expect(OWN);
        }
        (row.flags & REST != 0).then(|| r.u32_le().expect(OWN))
    }

    fn rest_at(&self, at: u32) -> &[u8] {
        if at == NOWHERE { &[] } else { stored_bytes(&self.arena, at) }
    }

    fn extent(&self, link: &Row) -> &Extent {
        &self.extents[link.stamp as usize]
    }

    fn row(&self, at: u32) -> Row {
        let mut r = Reader::new(self.arena.at(at, Row::HEAD));
        let before = r.u32_le().expect(OWN);
        let flags = r.u8().expect(OWN);
        let stamp = r.u64_le().expect(OWN) as i64;
        Row { at, before, flags, stamp }
    }

    fn sample(&self, row: &Row) -> SampleRef<'_> {
        let mut r = Reader::new(&self.arena.from(row.at)[Row::HEAD..]);
        let observed =
            (row.flags & OBSERVED != 0).then(|| Time::from_micros(row.stamp.wrapping_sub(r.i64().expect(OWN))));
        let rest = if row.flags & REST != 0 { stored_bytes(&self.arena, r.u32_le().expect(OWN)) } else { &[] };
        let value = match row.flags & TYPE {
            F64 => ValueRef::F64(f64::from_bits(r.u64_le().expect(OWN))),
            I64 => ValueRef::I64(r.i64().expect(OWN)),
            BOOL => ValueRef::Bool(r.u8().expect(OWN) != 0),
            TEXT => ValueRef::Text(std::str::from_utf8(r.bytes().expect(OWN)).expect(OWN)),
            BYTES => ValueRef::Bytes(r.bytes().expect(OWN)),
            _ => ValueRef::None,
        };
        let kind = if row.flags & DELETED != 0 { Kind::Deleted } else { Kind::Normal };
        SampleRef { stamp: row.stamp, observed, value, rest, kind }
    }

    /// Hands the samples of `key` with stamps within `from..=to` to `take`, newest first, at most the newest `limit`
    /// where that can be told; corrections go into `overlay`, which wins over the samples.
    pub(crate) fn walk<'a>(
        &'a self,
        key: &[u8],
        range: (i64, i64),
        limit: usize,
        overlay: &mut Overlay,
        take: impl FnMut(SampleRef<'a>),
    ) {
        if let Some(id) = self.find(key) {
            self.walk_series(id, range, limit, overlay, take);
        }
    }

    fn walk_series<'a>(
        &'a self,
        id: u32,
        range: (i64, i64),
        limit: usize,
        overlay: &mut Overlay,
        mut take: impl FnMut(SampleRef<'a>),
    ) {
        self.walk_pieces(id, range, limit, overlay, |piece| match piece {
            Piece::Sample(sample) => take(sample),
            Piece::Stretch(stretch) => (0..stretch.len()).rev().for_each(|i| take(stretch.sample(i))),
        });
    }

    /// As [`Self::walk`] of everything, numbers that stand side by side together.
    pub(crate) fn pieces<'a>(&'a self, key: &[u8], overlay: &mut Overlay, take: impl FnMut(Piece<'a>)) {
        if let Some(id) = self.find(key) {
            self.walk_pieces(id, (i64::MIN, i64::MAX), usize::MAX, overlay, take);
        }
    }

    fn walk_pieces<'a>(
        &'a self,
        id: u32,
        (from, to): (i64, i64),
        limit: usize,
        overlay: &mut Overlay,
        mut take: impl FnMut(Piece<'a>),
    ) {
        let series = &self.series[id as usize];
        let (mut at, mut taken) = (series.newest_row, 0);
        while at != NOWHERE && (series.patched || taken < limit) {
            let row = self.row(at);
            at = row.before;
            if row.flags == LINK {
                let extent = self.extent(&row);
                let found = extent.stretch(self.rest_at(extent.rest)).within(from, to);
                // What a newer part corrects does not count: the ones before it are wanted in its place.
                let left = if series.patched { usize::MAX } else { limit - taken };
                if let (Some(&first), Some(&last)) = (found.stamps.first(), found.stamps.last()) {
                    if overlay.range(first..=last).next().is_none() {
                        let newest = found.part(found.len().saturating_sub(left)..found.len());
                        taken += newest.len();
                        take(Piece::Stretch(newest));
                    } else {
                        let uncorrected = |i: &usize| !overlay.contains_key(&found.stamps[*i]);
                        for i in (0..found.len()).rev().filter(uncorrected).take(left) {
                            taken += 1;
                            take(Piece::Sample(found.sample(i)));
                        }
                    }
                }
                if extent.stamps().first().is_some_and(|&s| s < from) && !series.patched {
                    break;
                }
                continue;
            }
            if row.stamp < from && !series.patched {
                break;
            }
            if row.stamp < from || row.stamp > to {
                continue;
            }
            if row.flags & PATCH != 0 {
                let sample = || (row.flags & REMOVED == 0).then(|| self.sample(&row).to_owned());
                overlay.entry(row.stamp).or_insert_with(sample);
            } else if !overlay.contains_key(&row.stamp) {
                taken += 1;
                take(Piece::Sample(self.sample(&row)));
            }
        }
    }

    /// What this part alone holds of one of [`Self::in_order`]: corrections that may concern older parts, returned, and
    /// samples that it adds to `base`; both ascending.
    pub(crate) fn parts<'a>(&'a self, id: u32, base: &mut Vec<Own<'a>>) -> Vec<Patch> {
        let mut overlay = Overlay::new();
        let all = (i64::MIN, i64::MAX);
        self.walk_series(id, all, usize::MAX, &mut overlay, |s| base.push(Own::Here(s)));
        base.reverse();
        if overlay.is_empty() {
            return Vec::new();
        }
        let first = base.first().map_or(i64::MAX, Own::stamp);
        let mut patches = Vec::new();
        let len = base.len();
        for (stamp, sample) in overlay {
            if len == 0 || stamp < first {
                patches.push(Patch { stamp, sample });
            } else {
                base.extend(sample.map(Own::Corrected));
            }
        }
        if base.len() > len {
            base.sort_by_key(Own::stamp);
        }
        patches
    }

    /// The greatest stamp of any row of `key` here.
    pub(crate) fn newest_of(&self, key: &[u8]) -> Option<i64> {
        let id = self.find(key)?;
        let mut newest = None;
        let mut at = self.series[id as usize].newest_row;
        while at != NOWHERE {
            let row = self.row(at);
            let stamp = if row.flags == LINK { self.extent(&row).stamps().last().copied() } else { Some(row.stamp) };
            newest = newest.max(stamp);
            if !self.series[id as usize].patched {
                break;
            }
            at = row.before;
        }
        newest
    }

    /// The first key with rows that is not before `from` (or after it, when `beyond`).
    pub(crate) fn key_from(&self, from: &[u8], beyond: bool) -> Option<&[u8]> {
        let order = self.order();
        let mut place = order.seek(from, |id| self.key(id));
        while let Some((id, next)) = order.get(place) {
            if self.series[id as usize].rows > 0 && !(beyond && self.key(id) == from) {
                return Some(self.key(id));
            }
            place = next;
        }
        None
    }

    /// All series with rows in key order, for a flush: number and key.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let ids = self.order().ids().into_iter();
        ids.filter(|&id| self.series[id as usize].rows > 0).map(|id| (id, self.key(id)))
    }
}

/// A sample of an open part, as it lies there or as a correction has it.
pub(crate) enum Own<'a> {
    Here(SampleRef<'a>),
    Corrected(Sample),
}

impl Own<'_> {
    pub(crate) fn stamp(&self) -> i64 {
        self.as_ref().stamp
    }

    pub(crate) fn as_ref(&self) -> SampleRef<'_> {
        match self {
            Self::Here(sample) => *sample,
            Self::Corrected(sample) => sample.as_ref(),
        }
    }
}

fn key_of<'a>(arena: &'a Arena, series: &[Series], id: u32) -> &'a [u8] {
    let series = &series[id as usize];
    arena.at(series.key, usize::from(series.key_len))
}

const OWN: &str = "rows are read as they were written, in memory";

/// The fixed beginning of a row.
struct Row {
    at: u32,
    before: u32,
    flags: u8,
    stamp: i64,
}

impl Row {
    const HEAD: usize = 13;
}

fn stored_bytes(arena: &Arena, at: u32) -> &[u8] {
    Reader::new(arena.from(at)).bytes().expect(OWN)
}
