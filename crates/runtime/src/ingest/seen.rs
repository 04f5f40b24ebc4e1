//! Which messages of a sender were committed lately, so that a repetition after a broken connection or a restart is
//! known. Kept in documents that are committed with the readings: the newest keys in one, older ones in a ring of pages,
//! so that a commit writes few bytes however many keys are remembered. Senders that are silent for long are forgotten.

use crate::write::write;
use belfry_kernel::{Error, Time};
use belfry_ports::{ChangeSet, Collection, DocumentChange, Read, Store};
use std::sync::Arc;

/// Keys of a page.
const PAGE: usize = 64;
/// Pages of the ring. With the newest page, at least this many times [`PAGE`] messages are remembered.
const PAGES: u8 = 16;
/// What the keys of the newest pages begin with, and those of the ring.
const NEWEST: &str = "seen:";
const RING: &str = "seen-page:";
/// Senders that are read, or forgotten in one commit, at a time.
const AT_ONCE: usize = 500;

/// What is known of one sender.
pub(super) struct Seen {
    sender: Box<str>,
    /// Whether nothing was known of it.
    pub(super) is_new: bool,
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

/// The newest page: when it was written, the slot of the ring that is next, keys.
fn parts(bytes: &[u8]) -> Option<(Time, u8, &[u8])> {
    let (at, rest) = bytes.split_first_chunk::<8>()?;
    let (slot, keys) = rest.split_first()?;
    Some((Time::from_micros(i64::from_le_bytes(*at)), slot % PAGES, keys))
}

fn newest(sender: &str) -> String {
    format!("{NEWEST}{sender}")
}

fn page(sender: &str, slot: u8) -> String {
    format!("{RING}{slot}:{sender}")
}

impl Seen {
    pub(super) fn read(sender: &str, read: &dyn Read) -> Result<Self, Error> {
        let stored = read.document(Collection::Device, &newest(sender))?;
        let (slot, newest) = match stored.as_deref().and_then(parts) {
            Some((_, slot, rest)) => (slot, keys(rest).collect()),
            None => (0, Vec::new()),
        };
        Ok(Self { sender: sender.into(), is_new: stored.is_none(), slot, newest, older: None, full: Vec::new() })
    }

    /// Whether a message of this key was committed.
    pub(super) fn contains(&mut self, key: u64, read: &dyn Read) -> Result<bool, Error> {
        if self.newest.contains(&key) || self.full.iter().any(|(_, page)| page.contains(&key)) {
            return Ok(true);
        }
        if self.older.is_none() {
            let mut older = Vec::new();
            for slot in 0..PAGES {
                let page = read.document(Collection::Device, &page(&self.sender, slot))?;
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
    pub(super) fn into_changes(self, now: Time) -> impl Iterator<Item = DocumentChange> {
        let bytes = |keys: &[u64]| keys.iter().flat_map(|k| k.to_le_bytes()).collect::<Vec<u8>>();
        let change = |key: String, bytes: Vec<u8>| DocumentChange {
            collection: Collection::Device,
            key: key.into(),
            bytes: Some(Arc::from(bytes)),
        };
        let mut head = now.micros().to_le_bytes().to_vec();
        head.push(self.slot);
        head.extend(bytes(&self.newest));
        let mut changes = vec![change(newest(&self.sender), head)];
        changes.extend(self.full.iter().map(|(slot, keys)| change(page(&self.sender, *slot), bytes(keys))));
        changes.into_iter()
    }
}

/// Forgets the senders that are silent since `before`, and of the others those that are silent longest, beyond `most`. How
/// many were forgotten.
pub(super) async fn forget(store: &dyn Store, before: Time, most: usize) -> Result<usize, Error> {
    let mut senders = all(store)?;
    senders.sort_unstable();
    let old = senders.partition_point(|(at, _)| *at < before).max(senders.len().saturating_sub(most));
    senders.truncate(old);
    for batch in senders.chunks(AT_ONCE) {
        let batch = batch.to_vec();
        write(store, move |read, _| {
            let mut set = ChangeSet::default();
            for (at, sender) in batch {
                let head = newest(&sender);
                // Unless it said something meanwhile.
                if last(read.document(Collection::Device, &head)?.as_deref()) != Some(at) {
                    continue;
                }
                let gone =
                    |key: String| DocumentChange { collection: Collection::Device, key: key.into(), bytes: None };
                set.documents.push(gone(head));
                for slot in 0..PAGES {
                    let page = page(&sender, slot);
                    if read.document(Collection::Device, &page)?.is_some() {
                        set.documents.push(gone(page));
                    }
                }
            }
            Ok((set, ()))
        })
        .await?;
    }
    Ok(old)
}

/// When a sender was last heard of: long ago where that does not stand there.
fn last(head: Option<&[u8]>) -> Option<Time> {
    head.map(|bytes| parts(bytes).map_or(Time::MIN, |(at, ..)| at))
}

/// Every sender, with when it was last heard of.
fn all(store: &dyn Store) -> Result<Vec<(Time, Box<str>)>, Error> {
    let mut senders = Vec::new();
    let mut after: Box<str> = NEWEST.into();
    loop {
        let page = store.documents(Collection::Device, Some(&after), AT_ONCE)?;
        let full = page.len() == AT_ONCE;
        for document in page {
            let Some(sender) = document.key.strip_prefix(NEWEST) else { return Ok(senders) };
            senders.push((last(Some(&document.bytes)).unwrap_or(Time::MIN), sender.into()));
            after = document.key;
        }
        if !full {
            return Ok(senders);
        }
    }
}
