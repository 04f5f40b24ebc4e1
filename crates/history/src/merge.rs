//! Merging neighbouring runs into one: longer chunks, corrections settled, what is too old left behind. Reads go on
//! from the old runs until the new one is named by the manifest.

use std::sync::Arc;

use belfry_kernel::Time;
use hashbrown::HashSet;

use crate::cache::Cache;
use crate::clears::Clears;
use crate::error::{Error, Result};
use crate::flush::{Chunker, write_memtable};
use crate::history::{History, append_one};
use crate::memtable::{Memtable, Overlay};
use crate::policy::{Leaving, Policy, age_of};
use crate::range::Stamps;
use crate::rows::Patch;
use crate::run::{Meta, Run};
use crate::run_writer::RunWriter;
use crate::sample::{Kind, Order, Sample};
use crate::scan::Keys;
use crate::view::{Snapshot, View};

/// Bytes of blocks that a merge keeps.
const CACHE: usize = 8 << 20;

/// Which policy governs a series.
pub type Policies<'a> = dyn Fn(&[u8]) -> Option<Policy> + 'a;

/// Rows that leave their series as coarser ones.
struct Retention<'a> {
    now: Time,
    policies: &'a Policies<'a>,
    coarse: Memtable,
    written: Vec<Arc<Run>>,
}

impl History {
    /// Merges one group of runs of equal level if there is one to merge. Call it from a background thread after
    /// flushes until it returns false.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Io`], [`Error::Corrupt`]; the old runs stay. A run that was found damaged is not
    /// tried again before the next opening.
    pub fn merge(&self) -> Result<bool> {
        let _one = self.merging.lock();
        let runs = Arc::clone(&self.state.read().runs);
        let Some(group) = self.due(&runs) else { return Ok(false) };
        let whole = group.start == 0;
        self.merge_runs(&runs[group], whole, None)?;
        Ok(true)
    }

    /// Merges all runs into one. Settles every correction.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub fn merge_all(&self) -> Result<()> {
        let _one = self.merging.lock();
        let runs = Arc::clone(&self.state.read().runs);
        if runs.is_empty() { Ok(()) } else { self.merge_runs(&runs, true, None) }
    }

    /// Merges all runs into one, and leaves behind what `policies` say is too old at `now`: the samples are gone or
    /// have coarser ones in their place. What is in the open part stays until a later call, and so does the last sample
    /// of a series that tells how things stand ([`Policy::stands`]).
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub fn retain(&self, now: Time, policies: &Policies<'_>) -> Result<()> {
        let _one = self.merging.lock();
        let runs = Arc::clone(&self.state.read().runs);
        if runs.is_empty() {
            return Ok(());
        }
        self.merge_runs(
            &runs,
            true,
            Some(Retention { now, policies, coarse: Memtable::default(), written: Vec::new() }),
        )
    }

    /// The newest group of neighbours of one level that is wide enough.
    fn due(&self, runs: &[Arc<Run>]) -> Option<std::ops::Range<usize>> {
        let damaged = self.damaged.lock();
        let mut end = runs.len();
        while end > 0 {
            let level = runs[end - 1].meta.level;
            let mut start = end;
            while start > 0 && runs[start - 1].meta.level == level && !damaged.contains(&runs[start - 1].id) {
                start -= 1;
            }
            if end - start >= self.options.merge_width {
                return Some(start..end);
            }
            end = start.min(end - 1);
        }
        None
    }

    /// `whole`: there is no older run, so that every correction can be settled.
    fn merge_runs(&self, inputs: &[Arc<Run>], whole: bool, retention: Option<Retention<'_>>) -> Result<()> {
        let merged = self.write_merged(inputs, whole, retention);
        if let Err(Error::Corrupt { path, .. }) = &merged {
            self.damaged.lock().extend(inputs.iter().filter(|r| r.path == *path).map(|r| r.id));
        }
        let outputs = merged?;
        let ids: HashSet<u64> = inputs.iter().map(|r| r.id).collect();
        self.install(false, |runs, _| {
            let at = runs.iter().position(|r| ids.contains(&r.id)).unwrap_or(runs.len());
            runs.retain(|r| !ids.contains(&r.id));
            runs.splice(at..at, outputs);
        })
    }

    fn write_merged(
        &self,
        inputs: &[Arc<Run>],
        whole: bool,
        mut retention: Option<Retention<'_>>,
    ) -> Result<Vec<Arc<Run>>> {
        let snapshot =
            Snapshot { memory: Vec::new(), runs: Arc::new(inputs.to_vec()), cache: Arc::new(Cache::new(CACHE)) };
        let mut clears = Clears::default();
        if !whole {
            for run in inputs {
                clears.merge(&run.meta.clears);
            }
        }
        let level = inputs.iter().map(|r| r.meta.level).max().unwrap_or(0) + u32::from(inputs.len() > 1);
        let mut writer = RunWriter::create(&self.dir, self.new_id(), Meta { level, clears })?;
        let mut chunker = Chunker::new();
        for key in Keys::new(snapshot.clone(), b"") {
            let key = key?;
            let mut view = snapshot.view(&key, i64::MIN, i64::MAX, None)?;
            let patches = if whole { Vec::new() } else { unsettled(&mut view)? };
            let samples = Stamps::new(view, i64::MIN, i64::MAX, Order::Ascending);
            let policy = retention.as_ref().and_then(|r| (r.policies)(&key));
            match (&mut retention, policy) {
                (Some(retention), Some(policy)) => {
                    let mut leaving = Leaving::default();
                    let last = last_standing(&snapshot, &key, &policy)?;
                    let kept = keep(samples, &policy, retention.now, last, &mut leaving);
                    chunker.series(&mut writer, &key, &patches, kept)?;
                    retention.take(self, &snapshot, &key, &policy, &leaving)?;
                }
                _ => chunker.series(&mut writer, &key, &patches, samples)?,
            }
        }
        let mut outputs = Vec::new();
        if !writer.is_empty() {
            outputs.push(Arc::new(writer.finish()?));
        }
        if let Some(mut retention) = retention {
            retention.write(self)?;
            outputs.append(&mut retention.written);
        }
        Ok(outputs)
    }
}

