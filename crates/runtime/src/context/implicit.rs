//! Contexts that were made because an answer needed a URL for its context and no single one names it (ETSI GS CIM 009
//! clause 5.13.1, implicitly created). In memory and bounded, since whoever may read can ask for any number of them: the
//! name of one is a digest of its content, so that the same one has the same URL again when it was let go, and after a
//! restart. Only what a subscription names is kept in the store.

use super::Contexts;
use super::hosted::{Hosted, Kind, NewHosted};
use super::shelf::{Kept, Shelf};
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::{Context, Json, json};
use belfry_ports::Collection;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;

struct Made {
    created_at: Time,
    last_used: Time,
    text: Arc<[u8]>,
}

impl Kept for Made {
    fn bytes(&self) -> usize {
        self.text.len()
    }

    fn last_used(&self) -> Time {
        self.last_used
    }
}

impl Made {
    fn hosted(&self, id: &str) -> Result<Hosted, Error> {
        let context = Json::parse(&self.text, json::KEPT_DEPTH).map_err(Error::internal)?;
        Ok(Hosted {
            id: id.to_owned(),
            kind: Kind::ImplicitlyCreated,
            tenant: String::new(),
            created_at: self.created_at,
            context,
        })
    }
}

pub(super) struct Implicit(Mutex<Shelf<Made>>);

impl Implicit {
    pub(super) fn new(max: usize, max_bytes: usize) -> Self {
        Self(Mutex::new(Shelf::new(max, max_bytes)))
    }

    pub(super) fn get(&self, id: &str, now: Time) -> Result<Option<Hosted>, Error> {
        let made = {
            let mut shelf = self.0.lock();
            let Some(made) = shelf.get_mut(id) else { return Ok(None) };
            made.last_used = now;
            Made { created_at: made.created_at, last_used: now, text: made.text.clone() }
        };
        made.hosted(id).map(Some)
    }

    pub(super) fn all(&self) -> Result<Vec<Hosted>, Error> {
        let all: Vec<Made> = {
            let shelf = self.0.lock();
            let copy = |m: &Made| Made { created_at: m.created_at, last_used: m.last_used, text: m.text.clone() };
            shelf.values().map(copy).collect()
        };
        all.iter().map(|made| made.hosted(&name(&made.text))).collect()
    }

    pub(super) fn remove(&self, id: &str) -> bool {
        self.0.lock().remove(id).is_some()
    }

    fn put(&self, id: &str, text: &[u8], now: Time) {
        let mut shelf = self.0.lock();
        match shelf.get_mut(id) {
            Some(known) => known.last_used = now,
            None => {
                shelf.put(id, Made { created_at: now, last_used: now, text: text.into() });
            }
        }
    }
}

impl Contexts {
    /// A URL that says all of this context, for an answer: its own, or that of a document made for it. Never fails: a
    /// document that was let go for others is made again by the next answer that needs it.
    pub fn link_url(&self, context: &Context) -> String {
        match context.link_url() {
            Some(url) => url.to_owned(),
            None => {
                let text = context.reference().text();
                let id = name(text);
                self.implicit.put(&id, text, self.now());
                self.hosted_url(&id)
            }
        }
    }

    /// The same for what is kept: a document made for it stays.
    ///
    /// # Errors
    /// `PayloadTooLarge` and `Forbidden` over the limits of what is kept; `Unavailable` when the store takes no writes.
    pub async fn lasting_url(&self, context: &Context) -> Result<String, Error> {
        if let Some(url) = context.link_url() {
            return Ok(url.to_owned());
        }
        let reference = context.reference();
        let id = name(reference.text());
        if self.store.document(Collection::Context, &id)?.is_none() {
            let context = reference.json().clone();
            self.keep(NewHosted { id: id.clone(), kind: Kind::ImplicitlyCreated, tenant: String::new(), context })
                .await?;
        }
        Ok(self.hosted_url(&id))
    }
}

/// The name of a context of this text: nobody finds another text of the same name.
fn name(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    let mut name = String::from("implicit-");
    for byte in &digest[..16] {
        write!(name, "{byte:02x}").expect("writing to a text cannot fail");
    }
    name
}
