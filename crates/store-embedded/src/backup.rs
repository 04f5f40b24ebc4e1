//! Backup while writes go on, and restore to an instant. A backup is a directory of the same layout as a store: it can be
//! opened, checked and read as it is. Restoring to a later instant adds the commits of a log that goes further.

use crate::checkpoint;
use crate::open::{claim, history_dir, log_dir, log_error, state_dir};
use crate::record;
use crate::shared::Shared;
use belfry_kernel::{Error, Kind, Time};
use belfry_log::Log;
use belfry_ports::{Copied, Seq};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Records that a restore commits with one sync at most, and bytes.
const RECORDS_AT_ONCE: usize = 512;
const BYTES_AT_ONCE: u64 = 16 << 20;
/// The file in a store's state directory that says up to which commit the last backup reaches.
const LAST: &str = "last-backup";

fn io_error(what: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |e| Error::new(Kind::Unavailable, format!("{}: {e}", what.display())).caused_by(e)
}

fn copy_durably(from: &Path, to: &Path) -> Result<u64, Error> {
    let bytes = fs::copy(from, to).map_err(io_error(to))?;
    File::open(to).and_then(|f| f.sync_all()).map_err(io_error(to))?;
    Ok(bytes)
}

fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(io_error(dir))
}

/// Refuses a directory that holds anything.
fn empty_dir(dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(io_error(dir))?;
    if fs::read_dir(dir).map_err(io_error(dir))?.next().is_some() {
        return Err(Error::invalid(format!("{} is not empty: name a new directory", dir.display())));
    }
    Ok(())
}

/// What a backup consists of, held so that it can be copied while the store goes on: files that are open or pinned, though
/// they be cut or merged away meanwhile.
pub(crate) struct Pinned {
    dir: PathBuf,
    checkpoint: Option<(OsString, File)>,
    history: Option<belfry_history::Backup>,
    log: belfry_log::Backup,
    at: Time,
}

/// Pins the store as it is. Called by the housekeeping thread, which alone cuts the log and deletes checkpoints: what is
/// pinned belongs together.
pub(crate) fn pin(shared: &Shared, dir: &Path) -> Result<Pinned, Error> {
    let newest = checkpoint::list(&state_dir(dir)).map_err(io_error(dir))?.into_iter().next();
    let open = |(_, path): (Seq, PathBuf)| {
        let name = path.file_name().ok_or_else(|| Error::internal("a checkpoint has no name"))?;
        Ok::<_, Error>((name.to_owned(), File::open(&path).map_err(io_error(&path))?))
    };
    let checkpoint = newest.map(open).transpose()?;
    let history = shared.history.as_ref().map(belfry_history::History::backup);
    let at = shared.state.read().at;
    // The log last: it must reach at least as far as the other two.
    let log = shared.log.backup();
    Ok(Pinned { dir: dir.to_path_buf(), checkpoint, history, log, at })
}

impl Pinned {
    /// The last commit that it holds.
    pub(crate) fn last_seq(&self) -> Seq {
        self.log.last_seq()
    }

    /// Copies all of it into a new directory.
    pub(crate) fn copy(self, into: &Path) -> Result<Copied, Error> {
        empty_dir(into)?;
        let mut bytes = 0;
        let state = state_dir(into);
        fs::create_dir_all(&state).map_err(io_error(into))?;
        if let Some((name, mut file)) = self.checkpoint {
            let path = state.join(name);
            let copied = File::create(&path).and_then(|mut to| {
                let bytes = io::copy(&mut file, &mut to)?;
                to.sync_all().map(|()| bytes)
            });
            bytes += copied.map_err(io_error(&path))?;
        }
        sync_dir(&state)?;
        if let Some(pinned) = &self.history {
            let to = history_dir(into);
            fs::create_dir_all(&to).map_err(io_error(&to))?;
            for file in &pinned.files {
                let name = file.file_name().ok_or_else(|| Error::internal("a run has no name"))?;
                bytes += copy_durably(file, &to.join(name))?;
            }
            let manifest = to.join("MANIFEST");
            let mut out = File::create(&manifest).map_err(io_error(&manifest))?;
            out.write_all(&pinned.manifest).and_then(|()| out.sync_all()).map_err(io_error(&manifest))?;
            sync_dir(&to)?;
        }
        self.log.copy_to(&log_dir(into)).map_err(|e| log_error(&e))?;
        bytes += self.log.size_bytes();
        finish(&self.dir, into)?;
        remember(&state_dir(&self.dir), self.log.last_seq())?;
        Ok(Copied { seq: self.log.last_seq(), at: self.at, bytes })
    }
}

