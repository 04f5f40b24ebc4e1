//! Proves a directory sound: headers, chain, every record's checksum, the sequence without gaps. Reads only, repairs nothing.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, OsDisk};
use crate::error::{Error, Fault, Result};
use crate::format::HEADER_LEN;
use crate::mark;
use crate::survey::{closed, survey, tail};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many segments the log has.
    pub segments: u64,
    /// How many records hold.
    pub records: u64,
    /// The oldest sequence kept.
    pub first_seq: u64,
    /// The last sequence.
    pub last_seq: u64,
    /// The content in bytes.
    pub bytes: u64,
    /// An unfinished batch at the end: never acknowledged, cut off by the next open. Not damage.
    pub torn: Option<Finding>,
    /// Damage. A sound directory has none.
    pub findings: Vec<Finding>,
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Where in it, in bytes from its start.
    pub offset: u64,
    /// What does not hold.
    pub fault: Fault,
}

impl Report {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn take(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Corrupt { file, offset, fault } => {
                self.findings.push(Finding { file, offset, fault });
                Ok(())
            }
            other => Err(other),
        }
    }
}

/// Checks the log in a directory that nobody writes to. `Err` is only for what could not be read at all.
pub fn check(dir: impl AsRef<Path>) -> Result<Report> {
    check_on(&OsDisk, dir.as_ref())
}

/// [`check`] on a given file layer.
pub fn check_on(disk: &dyn Disk, dir: &Path) -> Result<Report> {
    let mut report = Report::default();
    let survey = match survey(disk, dir) {
        Ok(Some(survey)) => survey,
        Ok(None) => return Ok(report),
        Err(error) => {
            report.take(error)?;
            return Ok(report);
        }
    };
    if survey.mark_fault {
        report.findings.push(Finding { file: dir.join(mark::NAME), offset: 0, fault: Fault::Mark });
    }
    report.segments = survey.chain.len() as u64;
    report.first_seq = survey.chain.first().map_or(0, |link| link.header.first_seq);
    let last = survey.chain.len() - 1;
    for (at, link) in survey.chain.iter().enumerate() {
        let outcome = match link.stated_end {
            Some((end, next_seq)) if at < last => closed(link, end, next_seq).map(|()| (end, next_seq)),
            _ => tail(link, survey.mark.as_ref()).map(|tail| {
                report.torn = tail.torn.map(|(offset, fault)| Finding { file: link.path.clone(), offset, fault });
                (tail.end, tail.next_seq)
            }),
        };
        match outcome {
            Ok((end, next_seq)) => {
                report.bytes += end;
                report.records += next_seq - link.header.first_seq;
                report.last_seq = next_seq - 1;
            }
            Err(error) => report.take(error)?,
        }
    }
    debug_assert!(report.bytes >= HEADER_LEN || !report.is_sound(), "a sound log has at least a header");
    Ok(report)
}
