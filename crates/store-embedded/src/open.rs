//! Opening a store: the newest sound checkpoint, then the log from there, then history's own rest. Nothing here decides;
//! it only makes the views say what the log says.

use crate::checkpoint::{self, Place, Unread, Visit};
use crate::dictionary::Dictionary;
use crate::record::{self, Entry};
use crate::retention::{Retention, least};
use crate::series;
use crate::state::State;
use belfry_history::{History, Room};
use belfry_kernel::{Clock, Error, Kind};
use belfry_log::Log;
use belfry_ngsi_ld::Name;
use belfry_ports::{ChangeSet, Collection, Commit};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version of the directory's layout that this program writes.
const FORMAT: &str = "belfry-store 1\n";

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Its directory, made when it does not exist.
    pub dir: PathBuf,
    /// How the log behaves.
    pub log: belfry_log::Options,
    /// How history behaves; none to keep no history.
    pub history: Option<belfry_history::Options>,
    /// Bytes of log after which a checkpoint is taken.
    pub checkpoint_log_bytes: u64,
    /// How long history is kept; the first policy that fits a series counts.
    pub retention: Vec<Retention>,
    /// Bytes of log that are kept at most for a restore to an instant after the last backup.
    pub keep_log_bytes: u64,
    /// Bytes of log that are kept at most for a consumer of the feed that does not come forward. Beyond them its place is
    /// given up, and the feed tells it of a gap.
    pub feed_keep_bytes: u64,
    /// How many entities it may hold.
    pub max_entities: usize,
    /// How deep a page of an ordered answer may end: so many entities are held while it is looked for.
    pub sorted_max: usize,
    /// Bytes of stored images that an ordered answer is made from at most.
    pub sorted_max_bytes: usize,
    /// An index over content is built when a query would otherwise look at more than this many entities.
    pub index_from: u64,
    /// How many decisions may wait.
    pub queue: usize,
    /// Where now comes from.
    pub clock: Arc<dyn Clock>,
    /// The file layer of the log: the operating system's, or a test's that fails on purpose.
    pub disk: Arc<dyn belfry_log::Disk>,
}

impl Options {
    /// The defaults for a directory.
    pub fn new(dir: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            dir: dir.into(),
            log: belfry_log::Options::default(),
            history: Some(belfry_history::Options::default()),
            checkpoint_log_bytes: 256 << 20,
            retention: Vec::new(),
            keep_log_bytes: 4 << 30,
            feed_keep_bytes: 4 << 30,
            max_entities: 50_000_000,
            sorted_max: 10_000,
            sorted_max_bytes: 256 << 20,
            index_from: 2_000,
            queue: 8192,
            clock,
            disk: Arc::new(belfry_log::OsDisk),
        }
    }
}

/// What opening found and made.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) names: Dictionary,
    pub(crate) history: Option<History>,
    pub(crate) log: Log,
    pub(crate) place: Place,
    /// The place of the checkpoint that was read.
    pub(crate) checkpointed: Place,
    /// Whether history lacks commits that the log does not hold any more.
    pub(crate) history_lacks: bool,
}

pub(crate) fn state_dir(dir: &Path) -> PathBuf {
    dir.join("state")
}

pub(crate) fn log_dir(dir: &Path) -> PathBuf {
    dir.join("log")
}

pub(crate) fn history_dir(dir: &Path) -> PathBuf {
    dir.join("history")
}

/// Says that history was switched off and holds all that it was to hold until then.
fn ended_mark(dir: &Path) -> PathBuf {
    dir.join("history-ended")
}

fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |e| {
        Error::new(Kind::Unavailable, format!("the data directory cannot be used: {}: {e}", path.display()))
            .caused_by(e)
    }
}

/// Makes a directory and those above it, each durably.
fn make_dir(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_dir(above)?;
    match fs::create_dir(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    fs::File::open(above)?.sync_all()
}

/// Makes the directory, or proves that it is one that this program can read. An empty `FORMAT` is what an interrupted
/// making leaves: nothing was ever stored then.
pub(crate) fn claim(dir: &Path) -> Result<(), Error> {
    let (format, temporary) = (dir.join("FORMAT"), dir.join("FORMAT.tmp"));
    make_dir(&state_dir(dir)).map_err(io_error(dir))?;
    match fs::read_to_string(&format) {
        Ok(text) if text == FORMAT => Ok(()),
        Ok(text) if !text.is_empty() => Err(Error::new(
            Kind::Unavailable,
            format!(
                "{} says {:?}: this program reads {:?}; see `belfry migrate --help`",
                format.display(),
                text.trim(),
                FORMAT.trim()
            ),
        )),
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io_error(&format)(e)),
        Ok(_) | Err(_) => {
            let write = |mut file: fs::File| file.write_all(FORMAT.as_bytes()).and_then(|()| file.sync_all());
            let written = fs::File::create(&temporary).and_then(write).and_then(|()| fs::rename(&temporary, &format));
            written.map_err(io_error(&format))?;
            fs::File::open(dir).and_then(|d| d.sync_all()).map_err(io_error(dir))
        }
    }
}

