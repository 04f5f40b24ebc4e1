//! Refused rows: the first of them on standard error, all of them in a file. Decides nothing.

use super::window::Origin;
use crate::TransferError;
use crate::source::Refusal;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// How many refused rows are printed.
const PRINTED: u64 = 20;

/// Where refused rows are told.
pub(super) struct Reporter {
    file: Option<(PathBuf, BufWriter<File>)>,
    told: u64,
}

/// A line of the report.
#[derive(Serialize)]
struct Line<'l> {
    file: &'l str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<&'l str>,
    reason: &'l str,
}

impl Reporter {
    /// Opens the report, to go on with it when an earlier run is resumed.
    pub(super) fn open(path: Option<&Path>, resumed: bool) -> Result<Self, TransferError> {
        let Some(path) = path else { return Ok(Self { file: None, told: 0 }) };
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(resumed)
            .truncate(!resumed)
            .open(path)
            .map_err(TransferError::file(path))?;
        Ok(Self { file: Some((path.to_owned(), BufWriter::new(file))), told: 0 })
    }

    /// Notes a refused row; the line to print, for the first ones.
    pub(super) fn refuse(&mut self, origin: &Origin, refusal: &Refusal) -> Result<Option<String>, TransferError> {
        let name = origin.file.display().to_string();
        if let Some((path, file)) = &mut self.file {
            let line = Line {
                file: &name,
                line: origin.line,
                field: refusal.field.as_deref(),
                entity: refusal.entity.as_deref(),
                reason: &refusal.reason,
            };
            let written = serde_json::to_writer(&mut *file, &line)
                .map_err(std::io::Error::from)
                .and_then(|()| file.write_all(b"\n"));
            written.map_err(TransferError::file(path.clone()))?;
        }
        self.told += 1;
        if self.told > PRINTED + 1 {
            return Ok(None);
        }
        if self.told == PRINTED + 1 {
            let rest = if self.file.is_some() { "the report has them all" } else { "--report FILE lists them all" };
            return Ok(Some(format!("further refused rows are not printed; {rest}")));
        }
        let field = refusal.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        let entity = refusal.entity.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        Ok(Some(format!("{name}:{}: {field}{}{entity}", origin.line, refusal.reason)))
    }

    /// Hands what was noted to the system.
    pub(super) fn flush(&mut self) -> Result<(), TransferError> {
        match &mut self.file {
            Some((path, file)) => file.flush().map_err(TransferError::file(path.clone())),
            None => Ok(()),
        }
    }

    /// Ends the report.
    pub(super) fn finish(&mut self) -> Result<(), TransferError> {
        self.flush()
    }
}
