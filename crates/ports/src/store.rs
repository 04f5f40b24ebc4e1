//! The store: current state, documents, history and the log, behind one trait. One store holds one tenant.

use crate::temporal::{Aggregation, Evolution, Instance, TemporalRange, TimeProperty};
use crate::{
    Answer, AttributeInfo, ChangeSet, Collection, Commit, Document, Feed, Page, Paged, Search, Seq, Stop, TypeInfo,
    Visit,
};
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::query::{EntityQuery, OrderBy};
use belfry_ngsi_ld::{AttributeKind, Entity, Name};
use compact_str::CompactString;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// A future that can be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A write on its way: resolves once it is durable (or refused).
pub type Ack = BoxFuture<'static, Result<Arc<Commit>, Error>>;

/// What a decision may look at: the state as it is at its place in the log.
pub trait Read {
    /// The entity of this identifier.
    fn entity(&self, id: &str) -> Result<Option<Arc<Entity>>, Error>;
    /// The document of this key.
    fn document(&self, collection: Collection, key: &str) -> Result<Option<Arc<[u8]>>, Error>;
}

/// A decision: pure, given the state and the instant of the commit it will be part of. What it returns is committed
/// whole; an error commits nothing. It runs alone: no other write comes between what it reads and what it changes.
pub type Decide = Box<dyn FnOnce(&dyn Read, Time) -> Result<ChangeSet, Error> + Send>;

/// How the store is.
#[derive(Clone, Debug, Default)]
pub struct StoreHealth {
    /// The last commit.
    pub seq: Seq,
    /// Entities in the current state.
    pub entities: u64,
    /// Why writes are refused now, if they are.
    pub refusing_writes: Option<String>,
    /// Bytes of log on disk.
    pub log_bytes: u64,
    /// Bytes of history on disk.
    pub history_bytes: u64,
    /// How often since the start a consumer of the feed had fallen so far behind that its place was given up.
    pub feed_gaps: u64,
}

/// What a backup or a restore made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The last commit in the copy.
    pub seq: Seq,
    /// Its instant.
    pub at: Time,
    /// Bytes written.
    pub bytes: u64,
}

/// One tenant's store. Reads answer from the last committed state and never wait for a write to become durable.
pub trait Store: Send + Sync {
    /// Hands a decision to the store. The returned future resolves when its change set is durable and visible.
    fn write(&self, decide: Decide) -> Ack;

    /// The entity of this identifier.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    fn entity(&self, id: &str) -> Result<Option<Entity>, Error>;