struct Loader<'a> {
    state: &'a mut State,
    names: &'a Dictionary,
}

impl Visit for Loader<'_> {
    fn name(&mut self, number: u64, name: &str) -> Result<(), Error> {
        Ok(self.names.restore(number, Name::intern(name)?)?)
    }

    fn blob(&mut self, blob: &[u8]) -> Result<(), Error> {
        Ok(self.state.load(blob)?)
    }

    fn document(&mut self, collection: Collection, key: &str, bytes: &[u8]) -> Result<(), Error> {
        self.state.set_document(collection, key, Some(bytes.into()));
        Ok(())
    }
}

/// The newest checkpoint that is sound; a damaged one is set aside with a word in the log.
fn load(dir: &Path) -> Result<(State, Dictionary, Place), Error> {
    for (_, path) in checkpoint::list(dir).map_err(io_error(dir))? {
        let (mut state, names) = (State::default(), Dictionary::default());
        match checkpoint::read(&path, &mut Loader { state: &mut state, names: &names }) {
            Ok(place) => {
                (state.seq, state.at, state.last) = (place.seq, place.at, place.last);
                return Ok((state, names, place));
            }
            Err(Unread::Damaged(e)) => {
                tracing::error!(file = %path.display(), error = ?e, "a checkpoint is damaged; the one before it is used");
                if let Err(e) = checkpoint::set_aside(&path) {
                    tracing::warn!(file = %path.display(), error = %e, "the damaged checkpoint could not be set aside");
                }
            }
            Err(Unread::Failed(e)) => {
                tracing::error!(file = %path.display(), error = ?e, "a checkpoint cannot be read; the one before it is used");
            }
        }
    }
    Ok((State::default(), Dictionary::default(), Place::default()))
}

/// Opens everything and brings the views up to the log's end.
pub(crate) fn open(options: &Options) -> Result<Opened, Error> {
    let dir = &options.dir;
    claim(dir)?;
    // First the log, since its lock keeps a second process out.
    let (mut log, recovered) =
        Log::open_on(options.disk.clone(), log_dir(dir), options.log.clone()).map_err(|e| log_error(&e))?;
    if let Some(torn) = &recovered.torn {
        tracing::info!(file = %torn.file.display(), offset = torn.offset, "a batch that was never acknowledged was cut off");
    }
    let (mut state, names, checkpointed) = load(&state_dir(dir))?;
    let mut history = options
        .history
        .clone()
        .map(|h| {
            History::open(history_dir(dir), belfry_history::Options { keep_apart: least(&options.retention), ..h })
        })
        .transpose()
        .map_err(|e| series::history_error(&e))?
        .or_else(|| ending(options));
    let mut place = checkpointed;
    let flushed = history.as_ref().map_or(u64::MAX, History::flushed_seq);
    if recovered.last_seq < checkpointed.seq {
        return Err(Error::internal(format!(
            "the log ends at commit {} but the checkpoint knows commit {}: part of the log is missing; restore a backup",
            recovered.last_seq, checkpointed.seq
        )));
    }
    let from = checkpointed.seq.min(flushed) + 1;
    if flushed != u64::MAX && flushed > recovered.last_seq {
        return Err(Error::internal(format!(
            "the log ends at commit {} but history knows commit {flushed}: part of the log is missing; restore a backup",
            recovered.last_seq
        )));
    }
    if recovered.first_seq > checkpointed.seq + 1 {
        return Err(Error::internal(format!(
            "the log starts at commit {} but the newest sound checkpoint ends at {}: commits between are missing; \
             restore a backup",
            recovered.first_seq, checkpointed.seq
        )));
    }
    // The log is cut without regard to a history that is not kept.
    let history_lacks = flushed < recovered.first_seq - 1;
    if history_lacks {
        let (first, flushed) = (recovered.first_seq, flushed);
        tracing::warn!(flushed, first, "history ends before the log begins; it takes up from the present state");
    }
    let mut flushing = Flushing::default();
    let mut reader = log.reader(from.max(recovered.first_seq)).map_err(|e| log_error(&e))?;
    while let Some(found) = reader.next_record().map_err(|e| log_error(&e))? {
        let seq = found.seq;
        let record = record::decode(found.payload, &names)
            .map_err(|e| Error::internal(format!("commit {seq} of the log: {e:?}")))?;
        let at = record.at;
        if seq > checkpointed.seq {
            for entry in &record.entities {
                match entry {
                    Entry::Put { blob, .. } => state.restore((*blob).into(), &names)?,
                    Entry::Delete { last } => {
                        state.delete(crate::blob::id_of(last)?, &names)?;
                    }
                }
            }
            for d in &record.documents {
                state.set_document(d.collection, &d.key, d.bytes.clone());
            }
            (state.seq, state.at) = (seq, at);
        }
        let set: ChangeSet = record.into_set(&names)?;
        place = Place { seq, at, last: series::last_stamp(at, &set).max(place.last) };
        if let Some(history) = &history
            && seq > flushed
            && !history_lacks
        {
            flushing.append(history, &Commit { seq, at, changes: Arc::new(set) }, &names)?;
        }
    }
    (place.seq, state.last) = (state.seq, place.last);
    if options.history.is_none() {
        if let Some(history) = history.take() {
            end(&history, &mut log, dir)?;
        }
    } else {
        resume(dir).map_err(io_error(dir))?;
    }
    Ok(Opened { state, names, history, log, place, checkpointed, history_lacks })
}

