//! The embedded store as the port sees it.

use crate::feed::LogFeed;
use crate::maintenance::Maintenance;
use crate::open::{self, Options};
use crate::shared::Shared;
use crate::writer::{Command, Writer};
use crate::{blob, catalogue, plan, series};
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::query::EntityQuery;
use belfry_ngsi_ld::{AttributeKind, Entity, Name};
use belfry_ports::temporal::{Aggregation, Evolution, Instance, TemporalRange, TimeProperty};
use belfry_ports::{
    Ack, AttributeInfo, Collection, Copied, Decide, Document, Feed, Page, Paged, Search, Seq, Stop, Store, StoreHealth,
    TypeInfo, Visit,
};
use compact_str::CompactString;
use smallvec::SmallVec;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// An image of so many bytes is copied without asking for memory.
const USUAL_BYTES: usize = 1024;

/// One tenant's store in one directory. Dropping it finishes what was accepted and closes the files.
pub struct EmbeddedStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: mpsc::Sender<Command>,
    writer: Option<JoinHandle<()>>,
    pub(crate) maintenance: Maintenance,
}

impl EmbeddedStore {
    /// Opens the directory, recovering what a crash left.
    ///
    /// # Errors
    /// `Unavailable` when the directory is in use, cannot be read, is of another version, or its log or history is
    /// damaged, naming file and place; `Internal` when its parts do not belong together or a checkpoint or record is damaged.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let opened = open::open(options)?;
        let mut last = opened.place.last;
        let shared = Arc::new(Shared::new(
            opened.state,
            opened.names,
            opened.history,
            opened.log.handle(),
            options.clock.clone(),
            options,
        ));
        if let Some(history) = shared.history.as_ref().filter(|_| opened.history_lacks) {
            last = shared.clock.now().max(last.plus_micros(1));
            series::fill::fill(&shared, history, last)?;
            shared.state.write().last = last;
        }
        let (queue, commands) = mpsc::channel(options.queue);
        let writer = Writer::new(shared.clone(), opened.log, last)?;
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(commands))
            .map_err(Error::internal)?;
        let maintenance = Maintenance::start(shared.clone(), queue.clone(), options, opened.checkpointed.seq)?;
        Ok(Self { shared, queue, writer: Some(thread), maintenance })
    }

    /// Takes a checkpoint now and waits for it, so that the next start is quick.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be written.
    pub fn checkpoint(&self) -> Result<(), Error> {
        self.maintenance.checkpoint_now()
    }

    /// Lets go now what the retention policies say is too old, and waits for it.
    ///
    /// # Errors
    /// `Unavailable` when history cannot be written.
    pub fn retain(&self) -> Result<(), Error> {
        self.maintenance.retain_now()
    }

    /// Whether somebody changed the past of this entity by hand.
    pub(crate) fn edited_by_hand(&self, id: &Iri) -> Result<bool, Error> {
        series::read::edited(&self.shared, id.as_str())
    }

    /// Every identifier, in the order of slots.
    pub(crate) fn all_ids(&self) -> Result<Vec<Iri>, Error> {
        let state = self.shared.state.read();
        let blobs = (0..state.slots.end()).filter_map(|slot| state.slots.get(slot));
        blobs.map(|b| Ok(Iri::from_checked(crate::blob::id_of(b)?))).collect()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.maintenance.stop();
        let queue = self.queue.clone();
        // The queue may be full and this may run on a runtime's thread: the send must neither fail nor block it.
        let stopper = std::thread::spawn(move || queue.blocking_send(Command::Stop));
        let _ = stopper.join();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        self.shared.close();
    }
}

