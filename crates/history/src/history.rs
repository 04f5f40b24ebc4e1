//! The history itself: opening, applying, flushing, and the doors to every read.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use belfry_kernel::Time;
use hashbrown::HashSet;
use parking_lot::{Mutex, RwLock};

use crate::aggregate::{Aggregation, Bucket, Function};
use crate::block::MAX_KEY;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::flush;
use crate::manifest::Manifest;
use crate::memtable::{Memtable, Wanted};
use crate::range::{Query, Range};
use crate::run::{Meta, Run};
use crate::run_writer::RunWriter;
use crate::sample::{By, Sample, SampleRef, ValueRef};
use crate::scan::{self, Keys, Scan};
use crate::view::Snapshot;

/// The longest text, blob or remainder that is taken, bytes.
const MAX_VALUE: usize = 16 << 20;
/// The most bytes of one batch.
const MAX_BATCH: usize = 1 << 30;
/// A batch up to this many bytes is taken by an empty open part, whatever its limits are.
const SURE_BATCH: usize = 256 << 20;
/// The most bytes of an open part: its addresses have 32 bits.
const MAX_OPEN: usize = 2 << 30;

/// Limits of a history.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of the open part from which a flush is due; at most half of `open_bytes_max`. Default 64 MiB.
    pub open_bytes: usize,
    /// Bytes of the open part at which [`History::apply`] refuses; at most 2 GiB. Default 256 MiB.
    pub open_bytes_max: usize,
    /// Bytes of recently read blocks that are kept. Default 16 MiB.
    pub cache_bytes: usize,
    /// Runs of one level that are merged into one of the next. At least 2. Default 4.
    pub merge_width: usize,
    /// The most runs: a flush merges first where there are as many, and waits for a merge or retention that goes on. At least
    /// `4 * merge_width`. Default 64.
    pub max_runs: usize,
    /// The shortest age at which retention lets samples go: runs are not merged so far that one spans more than an eighth of
    /// it, unless all of it is beyond that age. Default none: runs are merged however much they span.
    pub keep_apart: Option<Duration>,
    /// The most buckets of an aggregation. Default 1,000,000.
    pub max_buckets: usize,
    /// The most distinct values that an aggregation counts. Default 1,000,000.
    pub max_distinct: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            open_bytes: 64 << 20,
            open_bytes_max: 256 << 20,
            cache_bytes: 16 << 20,
            merge_width: 4,
            max_runs: 64,
            keep_apart: None,
            max_buckets: 1_000_000,
            max_distinct: 1_000_000,
        }
    }
}

/// One change of the history.
#[derive(Clone, Copy, Debug)]
pub enum Op<'a> {
    /// A new sample; nothing happens when its stamp is there already.
    Append {
        /// The series.
        key: &'a [u8],
        /// The sample.
        sample: SampleRef<'a>,
    },
    /// A sample in place of whatever is at its stamp.
    Replace {
        /// The series.
        key: &'a [u8],
        /// The sample.
        sample: SampleRef<'a>,
    },
    /// Takes one sample away.
    Remove {
        /// The series.
        key: &'a [u8],
        /// The stamp of the sample.
        stamp: i64,
    },
    /// Empties one series.
    RemoveSeries {
        /// The series.
        key: &'a [u8],
    },
    /// Empties every series whose key starts with `prefix`.
    RemovePrefix {
        /// The beginning of the keys.
        prefix: &'a [u8],
    },
}

/// How full the open part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Nothing to do.
    Plenty,
    /// A flush is due; appends go on.
    FlushDue,
    /// Appends are refused until a flush succeeds: ask before committing.
    Full,
}

pub(crate) struct State {
    pub(crate) active: Arc<RwLock<Memtable>>,
    pub(crate) frozen: Option<Arc<RwLock<Memtable>>>,
    /// Oldest first.
    pub(crate) runs: Arc<Vec<Arc<Run>>>,
    pub(crate) flushed_seq: u64,
    /// No stamp in a frozen part or a run is greater.
    pub(crate) older_newest: Option<i64>,
}

