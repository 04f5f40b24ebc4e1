//! The manifest: which runs live, in order of age, and up to which log sequence they cover. Replaced as a whole, and
//! kept twice, so that one damaged copy loses nothing.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::run_writer::sync_dir;
use crate::wire::{Reader, put_u64};

const MAGIC: &[u8; 8] = b"BELFHIST";
/// The two copies. The second is written first: whichever is read, the files it names are there.
pub(crate) const NAMES: [&str; 2] = ["MANIFEST", "MANIFEST.copy"];

/// The live runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifest {
    /// Oldest first.
    pub(crate) runs: Vec<u64>,
    pub(crate) flushed_seq: u64,
    pub(crate) next_id: u64,
}

impl Manifest {
    /// Its bytes as stored.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&crate::FORMAT_VERSION.to_le_bytes());
        put_u64(&mut out, self.flushed_seq);
        put_u64(&mut out, self.next_id);
        put_u64(&mut out, self.runs.len() as u64);
        for &id in &self.runs {
            put_u64(&mut out, id);
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads one copy; `None` when the file is not there.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let corrupt = |what| Error::Corrupt { path: path.to_owned(), offset: 0, what };
        let body = bytes.len().checked_sub(4).filter(|&n| n >= 12).ok_or(corrupt("the manifest is too short"))?;
        if crc32c::crc32c(&bytes[..body]).to_le_bytes() != bytes[body..] || &bytes[..8] != MAGIC {
            return Err(corrupt("the manifest's checksum does not hold"));
        }
        let mut r = Reader::new(&bytes[8..body]);
        let mut parse = || {
            let found = r.u32_le()?;
            let mut out = Self { flushed_seq: 0, next_id: 0, runs: Vec::new() };
            if found > crate::FORMAT_VERSION {
                return Ok((found, out));
            }
            (out.flushed_seq, out.next_id) = (r.u64()?, r.u64()?);
            for _ in 0..r.count(body)? {
                out.runs.push(r.u64()?);
            }
            Ok((found, out))
        };
        let (found, out) = parse().map_err(|e: crate::wire::FormatError| corrupt(e.0))?;
        if found > crate::FORMAT_VERSION {
            return Err(Error::Version { path: path.to_owned(), found });
        }
        Ok(Some(out))
    }

    /// Reads the manifest of `dir`: the first copy, or if that is damaged or missing the second; `None` in a
    /// new one.
    pub(crate) fn load(dir: &Path) -> Result<Option<Self>> {
        let first = Self::read(&dir.join(NAMES[0]));
        match first {
            Ok(Some(manifest)) => Ok(Some(manifest)),
            Err(e) if !e.is_corrupt() => Err(e),
            damaged_or_missing => match Self::read(&dir.join(NAMES[1])) {
                Ok(Some(manifest)) => Ok(Some(manifest)),
                Ok(None) => damaged_or_missing,
                Err(second) => Err(damaged_or_missing.err().unwrap_or(second)),
            },
        }
    }

    /// Whether both copies say this.
    pub(crate) fn is_stored_twice(&self, dir: &Path) -> bool {
        NAMES.iter().all(|name| Self::read(&dir.join(name)).is_ok_and(|m| m.as_ref() == Some(self)))
    }

    /// Replaces both copies, durably. `begun` becomes true when a copy may have been replaced, also when this fails later:
    /// what it names must then stay.
    pub(crate) fn store(&self, dir: &Path, begun: &mut bool) -> Result<()> {
        let bytes = self.to_bytes();
        for name in [NAMES[1], NAMES[0]] {
            let (path, temporary) = (dir.join(name), dir.join(format!("{name}.tmp")));
            let write = |mut f: File| f.write_all(&bytes).and_then(|()| f.sync_all());
            File::create(&temporary).and_then(write).map_err(|e| {
                let _ = fs::remove_file(&temporary);
                Error::io("write", &temporary, e)
            })?;
            *begun = true;
            fs::rename(&temporary, &path).map_err(|e| Error::io("rename", &path, e))?;
            sync_dir(dir)?;
        }
        Ok(())
    }
}