    /// Lends the entity of this identifier, without what has expired at or before `now`. Whether it is there. Writes and
    /// other reads go on while it is visited.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged; those of `visit`.
    fn visit(&self, id: &str, now: Time, visit: &mut Visit<'_>) -> Result<bool, Error>;

    /// Lends the entities of one page of those that match. `None` when more of them had to be looked at than the search
    /// allows: what was lent until then is not the answer.
    ///
    /// # Errors
    /// `TooComplexQuery` when the work is over the store's limit; `Timeout` when it is to stop; as [`Self::visit`].
    fn find(&self, search: &Search<'_>, visit: &mut Visit<'_>) -> Result<Option<Paged>, Error>;

    /// A page of the entities that match, without what of them has expired.
    ///
    /// # Errors
    /// As [`Self::find`].
    fn query(&self, query: &EntityQuery, order: Option<&OrderBy>, page: Page, now: Time) -> Result<Answer, Error> {
        let mut entities = Vec::new();
        let search = Search { query, order, page, now, looks: usize::MAX, stop: Stop::NEVER };
        let found = self.find(&search, &mut |lent| {
            entities.push(lent.make()?);
            Ok(())
        })?;
        let Paged { count, more, .. } = found.unwrap_or_default();
        Ok(Answer { entities, count, more })
    }

    /// Identifiers of the entities that match, at most `limit`.
    fn ids(&self, query: &EntityQuery, limit: usize, now: Time) -> Result<Vec<Iri>, Error>;

    /// Entity types in use, by name, with their attributes when asked for: that takes as long as there are pairs of them.
    fn types(&self, attributes: bool) -> Result<Vec<TypeInfo>, Error>;

    /// Attributes in use, by name, with the types of their entities when asked for; likewise.
    fn attributes(&self, types: bool) -> Result<Vec<AttributeInfo>, Error>;

    /// In which kinds attributes come, by name: one attribute, or all of the entities of one type, or one of one type.
    /// Takes as long as there are such entities; nothing when neither is named.
    fn kinds(&self, of_type: Option<Name>, attribute: Option<Name>) -> Result<Vec<(Name, Vec<AttributeKind>)>, Error>;

    /// Identifiers of entities that expired (or have an expired instance) at or before `now`, at most `limit`.
    fn expired(&self, now: Time, limit: usize) -> Result<Vec<Iri>, Error>;

    /// The document of this key.
    fn document(&self, collection: Collection, key: &str) -> Result<Option<Arc<[u8]>>, Error>;

    /// Up to `limit` documents of a collection with keys after `after`, by key.
    fn documents(&self, collection: Collection, after: Option<&str>, limit: usize) -> Result<Vec<Document>, Error>;

    /// The evolution of one entity's attributes (all of them when `names` is none). `None` when it has no history.
    fn evolution(&self, id: &str, names: Option<&[Name]>, range: &TemporalRange) -> Result<Option<Evolution>, Error>;

    /// Hands out one by one the instances that [`Self::evolution`] gives, until `visit` returns false: for a range that
    /// is too long to hold. Whether the entity has history.
    fn instances(
        &self,
        id: &str,
        names: Option<&[Name]>,
        range: &TemporalRange,
        visit: &mut dyn FnMut(Instance) -> bool,
    ) -> Result<bool, Error>;

    /// Hands out the scopes that one entity had, by arrival, within a range (the end not included): each set of them that
    /// held then, earliest first, until `visit` returns false. When the entity came later, its first ones.
    fn scopes(
        &self,
        id: &str,
        range: (Time, Time),
        visit: &mut dyn FnMut(&[CompactString]) -> bool,
    ) -> Result<(), Error>;

    /// Aggregates of one entity's attributes over buckets of time: each from one of the ascending `boundaries` to before
    /// the next. Counting `distinct` values costs memory, so it is asked for. `None` when the entity has no history.
    fn aggregate(
        &self,
        id: &str,
        names: Option<&[Name]>,
        by: TimeProperty,
        boundaries: &[Time],
        distinct: bool,
    ) -> Result<Option<Vec<Aggregation>>, Error>;

    /// Entities that have history (also those gone since), by identifier after `after`. With `types`, those whose last known
    /// types have one of them, at a cost that does not grow with entities of other types.
    fn historic(&self, types: Option<&[Name]>, after: Option<&str>, limit: usize) -> Result<Vec<Iri>, Error>;

    /// One entity exactly as it stood at an instant (by arrival), or none when it did not exist then.
    fn entity_at(&self, id: &str, at: Time) -> Result<Option<Entity>, Error>;

    /// Every entity as it stood at an instant (by arrival), handed out one by one in the order of identifiers after `after`,
    /// until `visit` returns false or it is to stop: then the identifier is given after which a further call goes on.
    fn state_at(
        &self,
        at: Time,
        after: Option<&str>,
        stop: Stop<'_>,
        visit: &mut dyn FnMut(Entity) -> bool,
    ) -> Result<Option<Iri>, Error>;

    /// The feed from after this place.
    fn feed(&self, after: Seq) -> Box<dyn Feed>;

    /// Copies the store into a new directory while writes go on. Takes as long as the copying does: call it where that
    /// may block.
    ///
    /// # Errors
    /// `InvalidRequest` when the directory is not empty; `Unavailable` when it cannot be written.
    fn backup(&self, into: &Path) -> Result<Copied, Error>;

    /// How it is.
    fn health(&self) -> StoreHealth;
}
