//! A consistent copy of a log while it is written: the committed part of each segment, and a durable mark that says where it
//! ends. Chooses no destination and no archive format.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use crate::disk::DiskFile;
use crate::error::{Error, Result};
use crate::format::LogId;
use crate::mark::{self, Mark};
use crate::segment::{self, Segment};

/// The files of a log as committed at one moment. Holding it keeps their content readable, also when the log truncates them.
#[derive(Debug)]
pub struct Backup {
    files: Vec<BackupFile>,
    last_seq: u64,
}

/// One file of a backup.
#[derive(Clone, Debug)]
pub struct BackupFile {
    name: String,
    len: u64,
    sealed: bool,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Segment(Arc<Segment>),
    Bytes(Arc<[u8]>),
}

impl Backup {
    pub(crate) fn new(id: LogId, segments: &[Arc<Segment>], last_seq: u64) -> Self {
        let mut files = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            files.push(BackupFile {
                name: segment::file_name(segment.header.number),
                len: segment.end(),
                sealed: at + 1 < segments.len(),
                content: Content::Segment(Arc::clone(segment)),
            });
        }
        if let Some(last) = segments.last() {
            let mark = Mark { id, segment: last.header.number, end: last.end(), seq: last_seq, void_through: 0 };
            let bytes: Arc<[u8]> = mark.encode().to_vec().into();
            let name = mark::NAME.to_owned();
            files.push(BackupFile { name, len: bytes.len() as u64, sealed: false, content: Content::Bytes(bytes) });
        }
        Self { files, last_seq }
    }

    /// The last sequence in the backup.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The files. All of them together in one directory are a log that opens.
    #[must_use]
    pub fn files(&self) -> &[BackupFile] {
        &self.files
    }

    /// The size of all files in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }

    /// Copies the files into a directory, which must not hold them yet, and makes them durable.
    pub fn copy_to(&self, dir: &Path) -> Result<()> {
        std::fs::create_dir_all(dir).map_err(|error| Error::io("make", dir, error))?;
        for file in &self.files {
            let path = dir.join(&file.name);
            let fail = |error| Error::io("write", &path, error);
            let mut to = std::fs::File::create_new(&path).map_err(fail)?;
            let mut from = file.open();
            let mut buf = vec![0; 1 << 20];
            loop {
                let n = from.read(&mut buf).map_err(|error| Error::io("read", Path::new(&file.name), error))?;
                if n == 0 {
                    break;
                }
                to.write_all(&buf[..n]).map_err(fail)?;
            }
            to.sync_all().map_err(fail)?;
        }
        std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| Error::io("sync", dir, error))
    }
}

impl BackupFile {
    /// The name that the file must have beside the others.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The length of its committed content in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it will never change again: a later backup need not copy it again.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Its content from the start.
    #[must_use]
    pub fn open(&self) -> BackupRead {
        BackupRead { file: self.clone(), pos: 0 }
    }
}

/// Reads the content of a [`BackupFile`].
#[derive(Debug)]
pub struct BackupRead {
    file: BackupFile,
    pos: u64,
}

impl Read for BackupRead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = (self.file.len - self.pos).min(buf.len() as u64) as usize;
        if n == 0 {
            return Ok(0);
        }
        let got = match &self.file.content {
            Content::Segment(segment) => DiskFile::read_at(&*segment.file, &mut buf[..n], self.pos)?,
            Content::Bytes(bytes) => {
                buf[..n].copy_from_slice(&bytes[self.pos as usize..self.pos as usize + n]);
                n
            }
        };
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.pos += got as u64;
        Ok(got)
    }
}
