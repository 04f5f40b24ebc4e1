//! Contexts that are kept here (ETSI GS CIM 009 clause 5.13): those that clients add, and those made for subscriptions whose
//! context no single URL names. Documents of the store; a change makes processed contexts forget what they came from.

use super::Contexts;
use crate::write::write;
use belfry_kernel::{Error, Kind as ErrorKind, Time};
use belfry_ngsi_ld::context::NoRemote;
use belfry_ngsi_ld::{Context, Json, json};
use belfry_ports::{ChangeSet, Collection, Document, DocumentChange, Store};
use std::sync::Arc;

/// Documents that are read at a time.
const READ_AT_ONCE: usize = 1000;

/// Why a context is kept (clause 5.13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client added it.
    Hosted,
    /// It was fetched from elsewhere.
    Cached,
    /// An answer needed it.
    ImplicitlyCreated,
}

impl Kind {
    /// Every kind with its text.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Hosted, "Hosted"), (Self::Cached, "Cached"), (Self::ImplicitlyCreated, "ImplicitlyCreated")];

    /// The text of a `kind` parameter or member.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The kind of this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, t)| *t == text).map(|(kind, _)| *kind)
    }
}

/// A context that is kept here.
#[derive(Clone, Debug, PartialEq)]
pub struct Hosted {
    /// Its identifier, the last part of its URL.
    pub id: String,
    /// Why it is here.
    pub kind: Kind,
    /// The tenant in which it was added: its own may list and delete it.
    pub tenant: String,
    /// When it came.
    pub created_at: Time,
    /// The `@context` value.
    pub context: Json,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    count: usize,
    bytes: usize,
}

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptLimits {
    /// How many contexts.
    pub count: usize,
    /// Their bytes together.
    pub bytes: usize,
    /// Bytes of one.
    pub bytes_of_one: usize,
}

impl Default for KeptLimits {
    fn default() -> Self {
        Self { count: 1000, bytes: 64 << 20, bytes_of_one: 1 << 20 }
    }
}

/// What is to be kept.
#[derive(Clone, Debug)]
pub struct NewHosted {
    /// Its identifier.
    pub id: String,
    /// Why.
    pub kind: Kind,
    /// In which tenant it was added.
    pub tenant: String,
    /// The `@context` value.
    pub context: Json,
}

impl Hosted {
    /// Whether a client added it in this tenant.
    pub fn is_of(&self, tenant: &str) -> bool {
        self.kind == Kind::Hosted && self.tenant == tenant
    }

    /// The whole document: an object with the member `@context`.
    pub(super) fn document(self) -> Result<Json, Error> {
        Ok(Json::Object(vec![("@context".into(), self.context)]))
    }

    fn decode(id: &str, bytes: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::internal("a kept @context is damaged");
        let json = Json::parse(bytes, json::KEPT_DEPTH).map_err(Error::internal)?;
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let created_at = match json.get("createdAt") {
            Some(Json::Int(micros)) => Time::from_micros(*micros),
            _ => return Err(damaged()),
        };
        Ok(Self {
            id: id.to_owned(),
            kind: text("kind").and_then(Kind::parse).ok_or_else(damaged)?,
            tenant: text("tenant").unwrap_or_default().to_owned(),
            created_at,
            context: json.get("@context").cloned().ok_or_else(damaged)?,
        })
    }
}

fn encode(new: NewHosted, now: Time) -> Arc<[u8]> {
    let mut out = Vec::new();
    Json::Object(vec![
        ("kind".into(), Json::from(new.kind.as_str())),
        ("tenant".into(), Json::from(new.tenant.as_str())),
        ("createdAt".into(), Json::Int(now.micros())),
        ("@context".into(), new.context),
    ])
    .write(&mut out);
    out.into()
}

/// Hands out every document that is kept, by name.
fn each_kept(store: &dyn Store, visit: &mut dyn FnMut(&Document) -> Result<(), Error>) -> Result<(), Error> {
    let mut after: Option<Box<str>> = None;
    loop {
        let documents = store.documents(Collection::Context, after.as_deref(), READ_AT_ONCE)?;
        documents.iter().try_for_each(&mut *visit)?;
        match documents.into_iter().next_back() {
            Some(last) => after = Some(last.key),
            None => return Ok(()),
        }
    }
}

impl Contexts {
    /// The context that is kept under this identifier.
    ///
    /// # Errors
    /// `Internal` when it is damaged.
    pub fn hosted(&self, id: &str) -> Result<Option<Hosted>, Error> {
        match self.store.document(Collection::Context, id)? {
            Some(bytes) => Hosted::decode(id, &bytes).map(Some),
            None => self.implicit.get(id, self.now()),
        }
    }

