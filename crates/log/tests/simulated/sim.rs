//! A disk in memory that forgets what was not synced, and fails when told: full, failing sync, failing or short write, death.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use belfry_log::{Disk, DiskFile};
use parking_lot::Mutex;

/// A power cut keeps or loses each of these on its own.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    /// Written and not synced: start and length.
    dirty: Vec<(usize, usize)>,
}

/// What goes wrong next. Counters are taken down by commits only, not by the preparation of segments.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The n-th next sync of a segment fails, and what it should have synced is marked clean all the same.
    pub fail_sync: Option<u32>,
    /// The n-th next write to a segment writes this many bytes and then fails.
    pub fail_write: Option<(u32, usize)>,
    /// Every write is at most this long.
    pub short_write: Option<usize>,
    /// After n more operations of any kind nothing works any more.
    pub die_after: Option<u32>,
    /// The bytes that all files together may have.
    pub space: Option<usize>,
    /// Preparing segments fails with EIO.
    pub no_new_files: bool,
    /// Deleting fails with EIO.
    pub no_removal: bool,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Arc<Mutex<Inode>>>,
    faults: Faults,
    dead: bool,
    /// Whether any fault was ever asked for.
    faulted: bool,
    locked: bool,
}

#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct SimFile {
    state: Arc<Mutex<State>>,
    inode: Arc<Mutex<Inode>>,
    segment: bool,
}

#[derive(Debug)]
struct SimLock(Arc<Mutex<State>>);

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.lock().locked = false;
    }
}

fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}

impl State {
    fn live(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.faults.die_after {
            if *left == 0 {
                self.dead = true;
            } else {
                *left -= 1;
            }
        }
        if self.dead { Err(eio()) } else { Ok(()) }
    }

    fn used(&self) -> usize {
        self.files.values().map(|inode| inode.lock().cache.len()).sum()
    }

    fn grow(&self, by: usize) -> io::Result<()> {
        match self.faults.space {
            Some(space) if self.used() + by > space => Err(io::Error::from_raw_os_error(28)),
            _ => Ok(()),
        }
    }
}

impl SimDisk {
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        let mut state = self.state.lock();
        state.faulted = true;
        change(&mut state.faults);
    }

    pub fn is_dead(&self) -> bool {
        self.state.lock().dead
    }

    pub fn had_faults(&self) -> bool {
        self.state.lock().faulted
    }

    /// What a restart after a killed process finds: everything written, and what was not synced is still not.
    pub fn killed(&self) -> Self {
        self.image(Inode::clone)
    }

    /// What a restart after a power cut finds: what was synced, and of the rest those sectors that `keeps` says.
    pub fn power_cut(&self, mut keeps: impl FnMut() -> bool) -> Self {
        self.image(|inode| {
            let mut bytes = inode.durable.clone();
            bytes.resize(inode.cache.len().max(bytes.len()), 0);
            for &(start, len) in &inode.dirty {
                let mut at = start;
                while at < start + len {
                    let next = (at / SECTOR + 1) * SECTOR;
                    let to = next.min(start + len);
                    if keeps() && to <= inode.cache.len() {
                        bytes[at..to].copy_from_slice(&inode.cache[at..to]);
                    }
                    at = to;
                }
            }
            Inode { cache: bytes.clone(), durable: bytes, dirty: Vec::new() }
        })
    }

    fn image(&self, mut content: impl FnMut(&Inode) -> Inode) -> Self {
        let files = self.state.lock().files.clone();
        let files = files.into_iter().map(|(path, inode)| {
            let inode = content(&inode.lock());
            (path, Arc::new(Mutex::new(inode)))
        });
        Self { state: Arc::new(Mutex::new(State { files: files.collect(), ..State::default() })) }
    }

    pub fn files(&self) -> Vec<PathBuf> {
        self.state.lock().files.keys().cloned().collect()
    }

    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        self.state.lock().files[path].lock().cache.clone()
    }

    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let inode = Inode { cache: bytes.to_vec(), durable: bytes.to_vec(), dirty: Vec::new() };
        self.state.lock().files.insert(path.to_path_buf(), Arc::new(Mutex::new(inode)));
    }

    fn file(&self, path: &Path, inode: Arc<Mutex<Inode>>) -> Arc<dyn DiskFile> {
        let segment = path.extension().is_some_and(|end| end == "seg" || end == "tmp");
        Arc::new(SimFile { state: Arc::clone(&self.state), inode, segment })
    }
}

