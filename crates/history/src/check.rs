//! Proving a directory sound, and copying it while it is in use. Neither changes anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::history::History;
use crate::manifest::{Manifest, NAMES};
use crate::run::Run;

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// Runs that the manifest names.
    pub runs: usize,
    /// Rows in them, corrections included.
    pub rows: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Everything that is wrong, with file and offset; empty when all is sound.
    pub findings: Vec<Error>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Reads every byte that counts in the history at `dir`. Opens nothing for writing.
///
/// # Errors
/// When there is no readable manifest at all; everything less is a finding.
pub fn check(dir: impl AsRef<Path>) -> Result<Report> {
    let dir = dir.as_ref();
    let mut report = Report::default();
    let manifest = Manifest::load(dir)?.unwrap_or_default();
    for name in NAMES {
        match Manifest::read(&dir.join(name)) {
            Ok(_) => {}
            Err(e) => report.findings.push(e),
        }
    }
    report.runs = manifest.runs.len();
    for &id in &manifest.runs {
        match Run::open(dir, id) {
            Ok(run) => {
                report.rows += run.places.iter().map(|p| p.bounds.rows).sum::<u64>();
                report.bytes += run.len;
                report.findings.extend(run.check());
            }
            Err(e) => report.findings.push(e),
        }
    }
    Ok(report)
}

/// A consistent set of files to copy. The files stay until this is dropped, whatever is merged meanwhile.
pub struct Backup {
    /// Immutable run files.
    pub files: Vec<PathBuf>,
    /// What is to be stored beside the copies under the name `MANIFEST`.
    pub manifest: Vec<u8>,
    /// The log sequence that the files cover.
    pub flushed_seq: u64,
    _pins: Arc<Vec<Arc<Run>>>,
}

impl History {
    /// Pins the files of this moment. Flush before, for the copy to cover the open part too.
    pub fn backup(&self) -> Backup {
        let manifest = self.manifest.lock();
        let pins = Arc::clone(&self.state.read().runs);
        Backup {
            files: pins.iter().map(|r| r.path.clone()).collect(),
            manifest: manifest.to_bytes(),
            flushed_seq: manifest.flushed_seq,
            _pins: pins,
        }
    }

    /// Rows and bytes at rest.
    pub fn at_rest(&self) -> (u64, u64) {
        let runs = Arc::clone(&self.state.read().runs);
        let rows = runs.iter().flat_map(|r| &r.places).map(|p| p.bounds.rows).sum();
        (rows, runs.iter().map(|r| r.len).sum())
    }

    /// How many runs there are.
    pub fn runs(&self) -> usize {
        self.state.read().runs.len()
    }
}
