//! What an application's service for one tenant works with: the tenant's state, past, log and files, the clock, and where
//! work is done. Holds nothing of other tenants, and no adapter.

use crate::{Cursor, Draft, Files, Host};
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::query::EntityQuery;
use belfry_ngsi_ld::{Entity, Name};
use belfry_ports::temporal::{Aggregation, Evolution, Instance, TemporalRange, TimeProperty};
use belfry_ports::{
    BoxFuture, Collection, Commit, Document, Feed, Page, Paged, Search, Seq, Stop, Store, TypeInfo, Visit,
};
use futures_util::lock::Mutex as AsyncMutex;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// The tenant, to one application. Cloning it costs a count.
#[derive(Clone)]
pub struct Ctx {
    shared: Arc<Shared>,
}

struct Shared {
    app: Box<str>,
    tenant: Box<str>,
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    /// One file is written at a time.
    writing: AsyncMutex<()>,
}

impl Ctx {
    /// Made by the host of applications.
    pub fn new(app: &str, tenant: &str, store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        let (app, tenant) = (app.into(), tenant.into());
        Self { shared: Arc::new(Shared { app, tenant, store, host, writing: AsyncMutex::new(()) }) }
    }

    /// The application's name.
    pub fn app(&self) -> &str {
        &self.shared.app
    }

    /// The tenant's name; the empty text for the default one.
    pub fn tenant(&self) -> &str {
        &self.shared.tenant
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.shared.host.now()
    }

    // The state as it is.

    /// The entity of this identifier, without what has expired of it.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn entity(&self, id: &str) -> Result<Option<Entity>, Error> {
        let mut found = None;
        self.lend(id, &mut |lent| {
            found = Some(lent.make()?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Lends the entity of this identifier, to be read where it lies. Whether it is there.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged; those of `visit`.
    pub fn lend(&self, id: &str, visit: &mut Visit<'_>) -> Result<bool, Error> {
        self.shared.store.visit(id, self.now(), visit)
    }

    /// Lends the entities of one page of those that match; `None` when more had to be looked at than the search allows.
    ///
    /// # Errors
    /// `TooComplexQuery` when the work is over the store's limit; `Internal`; those of `visit`.
    pub fn find(&self, search: &Search<'_>, visit: &mut Visit<'_>) -> Result<Option<Paged>, Error> {
        self.shared.store.find(search, visit)
    }

    /// Lends every entity that matches. May take long: call it within [`Self::blocking`] when many may match.
    ///
    /// # Errors
    /// As [`Self::find`]; an error of `visit` ends the visit.
    pub fn visit(&self, query: &EntityQuery, visit: &mut Visit<'_>) -> Result<(), Error> {
        let page = Page { offset: 0, limit: usize::MAX, bytes: usize::MAX, count: false };
        let search = Search { query, order: None, page, now: self.now(), looks: usize::MAX, stop: Stop::NEVER };
        self.find(&search, visit).map(drop)
    }

    /// Identifiers of the entities that match, at most `limit`.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn ids(&self, query: &EntityQuery, limit: usize) -> Result<Vec<Iri>, Error> {
        self.shared.store.ids(query, limit, self.now())
    }

    /// Entity types in use, by name, with how many entities have each, and with their attributes when asked for.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn types(&self, attributes: bool) -> Result<Vec<TypeInfo>, Error> {
        self.shared.store.types(attributes)
    }

    // The past.

    /// The evolution of one entity's attributes (all of them when `names` is none). `None` when it has no history.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn evolution(
        &self,
        id: &str,
        names: Option<&[Name]>,
        range: &TemporalRange,
    ) -> Result<Option<Evolution>, Error> {
        self.shared.store.evolution(id, names, range)
    }

