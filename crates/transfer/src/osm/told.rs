//! What an import says of objects: rejected ones, and tags that were left out. Counts them; decides nothing.

use super::object::Object;
use crate::TransferError;
use crate::progress::Progress;
use crate::report::Reporter;
use serde::Serialize;
use std::path::Path;

/// Where objects are told.
pub(super) struct Told {
    pub(super) reporter: Reporter,
    pub(super) progress: Progress,
    file: String,
    pub(super) rejected: u64,
    pub(super) unread: u64,
}

/// A line of the report.
#[derive(Serialize)]
struct Line<'l> {
    file: &'l str,
    object: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'l str>,
    reason: &'l str,
    /// Whether the object was taken all the same.
    taken: bool,
}

impl Told {
    pub(super) fn new(report: Option<&Path>, source: &Path, progress: Progress) -> Result<Self, TransferError> {
        let reporter = Reporter::open(report, "objects", false)?;
        Ok(Self { reporter, progress, file: source.display().to_string(), rejected: 0, unread: 0 })
    }

    /// An object that is rejected.
    pub(super) fn reject(
        &mut self,
        object: Object,
        entity: Option<&str>,
        field: Option<&str>,
        reason: &str,
    ) -> Result<(), TransferError> {
        self.rejected += 1;
        let name = object.to_string();
        let line = Line { file: &self.file, object: &name, entity, field, reason, taken: false };
        let text = || {
            let field = field.map(|field| format!("{field}: ")).unwrap_or_default();
            let entity = entity.map(|id| format!(" ({id})")).unwrap_or_default();
            format!("{}: {name}: {field}{reason}{entity}", self.file)
        };
        if let Some(text) = self.reporter.refuse(&line, text)? {
            self.progress.say(&text);
        }
        Ok(())
    }

    /// A tag whose value cannot be read.
    pub(super) fn leave_out(&mut self, object: Object, entity: &str, tag: &str) -> Result<(), TransferError> {
        self.unread += 1;
        let name = object.to_string();
        let reason = "the value cannot be read; it is left out";
        let line =
            Line { file: &self.file, object: &name, entity: Some(entity), field: Some(tag), reason, taken: true };
        self.reporter.note(&line)
    }
}
