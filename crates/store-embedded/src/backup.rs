//! Backup while writes go on, and restore to an instant. A backup is a directory of the same layout as a store: it can be
//! opened, checked and read as it is. Restoring to a later instant adds the commits of a log that goes further.

use crate::checkpoint;
use crate::open::{claim, history_dir, log_dir, log_error, state_dir};
use crate::record;
use crate::shared::Shared;
use belfry_kernel::{Error, Kind, Time};
use belfry_log::Log;
use belfry_ports::{Copied, Seq};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Records that a restore commits with one sync.
const RECORDS_AT_ONCE: usize = 512;
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

/// Copies the store into a new directory. Runs on the housekeeping thread, so that nothing it copies is cut or merged
/// away meanwhile.
pub(crate) fn write(shared: &Shared, dir: &Path, into: &Path) -> Result<Copied, Error> {
    empty_dir(into)?;
    let mut bytes = 0;
    // The log first: the checkpoint and the history copied after it are never ahead of a log that is copied last, and
    // never behind one that is copied first, so it is pinned now and written last.
    let checkpoint = checkpoint::list(&state_dir(dir)).map_err(io_error(dir))?.into_iter().next();
    fs::create_dir_all(state_dir(into)).map_err(io_error(into))?;
    if let Some((_, path)) = checkpoint {
        let name = path.file_name().ok_or_else(|| Error::internal("a checkpoint has no name"))?;
        bytes += copy_durably(&path, &state_dir(into).join(name))?;
    }
    sync_dir(&state_dir(into))?;
    if let Some(history) = &shared.history {
        let to = history_dir(into);
        fs::create_dir_all(&to).map_err(io_error(&to))?;
        let pinned = history.backup();
        for file in &pinned.files {
            let name = file.file_name().ok_or_else(|| Error::internal("a run has no name"))?;
            bytes += copy_durably(file, &to.join(name))?;
        }
        let manifest = to.join("MANIFEST");
        let mut out = File::create(&manifest).map_err(io_error(&manifest))?;
        out.write_all(&pinned.manifest).and_then(|()| out.sync_all()).map_err(io_error(&manifest))?;
        sync_dir(&to)?;
    }
    let (seq, at) = {
        let state = shared.state.read();
        (state.seq, state.at)
    };
    let log = shared.log.backup();
    log.copy_to(&log_dir(into)).map_err(|e| log_error(&e))?;
    bytes += log.size_bytes();
    // Last of all, so that a directory without it is seen to be unfinished.
    let format = into.join("FORMAT");
    copy_durably(&dir.join("FORMAT"), &format)?;
    sync_dir(into)?;
    remember(&state_dir(dir), log.last_seq().min(seq))?;
    Ok(Copied { seq: log.last_seq(), at, bytes })
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
/// of, which nobody may be writing to) up to and including the instant `until`. Only the store's own files are copied,
/// not what lies beside them.
///
/// # Errors
/// `InvalidRequest` when the target is not empty, the backup is unfinished or ends after `until`; `Internal` naming
/// file and place when something is damaged. The target is then to be thrown away.
pub fn restore(backup: &Path, log: Option<&Path>, until: Option<Time>, into: &Path) -> Result<Copied, Error> {
    let format = backup.join("FORMAT");
    if !format.is_file() {
        return Err(Error::invalid(format!("{} is no finished backup: it has no FORMAT file", backup.display())));
    }
    empty_dir(into)?;
    let mut bytes = 0;
    for (from, to) in [
        (log_dir(backup), log_dir(into)),
        (state_dir(backup), state_dir(into)),
        (history_dir(backup), history_dir(into)),
    ] {
        if from.is_dir() {
            bytes += copy_tree(&from, &to)?;
        }
    }
    let copied = go_on(bytes, log, until, into)?;
    // Last of all, so that a directory without it is seen to be unfinished.
    copy_durably(&format, &into.join("FORMAT"))?;
    sync_dir(into)?;
    Ok(copied)
}

/// Makes a store directory from a log alone, as [`restore`] does from a backup of nothing: for a store that was made
/// after the backup. No commit (`seq` 0) means that the log's first is after `until`.
///
/// # Errors
/// As [`restore`]; `InvalidRequest` also when the log does not reach back to the first commit.
pub fn rebuild(log: &Path, until: Option<Time>, into: &Path) -> Result<Copied, Error> {
    empty_dir(into)?;
    let copied = go_on(0, Some(log), until, into)?;
    claim(into)?;
    Ok(copied)
}

/// Brings the log in `into` on by the commits of another one.
fn go_on(mut bytes: u64, log: Option<&Path>, until: Option<Time>, into: &Path) -> Result<Copied, Error> {
    let options = belfry_log::Options::default();
    let (mut target, recovered) = Log::open(log_dir(into), options.clone()).map_err(|e| log_error(&e))?;
    let mut seq = recovered.last_seq;
    let mut at = Time::MIN;
    if seq >= target.first_seq() {
        let mut reader = target.reader(seq).map_err(|e| log_error(&e))?;
        if let Some(found) = reader.next_record().map_err(|e| log_error(&e))? {
            at = record::instant(found.payload)?;
        }
    }
    if let Some(until) = until
        && at > until
    {
        return Err(Error::invalid(format!("the backup ends at {at}, after {until}: take an older backup")));
    }
    if let Some(log) = log {
        // A copy is read, since opening a log claims it.
        let scratch = into.join("log.source");
        bytes += copy_tree(log, &scratch)?;
        {
            let (source, _) = Log::open(&scratch, options).map_err(|e| log_error(&e))?;
            if source.first_seq() > seq + 1 {
                return Err(Error::invalid(format!(
                    "the log begins with commit {} but the backup ends with {seq}: commits between are missing",
                    source.first_seq()
                )));
            }
            let mut reader = source.reader(seq + 1).map_err(|e| log_error(&e))?;
            while let Some(found) = reader.next_record().map_err(|e| log_error(&e))? {
                let instant = record::instant(found.payload)?;
                if until.is_some_and(|until| instant > until) {
                    break;
                }
                (seq, at) = (target.append(found.payload).map_err(|e| log_error(&e))?, instant);
                bytes += found.payload.len() as u64;
                if target.pending() >= RECORDS_AT_ONCE {
                    target.commit().map_err(|e| log_error(&e))?;
                }
            }
            target.commit().map_err(|e| log_error(&e))?;
        }
        fs::remove_dir_all(&scratch).map_err(io_error(&scratch))?;
    }
    target.close().map_err(|e| log_error(&e))?;
    Ok(Copied { seq, at, bytes })
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