impl Disk for SimDisk {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        self.state.lock().live()
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state.lock();
        state.live()?;
        Ok(state.files.keys().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn open(&self, path: &Path, _write: bool) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.live()?;
        let inode = Arc::clone(state.files.get(path).ok_or(io::ErrorKind::NotFound)?);
        drop(state);
        Ok(self.file(path, inode))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.live()?;
        if state.faults.no_new_files {
            return Err(eio());
        }
        let inode = Arc::new(Mutex::new(Inode::default()));
        state.files.insert(path.to_path_buf(), Arc::clone(&inode));
        drop(state);
        Ok(self.file(path, inode))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.live()?;
        let inode = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_path_buf(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.live()?;
        if state.faults.no_removal {
            return Err(eio());
        }
        state.files.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.state.lock().live()
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Box<dyn Debug + Send + Sync>>> {
        let mut state = self.state.lock();
        if state.locked {
            return Ok(None);
        }
        state.locked = true;
        Ok(Some(Box::new(SimLock(Arc::clone(&self.state)))))
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inode.lock().cache.len() as u64)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let inode = self.inode.lock();
        let rest = inode.cache.get(offset as usize..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state.lock();
        state.live()?;
        let offset = offset as usize;
        let mut len = buf.len();
        if let Some(short) = state.faults.short_write {
            len = len.min(short);
        }
        let mut failed = false;
        if self.segment
            && buf.iter().any(|&byte| byte != 0)
            && let Some((count, written)) = &mut state.faults.fail_write
        {
            if *count == 0 {
                len = len.min(*written);
                failed = true;
                state.faults.fail_write = None;
            } else {
                *count -= 1;
            }
        }
        let growth = (offset + len).saturating_sub(self.inode.lock().cache.len());
        state.grow(growth)?;
        let mut inode = self.inode.lock();
        if growth > 0 {
            inode.cache.resize(offset + len, 0);
        }
        inode.cache[offset..offset + len].copy_from_slice(&buf[..len]);
        inode.dirty.push((offset, len));
        if failed { Err(eio()) } else { Ok(len) }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.live()?;
        let mut failed = false;
        if self.segment
            && let Some(count) = &mut state.faults.fail_sync
        {
            if *count == 0 {
                failed = true;
                state.faults.fail_sync = None;
            } else {
                *count -= 1;
            }
        }
        let mut inode = self.inode.lock();
        let Inode { cache, durable, dirty } = &mut *inode;
        durable.resize(cache.len(), 0);
        for (start, len) in dirty.drain(..) {
            // On a failure some of it reached the disk, the rest never will, and the cache shows all of it.
            let reached = if failed { len * 3 / 4 } else { len };
            durable[start..start + reached].copy_from_slice(&cache[start..start + reached]);
        }
        if failed { Err(eio()) } else { Ok(()) }
    }

    fn sync_all(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.live()?;
        let mut inode = self.inode.lock();
        inode.dirty.clear();
        inode.durable = inode.cache.clone();
        Ok(())
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.live()?;
        let growth = (len as usize).saturating_sub(self.inode.lock().cache.len());
        state.grow(growth)?;
        if growth > 0 {
            self.inode.lock().cache.resize(len as usize, 0);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.state.lock().live()?;
        self.inode.lock().cache.resize(len as usize, 0);
        Ok(())
    }
}
