//! Proving a store's directory sound: every checksum, every record, and that the views agree with the log.

use crate::open::{self, Options, history_dir, log_dir, state_dir};
use crate::{EmbeddedStore, checkpoint};
use belfry_kernel::{Error, Time};
use belfry_ports::Store;

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// Commits in the log.
    pub commits: u64,
    /// Checkpoints read.
    pub checkpoints: usize,
    /// Entities in the state.
    pub entities: u64,
    /// Instances compared with history.
    pub instances: u64,
    /// Entities whose past was changed by hand (ETSI GS CIM 009 clauses 5.6.13 to 5.6.16) and so does not end in the
    /// present state.
    pub edited: u64,
    /// Rows of history.
    pub rows: u64,
    /// Everything that is wrong, one sentence each, naming file and place; empty when all is sound.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks a directory that no store has open. Opening it for the last part recovers it, as a start of the server would,
/// for which `options` are to be the server's; only retention rests.
///
/// # Errors
/// Only when the directory cannot be read at all or is in use; damage is in the report.
pub fn check(options: &Options) -> Result<Report, Error> {
    let dir = options.dir.as_path();
    drop(open::lock_free(dir)?);
    let mut report = Report::default();
    match belfry_log::check(log_dir(dir)) {
        Ok(log) => {
            report.commits = (log.last_seq + 1).saturating_sub(log.first_seq);
            for f in &log.findings {
                report.findings.push(format!("log: {}: byte {}: {}", f.file.display(), f.offset, f.fault));
            }
        }
        Err(e) => report.findings.push(format!("log: {e}")),
    }
    for (_, path) in checkpoint::list(&state_dir(dir)).map_err(|e| Error::internal(e.to_string()))? {
        report.checkpoints += 1;
        if let Err(e) = checkpoint::prove(&path) {
            report.findings.push(cause(&e.into()));
        }
    }
    let with_history = history_dir(dir).exists();
    if with_history {
        match belfry_history::check(history_dir(dir)) {
            Ok(history) => {
                report.rows = history.rows;
                report.findings.extend(history.findings.iter().map(|e| format!("history: {e}")));
            }
            Err(e) => report.findings.push(format!("history: {e}")),
        }
    }
    if report.is_sound() {
        let mut options = Options { retention: Vec::new(), ..options.clone() };
        if !with_history {
            options.history = None;
        }
        agree(&options, &mut report)?;
    }
    Ok(report)
}

fn cause(e: &Error) -> String {
    e.cause().map_or_else(|| e.public().to_owned(), ToString::to_string)
}

/// That the state and history say the same.
fn agree(options: &Options, report: &mut Report) -> Result<(), Error> {
    let store = match EmbeddedStore::open(options) {
        Ok(store) => store,
        Err(e) => {
            report.findings.push(cause(&e));
            return Ok(());
        }
    };
    report.entities = store.health().entities;
    if options.history.is_none() {
        return Ok(());
    }
    for id in store.all_ids()? {
        let Some(entity) = store.entity(id.as_str())? else { continue };
        let Some(past) = store.entity_at(id.as_str(), Time::MAX)? else {
            report.findings.push(format!("history: entity {id} is in the state and not in history"));
            continue;
        };
        let mut differs = Vec::new();
        for a in &entity.attributes {
            report.instances += 1;
            let known = past.instance(a.name, a.dataset_id.as_ref());
            if known.map(|k| (&k.value, k.observed_at)) != Some((&a.value, a.observed_at)) {
                differs.push(format!(
                    "history: entity {id}, attribute {}: the newest instance is not the one in the state",
                    a.name
                ));
            }
        }
        if past.attributes.len() != entity.attributes.len() {
            differs.push(format!("history: entity {id} has not the attributes that the state has"));
        }
        if !differs.is_empty() && store.edited_by_hand(&id)? {
            report.edited += 1;
        } else {
            report.findings.append(&mut differs);
        }
    }
    Ok(())
}
