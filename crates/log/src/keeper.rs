//! Prepares segment files ahead of use in a thread of its own, so that the writer never waits for one: made new, or from a
//! file that truncation freed. Knows nothing about records.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use crate::disk::{Disk, DiskFile, write_zeros};
use crate::error::{Error, Result};
use crate::format::HEADER_LEN;
use crate::segment;

/// A file that waits to become a segment: its header block is zeros, all its blocks are written, its name is durable.
#[derive(Debug)]
pub(crate) struct Spare {
    pub number: u64,
    pub path: PathBuf,
    pub file: Arc<dyn DiskFile>,
    pub len: u64,
}

/// The file that truncation or a restart hands over for reuse.
pub(crate) const RECYCLED: &str = "recycled.tmp";
const PREPARING: &str = "preparing.tmp";

#[derive(Debug)]
enum State {
    Idle,
    Wanted,
    Busy,
    Ready(Spare),
    Failed(Error),
}

#[derive(Debug)]
struct Desk {
    state: State,
    next_number: u64,
    recycled: bool,
    stop: bool,
}

#[derive(Debug)]
struct Room {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// The writer's handle on the thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    room: Arc<Room>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread, which prepares the first spare at once. `recycled` says that [`RECYCLED`] is there to be used.
    pub fn start(
        disk: Arc<dyn Disk>,
        dir: &Path,
        segment_bytes: u64,
        next_number: u64,
        recycled: bool,
    ) -> Result<Self> {
        let desk = Mutex::new(Desk { state: State::Wanted, next_number, recycled, stop: false });
        let room = Arc::new(Room { disk, dir: dir.to_path_buf(), segment_bytes, desk, changed: Condvar::new() });
        let in_thread = Arc::clone(&room);
        let thread = std::thread::Builder::new()
            .name("log-keeper".to_owned())
            .spawn(move || in_thread.run())
            .map_err(|error| Error::io("start a thread for", dir, error))?;
        Ok(Self { room, thread: Some(thread) })
    }

    /// Takes the spare, waiting for one to be made if none is ready, and has the next one made.
    pub fn take(&self, len: u64) -> Result<Spare> {
        let mut desk = self.room.desk.lock();
        if matches!(desk.state, State::Idle | State::Failed(_)) {
            desk.state = State::Wanted;
            self.room.changed.notify_all();
        }
        while matches!(desk.state, State::Wanted | State::Busy) {
            self.room.changed.wait(&mut desk);
        }
        match std::mem::replace(&mut desk.state, State::Wanted) {
            State::Ready(mut spare) => {
                self.room.changed.notify_all();
                drop(desk);
                self.room.extend(&mut spare, len)?;
                Ok(spare)
            }
            State::Failed(error) => {
                desk.state = State::Idle;
                Err(error)
            }
            State::Idle | State::Wanted | State::Busy => {
                unreachable!("the wait above ends only with a spare or a failure, and the lock was held since")
            }
        }
    }

    /// Takes the spare if one of this length is ready.
    pub fn take_ready(&self, len: u64) -> Option<Spare> {
        let mut desk = self.room.desk.lock();
        if !matches!(&desk.state, State::Ready(spare) if spare.len >= len) {
            return None;
        }
        let State::Ready(spare) = std::mem::replace(&mut desk.state, State::Wanted) else {
            return None;
        };
        self.room.changed.notify_all();
        Some(spare)
    }

    /// Deletes a spare whose use failed. It is void already, so that failing to delete it does no harm.
    pub fn discard(&self, spare: &Spare) {
        let _ = self.room.disk.remove(&spare.path);
    }

    /// Frees a file that no segment needs any more: kept for reuse if none is, deleted otherwise. May be called again after
    /// it failed, also where only making it durable did.
    pub fn free(&self, path: &Path, reusable: bool) -> Result<()> {
        let disk = &self.room.disk;
        let sync = || disk.sync_dir(&self.room.dir).map_err(|error| Error::io("sync", &self.room.dir, error));
        let mut desk = self.room.desk.lock();
        if reusable && !desk.recycled {
            let to = self.room.dir.join(RECYCLED);
            unless_gone(disk.rename(path, &to)).map_err(|error| Error::io("rename", path, error))?;
            // Not before the old name is gone for good: a file that came back under it must come back whole.
            sync()?;
            desk.recycled = true;
            Ok(())
        } else {
            unless_gone(disk.remove(path)).map_err(|error| Error::io("delete", path, error))?;
            sync()
        }
    }
}