/// The history of a store that is to keep none any more, until it holds the end of what it was to hold: the log will be
/// cut without regard to it. One that cannot be opened stays as it is.
fn ending(options: &Options) -> Option<History> {
    let folder = history_dir(&options.dir);
    if options.history.is_some() || !folder.is_dir() || ended_mark(&options.dir).exists() {
        return None;
    }
    History::open(&folder, belfry_history::Options::default())
        .inspect_err(
            |e| tracing::error!(error = %e, "history is switched off and lacks the end of what it was to keep"),
        )
        .ok()
}

/// Writes the end of a history that is switched off.
fn end(history: &History, log: &mut Log, dir: &Path) -> Result<(), Error> {
    log.sync().map_err(|e| log_error(&e))?;
    history.flush().map_err(|e| series::history_error(&e))?;
    let mark = fs::File::create(ended_mark(dir)).and_then(|file| file.sync_all());
    mark.and_then(|()| fs::File::open(dir)?.sync_all()).map_err(io_error(dir))
}

/// History is kept again: from here on it may lack an end again.
fn resume(dir: &Path) -> std::io::Result<()> {
    match fs::remove_file(ended_mark(dir)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
        Ok(()) => fs::File::open(dir)?.sync_all(),
    }
}

/// Flushes history while it is filled, so that what was not flushed before need not fit into memory at once.
#[derive(Default)]
struct Flushing {
    failed: bool,
}

impl Flushing {
    /// # Errors
    /// `Unavailable` when history can take no more: a store without what was acknowledged must not open.
    fn append(&mut self, history: &History, commit: &Commit, names: &Dictionary) -> Result<(), Error> {
        // One that fails (the disk is full) does no harm before there is no room at all.
        if history.room() != Room::Plenty
            && !self.failed
            && let Err(e) = history.flush()
        {
            tracing::warn!(error = %e, "history could not be written to disk while the log was replayed");
            self.failed = true;
        }
        let mut outcome = series::append(history, commit, names);
        while let Err(belfry_history::Error::Full { .. }) = outcome {
            let flushed = history.flush();
            outcome = series::append(history, commit, names);
            if let (Err(e), Err(_)) = (flushed, &outcome) {
                let why = format!("commit {} of the log cannot be added to history: {e}", commit.seq);
                return Err(Error::new(Kind::Unavailable, why));
            }
        }
        outcome.map_err(|e| {
            let why = format!("commit {} of the log cannot be added to history", commit.seq);
            Error::new(Kind::Unavailable, why).caused_by(e.to_string())
        })
    }
}

/// Refuses a directory that a running process has open.
pub(crate) fn lock_free(dir: &Path) -> Result<Option<fs::File>, Error> {
    let path = log_dir(dir).join("lock");
    let Ok(file) = fs::File::options().read(true).write(true).open(&path) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(_) => Err(Error::new(Kind::Unavailable, format!("{} is in use: stop its server first", dir.display()))),
    }
}

pub(crate) fn log_error(e: &belfry_log::Error) -> Error {
    Error::new(Kind::Unavailable, format!("the commit log: {e}"))
}
