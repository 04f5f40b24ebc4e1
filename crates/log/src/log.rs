//! The writer: opens and recovers a log, gathers records into a batch, commits it. How a segment is left for the next one,
//! and what happens to a failed batch, is in `roll`.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::disk::{Disk, DiskFile, OsDisk, rewrite, write_all, write_zeros};
use crate::error::{Error, Fault, Result};
use crate::format::{HEAD_SIZE, HEADER_LEN, HEADER_SIZE, LogId, SegmentHeader, close_batch, put_head, seal, span};
use crate::keeper::{Keeper, RECYCLED};
use crate::mark::{self, Mark};
use crate::options::{Durability, Options};
use crate::reader::{LogReader, Shared, View};
use crate::segment::{self, Segment};
use crate::survey::{Survey, survey, tail};

/// In relaxed mode a sync is not put off beyond this many bytes: they are also held in memory until then.
const MAX_UNSYNCED: usize = 16 << 20;

/// What opening a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Whether the log was made just now.
    pub created: bool,
    /// The oldest sequence kept; one more than `last_seq` when there is none.
    pub first_seq: u64,
    /// The last committed sequence; 0 when nothing was ever committed.
    pub last_seq: u64,
    /// How many segments hold records.
    pub segments: usize,
    /// The content in bytes.
    pub bytes: u64,
    /// An unfinished batch that was cut off: it was never acknowledged.
    pub torn: Option<Torn>,
    /// Whether the durable mark was missing or unreadable, so that damage in the very last batch could not be told from a
    /// torn tail. It is written again.
    pub mark_lost: bool,
}

/// An unfinished batch at the end of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The file that it was in.
    pub file: PathBuf,
    /// Where it stopped to hold, in bytes from the file's start.
    pub offset: u64,
    /// Why.
    pub fault: Fault,
}

/// The one writer of a log. Dropping it syncs what a relaxed commit left open and gives up the directory's lock.
#[derive(Debug)]
pub struct Log {
    pub(crate) options: Options,
    pub(crate) dir: PathBuf,
    pub(crate) shared: Arc<Shared>,
    pub(crate) keeper: Keeper,
    pub(crate) active: Arc<Segment>,
    /// Room for a segment header, then the records of the open batch.
    pub(crate) batch: Vec<u8>,
    pub(crate) batch_count: u32,
    /// Relaxed batches that are written but not yet durable, to be written again should their sync fail.
    pub(crate) unsynced: Vec<u8>,
    pub(crate) last_seq: u64,
    pub(crate) durable_seq: u64,
    /// Where the durable content of the active segment ends.
    pub(crate) durable_end: u64,
    /// The active segment must not be written to any more: what follows its durable end is void.
    pub(crate) broken: bool,
    pub(crate) void_through: u64,
    pub(crate) mark: Arc<dyn DiskFile>,
    /// A segment that is no longer shown and could not be freed yet: later ones must not go before it, since a hole in the
    /// chain is damage. Its file, and whether it can be used again.
    to_free: Option<(PathBuf, bool)>,
    last_sync: Instant,
    _lock: Box<dyn Debug + Send + Sync>,
}

