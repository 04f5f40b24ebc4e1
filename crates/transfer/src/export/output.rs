//! Where an export goes: standard output, or a file that appears under its name when it is complete.

use crate::TransferError;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

/// An output being written.
pub(super) struct Output {
    sink: Sink,
    /// Its name, and the name under which it is written.
    file: Option<(PathBuf, PathBuf)>,
}

enum Sink {
    Stdout(BufWriter<Stdout>),
    Plain(BufWriter<File>),
    Packed(GzEncoder<BufWriter<File>>),
}

impl Output {
    /// Opens it.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, TransferError> {
        let Some(path) = path else {
            return Ok(Self { sink: Sink::Stdout(BufWriter::with_capacity(1 << 18, std::io::stdout())), file: None });
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let file = BufWriter::with_capacity(1 << 18, File::create(&part).map_err(TransferError::file(&part))?);
        let packed = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let sink = if packed { Sink::Packed(GzEncoder::new(file, Compression::default())) } else { Sink::Plain(file) };
        Ok(Self { sink, file: Some((path.to_owned(), part)) })
    }

    /// Its name for messages.
    pub(super) fn name(&self) -> PathBuf {
        self.file.as_ref().map_or_else(|| PathBuf::from("standard output"), |(path, _)| path.clone())
    }

    /// Writes, with the name in the error.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), TransferError> {
        let name = self.name();
        self.write_all(bytes).map_err(TransferError::file(name))
    }

    /// Ends it: everything is on disk, and the file has its name.
    pub(super) fn finish(self) -> Result<(), TransferError> {
        let name = self.name();
        let ended = || -> std::io::Result<()> {
            let file = match self.sink {
                Sink::Stdout(mut out) => return out.flush(),
                Sink::Plain(file) => file,
                Sink::Packed(packer) => packer.finish()?,
            };
            file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            match &self.file {
                Some((path, part)) => std::fs::rename(part, path),
                None => Ok(()),
            }
        };
        ended().map_err(TransferError::file(name))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(out) => out.write(bytes),
            Sink::Plain(out) => out.write(bytes),
            Sink::Packed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(out) => out.flush(),
            Sink::Plain(out) => out.flush(),
            Sink::Packed(out) => out.flush(),
        }
    }
}