/// Copies `FORMAT`, last of all, so that a directory without it is seen to be unfinished.
fn finish(from: &Path, into: &Path) -> Result<(), Error> {
    sync_dir(into)?;
    copy_durably(&from.join("FORMAT"), &into.join("FORMAT"))?;
    sync_dir(into)
}

fn remember(dir: &Path, seq: Seq) -> Result<(), Error> {
    let (temporary, path) = (dir.join("last-backup.tmp"), dir.join(LAST));
    fs::write(&temporary, seq.to_string()).map_err(io_error(&temporary))?;
    File::open(&temporary).and_then(|f| f.sync_all()).map_err(io_error(&temporary))?;
    fs::rename(&temporary, &path).map_err(io_error(&path))?;
    sync_dir(dir)
}

/// The last commit of the last backup: the log is kept from there, so that a restore can go on to any later instant.
/// None when there never was a backup.
pub(crate) fn last(dir: &Path) -> Option<Seq> {
    fs::read_to_string(dir.join(LAST)).ok()?.trim().parse().ok()
}

/// Copies a backup into a new directory and adds the commits of `log` (the log directory of the store that it was taken
/// of, which nobody may be writing to) up to and including the instant `until`. The new store's log is a log of its own,
/// with an identity of its own: what is committed to it later cannot be taken for what the old store went on to commit.
/// `options` are those of a log in the new store. Only the store's own files are copied, not what lies beside them.
///
/// # Errors
/// `InvalidRequest` when the target is not empty, the backup is unfinished or ends after `until`, or the log is that of
/// another store; `Unavailable` or `Internal` naming file and place when something is damaged. The target is then to be
/// thrown away.
pub fn restore(
    backup: &Path,
    log: Option<&Path>,
    until: Option<Time>,
    into: &Path,
    options: &belfry_log::Options,
) -> Result<Copied, Error> {
    if !backup.join("FORMAT").is_file() {
        return Err(Error::invalid(format!("{} is no finished backup: it has no FORMAT file", backup.display())));
    }
    empty_dir(into)?;
    let mut bytes = copy_tree(&state_dir(backup), &state_dir(into))?;
    if history_dir(backup).is_dir() {
        bytes += copy_tree(&history_dir(backup), &history_dir(into))?;
    }
    let scratch = into.join("log.source");
    let source = Source::open(&log_dir(backup), &scratch)?;
    let (id, first_seq, mut seq) = (source.id(), source.0.first_seq(), source.0.last_seq());
    let made = belfry_log::Options { new_first_seq: first_seq, new_id: None, ..options.clone() };
    let mut target = Target::new(Log::open(log_dir(into), made).map_err(|e| log_error(&e))?.0);
    source.each(first_seq, |_, payload| target.append(payload).map(|()| true))?;
    source.close(&scratch)?;
    let (mut at, last) = if target.last.is_empty() {
        (Time::MIN, Vec::new())
    } else {
        (record::instant(&target.last)?, std::mem::take(&mut target.last))
    };
    if let Some(until) = until
        && at > until
    {
        return Err(Error::invalid(format!("the backup ends at {at}, after {until}: take an older backup")));
    }
    if let Some(log) = log {
        let source = Source::open(log, &scratch)?;
        source.must_continue(id, seq, &last, log)?;
        if let Some(end) = source.copy(seq + 1, until, &mut target)? {
            (seq, at) = end;
        }
        source.close(&scratch)?;
    }
    bytes += target.close()?;
    finish(backup, into)?;
    Ok(Copied { seq, at, bytes })
}

/// Makes a store directory from a log alone, as [`restore`] does from a backup of nothing: for a store that was made
/// after the backup. No commit (`seq` 0) means that the log's first is after `until`.
///
/// # Errors
/// As [`restore`]; `InvalidRequest` also when the log does not reach back to the first commit.
pub fn rebuild(log: &Path, until: Option<Time>, into: &Path, options: &belfry_log::Options) -> Result<Copied, Error> {
    empty_dir(into)?;
    let scratch = into.join("log.source");
    let source = Source::open(log, &scratch)?;
    if source.0.first_seq() != 1 {
        let first = source.0.first_seq();
        return Err(Error::invalid(format!(
            "the log begins with commit {first}: commits before it are missing, and no backup holds them"
        )));
    }
    let made = belfry_log::Options { new_first_seq: 1, new_id: None, ..options.clone() };
    let mut target = Target::new(Log::open(log_dir(into), made).map_err(|e| log_error(&e))?.0);
    let (seq, at) = source.copy(1, until, &mut target)?.unwrap_or((0, Time::MIN));
    source.close(&scratch)?;
    let bytes = target.close()?;
    claim(into)?;
    Ok(Copied { seq, at, bytes })
}

