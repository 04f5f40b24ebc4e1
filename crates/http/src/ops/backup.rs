//! The backups that were begun since the start, and how they went. Copies nothing.

use belfry_kernel::{Error, Kind, Time};
use belfry_ngsi_ld::Json;
use belfry_ports::Copied;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Backups that are remembered; the oldest that are done go first.
const REMEMBERED: usize = 100;

/// How a backup stands.
enum State {
    UnderWay,
    Done(Copied),
    Failed(String),
}

struct Backup {
    name: String,
    directory: PathBuf,
    begun_at: Time,
    state: State,
}

/// Backups, the oldest first.
#[derive(Default)]
pub(crate) struct Copies(Mutex<VecDeque<Backup>>);

impl Copies {
    /// A backup begins: one at a time, since each reads all there is.
    ///
    /// # Errors
    /// `Conflict` while another is under way.
    pub(crate) fn begin(&self, name: &str, directory: &Path, now: Time) -> Result<(), Error> {
        let mut all = self.0.lock();
        if let Some(other) = all.iter().find(|backup| matches!(backup.state, State::UnderWay)) {
            return Err(Error::new(Kind::Conflict, format!("the backup {:?} is under way", other.name)));
        }
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        let (name, directory) = (name.to_owned(), directory.to_owned());
        all.push_back(Backup { name, directory, begun_at: now, state: State::UnderWay });
        Ok(())
    }

    /// The backup that is under way ends.
    fn end(&self, outcome: Result<Copied, String>) {
        if let Some(backup) = self.0.lock().iter_mut().find(|backup| matches!(backup.state, State::UnderWay)) {
            backup.state = match outcome {
                Ok(copied) => State::Done(copied),
                Err(why) => State::Failed(why),
            };
        }
    }

    /// All of them, as they are shown.
    pub(crate) fn shown(&self) -> Json {
        Json::Array(self.0.lock().iter().map(Backup::shown).collect())
    }

    /// The newest one of this name, as it is shown.
    pub(crate) fn shown_one(&self, name: &str) -> Json {
        self.0.lock().iter().rev().find(|backup| backup.name == name).map_or(Json::Null, Backup::shown)
    }
}

/// The backup that is under way, until this is dropped.
pub(crate) struct Copying {
    copies: Arc<Copies>,
    /// How it went.
    pub(crate) outcome: Result<Copied, String>,
}

impl Copying {
    /// What is under way here.
    pub(crate) fn new(copies: Arc<Copies>) -> Self {
        Self { copies, outcome: Err("it broke off".to_owned()) }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.copies.end(self.outcome.clone());
    }
}

impl Backup {
    fn shown(&self) -> Json {
        let text = |text: &str| Json::from(text);
        let number = |n: u64| Json::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let state = match &self.state {
            State::UnderWay => "underWay",
            State::Done(_) => "done",
            State::Failed(_) => "failed",
        };
        let mut members = vec![
            ("name".into(), text(&self.name)),
            ("directory".into(), text(&self.directory.display().to_string())),
            ("begunAt".into(), text(&self.begun_at.to_string())),
            ("state".into(), text(state)),
        ];
        match &self.state {
            State::UnderWay => {}
            State::Done(copied) => members.extend([
                ("seq".into(), number(copied.seq)),
                ("at".into(), text(&copied.at.to_string())),
                ("bytes".into(), number(copied.bytes)),
            ]),
            State::Failed(why) => members.push(("reason".into(), text(why))),
        }
        Json::Object(members)
    }
}