/// What was done to a file that is no longer there was done before.
fn unless_gone(done: std::io::Result<()>) -> std::io::Result<()> {
    done.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.room.desk.lock().stop = true;
        self.room.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Room {
    fn run(&self) {
        let mut desk = self.desk.lock();
        loop {
            while !desk.stop && !matches!(desk.state, State::Wanted) {
                self.changed.wait(&mut desk);
            }
            if desk.stop {
                return;
            }
            desk.state = State::Busy;
            let number = desk.next_number;
            desk.next_number += 1;
            let recycled = desk.recycled;
            drop(desk);
            let made = self.prepare(number, recycled);
            desk = self.desk.lock();
            if recycled {
                // Only now is the name free for another file.
                desk.recycled = false;
            }
            desk.state = match made {
                Ok(spare) => State::Ready(spare),
                Err(error) => State::Failed(error),
            };
            self.changed.notify_all();
        }
    }

    fn prepare(&self, number: u64, recycled: bool) -> Result<Spare> {
        if recycled {
            let path = self.dir.join(RECYCLED);
            match self.reuse(&path, number) {
                Ok(spare) => return Ok(spare),
                // A file that cannot be reused is no loss: a new one is made.
                Err(_) => drop(self.disk.remove(&path)),
            }
        }
        let path = self.dir.join(PREPARING);
        let made = self.make(&path, number);
        if made.is_err() {
            let _ = self.disk.remove(&path);
        }
        made
    }

    fn make(&self, path: &Path, number: u64) -> Result<Spare> {
        let len = self.segment_bytes;
        let fail = |error| Error::io("prepare", path, error);
        let file = self.disk.create(path).map_err(fail)?;
        // Reserving first finds a full disk at once and keeps the file in one piece. Zeros are then written all the same:
        // the first write to a reserved but unwritten block costs a journal commit, a write over zeros does not.
        file.reserve(len).map_err(fail)?;
        write_zeros(&*file, 0, len).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        self.name(path, number, file, len)
    }

    fn reuse(&self, path: &Path, number: u64) -> Result<Spare> {
        let fail = |error| Error::io("reuse", path, error);
        let file = self.disk.open(path, true).map_err(fail)?;
        let len = file.len().map_err(fail)?;
        if len != self.segment_bytes {
            return Err(fail(std::io::ErrorKind::InvalidData.into()));
        }
        // Old records stay: their checksums belong to another segment number, so they never look valid.
        write_zeros(&*file, 0, HEADER_LEN).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        self.name(path, number, file, len)
    }

    fn name(&self, path: &Path, number: u64, file: Arc<dyn DiskFile>, len: u64) -> Result<Spare> {
        let to = segment::path(&self.dir, number);
        self.disk.rename(path, &to).map_err(|error| Error::io("rename", path, error))?;
        self.disk.sync_dir(&self.dir).map_err(|error| Error::io("sync", &self.dir, error))?;
        Ok(Spare { number, path: to, file, len })
    }

    /// Lengthens a spare for a batch that is larger than a segment.
    fn extend(&self, spare: &mut Spare, len: u64) -> Result<()> {
        if spare.len >= len {
            return Ok(());
        }
        let len = len.next_multiple_of(HEADER_LEN);
        let grown = spare
            .file
            .reserve(len)
            .and_then(|()| write_zeros(&*spare.file, spare.len, len))
            .and_then(|()| spare.file.sync_all());
        match grown {
            Ok(()) => {
                spare.len = len;
                Ok(())
            }
            Err(error) => {
                let _ = self.disk.remove(&spare.path);
                Err(Error::io("lengthen", &spare.path, error))
            }
        }
    }
}
