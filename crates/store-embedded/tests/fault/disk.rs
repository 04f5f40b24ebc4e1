//! A disk for the log that fails when told: full, failing sync, power cut. The bytes are in real files; holds no test.

use belfry_log::{Disk, DiskFile, OsDisk};
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// What a write replaced, until its sync: file, place, bytes before.
type Replaced = (Arc<dyn DiskFile>, u64, Vec<u8>);

#[derive(Debug, Default)]
struct Faults {
    full: AtomicBool,
    failing_syncs: AtomicU32,
    off: AtomicBool,
    unsynced: Mutex<Vec<Replaced>>,
}

/// The operating system's disk with faults.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk(Arc<Faults>);

#[derive(Debug)]
struct FaultyFile {
    segment: bool,
    file: Arc<dyn DiskFile>,
    faults: Arc<Faults>,
}

impl FaultyDisk {
    /// No file can be made or grow, until told otherwise.
    pub fn set_full(&self, full: bool) {
        self.0.full.store(full, Ordering::SeqCst);
    }

    /// The next `n` syncs of segments fail.
    pub fn fail_syncs(&self, n: u32) {
        self.0.failing_syncs.store(n, Ordering::SeqCst);
    }

    /// From now on nothing works, and what was not synced is undone.
    pub fn cut_power(&self) {
        self.0.off.store(true, Ordering::SeqCst);
        let mut unsynced = self.0.unsynced.lock().unwrap();
        for (file, offset, bytes) in unsynced.drain(..).rev() {
            file.write_at(&bytes, offset).unwrap();
        }
    }

    fn wrap(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        // The durable mark is no segment: its sync is an aid, and tells nobody whether a commit is durable.
        let segment = path.extension().is_some_and(|end| end == "seg" || end == "tmp");
        Arc::new(FaultyFile { segment, file, faults: self.0.clone() })
    }
}

impl Faults {
    fn on(&self) -> io::Result<()> {
        if self.off.load(Ordering::SeqCst) { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }

    fn room(&self) -> io::Result<()> {
        self.on()?;
        if self.full.load(Ordering::SeqCst) { Err(io::Error::from_raw_os_error(28)) } else { Ok(()) }
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.on()?;
        OsDisk.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(dir)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        self.0.on()?;
        Ok(self.wrap(path, OsDisk.open(path, write)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.0.room()?;
        Ok(self.wrap(path, OsDisk.create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.on()?;
        OsDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.on()?;
        OsDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.on()?;
        OsDisk.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Debug + Send + Sync>>> {
        OsDisk.lock(path)
    }
}

impl FaultyFile {
    fn synced(&self) {
        self.faults.unsynced.lock().unwrap().retain(|(file, ..)| !Arc::ptr_eq(file, &self.file));
    }
}

impl DiskFile for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.faults.on()?;
        if offset + buf.len() as u64 > self.file.len()? {
            self.faults.room()?;
        }
        let mut before = vec![0; buf.len()];
        self.file.read_at(&mut before, offset)?;
        let mut unsynced = self.faults.unsynced.lock().unwrap();
        self.faults.on()?;
        unsynced.push((self.file.clone(), offset, before));
        self.file.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.faults.on()?;
        let failing = &self.faults.failing_syncs;
        if self.segment && failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.synced();
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.faults.on()?;
        self.synced();
        Ok(())
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.faults.room()?;
        self.file.reserve(len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.faults.on()?;
        self.file.set_len(len)
    }
}
