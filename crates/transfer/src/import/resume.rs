//! How far an import came: a small file, replaced whole after every acknowledged window. A run that finds it goes on
//! after the last acknowledged row. At the end it says that the import is complete, so that it is not put into history a
//! second time unasked; of an import of states alone, which may be repeated, it is removed.

use super::args::Args;
use super::plan::Plan;
use crate::TransferError;
use crate::mapping::Mode;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The bookmark of an import.
pub(super) struct Bookmark {
    path: Option<PathBuf>,
    source: String,
    fingerprint: String,
    /// Rows that are done with.
    pub(super) done: u64,
    /// Of those of earlier runs, how many were refused.
    pub(super) refused: u64,
    /// Up to which row an earlier run had begun to send: what follows `done` up to here may have been written.
    begun: u64,
}

#[derive(Serialize, Deserialize)]
struct Page {
    /// Format of this file.
    version: u32,
    source: String,
    fingerprint: String,
    rows_done: u64,
    rows_begun: u64,
    rows_refused: u64,
    /// Whether all of it was taken.
    complete: bool,
}

/// The format of the file.
const VERSION: u32 = 2;

impl Bookmark {
    /// Opens the bookmark that fits this import.
    pub(super) fn open(args: &Args, plan: &Plan) -> Result<Self, TransferError> {
        let fingerprint = plan.fingerprint.map(|print| format!("{print:016x}"));
        let path = args.state.clone().or_else(|| fingerprint.as_ref().map(|_| beside(&plan.path)));
        let mut bookmark = Self {
            path: None,
            source: plan.path.display().to_string(),
            fingerprint: fingerprint.unwrap_or_default(),
            done: 0,
            refused: 0,
            begun: 0,
        };
        let Some(path) = path.filter(|_| !args.dry_run) else { return Ok(bookmark) };
        if bookmark.fingerprint.is_empty() {
            return Err(TransferError::Usage(
                "--state: only an import of one file can be resumed, not standard input or --models".into(),
            ));
        }
        bookmark.path = Some(path.clone());
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(bookmark),
            Err(cause) => return Err(TransferError::File { path, cause }),
        };
        let why = match serde_json::from_slice::<Page>(&text) {
            Ok(page) if page.complete && page.version == VERSION => {
                if page.fingerprint == bookmark.fingerprint && !args.again {
                    return Err(TransferError::Usage(format!(
                        "{}: this import is complete; --again puts all of it into history a second time",
                        path.display()
                    )));
                }
                return Ok(bookmark);
            }
            _ if args.restart => return Ok(bookmark),
            // Nothing was taken of it, most often since the address was wrong: there is nothing to lose.
            Ok(page) if page.rows_done == 0 && page.fingerprint != bookmark.fingerprint => return Ok(bookmark),
            Ok(page) if page.version != VERSION => "it was written by another version",
            Ok(page) if page.fingerprint != bookmark.fingerprint => {
                "it remembers another import: of another source or mapping, with other options, into another Belfry or tenant, or of this file before it changed"
            }
            Ok(page) => {
                let Page { rows_done: done, rows_refused: refused, rows_begun: begun, .. } = page;
                return Ok(Self { done, refused, begun, ..bookmark });
            }
            Err(_) => "it is not the state of an import",
        };
        Err(TransferError::Usage(format!("{}: {why}; --restart begins again from the first row", path.display())))
    }

    /// Whether rows after this one may have been written by a run that was cut before it could say so.
    pub(super) fn is_unsure_after(&self, row: u64) -> bool {
        self.begun > row
    }

    /// Remembers that all rows up to `done` are done with and that those up to `begun` are about to be sent.
    pub(super) fn save(&mut self, done: u64, begun: u64, refused: u64) -> Result<(), TransferError> {
        self.done = done;
        self.write(begun.max(self.begun), refused, false)
    }

    fn write(&self, begun: u64, refused: u64, complete: bool) -> Result<(), TransferError> {
        let Some(path) = &self.path else { return Ok(()) };
        let page = Page {
            version: VERSION,
            source: self.source.clone(),
            fingerprint: self.fingerprint.clone(),
            rows_done: self.done,
            rows_begun: begun,
            rows_refused: refused,
            complete,
        };
        replace(path, &page).map_err(TransferError::file(path.clone()))
    }

    /// The import is complete: nothing is to be resumed. What went into history is remembered, what is state alone may be
    /// imported again as often as one likes.
    pub(super) fn complete(&self, mode: Mode, refused: u64) -> Result<(), TransferError> {
        if mode != Mode::State {
            return self.write(self.done, refused, true);
        }
        let Some(path) = &self.path else { return Ok(()) };
        match std::fs::remove_file(path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(TransferError::File { path: path.clone(), cause })
            }
            _ => Ok(()),
        }
    }
}

fn beside(source: &Path) -> PathBuf {
    let mut name = source.file_name().unwrap_or_default().to_owned();
    name.push(".import-state");
    source.with_file_name(name)
}

/// A whole file or the old one: written beside, then renamed.
fn replace(path: &Path, page: &Page) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = std::fs::File::create(&beside)?;
    serde_json::to_writer_pretty(&mut file, page)?;
    file.write_all(b"\n")?;
    file.sync_data()?;
    std::fs::rename(&beside, path)
}
