//! The bytes of a source: a file or standard input, unpacked when packed with gzip, counted as they are read.

use crate::TransferError;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::Xxh3;

/// How much of the beginning of a file tells it from another, bytes.
const PRINT_BYTES: usize = 64 * 1024;

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
    /// What tells this file from another: its size and its first 64 KiB; none for standard input.
    pub fingerprint: Option<u64>,
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// [`TransferError::File`].
pub fn open(path: &Path, meter: &Meter) -> Result<Input, TransferError> {
    if path == Path::new("-") {
        return unpacked(Counted { inner: std::io::stdin(), meter: meter.clone() }, None, None)
            .map_err(TransferError::file(path));
    }
    let opened = || -> std::io::Result<Input> {
        let mut file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(std::io::Error::other(
                "it is a folder; a folder of Smart Data Models is imported with --models",
            ));
        }
        let mut head = Vec::with_capacity(PRINT_BYTES);
        Read::by_ref(&mut file).take(PRINT_BYTES as u64).read_to_end(&mut head)?;
        let mut hash = Xxh3::new();
        hash.update(&meta.len().to_le_bytes());
        hash.update(&head);
        let file = std::io::Cursor::new(head).chain(file);
        unpacked(Counted { inner: file, meter: meter.clone() }, Some(meta.len()), Some(hash.digest()))
    };
    opened().map_err(TransferError::file(path))
}

fn unpacked(bytes: impl Read + Send + 'static, size: Option<u64>, fingerprint: Option<u64>) -> std::io::Result<Input> {
    let mut reader = BufReader::with_capacity(256 * 1024, bytes);
    let packed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn BufRead + Send> = if packed {
        Box::new(BufReader::with_capacity(256 * 1024, MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    };
    Ok(Input { reader, size, fingerprint })
}

struct Counted<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.meter.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