impl Store for EmbeddedStore {
    fn write(&self, decide: Decide) -> Ack {
        let closed = || Error::new(Kind::Unavailable, "the store is shutting down");
        let (reply, answer) = oneshot::channel();
        // In the call itself, so that writes keep the order of the calls; only a full queue is waited for.
        let waiting = match self.queue.try_send(Command::Write(decide, reply)) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
            Err(mpsc::error::TrySendError::Full(command)) => Some((self.queue.clone(), command)),
        };
        Box::pin(async move {
            if let Some((queue, command)) = waiting {
                queue.send(command).await.map_err(|_| closed())?;
            }
            answer.await.map_err(|_| closed())?
        })
    }

    fn entity(&self, id: &str) -> Result<Option<Entity>, Error> {
        Ok(self.shared.state.read().entity(id, &self.shared.names)?)
    }

    fn visit(&self, id: &str, now: Time, visit: &mut Visit<'_>) -> Result<bool, Error> {
        let mut image: SmallVec<[u8; USUAL_BYTES]> = SmallVec::new();
        {
            let state = self.shared.state.read();
            let Some(bytes) = state.slots.find(id).and_then(|slot| state.slots.get(slot)) else { return Ok(false) };
            image.extend_from_slice(bytes);
        }
        let entity = blob::lend(&image, &self.shared.names, now)?;
        if entity.expires_at.is_some_and(|at| at <= now) {
            return Ok(false);
        }
        visit(&entity)?;
        Ok(true)
    }

    fn find(&self, search: &Search<'_>, visit: &mut Visit<'_>) -> Result<Option<Paged>, Error> {
        plan::find(&self.shared, search, visit)
    }

    fn ids(&self, query: &EntityQuery, limit: usize, now: Time) -> Result<Vec<Iri>, Error> {
        let page = Page { offset: 0, limit, bytes: usize::MAX, count: false };
        let mut ids = Vec::new();
        let search = Search { query, order: None, page, now, looks: usize::MAX, stop: Stop::NEVER };
        self.find(&search, &mut |lent| {
            ids.push(lent.id());
            Ok(())
        })?;
        Ok(ids)
    }

    fn types(&self, attributes: bool) -> Result<Vec<TypeInfo>, Error> {
        catalogue::types(&self.shared, attributes)
    }

    fn attributes(&self, types: bool) -> Result<Vec<AttributeInfo>, Error> {
        catalogue::attributes(&self.shared, types)
    }

    fn kinds(&self, of_type: Option<Name>, attribute: Option<Name>) -> Result<Vec<(Name, Vec<AttributeKind>)>, Error> {
        catalogue::kinds(&self.shared, of_type, attribute)
    }

    fn expired(&self, now: Time, limit: usize) -> Result<Vec<Iri>, Error> {
        let state = self.shared.state.read();
        let mut ids = Vec::new();
        for slot in state.indexes.expired(now).take(limit) {
            if let Some(blob) = state.slots.get(slot) {
                ids.push(Iri::from_checked(crate::blob::id_of(blob)?));
            }
        }
        Ok(ids)
    }

    fn document(&self, collection: Collection, key: &str) -> Result<Option<Arc<[u8]>>, Error> {
        Ok(self.shared.state.read().document(collection, key))
    }

    fn documents(&self, collection: Collection, after: Option<&str>, limit: usize) -> Result<Vec<Document>, Error> {
        let state = self.shared.state.read();
        let Some(all) = state.documents.get(&collection) else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(all
            .range::<str, _>((from, Bound::Unbounded))
            .take(limit)
            .map(|(key, bytes)| Document { key: key.clone(), bytes: bytes.clone() })
            .collect())
    }

    fn evolution(&self, id: &str, names: Option<&[Name]>, range: &TemporalRange) -> Result<Option<Evolution>, Error> {
        series::read::evolution(&self.shared, id, names, range)
    }

    fn instances(
        &self,
        id: &str,
        names: Option<&[Name]>,
        range: &TemporalRange,
        visit: &mut dyn FnMut(Instance) -> bool,
    ) -> Result<bool, Error> {
        series::read::instances(&self.shared, id, names, range, visit)
    }

    fn scopes(
        &self,
        id: &str,
        range: (Time, Time),
        visit: &mut dyn FnMut(&[CompactString]) -> bool,
    ) -> Result<(), Error> {
        series::read::scopes(&self.shared, id, range, visit)
    }

    fn aggregate(
        &self,
        id: &str,
        names: Option<&[Name]>,
        by: TimeProperty,
        boundaries: &[Time],
        distinct: bool,
    ) -> Result<Option<Vec<Aggregation>>, Error> {
        series::read::aggregate(&self.shared, id, names, by, boundaries, distinct)
    }

    fn historic(&self, types: Option<&[Name]>, after: Option<&str>, limit: usize) -> Result<Vec<Iri>, Error> {
        series::past::historic(&self.shared, types, after, limit)
    }

    fn entity_at(&self, id: &str, at: Time) -> Result<Option<Entity>, Error> {
        series::read::entity_at(&self.shared, id, at)
    }

    fn state_at(
        &self,
        at: Time,
        after: Option<&str>,
        stop: Stop<'_>,
        visit: &mut dyn FnMut(Entity) -> bool,
    ) -> Result<Option<Iri>, Error> {
        series::read::state_at(&self.shared, at, after, stop, visit)
    }

    fn feed(&self, after: Seq) -> Box<dyn Feed> {
        Box::new(LogFeed::new(self.shared.clone(), after))
    }

    fn backup(&self, into: &Path) -> Result<Copied, Error> {
        self.maintenance.backup_now(into)
    }

    fn health(&self) -> StoreHealth {
        let (seq, entities) = {
            let state = self.shared.state.read();
            (state.seq, state.slots.len() as u64)
        };
        StoreHealth {
            seq,
            entities,
            refusing_writes: self.shared.refusing(),
            log_bytes: self.shared.log.size_bytes(),
            feed_gaps: self.shared.cursors_dropped.load(std::sync::atomic::Ordering::Relaxed),
            history_bytes: self.shared.history.as_ref().map_or(0, |h| h.at_rest().1),
        }
    }
}
