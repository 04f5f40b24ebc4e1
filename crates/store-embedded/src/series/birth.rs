//! Births: what an entity came with lies together in the sample of its life that says that it came, instead of one sample in
//! each of ten series: most entities of a town change seldom, and many never. Reads count those instances among their series.
//! Before anybody changes the past of an entity by hand, and before retention, they are laid out in series like all others.

use super::life::{First, Life};
use super::{Batch, LIFE, Owned, history_error, key_into, marks, parts};
use crate::blob;
use crate::codec::{Cursor, Damaged, Put};
use crate::dictionary::Dictionary;
use crate::shared::Shared;
use belfry_history::{By, History, Op, Query, Room, Sample, SampleRef};
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::{Attribute, Name};
use std::path::PathBuf;

/// Bytes of instances that lie together at most: a sample of a life is read for whatever concerns its entity.
pub(super) const LARGEST: usize = 64 << 10;

/// Appends the instances of a birth.
pub(super) fn put(attributes: &[Attribute], stamp: i64, names: &Dictionary, out: &mut Vec<u8>) {
    out.put_varint(attributes.len() as u64);
    for a in attributes {
        blob::encode_attribute(a, Time::from_micros(stamp), names, out);
    }
}

/// The instances of a birth at `stamp`. They were written then: two images of one entity in one commit have stamps of their own.
pub(super) fn instances(bytes: &[u8], stamp: i64, names: &Dictionary) -> Result<Vec<Attribute>, Damaged> {
    let (mut c, base) = (Cursor::new(bytes), Time::from_micros(stamp));
    let all = (0..c.count()?).map(|_| {
        let instance = blob::decode_attribute(&mut c, base, names)?;
        Ok(Attribute { modified_at: base, ..instance })
    });
    all.collect()
}

/// The earliest time of a birth: its stamp, or when one of its instances was observed.
pub(super) fn oldest(stamp: i64, instances: &[Attribute]) -> i64 {
    instances.iter().filter_map(|a| a.observed_at).map(Time::micros).fold(stamp, i64::min)
}

/// One birth.
pub(super) struct Birth {
    pub(super) stamp: i64,
    pub(super) instances: Vec<Attribute>,
}

/// The births of an entity whose instances lie together, oldest first.
pub(super) fn of(history: &History, id: &str, names: &Dictionary) -> Result<Vec<Birth>, Error> {
    let mut births = Vec::new();
    for sample in lives(history, id, &Query::all(By::Stamp))? {
        let (stamp, life) = (sample.stamp, Life::read(&sample, names)?);
        if let First::Here(bytes) = &life.first {
            births.push(Birth { stamp, instances: instances(bytes, stamp, names)? });
        }
    }
    Ok(births)
}

/// The birth that `life` goes back to, which a sample with this stamp tells; none when its instances are in series.
pub(super) fn behind(
    history: &History,
    id: &str,
    (stamp, life): (i64, &Life),
    names: &Dictionary,
) -> Result<Option<Birth>, Error> {
    let here = |stamp, bytes: &[u8]| Ok(Some(Birth { stamp, instances: instances(bytes, stamp, names)? }));
    match &life.first {
        First::Apart => return Ok(None),
        First::Here(bytes) => return here(stamp, bytes),
        First::Before => {}
    }
    let before = Query::last(By::Stamp, usize::MAX).within(i64::MIN, stamp.saturating_sub(1));
    for sample in lives(history, id, &before)? {
        match Life::read(&sample, names)?.first {
            First::Apart => break,
            First::Here(bytes) => return here(sample.stamp, &bytes),
            First::Before => {}
        }
    }
    Ok(None)
}