/// An open history. All methods take `&self` and may be called from any thread; reads never wait for a flush or merge.
pub struct History {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) state: RwLock<State>,
    pub(crate) cache: Arc<Cache>,
    /// What is on disk; held while it is replaced.
    pub(crate) manifest: Mutex<Manifest>,
    flushing: Mutex<()>,
    pub(crate) merging: Mutex<()>,
    /// Runs that a merge found damaged.
    pub(crate) damaged: Mutex<HashSet<u64>>,
    _lock: File,
}

impl History {
    /// Opens the history in `dir`, making the directory if it is not there. Files that no manifest names are removed.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it; [`Error::Corrupt`] when both copies of the manifest, or more than
    /// one part of a run that is needed to find its series, are damaged; [`Error::Version`]; [`Error::Io`].
    pub fn open(dir: impl AsRef<Path>, mut options: Options) -> Result<Self> {
        let dir = dir.as_ref().to_owned();
        options.open_bytes_max = options.open_bytes_max.min(MAX_OPEN);
        options.open_bytes = options.open_bytes.min(options.open_bytes_max / 2);
        options.merge_width = options.merge_width.max(2);
        options.max_runs = options.max_runs.max(4 * options.merge_width);
        fs::create_dir_all(&dir).map_err(|e| Error::io("create", &dir, e))?;
        let lock_path = dir.join("LOCK");
        let lock = File::create(&lock_path).map_err(|e| Error::io("create", &lock_path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path: dir }),
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &lock_path, e)),
        }
        let manifest = match Manifest::load(&dir)? {
            Some(manifest) => manifest,
            None => {
                refuse_runs_without_manifest(&dir)?;
                Manifest::default().store(&dir, &mut false)?;
                Manifest::default()
            }
        };
        // A copy that is damaged, or left over from an interrupted change, is made good before files go that it names.
        // Where that cannot be (the disk is full), everything stays and reads go on.
        if manifest.is_stored_twice(&dir) || manifest.store(&dir, &mut false).is_ok() {
            remove_orphans(&dir, &manifest)?;
        }
        let runs =
            manifest.runs.iter().map(|&id| Run::open(&dir, id).map(Arc::new)).collect::<Result<Vec<Arc<Run>>>>()?;
        let active = Memtable::after(manifest.flushed_seq);
        let state = State {
            active: Arc::new(RwLock::new(active)),
            frozen: None,
            older_newest: runs.iter().map(|r| r.newest).max(),
            runs: Arc::new(runs),
            flushed_seq: manifest.flushed_seq,
        };
        Ok(Self {
            cache: Arc::new(Cache::new(options.cache_bytes)),
            dir,
            options,
            state: RwLock::new(state),
            manifest: Mutex::new(manifest),
            flushing: Mutex::new(()),
            merging: Mutex::new(()),
            damaged: Mutex::default(),
            _lock: lock,
        })
    }

    /// The log sequence up to which everything is in runs; apply what comes after it again after a restart.
    pub fn flushed_seq(&self) -> u64 {
        self.state.read().flushed_seq
    }

    /// Bytes of the open part at which [`Self::apply`] refuses, as they hold here.
    pub fn open_bytes_max(&self) -> usize {
        self.options.open_bytes_max
    }

    /// How many bytes (keys, values, remainders, and 64 for each operation) one batch may have. An empty open part takes
    /// it, also where that is more than [`Options::open_bytes_max`].
    pub fn batch_bytes_max(&self) -> usize {
        self.options.open_bytes_max.clamp(SURE_BATCH, MAX_BATCH)
    }

    /// How full the open part is. The single writer asks this before it commits.
    pub fn room(&self) -> Room {
        let bytes = self.open_bytes();
        if bytes >= self.options.open_bytes_max || !self.state.read().active.read().has_room() {
            Room::Full
        } else if bytes >= self.options.open_bytes || self.state.read().frozen.is_some() {
            Room::FlushDue
        } else {
            Room::Plenty
        }
    }

    /// Bytes of the open part (without one that is being flushed).
    pub fn open_bytes(&self) -> usize {
        self.state.read().active.read().bytes()
    }

    /// Applies the changes of one log record, in order. Sequences start at 1 and ascend; all changes of a record go
    /// into one call. Returns whether they were applied: a sequence that is not above the last one was applied before,
    /// and nothing happens.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLarge`] before anything was applied. [`Error::Corrupt`] or [`Error::Io`] only
    /// when a stamp lies among older ones of its series and the run that could hold it cannot be read; the changes
    /// before it are in then, and the same call may be repeated after opening again.
    pub fn apply(&self, log_seq: u64, ops: &[Op<'_>]) -> Result<bool> {
        let bytes = weigh(ops)?;
        let state = self.state.read();
        let mut active = state.active.write();
        if log_seq <= active.last_seq {
            return Ok(false);
        }
        let held = active.bytes();
        if held > 0 && (held + bytes > self.options.open_bytes_max || !active.has_room()) {
            return Err(Error::Full { bytes: held });
        }
        self.put(&state, &mut active, ops)?;
        active.last_seq = log_seq;
        Ok(true)
    }

    /// Makes changes that are no record of the log: what was not in history when the log was cut behind it. They are not
    /// covered by [`Self::flushed_seq`]; a record that is applied after them says that they are complete. Making the same
    /// changes again does nothing.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn fill(&self, ops: &[Op<'_>]) -> Result<()> {
        let bytes = weigh(ops)?;
        let state = self.state.read();
        let mut active = state.active.write();
        let held = active.bytes();
        if held > 0 && (held + bytes > self.options.open_bytes_max || !active.has_room()) {
            return Err(Error::Full { bytes: held });
        }
        self.put(&state, &mut active, ops)
    }

    fn put(&self, state: &State, active: &mut Memtable, ops: &[Op<'_>]) -> Result<()> {
        for op in ops {
            match *op {
                Op::Append { key, sample } => {
                    append_one(|| self.older(state), state.older_newest, active, key, &sample)?;
                }
                Op::Replace { key, sample } => active.patch(key, &sample),
                Op::Remove { key, stamp } => active.remove(key, stamp),
                Op::RemoveSeries { key } => active.clear_key(key),
                Op::RemovePrefix { prefix } => active.clear_prefix(prefix),
            }
        }
        Ok(())
    }

    /// [`Self::apply`] of nothing but new samples.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn append(&self, log_seq: u64, samples: &[(&[u8], SampleRef<'_>)]) -> Result<bool> {
        let ops: Vec<_> = samples.iter().map(|&(key, sample)| Op::Append { key, sample }).collect();
        self.apply(log_seq, &ops)
    }

    /// Everything but the active part.
    fn older(&self, state: &State) -> Snapshot {
        Snapshot {
            memory: state.frozen.iter().cloned().collect(),
            runs: Arc::clone(&state.runs),
            cache: Arc::clone(&self.cache),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let state = self.state.read();
        let mut out = self.older(&state);
        out.memory.insert(0, Arc::clone(&state.active));
        out
    }

    /// Writes the open part into a run and makes it durable. Appends and reads go on meanwhile. Call it from a
    /// background thread when [`Self::room`] says so. Returns the log sequence that is covered now.
    ///
    /// # Errors
    /// [`Error::DiskFull`] or [`Error::Io`]; nothing is lost, and the next call tries the same again. With
    /// [`Options::max_runs`] runs also those of [`Self::merge`], and [`Error::TooManyRuns`].
    pub fn flush(&self) -> Result<u64> {
        let _one = self.flushing.lock();
        self.keep_bounded()?;
        let frozen = {
            let mut state = self.state.write();
            if let Some(frozen) = &state.frozen {
                Arc::clone(frozen)
            } else {
                let active = state.active.read();
                let (seq, newest, empty) = (active.last_seq, active.newest, active.is_empty());
                drop(active);
                if seq <= state.flushed_seq && empty {
                    return Ok(state.flushed_seq);
                }
                let fresh = Arc::new(RwLock::new(Memtable::after(seq)));
                let frozen = std::mem::replace(&mut state.active, fresh);
                state.frozen = Some(Arc::clone(&frozen));
                state.older_newest = state.older_newest.max(newest);
                frozen
            }
        };
        let frozen = frozen.read();
        let run = if frozen.is_empty() {
            None
        } else {
            let id = self.new_id();
            let mut writer = RunWriter::create(&self.dir, id, Meta { level: 0, clears: frozen.clears.clone() })?;
            flush::write_memtable(&mut writer, &frozen)?;
            Some(Arc::new(writer.finish()?))
        };
        self.install(true, |runs, manifest| {
            runs.extend(run.iter().cloned());
            manifest.flushed_seq = frozen.last_seq;
        })?;
        Ok(frozen.last_seq)
    }

    /// A file number that was never used.
    pub(crate) fn new_id(&self) -> u64 {
        let mut manifest = self.manifest.lock();
        manifest.next_id += 1;
        manifest.next_id
    }

    /// Replaces the set of runs, on disk first. `flushed`: they now hold what was frozen.
    pub(crate) fn install(&self, flushed: bool, change: impl FnOnce(&mut Vec<Arc<Run>>, &mut Manifest)) -> Result<()> {
        let mut manifest = self.manifest.lock();
        let old = Arc::clone(&self.state.read().runs);
        let (mut runs, mut next) = (old.to_vec(), manifest.clone());
        change(&mut runs, &mut next);
        next.runs = runs.iter().map(|r| r.id).collect();
        let mut begun = false;
        let stored = next.store(&self.dir, &mut begun);
        if begun {
            runs.iter().for_each(|run| run.adopt());
        }
        stored?;
        let mut state = self.state.write();
        if flushed {
            state.flushed_seq = next.flushed_seq;
            state.frozen = None;
        }
        state.runs = Arc::new(runs);
        drop(state);
        for run in old.iter().filter(|r| !next.runs.contains(&r.id)) {
            run.retire();
            self.cache.forget(run.id);
        }
        *manifest = next;
        Ok(())
    }

    /// Samples of one series.
    ///
    /// # Errors
    /// When a run that may correct the series cannot be read; the iterator gives the errors of reading on.
    pub fn range(&self, key: &[u8], query: &Query) -> Result<Range> {
        Range::new(&self.snapshot(), key, query)
    }

    /// The last sample of a series whose stamp is not after `at` (tombstones included); `i64::MAX` for the newest.
    ///
    /// # Errors
    /// When a run that may hold it cannot be read.
    pub fn latest_at(&self, key: &[u8], at: i64) -> Result<Option<Sample>> {
        scan::latest_at(&self.snapshot(), key, at)
    }

    /// Every series whose key starts with `prefix`, in key order, with its last sample as of `at`: with an empty
    /// prefix, all there was at that instant. Series without a sample by then are left out.
    pub fn scan_at(&self, prefix: &[u8], at: i64) -> Scan {
        Scan::new(self.snapshot(), prefix, at)
    }

    /// All series after the one of this key, likewise.
    pub fn scan_after(&self, after: &[u8], at: i64) -> Scan {
        Scan::beyond(self.snapshot(), after, at)
    }

    /// Aggregates one series over buckets: each reaches from one of the ascending `boundaries` to before the next.
    /// What [`Bucket::get`] can tell is the same whatever `functions` are named, except that distinct values are only
    /// counted when asked for, and that naming them rules out the summaries of whole chunks. Samples `beside` are counted as
    /// if they were in the series: the caller keeps them elsewhere.
    ///
    /// # Errors
    /// [`Error::TooMuch`] over the limits of [`Options`]; when a run that may hold samples cannot be read.
    pub fn aggregate(
        &self,
        key: &[u8],
        by: By,
        boundaries: impl IntoIterator<Item = Time>,
        functions: &[Function],
        beside: &[Sample],
    ) -> Result<Vec<Bucket>> {
        let distinct = functions.contains(&Function::DistinctCount);
        let (buckets, values) = (self.options.max_buckets, self.options.max_distinct);
        Aggregation::new(by, boundaries, distinct, buckets, values)?.run(&self.snapshot(), key, beside)
    }

    /// The keys that start with `prefix`, ascending. May name a series whose samples have all been taken away, until
    /// the next merge.
    pub fn series(&self, prefix: &[u8]) -> impl Iterator<Item = Result<Box<[u8]>>> + use<> {
        Keys::new(self.snapshot(), prefix)
    }

    /// Keys of series that may have a sample that arrived at `since` or later and is as old as `until`, by its arrival or its
    /// observation, ascending. What is on disk is read only where there may be some.
    pub fn series_aged(&self, since: i64, until: i64) -> impl Iterator<Item = Result<Box<[u8]>>> + use<> {
        Keys::aged(self.snapshot(), (since, until))
    }

    /// All keys after this one, ascending; likewise.
    pub fn series_after(&self, after: &[u8]) -> impl Iterator<Item = Result<Box<[u8]>>> + use<> {
        Keys::beyond(self.snapshot(), after)
    }
}

