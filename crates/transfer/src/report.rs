//! Refused rows and objects: the first of them on standard error, all of them in a file. Decides nothing.

use crate::TransferError;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// How many are printed.
const PRINTED: u64 = 20;

/// Where what is refused is told.
pub(crate) struct Reporter {
    file: Option<(PathBuf, BufWriter<File>)>,
    /// What is refused, in the plural.
    noun: &'static str,
    told: u64,
}

impl Reporter {
    /// Opens the report, to go on with it when an earlier run is resumed.
    pub(crate) fn open(path: Option<&Path>, noun: &'static str, resumed: bool) -> Result<Self, TransferError> {
        let Some(path) = path else { return Ok(Self { file: None, noun, told: 0 }) };
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(resumed)
            .truncate(!resumed)
            .open(path)
            .map_err(TransferError::file(path))?;
        Ok(Self { file: Some((path.to_owned(), BufWriter::new(file))), noun, told: 0 })
    }

    /// Writes a line to the file, if there is one.
    pub(crate) fn note(&mut self, line: &impl Serialize) -> Result<(), TransferError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let written =
            serde_json::to_writer(&mut *file, line).map_err(std::io::Error::from).and_then(|()| file.write_all(b"\n"));
        written.map_err(TransferError::file(path.clone()))
    }

    /// Notes something refused; the text to print, for the first ones.
    pub(crate) fn refuse(
        &mut self,
        line: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<Option<String>, TransferError> {
        self.note(line)?;
        self.told += 1;
        if self.told > PRINTED + 1 {
            return Ok(None);
        }
        if self.told == PRINTED + 1 {
            let rest = if self.file.is_some() { "the report has them all" } else { "--report FILE lists them all" };
            return Ok(Some(format!("further refused {} are not printed; {rest}", self.noun)));
        }
        Ok(Some(text()))
    }

    /// Hands what was noted to the system.
    pub(crate) fn flush(&mut self) -> Result<(), TransferError> {
        match &mut self.file {
            Some((path, file)) => file.flush().map_err(TransferError::file(path.clone())),
            None => Ok(()),
        }
    }
}
