//! The current state: blobs with their indexes, and documents. A view of the log: it changes only by applying commits.

use crate::blob;
use crate::codec::Damaged;
use crate::dictionary::Dictionary;
use crate::index::{Indexes, earliest_expiry};
use crate::slots::Slots;
use belfry_kernel::Time;
use belfry_ngsi_ld::{Entity, Name};
use belfry_ports::{Change, ChangeKind, Collection, Seq};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The documents of one collection, by key.
pub(crate) type Documents = BTreeMap<Box<str>, Arc<[u8]>>;

/// One tenant's current state.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) slots: Slots,
    pub(crate) indexes: Indexes,
    pub(crate) documents: HashMap<Collection, Documents>,
    /// The last commit applied, and its instant.
    pub(crate) seq: Seq,
    pub(crate) at: Time,
    /// The largest stamp given out; the next commit is later.
    pub(crate) last: Time,
}

impl State {
    /// The entity of this identifier.
    pub(crate) fn entity(&self, id: &str, names: &Dictionary) -> Result<Option<Entity>, Damaged> {
        match self.slots.find(id).and_then(|slot| self.slots.get(slot)) {
            Some(bytes) => blob::decode(bytes, names).map(Some),
            None => Ok(None),
        }
    }

    /// Puts an entity whose image is at hand, with what changed. The cost grows with what changed, not with the entity,
    /// unless an index over content watches it.
    pub(crate) fn put(
        &mut self,
        after: &Entity,
        bytes: Box<[u8]>,
        changes: &[Change],
        names: &Dictionary,
    ) -> Result<(), Damaged> {
        let (slot, old) = self.slots.put(after.id.as_str(), bytes);
        let Some(old) = old else {
            self.add_all(slot, after, names);
            return Ok(());
        };
        let new_head = self.slots.get(slot).map(blob::head).transpose()?.ok_or(Damaged("a blob is missing"))?;
        let old_head = blob::head(&old)?;
        if old_head.types != new_head.types || old_head.scopes != new_head.scopes {
            self.indexes.remove_head(slot, &old_head);
            self.indexes.add_head(slot, &new_head);
        }
        for change in changes {
            match change.kind {
                ChangeKind::Created => self.indexes.set_attribute(slot, names.number(change.name), true),
                ChangeKind::Deleted if !after.has(change.name) => {
                    self.indexes.set_attribute(slot, names.number(change.name), false);
                }
                ChangeKind::Updated | ChangeKind::Repeated | ChangeKind::Deleted => {}
            }
        }
        let watched = self.indexes.content.watches(changes.iter().map(|c| c.name));
        let expiring = earliest_expiry(after);
        // The old image is read only where something needs it.
        if watched || expiring.is_some() || self.indexes.has_expiry(slot) {
            let before = blob::decode(&old, names)?;
            self.indexes.set_expiry(slot, earliest_expiry(&before), expiring);
            if watched {
                let touched: SmallVec<[Name; 8]> = changes.iter().map(|c| c.name).collect();
                self.indexes.content.turn(slot, Some(&before), Some(after), Some(&touched));
            }
        }
        Ok(())
    }

    /// Puts an entity from its bytes alone, whatever was there: what recovery does.
    pub(crate) fn restore(&mut self, bytes: Box<[u8]>, names: &Dictionary) -> Result<(), Damaged> {
        let after = blob::decode(&bytes, names)?;
        self.delete(after.id.as_str(), names)?;
        let (slot, _) = self.slots.put(after.id.as_str(), bytes);
        self.add_all(slot, &after, names);
        Ok(())
    }

    /// Puts an entity of a checkpoint, which holds each identifier once, without making its image.
    pub(crate) fn load(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let id = blob::id_of(bytes)?;
        let (slot, old) = self.slots.put(id, bytes.into());
        let head = blob::head(bytes)?;
        if let Some(old) = old {
            // The same entity twice: it moved to another slot while the checkpoint was written.
            self.indexes.remove_head(slot, &blob::head(&old)?);
            blob::skim(&old, |number, _| self.indexes.set_attribute(slot, number, false))?;
        }
        self.indexes.add_head(slot, &head);
        let (mut expiry, mut last) = (head.expires_at, None);
        blob::skim(bytes, |number, expires| {
            if last != Some(number) {
                self.indexes.set_attribute(slot, number, true);
            }
            last = Some(number);
            expiry = [expiry, expires].into_iter().flatten().min();
        })?;
        self.indexes.set_expiry(slot, None, expiry);
        Ok(())
    }

    fn add_all(&mut self, slot: u32, after: &Entity, names: &Dictionary) {
        let Some(Ok(head)) = self.slots.get(slot).map(blob::head) else { return };
        self.indexes.add_head(slot, &head);
        self.indexes.set_expiry(slot, None, earliest_expiry(after));
        let mut last = None;
        for a in &after.attributes {
            if last != Some(a.name) {
                self.indexes.set_attribute(slot, names.number(a.name), true);
            }
            last = Some(a.name);
        }
        self.indexes.content.add_id(slot, after.id.as_str());
        if self.indexes.content.watches_attributes() {
            self.indexes.content.turn(slot, None, Some(after), None);
        }
    }

    /// Takes an entity out. Whether it was there.
    pub(crate) fn delete(&mut self, id: &str, names: &Dictionary) -> Result<bool, Damaged> {
        let Some((slot, old)) = self.slots.remove(id) else { return Ok(false) };
        let before = blob::decode(&old, names)?;
        self.indexes.content.remove_id(slot, id);
        self.indexes.remove_head(slot, &blob::head(&old)?);
        self.indexes.set_expiry(slot, earliest_expiry(&before), None);
        for a in &before.attributes {
            self.indexes.set_attribute(slot, names.number(a.name), false);
        }
        self.indexes.content.turn(slot, Some(&before), None, None);
        Ok(true)
    }

    /// Puts or deletes a document.
    pub(crate) fn set_document(&mut self, collection: Collection, key: &str, bytes: Option<Arc<[u8]>>) {
        let documents = self.documents.entry(collection).or_default();
        match bytes {
            Some(bytes) => {
                documents.insert(key.into(), bytes);
            }
            None => {
                documents.remove(key);
            }
        }
    }

    /// The document of this key.
    pub(crate) fn document(&self, collection: Collection, key: &str) -> Option<Arc<[u8]>> {
        self.documents.get(&collection)?.get(key).cloned()
    }
}