    /// Every context that is kept here, by identifier.
    ///
    /// # Errors
    /// `Internal` when one is damaged.
    pub fn all_hosted(&self) -> Result<Vec<Hosted>, Error> {
        let mut all = Vec::new();
        each_kept(&*self.store, &mut |document| {
            all.push(Hosted::decode(&document.key, &document.bytes)?);
            Ok(())
        })?;
        let kept = all.len();
        for implicit in self.implicit.all()? {
            // One that is kept for a subscription has the same name. (They came by name.)
            if all[..kept].binary_search_by(|hosted| hosted.id.as_str().cmp(&implicit.id)).is_err() {
                all.push(implicit);
            }
        }
        Ok(all)
    }

    /// Counts what is kept already.
    ///
    /// # Errors
    /// `Internal` when the store cannot be read.
    pub(super) fn count_kept(store: &dyn Store) -> Result<Kept, Error> {
        let mut kept = Kept::default();
        each_kept(store, &mut |document| {
            kept = Kept { count: kept.count + 1, bytes: kept.bytes + document.bytes.len() };
            Ok(())
        })?;
        Ok(kept)
    }

    /// Takes room for one more context of so many bytes.
    fn reserve(&self, bytes: usize) -> Result<(), Error> {
        let limits = self.kept_limits;
        if bytes > limits.bytes_of_one {
            let text = format!("the @context is longer than {} bytes (context.max_bytes)", limits.bytes_of_one);
            return Err(Error::new(ErrorKind::PayloadTooLarge, text));
        }
        let mut kept = self.kept.lock();
        if kept.count >= limits.count || kept.bytes + bytes > limits.bytes {
            let text = "as many @contexts are kept here as may be (context.max_hosted, context.max_hosted_bytes): delete \
                        those that nobody needs";
            return Err(Error::new(ErrorKind::Forbidden, text));
        }
        *kept = Kept { count: kept.count + 1, bytes: kept.bytes + bytes };
        Ok(())
    }

    /// One context of so many bytes is not kept any more.
    fn release(&self, bytes: usize) {
        let mut kept = self.kept.lock();
        *kept = Kept { count: kept.count.saturating_sub(1), bytes: kept.bytes.saturating_sub(bytes) };
    }

    /// Checks a context and keeps it.
    ///
    /// # Errors
    /// `BadRequestData` when it cannot be processed; `LdContextNotAvailable` when it needs a remote one that cannot be
    /// had; `PayloadTooLarge` and `Forbidden` over the limits; `Unavailable` when the store takes no writes.
    pub async fn add(&self, new: NewHosted) -> Result<(), Error> {
        self.resolve(&new.context).await?;
        self.keep(new).await
    }

    pub(super) async fn keep(&self, new: NewHosted) -> Result<(), Error> {
        let url = self.hosted_url(&new.id);
        let id = new.id.clone();
        let bytes = encode(new, self.now());
        let size = bytes.len();
        self.reserve(size)?;
        let key: Box<str> = id.as_str().into();
        let written = write(&*self.store, move |read, _| {
            let before = read.document(Collection::Context, &key)?.map(|before| before.len());
            let change = DocumentChange { collection: Collection::Context, key, bytes: Some(bytes) };
            Ok((ChangeSet { documents: vec![change], ..ChangeSet::default() }, before))
        })
        .await;
        match written {
            Ok((before, _)) => before.into_iter().for_each(|before| self.release(before)),
            Err(error) => {
                self.release(size);
                return Err(error);
            }
        }
        self.forget(&url);
        self.forget(&id);
        Ok(())
    }

    /// Deletes what is kept under this identifier. Answers whether there was something.
    ///
    /// # Errors
    /// `Unavailable` when the store takes no writes.
    pub async fn remove(&self, id: &str) -> Result<bool, Error> {
        let key: Box<str> = id.into();
        let (found, _) = write(&*self.store, move |read, _| {
            let Some(before) = read.document(Collection::Context, &key)? else {
                return Ok((ChangeSet::default(), None));
            };
            let change = DocumentChange { collection: Collection::Context, key, bytes: None };
            Ok((ChangeSet { documents: vec![change], ..ChangeSet::default() }, Some(before.len())))
        })
        .await?;
        found.into_iter().for_each(|bytes| self.release(bytes));
        let implicit = self.implicit.remove(id);
        self.forget(&self.hosted_url(id));
        Ok(found.is_some() || implicit)
    }

    /// Processed contexts that came from this document are built anew when next needed.
    pub(super) fn forget(&self, url: &str) {
        self.cache.forget(url);
    }

    /// Whether a value is an `@context` that can be processed without any remote document.
    pub fn is_closed(&self, local: &Json) -> bool {
        Context::build(local, &NoRemote, &self.limits).is_ok()
    }
}