/// What the series of a life says of the current state, ends left out.
fn lives(history: &History, id: &str, query: &Query) -> Result<Vec<Sample>, Error> {
    let mut key = Vec::new();
    key_into(id, LIFE, None, &mut key);
    let mut found = Vec::new();
    for sample in history.range(&key, query).map_err(|e| history_error(&e))? {
        let sample = sample.map_err(|e| history_error(&e))?;
        if sample.kind != belfry_history::Kind::Deleted && marks(&sample) == 0 {
            found.push(sample);
        }
    }
    Ok(found)
}

/// The samples that births add to one series, oldest first.
pub(super) fn samples(births: &[Birth], name: Name, dataset_id: Option<&Iri>, names: &Dictionary) -> Vec<Sample> {
    let of_series = |birth: &Birth| {
        let found = birth.instances.iter().find(|a| a.name == name && a.dataset_id.as_ref() == dataset_id)?;
        let mut batch = Batch::new(names);
        batch.instance("", birth.stamp, found, 0);
        batch.with_ops(|ops| match ops {
            &[Op::Append { sample, .. }] => Some(SampleRef::to_owned(sample)),
            _ => None,
        })
    };
    births.iter().filter_map(of_series).collect()
}

impl Batch<'_> {
    /// Lays the births of an entity out in series that are as old as `until`, by their arrival or an observation: first each
    /// instance in its own, then their lives without them. What is in a series already stays as it is.
    pub(super) fn unfold(&mut self, history: &History, id: &str, until: i64) -> Result<(), Error> {
        for sample in lives(history, id, &Query::all(By::Stamp))? {
            let (stamp, life) = (sample.stamp, Life::read(&sample, self.names)?);
            let First::Here(bytes) = &life.first else { continue };
            let all = instances(bytes, stamp, self.names)?;
            if oldest(stamp, &all) > until {
                continue;
            }
            for a in &all {
                self.instance(id, stamp, a, 0);
            }
            let (key, sample) = self.life_sample(id, stamp, &Life { first: First::Apart, ..life }, 0);
            self.ops.push(Owned::Replace { key, sample });
        }
        self.unfolded.insert(id.into());
        Ok(())
    }
}

/// How often room is made for one entity's births before that is given up.
const TRIES: usize = 3;

/// Lays out in series the births since the instant `since` that are as old as `until`, which retention is about to look at;
/// `flush` makes room in history. Whether there were any.
///
/// # Errors
/// When history cannot be read or written; what was laid out until then is.
pub(crate) fn unfold_old(
    shared: &Shared,
    history: &History,
    (since, until): (i64, i64),
    flush: &dyn Fn() -> Result<(), String>,
) -> Result<bool, String> {
    let mut some = false;
    for key in history.series_aged(since, until) {
        let key = key.map_err(|e| e.to_string())?;
        let Ok((id, LIFE, None)) = parts(&key) else { continue };
        let mut tries = TRIES;
        loop {
            if history.room() != Room::Plenty {
                flush()?;
            }
            match unfold_one(shared, history, id, until) {
                Err(belfry_history::Error::Full { .. }) if tries > 0 => tries -= 1,
                outcome => break some |= outcome.map_err(|e| e.to_string())?,
            }
            flush()?;
        }
    }
    Ok(some)
}

fn unfold_one(shared: &Shared, history: &History, id: &str, until: i64) -> belfry_history::Result<bool> {
    let mut batch = Batch::new(&shared.names);
    // Nobody may take an instance away between our reading of it and our writing. No flush meanwhile: it may wait for the
    // writer, which may wait here.
    let _alone = shared.unfolding.lock();
    batch.unfold(history, id, until).map_err(|e| unreadable(&e))?;
    if !batch.ops.is_empty() {
        batch.with_ops(|ops| history.fill(ops))?;
    }
    Ok(!batch.ops.is_empty())
}

/// An error of ours as history's.
pub(super) fn unreadable(e: &Error) -> belfry_history::Error {
    let (path, what) =
        (PathBuf::from("the life of an entity"), e.cause().map_or_else(|| e.to_string(), ToString::to_string));
    belfry_history::Error::Io { what: "read", path, source: std::io::Error::other(what) }
}
