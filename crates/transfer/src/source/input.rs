//! The bytes of a source: a file or standard input, unpacked when packed with gzip, counted as they are read.

use crate::TransferError;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::Xxh3;

/// The bytes of a source as read from its file, for progress.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Bytes of the file (packed, if it is) read so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An opened source.
pub struct Input {
    /// Its bytes, unpacked.
    pub reader: Box<dyn BufRead + Send>,
    /// The size of the file; none for standard input.
    pub size: Option<u64>,
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// [`TransferError::File`].
pub fn open(path: &Path, meter: &Meter) -> Result<Input, TransferError> {
    if path == Path::new("-") {
        return unpacked(Counted::new(std::io::stdin(), meter), None).map_err(TransferError::file(path));
    }
    let opened = || -> std::io::Result<Input> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(std::io::Error::other(
                "it is a folder; a folder of Smart Data Models is imported with --models",
            ));
        }
        unpacked(Counted::new(file, meter), Some(meta.len()))
    };
    opened().map_err(TransferError::file(path))
}

/// What tells a file from another: a hash begun with all of its bytes. None for what is no plain file, such as standard
/// input or a pipe, which can be read only once.
///
/// # Errors
/// [`TransferError::File`].
pub(crate) fn print(path: &Path) -> Result<Option<Xxh3>, TransferError> {
    let read = || -> std::io::Result<Option<Xxh3>> {
        if path == Path::new("-") || !std::fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let mut reader = BufReader::with_capacity(256 * 1024, File::open(path)?);
        let mut hash = Xxh3::new();
        loop {
            let bytes = reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(Some(hash));
            }
            hash.update(bytes);
            let n = bytes.len();
            reader.consume(n);
        }
    };
    read().map_err(TransferError::file(path))
}

fn unpacked(bytes: impl Read + Send + 'static, size: Option<u64>) -> std::io::Result<Input> {
    let mut reader = BufReader::with_capacity(256 * 1024, bytes);
    let packed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn BufRead + Send> = if packed {
        Box::new(BufReader::with_capacity(256 * 1024, MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    };
    Ok(Input { reader, size })
}

/// Bytes that are counted as they are read.
pub(crate) struct Counted<R> {
    inner: R,
    meter: Meter,
}

impl<R> Counted<R> {
    pub(crate) fn new(inner: R, meter: &Meter) -> Self {
        Self { inner, meter: meter.clone() }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.meter.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}