    /// Hands out the instances of [`Self::evolution`] one by one until `visit` returns false. Whether the entity has history.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn instances(
        &self,
        id: &str,
        names: Option<&[Name]>,
        range: &TemporalRange,
        visit: &mut dyn FnMut(Instance) -> bool,
    ) -> Result<bool, Error> {
        self.shared.store.instances(id, names, range, visit)
    }

    /// Aggregates of one entity's attributes over buckets of time: each from one of the ascending `boundaries` to before
    /// the next. `None` when the entity has no history.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn aggregate(
        &self,
        id: &str,
        names: Option<&[Name]>,
        by: TimeProperty,
        boundaries: &[Time],
    ) -> Result<Option<Vec<Aggregation>>, Error> {
        self.shared.store.aggregate(id, names, by, boundaries, false)
    }

    /// One entity exactly as it stood at an instant (by arrival).
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn entity_at(&self, id: &str, at: Time) -> Result<Option<Entity>, Error> {
        self.shared.store.entity_at(id, at)
    }

    /// Every entity as it stood at an instant (by arrival), until `visit` returns false. Takes long: within
    /// [`Self::blocking`].
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn state_at(&self, at: Time, visit: &mut dyn FnMut(Entity) -> bool) -> Result<(), Error> {
        self.shared.store.state_at(at, None, Stop::NEVER, visit).map(drop)
    }

    // Writing.

    /// Runs a decision in the store's writer, alone: no other write comes between what it reads of the draft and what it
    /// puts there. What it put is committed whole, an error commits nothing. Gives what it answered, with the commit.
    ///
    /// # Errors
    /// Whatever the decision refused with, or why the store could not make it durable.
    pub async fn write<R, D>(&self, decide: D) -> Result<(R, Arc<Commit>), Error>
    where
        R: Send + 'static,
        D: FnOnce(&mut Draft<'_>) -> Result<R, Error> + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let (into, rules, app) = (answer.clone(), self.shared.host.rules(), self.shared.app.clone());
        let ack = self.shared.host.commit(Box::new(move |read, now| {
            let mut draft = Draft::new(read, now, &rules, &app);
            let answered = decide(&mut draft)?;
            *into.lock() = Some(answered);
            Ok(draft.into_set())
        }));
        let commit = ack.await?;
        let answered = answer.lock().take().ok_or_else(|| Error::internal("a decision ran and left no answer"))?;
        Ok((answered, commit))
    }

    // The log.

    /// The last commit.
    pub fn seq(&self) -> Seq {
        self.shared.store.health().seq
    }

    /// Every commit after this place, as it comes.
    pub fn follow(&self, after: Seq) -> Box<dyn Feed> {
        self.shared.store.feed(after)
    }

    /// A cursor of this name, kept in the store: where to go on after a restart. The log is kept for it (up to
    /// `store.feed_keep_bytes`), so one that is made must be moved on, or removed.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn cursor(&self, name: &str) -> Result<Cursor, Error> {
        Cursor::open(self.clone(), name)
    }

    // Documents and files.

    /// The application's document of this key.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn document(&self, key: &str) -> Result<Option<Arc<[u8]>>, Error> {
        self.shared.store.document(Collection::App, &self.key(key))
    }

    /// Up to `limit` documents of the application with keys after `after`, by key.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn documents(&self, after: Option<&str>, limit: usize) -> Result<Vec<Document>, Error> {
        let prefix = self.key("");
        self.documents_below(Collection::App, &prefix, after, limit)
    }

    /// Files of the application: large blobs, kept in pieces in the same log.
    pub fn files(&self) -> Files {
        Files::new(self.clone())
    }

    // Work.

    /// Runs work that computes for long or blocks, on a pool of its own.
    ///
    /// # Errors
    /// `Internal` when the work panicked; `Unavailable` when the platform is stopping.
    pub async fn blocking<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Result<R, Error> {
        let answer = Arc::new(Mutex::new(None));
        let into = answer.clone();
        let done = self.shared.host.blocking(Box::new(move || {
            let made = work();
            *into.lock() = Some(made);
        }));
        done.await?;
        let made = answer.lock().take();
        made.ok_or_else(|| Error::internal("work of an application ended without an answer"))
    }

    /// Runs a task beside, for as long as the platform runs: when it stops, the task ends where it waits.
    pub fn spawn(&self, what: &str, task: impl Future<Output = ()> + Send + 'static) {
        self.shared.host.spawn(&format!("{what} of {}", self.shared.app), Box::pin(task));
    }

    /// Resolves after this long.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.shared.host.sleep(duration)
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.shared.host
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    pub(crate) fn writing(&self) -> &AsyncMutex<()> {
        &self.shared.writing
    }

    /// A key of this application's own.
    pub(crate) fn key(&self, key: &str) -> String {
        key_of(&self.shared.app, key)
    }

    /// Documents whose keys begin with `prefix`, which is left out of them.
    pub(crate) fn documents_below(
        &self,
        collection: Collection,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        let after = format!("{prefix}{}", after.unwrap_or_default());
        let found = self.shared.store.documents(collection, Some(&after), limit)?;
        let own = found.into_iter().map_while(|document| {
            let key = document.key.strip_prefix(prefix)?.into();
            Some(Document { key, bytes: document.bytes })
        });
        Ok(own.collect())
    }
}

/// A key of an application's own, in a collection that all of them share.
pub(crate) fn key_of(app: &str, key: &str) -> String {
    format!("{app}/{key}")
}