/// Appends unless the stamp is there. The common case asks for nothing; the others look into older parts, at most twice.
pub(crate) fn append_one(
    older: impl Fn() -> Snapshot,
    older_newest: Option<i64>,
    active: &mut Memtable,
    key: &[u8],
    sample: &SampleRef<'_>,
) -> Result<()> {
    loop {
        match active.append(key, sample, older_newest) {
            Wanted::Nothing => return Ok(()),
            Wanted::Floor => active.settle(key, older().floor(key)?),
            Wanted::Presence => {
                let exactly = Query::last(By::Stamp, 1).within(sample.stamp, sample.stamp);
                if Range::new(&older(), key, &exactly)?.next().transpose()?.is_none() {
                    active.patch(key, sample);
                }
                return Ok(());
            }
        }
    }
}

/// Checks the limits of a batch and sums its bytes.
fn weigh(ops: &[Op<'_>]) -> Result<usize> {
    let mut bytes = 0;
    let over = |what, bytes: usize, limit: usize| {
        if bytes > limit { Err(Error::TooLarge { what, bytes, limit }) } else { Ok(bytes) }
    };
    for op in ops {
        let (key, sample) = match op {
            Op::Append { key, sample } | Op::Replace { key, sample } => (key, Some(sample)),
            Op::Remove { key, .. } | Op::RemoveSeries { key } => (key, None),
            Op::RemovePrefix { prefix } => (prefix, None),
        };
        bytes += over("a key", key.len(), MAX_KEY)? + 64;
        if let Some(sample) = sample {
            let value = match sample.value {
                ValueRef::Text(t) => t.len(),
                ValueRef::Bytes(b) => b.len(),
                _ => 0,
            };
            bytes += over("a value", value, MAX_VALUE)? + over("a remainder", sample.rest.len(), MAX_VALUE)?;
        }
    }
    over("a batch", bytes, MAX_BATCH)
}

/// A directory with runs had a manifest once; without one nobody can tell which of them live.
fn refuse_runs_without_manifest(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(|e| Error::io("read", dir, e))? {
        let entry = entry.map_err(|e| Error::io("read", dir, e))?;
        if entry.file_name().to_str().is_some_and(|n| n.ends_with(".bhr")) {
            let path = dir.join(crate::manifest::NAMES[0]);
            return Err(Error::Corrupt { path, offset: 0, what: "it is missing, and there are runs" });
        }
    }
    Ok(())
}

/// Removes what an interrupted flush or merge left.
fn remove_orphans(dir: &Path, manifest: &Manifest) -> Result<()> {
    let entries = fs::read_dir(dir).map_err(|e| Error::io("read", dir, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("read", dir, e))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let id = name.strip_prefix("run-").and_then(|n| n.strip_suffix(".bhr")).and_then(|n| n.parse::<u64>().ok());
        if id.is_some_and(|id| !manifest.runs.contains(&id)) || (name.starts_with("run-") && name.ends_with(".tmp")) {
            fs::remove_file(entry.path()).map_err(|e| Error::io("remove", &entry.path(), e))?;
        }
    }
    Ok(())
}
