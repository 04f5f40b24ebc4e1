//! Which messages of a sender were committed lately, so that a repetition after a broken connection or a restart is
//! known. Kept in documents that are committed with the readings: the newest keys in one, older ones in a ring of pages,
//! so that a commit writes few bytes however many keys are remembered.

use belfry_kernel::Error;
use belfry_ports::{Collection, DocumentChange, Read};
use std::sync::Arc;

/// Keys of a page.
const PAGE: usize = 64;
/// Pages of the ring. With the newest page, at least this many times [`PAGE`] messages are remembered.
const PAGES: u8 = 16;

/// What is known of one sender.
pub(super) struct Seen {
    sender: Box<str>,
    /// The page that is written next.
    slot: u8,
    newest: Vec<u64>,
    /// The ring, read only when a message may be a repetition.
    older: Option<Vec<u64>>,
    full: Vec<(u8, Vec<u64>)>,
}

fn keys(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().expect("chunks of eight bytes")))
}

impl Seen {
    pub(super) fn read(sender: &str, read: &dyn Read) -> Result<Self, Error> {
        let stored = read.document(Collection::Device, &format!("seen:{sender}"))?;
        let (slot, newest) = match stored.as_deref().and_then(<[u8]>::split_first) {
            Some((slot, rest)) => (slot % PAGES, keys(rest).collect()),
            None => (0, Vec::new()),
        };
        Ok(Self { sender: sender.into(), slot, newest, older: None, full: Vec::new() })
    }

    /// Whether a message of this key was committed.
    pub(super) fn contains(&mut self, key: u64, read: &dyn Read) -> Result<bool, Error> {
        if self.newest.contains(&key) || self.full.iter().any(|(_, page)| page.contains(&key)) {
            return Ok(true);
        }
        if self.older.is_none() {
            let mut older = Vec::new();
            for slot in 0..PAGES {
                let page = read.document(Collection::Device, &format!("seen:{}:{slot}", self.sender))?;
                older.extend(keys(page.as_deref().unwrap_or_default()));
            }
            self.older = Some(older);
        }
        Ok(self.older.as_ref().is_some_and(|older| older.contains(&key)))
    }

    pub(super) fn insert(&mut self, key: u64) {
        self.newest.push(key);
        if self.newest.len() == PAGE {
            self.full.push((self.slot, std::mem::take(&mut self.newest)));
            self.slot = (self.slot + 1) % PAGES;
        }
    }

    /// The documents that changed.
    pub(super) fn into_changes(self) -> impl Iterator<Item = DocumentChange> {
        let bytes = |keys: &[u64]| keys.iter().flat_map(|k| k.to_le_bytes()).collect::<Vec<u8>>();
        let change = |key: String, bytes: Vec<u8>| DocumentChange {
            collection: Collection::Device,
            key: key.into(),
            bytes: Some(Arc::from(bytes)),
        };
        let mut head = vec![self.slot];
        head.extend(bytes(&self.newest));
        let mut changes = vec![change(format!("seen:{}", self.sender), head)];
        changes
            .extend(self.full.iter().map(|(slot, page)| change(format!("seen:{}:{slot}", self.sender), bytes(page))));
        changes.into_iter()
    }
}