impl Log {
    /// Opens the log in a directory, making it if there is none. Damage is an error that names file and offset; an unfinished
    /// batch at the end, which was never acknowledged, is cut off.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<(Self, Recovered)> {
        Self::open_on(Arc::new(OsDisk), dir, options)
    }

    /// [`Log::open`] on a given file layer.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the log shares the file layer with its thread for as long as it lives"
    )]
    pub fn open_on(disk: Arc<dyn Disk>, dir: impl AsRef<Path>, options: Options) -> Result<(Self, Recovered)> {
        let dir = dir.as_ref();
        let options = options.checked()?;
        disk.create_dir(dir).map_err(|error| Error::io("make", dir, error))?;
        let lock_path = dir.join("lock");
        let lock = take_lock(&*disk, &lock_path)?.ok_or_else(|| Error::Locked { dir: dir.to_path_buf() })?;
        match survey(&*disk, dir)? {
            None => Self::make(&disk, dir, options, lock),
            Some(survey) => Self::resume(&disk, dir, options, lock, &survey),
        }
    }

    fn make(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        lock: Box<dyn Debug + Send + Sync>,
    ) -> Result<(Self, Recovered)> {
        let id = options.new_id.unwrap_or_else(random_id);
        let names = disk.list(dir).map_err(|error| Error::io("list", dir, error))?;
        let mut next_number = 1;
        for name in names.iter().filter(|name| name.ends_with(".tmp") || segment::number(name).is_some()) {
            next_number = next_number.max(segment::number(name).map_or(1, |number| number + 1));
            let path = dir.join(name);
            disk.remove(&path).map_err(|error| Error::io("delete", &path, error))?;
        }
        let keeper = Keeper::start(Arc::clone(disk), dir, options.segment_bytes, next_number, false)?;
        let spare = keeper.take(options.segment_bytes)?;
        let first_seq = options.new_first_seq;
        let header = SegmentHeader { id, number: spare.number, first_seq, previous: 0, previous_end: 0 };
        let mut block = vec![0; HEADER_SIZE];
        header.encode(&mut block);
        write_all(&*spare.file, &block, 0).map_err(|error| Error::io("write", &spare.path, error))?;
        spare.file.sync_data().map_err(|error| Error::io("sync", &spare.path, error))?;
        let active = Arc::new(Segment::new(header, spare.path, spare.file, spare.len, HEADER_LEN));
        let mark = Mark { id, segment: header.number, end: HEADER_LEN, seq: first_seq - 1, void_through: 0 };
        let mark = make_mark(&**disk, dir, mark)?;
        let log = Self::assemble(options, dir, vec![active], first_seq - 1, keeper, mark, lock);
        let recovered = log.recovered(true);
        Ok((log, recovered))
    }

    fn resume(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        lock: Box<dyn Debug + Send + Sync>,
        survey: &Survey,
    ) -> Result<(Self, Recovered)> {
        let last = survey.chain.last().expect("a surveyed log has at least one segment");
        let tail = tail(last, survey.mark.as_ref())?;
        let broken = last.stated_end.is_some();
        let path = last.path.clone();
        let file = disk.open(&path, true).map_err(|error| Error::io("open", &path, error))?;
        // What a killed process had written but not synced, or could not sync, counts from now on: it must be durable. What
        // the mark vouches for is.
        let (vouched, vouched_end) = survey.mark.as_ref().map_or((0, 0), |mark| (mark.segment, mark.end));
        for link in survey.chain.iter().filter(|link| link.header.number >= vouched) {
            let is_last = link.header.number == last.header.number;
            if is_last && broken {
                continue;
            }
            let from = if link.header.number == vouched { vouched_end } else { 0 };
            let end = link.stated_end.map_or(tail.end, |(end, _)| end);
            let again = if is_last {
                Arc::clone(&file)
            } else {
                disk.open(&link.path, true).map_err(|error| Error::io("open", &link.path, error))?
            };
            rewrite(&*again, from, end).map_err(|error| Error::io("write", &link.path, error))?;
            if !is_last {
                again.sync_data().map_err(|error| Error::io("sync", &link.path, error))?;
            }
        }
        if tail.traces_end > tail.end {
            // Remains of a batch could line up behind a new one: they go before anything is written.
            write_zeros(&*file, tail.end, tail.traces_end).map_err(|error| Error::io("write", &path, error))?;
            file.sync_data().map_err(|error| Error::io("sync", &path, error))?;
        } else if !broken {
            file.sync_data().map_err(|error| Error::io("sync", &path, error))?;
        }
        let recycled = clear_leftovers(&**disk, dir, &survey.leftovers, options.segment_bytes)?;
        let keeper = Keeper::start(Arc::clone(disk), dir, options.segment_bytes, survey.highest + 1, recycled)?;
        let mut segments = Vec::with_capacity(survey.chain.len());
        for link in &survey.chain {
            let is_last = link.header.number == last.header.number;
            let file = if is_last { Arc::clone(&file) } else { Arc::clone(&link.file) };
            let end = link.stated_end.map_or(tail.end, |(end, _)| end);
            segments.push(Arc::new(Segment::new(link.header, link.path.clone(), file, link.len, end)));
        }
        let last_seq = tail.next_seq - 1;
        let mark_path = dir.join(mark::NAME);
        let mark = match survey.mark {
            Some(_) => disk.open(&mark_path, true).map_err(|error| Error::io("open", &mark_path, error))?,
            None => {
                let (segment, end) = (last.header.number, tail.end);
                make_mark(&**disk, dir, Mark { id: survey.id, segment, end, seq: last_seq, void_through: 0 })?
            }
        };
        let mut log = Self::assemble(options, dir, segments, last_seq, keeper, mark, lock);
        log.broken = broken;
        if broken {
            log.void_through = survey.mark.map_or(0, |mark| mark.void_through);
        }
        log.write_mark();
        let mut recovered = log.recovered(false);
        recovered.torn = tail.torn.map(|(offset, fault)| Torn { file: path, offset, fault });
        recovered.mark_lost = survey.mark.is_none();
        Ok((log, recovered))
    }

    fn assemble(
        options: Options,
        dir: &Path,
        segments: Vec<Arc<Segment>>,
        last_seq: u64,
        keeper: Keeper,
        mark: Arc<dyn DiskFile>,
        lock: Box<dyn Debug + Send + Sync>,
    ) -> Self {
        let active = Arc::clone(segments.last().expect("a log has at least one segment"));
        let (id, durable_end, read_bytes) = (active.header.id, active.end(), options.read_bytes);
        let view = Mutex::new(View { segments, last_seq });
        Self {
            options,
            dir: dir.to_path_buf(),
            shared: Arc::new(Shared { id, view, grown: Condvar::new(), read_bytes }),
            keeper,
            active,
            batch: vec![0; HEADER_SIZE],
            batch_count: 0,
            unsynced: Vec::new(),
            last_seq,
            durable_seq: last_seq,
            durable_end,
            broken: false,
            void_through: 0,
            mark,
            to_free: None,
            last_sync: Instant::now(),
            _lock: lock,
        }
    }

    fn recovered(&self, created: bool) -> Recovered {
        let view = self.shared.view.lock();
        Recovered {
            created,
            first_seq: view.first_seq(),
            last_seq: view.last_seq,
            segments: view.segments.len(),
            bytes: view.size_bytes(),
            torn: None,
            mark_lost: false,
        }
    }

    /// Puts a record into the open batch and returns the sequence that it gets if the batch commits.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64> {
        self.append_with(|record| record.extend_from_slice(payload))
    }

    /// [`Log::append`] for a payload that is written straight into the batch: `write` must only add to the end of what it is
    /// given. A payload over a limit is taken back, and the batch stays as it was.
    pub fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<u64> {
        let start = self.batch.len();
        self.batch.resize(start + HEAD_SIZE, 0);
        write(&mut self.batch);
        let len = self.batch.len().saturating_sub(start + HEAD_SIZE) as u64;
        let whole = (start - HEADER_SIZE) as u64 + span(len);
        let refused = if self.batch.len() < start + HEAD_SIZE {
            Some(Error::Options("append_with must only add to the end"))
        } else if len > self.options.max_record_bytes {
            Some(Error::RecordTooLarge { bytes: len, limit: self.options.max_record_bytes })
        } else if whole > self.options.max_batch_bytes && self.batch_count > 0 {
            Some(Error::BatchFull { bytes: whole, limit: self.options.max_batch_bytes })
        } else {
            None
        };
        if let Some(error) = refused {
            self.batch.resize(start, 0);
            return Err(error);
        }
        self.batch.resize(start + span(len) as usize, 0);
        let seq = self.last_seq + 1 + u64::from(self.batch_count);
        put_head(&mut self.batch[start..], len as u32, seq, self.batch_count);
        self.batch_count += 1;
        Ok(seq)
    }

    /// Forgets the open batch.
    pub fn discard(&mut self) {
        self.batch.truncate(HEADER_SIZE);
        self.batch.shrink_to(4 << 20);
        self.batch_count = 0;
    }

    /// How many records wait in the open batch.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.batch_count as usize
    }

    /// The size of the open batch in bytes.
    #[must_use]
    pub fn pending_bytes(&self) -> u64 {
        (self.batch.len() - HEADER_SIZE) as u64
    }

    /// Writes the open batch with one write and (with [`Durability::Sync`]) one sync, and returns the last committed sequence.
    ///
    /// On an error the batch is void: its sequences are given again, no reader sees it, and it does not come back after a
    /// restart. The log stays usable: the next commit tries a new segment if this one cannot be trusted.
    pub fn commit(&mut self) -> Result<u64> {
        self.commit_batch(false)
    }

    /// [`Log::commit`] that may also use [`Options::reserve_bytes`] when the disk is full: for the records that free space.
    pub fn commit_urgent(&mut self) -> Result<u64> {
        self.commit_batch(true)
    }

    fn commit_batch(&mut self, urgent: bool) -> Result<u64> {
        if self.batch_count == 0 {
            return Ok(self.last_seq);
        }
        let lag = u32::try_from(self.last_seq - self.durable_seq).unwrap_or(u32::MAX);
        close_batch(&mut self.batch[HEADER_SIZE..], lag);
        let outcome = self.place_batch(urgent);
        self.discard();
        outcome.map(|()| self.last_seq)
    }

    fn place_batch(&mut self, urgent: bool) -> Result<()> {
        let end = self.active.end() + self.pending_bytes();
        if !self.broken && end <= self.active.capacity.saturating_sub(self.options.reserve_bytes) {
            return self.write_here();
        }
        match self.roll_with_batch() {
            Err(Error::DiskFull { .. }) if urgent && !self.broken && end <= self.active.capacity => self.write_here(),
            outcome => outcome,
        }
    }

    /// Writes the open batch behind the last one.
    fn write_here(&mut self) -> Result<()> {
        let active = Arc::clone(&self.active);
        let (first_seq, start) = (self.last_seq + 1, active.end());
        let end = start + self.pending_bytes();
        seal(&mut self.batch[HEADER_SIZE..], active.seed);
        if let Err(error) = write_all(&*active.file, &self.batch[HEADER_SIZE..], start) {
            return Err(self.void(Error::io("write", &active.path, error), None));
        }
        let relaxed = self.durability_interval();
        let wait = relaxed.is_some_and(|interval| {
            self.last_sync.elapsed() < interval && self.unsynced.len() + self.batch.len() < MAX_UNSYNCED
        });
        if wait {
            self.unsynced.extend_from_slice(&self.batch[HEADER_SIZE..]);
        } else if let Err(error) = active.file.sync_data() {
            return Err(self.void(Error::io("sync", &active.path, error), None));
        }
        active.advance(first_seq, end);
        self.last_seq += u64::from(self.batch_count);
        if !wait {
            self.became_durable();
        }
        self.show();
        Ok(())
    }

    /// The interval of relaxed durability.
    pub(crate) fn durability_interval(&self) -> Option<Duration> {
        match self.options.durability {
            Durability::Sync => None,
            Durability::Interval(interval) => Some(interval),
        }
    }

    /// Everything up to the active segment's end is durable.
    pub(crate) fn became_durable(&mut self) {
        self.durable_seq = self.last_seq;
        self.durable_end = self.active.end();
        self.unsynced.clear();
        self.unsynced.shrink_to(1 << 20);
        self.last_sync = Instant::now();
        self.write_mark();
    }

    /// Shows readers what is committed.
    pub(crate) fn show(&self) {
        self.shared.view.lock().last_seq = self.last_seq;
        self.shared.grown.notify_all();
    }

    /// Makes relaxed commits durable. Does nothing when all are.
    ///
    /// Should the sync fail, the records are written again to a new segment. If that fails too they are still readable and
    /// held in memory, and the next commit or sync tries again.
    pub fn sync(&mut self) -> Result<()> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        if !self.broken {
            match self.active.file.sync_data() {
                Ok(()) => {
                    self.became_durable();
                    return Ok(());
                }
                Err(_) => self.distrust(),
            }
        }
        self.roll_without_batch()
    }

    /// When a commit of this log counts as done.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.options.durability
    }

    /// How long until [`Log::sync`] is due; `None` when everything is durable.
    #[must_use]
    pub fn sync_due(&self) -> Option<Duration> {
        let interval = self.durability_interval()?;
        (!self.unsynced.is_empty()).then(|| interval.saturating_sub(self.last_sync.elapsed()))
    }

    /// Deletes (or keeps for reuse) the segments whose records are all older than `seq`, the oldest first. Returns the oldest
    /// sequence kept. What could not be deleted is tried again by the next call.
    pub fn truncate_before(&mut self, seq: u64) -> Result<u64> {
        loop {
            if let Some((path, reusable)) = &self.to_free {
                self.keeper.free(path, *reusable)?;
                self.to_free = None;
            }
            let oldest = {
                let mut view = self.shared.view.lock();
                if view.segments.get(1).is_none_or(|next| next.header.first_seq > seq) {
                    return Ok(view.first_seq());
                }
                view.segments.remove(0)
            };
            let same_size = oldest.capacity == self.options.segment_bytes;
            let path = oldest.path.clone();
            // A reader or backup that still holds the file must not see it reused.
            let reusable = Arc::try_unwrap(oldest).is_ok() && same_size;
            self.to_free = Some((path, reusable));
        }
    }

    /// The last committed sequence; 0 when nothing was ever committed.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The last sequence on stable storage: [`Log::last_seq`] unless durability is relaxed.
    #[must_use]
    pub fn durable_seq(&self) -> u64 {
        self.durable_seq
    }

    /// The oldest sequence kept; one more than [`Log::last_seq`] when there is none.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.shared.view.lock().first_seq()
    }

    /// The committed content in bytes, all segments together.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.shared.view.lock().size_bytes()
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A handle for reading, for any thread.
    #[must_use]
    pub fn handle(&self) -> LogReader {
        LogReader { shared: Arc::clone(&self.shared) }
    }

    /// A walk over the committed records that begins with `seq`.
    pub fn reader(&self, seq: u64) -> Result<crate::Reader> {
        self.handle().read_from(seq)
    }

    /// Makes everything durable, the mark too, and closes the log. The open batch is forgotten.
    pub fn close(mut self) -> Result<()> {
        self.sync()?;
        let path = self.dir.join(mark::NAME);
        self.mark.sync_data().map_err(|error| Error::io("sync", &path, error))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Whoever wants to know whether this worked calls `close`.
        if self.sync().is_ok() {
            let _ = self.mark.sync_data();
        }
    }
}