/// A copy of a log that is read: opening one claims and may repair it.
struct Source(Log);

impl Source {
    fn open(log: &Path, scratch: &Path) -> Result<Self, Error> {
        copy_tree(log, scratch)?;
        Ok(Self(Log::open(scratch, belfry_log::Options::default()).map_err(|e| log_error(&e))?.0))
    }

    fn id(&self) -> belfry_log::LogId {
        self.0.handle().id()
    }

    /// Hands on each record from `seq` until told to stop.
    fn each(&self, seq: Seq, mut take: impl FnMut(Seq, &[u8]) -> Result<bool, Error>) -> Result<(), Error> {
        let mut reader = self.0.reader(seq).map_err(|e| log_error(&e))?;
        while let Some(found) = reader.next_record().map_err(|e| log_error(&e))? {
            if !take(found.seq, found.payload)? {
                break;
            }
        }
        Ok(())
    }

    /// Copies the commits from `seq` up to and including the instant `until`; which was the last and when, if any was.
    fn copy(&self, seq: Seq, until: Option<Time>, into: &mut Target) -> Result<Option<(Seq, Time)>, Error> {
        let mut last = None;
        self.each(seq, |next, payload| {
            let instant = record::instant(payload)?;
            if until.is_some_and(|until| instant > until) {
                return Ok(false);
            }
            last = Some((next, instant));
            into.append(payload).map(|()| true)
        })?;
        Ok(last)
    }

    /// Refuses a log that is not the one of which a backup holds the records up to `seq`, the last of which is `last`.
    fn must_continue(&self, id: belfry_log::LogId, seq: Seq, last: &[u8], path: &Path) -> Result<(), Error> {
        let path = path.display();
        if self.id() != id {
            return Err(Error::invalid(format!("{path} is the log of another store than the backup's")));
        }
        let (first, end) = (self.0.first_seq(), self.0.last_seq());
        if first > seq + 1 {
            return Err(Error::invalid(format!(
                "the log begins with commit {first} but the backup ends with {seq}: commits between are missing"
            )));
        }
        if end < seq {
            return Err(Error::invalid(format!("the log ends with commit {end}, before the backup's end at {seq}")));
        }
        let mut same = true;
        if first <= seq && seq > 0 {
            self.each(seq, |_, payload| {
                same = payload == last;
                Ok(false)
            })?;
        }
        if same { Ok(()) } else { Err(Error::invalid(format!("commit {seq} of {path} is not the one of the backup"))) }
    }

    fn close(self, scratch: &Path) -> Result<(), Error> {
        drop(self);
        fs::remove_dir_all(scratch).map_err(io_error(scratch))
    }
}

/// The log of a restored store in the making.
struct Target {
    log: Log,
    /// The record that was appended last.
    last: Vec<u8>,
    bytes: u64,
}

impl Target {
    fn new(log: Log) -> Self {
        Self { log, last: Vec::new(), bytes: 0 }
    }

    fn append(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.log.append(payload).map_err(|e| log_error(&e))?;
        self.last.clear();
        self.last.extend_from_slice(payload);
        self.bytes += payload.len() as u64;
        if self.log.pending() >= RECORDS_AT_ONCE || self.log.pending_bytes() >= BYTES_AT_ONCE {
            self.log.commit().map_err(|e| log_error(&e))?;
        }
        Ok(())
    }

    /// Makes all of it durable; how many bytes it was.
    fn close(mut self) -> Result<u64, Error> {
        self.log.commit().map_err(|e| log_error(&e))?;
        self.log.close().map_err(|e| log_error(&e))?;
        Ok(self.bytes)
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<u64, Error> {
    fs::create_dir_all(to).map_err(io_error(to))?;
    let mut bytes = 0;
    for entry in fs::read_dir(from).map_err(io_error(from))? {
        let entry = entry.map_err(io_error(from))?;
        let kind = entry.file_type().map_err(io_error(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            bytes += copy_tree(&path, &target)?;
        } else if kind.is_file() && entry.file_name() != "lock" && entry.file_name() != "LOCK" {
            bytes += copy_durably(&path, &target)?;
        }
    }
    sync_dir(to)?;
    Ok(bytes)
}
