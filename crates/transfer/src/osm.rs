//! `belfry import osm`: extracts of OpenStreetMap as entities of the town's register. Four readings make entities of what
//! the table of kinds knows; each is compared with what a running Belfry has, and only what differs is sent. Talks to Belfry
//! only through its public HTTP API.

mod address;
mod args;
mod assembly;
mod closing;
mod content;
mod entity;
mod explain;
mod extract;
mod known;
mod names;
mod object;
mod outline;
mod place;
mod places;
mod run;
mod table;
mod told;

pub use args::{Args, Vanished};

use crate::{Problem, TransferError};

/// What became of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects of the extract that are of some kind.
    pub objects: u64,
    /// Of these, how many were rejected; and elements that could not be read at all.
    pub rejected: u64,
    /// Entities that are new.
    pub created: u64,
    /// Entities of which something changed.
    pub changed: u64,
    /// Entities that are there as they should be; nothing of them was sent.
    pub unchanged: u64,
    /// Entities whose objects vanished: removed from the current state.
    pub closed: u64,
    /// Entities whose objects vanished: marked, and still there.
    pub marked: u64,
    /// Tags that were left out, since their values cannot be read.
    pub unread: u64,
    /// Tags that name or reach a person: never read.
    pub personal: u64,
}

impl Summary {
    /// Entities that were written.
    pub fn written(&self) -> u64 {
        self.created + self.changed
    }

    /// 0 when every object was taken, 1 when some were rejected. (An error that stopped the import is exit code 2.)
    pub fn exit_code(&self) -> u8 {
        u8::from(self.rejected > 0)
    }
}

/// Runs an import.
///
/// # Errors
/// What stopped it; what was acknowledged before stays, and the same command goes on from there.
pub async fn run(args: Args) -> Result<Summary, TransferError> {
    run::run(args).await
}

/// What is wrong with a table of kinds.
///
/// # Errors
/// All of it, each with its place.
pub fn check_kinds(text: &str) -> Result<(), Vec<Problem>> {
    match table::Table::parse(std::path::Path::new("kinds.txt"), text) {
        Ok(_) => Ok(()),
        Err(TransferError::Mapping(problems)) => Err(problems),
        // Of a text there is nothing else that can be wrong.
        Err(_) => Err(Vec::new()),
    }
}