/// Takes the writer's lock, waiting a moment: a process just forked elsewhere holds a copy of a lock given up until it execs.
fn take_lock(disk: &dyn Disk, path: &Path) -> Result<Option<Box<dyn Debug + Send + Sync>>> {
    for _ in 0..20 {
        if let Some(lock) = disk.lock(path).map_err(|error| Error::io("lock", path, error))? {
            return Ok(Some(lock));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(None)
}

fn make_mark(disk: &dyn Disk, dir: &Path, mark: Mark) -> Result<Arc<dyn DiskFile>> {
    let path = dir.join(mark::NAME);
    let file = disk.create(&path).map_err(|error| Error::io("make", &path, error))?;
    mark.write(&*file).map_err(|error| Error::io("write", &path, error))?;
    file.sync_all().map_err(|error| Error::io("sync", &path, error))?;
    disk.sync_dir(dir).map_err(|error| Error::io("sync", dir, error))?;
    Ok(file)
}

/// Removes what belongs to nothing and keeps one file of the right length for reuse. Says whether one was kept.
fn clear_leftovers(disk: &dyn Disk, dir: &Path, leftovers: &[PathBuf], segment_bytes: u64) -> Result<bool> {
    let names = disk.list(dir).map_err(|error| Error::io("list", dir, error))?;
    for name in names.iter().filter(|name| name.ends_with(".tmp")) {
        let path = dir.join(name);
        disk.remove(&path).map_err(|error| Error::io("delete", &path, error))?;
    }
    let mut kept = false;
    for path in leftovers {
        let len = disk.open(path, false).and_then(|file| file.len());
        let (action, done) = if !kept && len.is_ok_and(|len| len == segment_bytes) {
            kept = true;
            ("rename", disk.rename(path, &dir.join(RECYCLED)))
        } else {
            ("delete", disk.remove(path))
        };
        done.map_err(|error| Error::io(action, path, error))?;
    }
    disk.sync_dir(dir).map_err(|error| Error::io("sync", dir, error))?;
    Ok(kept)
}

/// Sixteen bytes that no other log has: the standard library's randomly keyed hasher is the system's randomness.
fn random_id() -> LogId {
    let mut id = LogId::default();
    for half in id.chunks_exact_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    id
}