/// Takes those corrections out of `view` that may concern older runs: the ones below its first sample. All others
/// concern samples in the view, since every sample of it is newer than what is older.
fn unsettled(view: &mut View) -> Result<Vec<Patch>> {
    let settled = match view.first_stamp()? {
        Some(first) => view.overlay.split_off(&first),
        None => Overlay::new(),
    };
    let low = std::mem::replace(&mut view.overlay, settled);
    Ok(low.into_iter().map(|(stamp, sample)| Patch { stamp, sample }).collect())
}

/// The stamp of the last sample that tells how things stand.
fn last_standing(snapshot: &Snapshot, key: &[u8], policy: &Policy) -> Result<Option<i64>> {
    let view = snapshot.view(key, i64::MIN, i64::MAX, None)?;
    for sample in Stamps::new(view, i64::MIN, i64::MAX, Order::Descending) {
        let sample = sample?;
        if (policy.stands)(&sample) {
            return Ok(Some(sample.stamp));
        }
    }
    Ok(None)
}

/// Passes on what is young enough, and the one at `last`, and gathers the rest. A tombstone at `last` need not stay when
/// nothing before it does.
fn keep<'a>(
    samples: Stamps,
    policy: &'a Policy,
    now: Time,
    last: Option<i64>,
    leaving: &'a mut Leaving,
) -> impl Iterator<Item = Result<Sample>> + 'a {
    let cutoff = policy.cutoff(now);
    let mut any = false;
    samples.filter(move |sample| {
        let Ok(sample) = sample else { return true };
        let stands = last == Some(sample.stamp) && (any || sample.kind != Kind::Deleted);
        if stands || age_of(sample) >= cutoff {
            any = true;
            return true;
        }
        if let Some(coarser) = &policy.then {
            leaving.add(coarser, sample);
        }
        false
    })
}

impl Retention<'_> {
    fn take(
        &mut self,
        history: &History,
        older: &Snapshot,
        key: &[u8],
        policy: &Policy,
        leaving: &Leaving,
    ) -> Result<()> {
        let Some(coarser) = policy.then.as_ref().filter(|_| !leaving.is_empty()) else {
            return Ok(());
        };
        let newest = older.runs.iter().chain(&self.written).map(|r| r.newest).max();
        for &function in &coarser.functions {
            let name = (coarser.name)(key, function);
            if name.len() > crate::MAX_KEY {
                return Err(Error::TooLarge { what: "a key", bytes: name.len(), limit: crate::MAX_KEY });
            }
            for sample in leaving.samples(function) {
                append_one(|| older.clone(), newest, &mut self.coarse, &name, &sample.as_ref())?;
            }
        }
        if self.coarse.bytes() >= history.options.open_bytes { self.write(history) } else { Ok(()) }
    }

    fn write(&mut self, history: &History) -> Result<()> {
        if self.coarse.is_empty() {
            return Ok(());
        }
        let mut writer = RunWriter::create(&history.dir, history.new_id(), Meta::default())?;
        write_memtable(&mut writer, &self.coarse)?;
        self.written.push(Arc::new(writer.finish()?));
        self.coarse = Memtable::default();
        Ok(())
    }
}
