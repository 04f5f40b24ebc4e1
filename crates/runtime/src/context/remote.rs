//! Remote context documents: fetched once however many ask at the same time, remembered for as long as their source
//! says, served stale when the source is down. Bounded in number and bytes. Processes nothing.

use super::shelf::{Kept, Shelf};
use crate::outbound::{Call, Outbound};
use belfry_kernel::{Error, Kind, Time};
use belfry_ngsi_ld::Json;
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

const SECOND: i64 = 1_000_000;

/// Whether and how remote contexts are fetched.
#[derive(Clone, Debug)]
pub struct Fetching {
    /// Whether they are fetched at all.
    pub enabled: bool,
    /// Largest document, bytes.
    pub max_bytes: usize,
    /// Deepest JSON of a document.
    pub max_depth: usize,
    /// Time for one document, redirects included.
    pub timeout: Duration,
    /// Redirects that are followed.
    pub redirects: usize,
    /// Documents that are being fetched at one time.
    pub at_once: usize,
    /// Documents that are remembered.
    pub documents: usize,
    /// Bytes of all documents that are remembered.
    pub documents_bytes: usize,
    /// Seconds for which a document is fresh when its source does not say.
    pub fresh_s: i64,
    /// Seconds for which a failure is remembered, so that a source that is down is not asked by every request.
    pub failed_s: i64,
}

impl Default for Fetching {
    fn default() -> Self {
        Self {
            enabled: true,
            max_bytes: 1 << 20,
            max_depth: 32,
            timeout: Duration::from_secs(5),
            redirects: 5,
            at_once: 128,
            documents: 512,
            documents_bytes: 64 << 20,
            fresh_s: 24 * 3600,
            failed_s: 10,
        }
    }
}

/// A document that is remembered.
#[derive(Clone, Debug)]
pub struct Cached {
    /// Where it came from.
    pub url: String,
    /// When it was fetched.
    pub fetched_at: Time,
    /// Until when it is fresh.
    pub fresh_until: Time,
    /// When it was last used.
    pub last_used: Time,
    /// How often it was used.
    pub uses: u64,
    /// What it says: JSON, as its source gave it. (Text is a tenth of what a tree of it weighs.)
    pub text: Arc<[u8]>,
}

impl Kept for Cached {
    fn bytes(&self) -> usize {
        self.text.len()
    }

    fn last_used(&self) -> Time {
        self.last_used
    }
}

type Fetched = Result<(Arc<[u8]>, Time), (Kind, String)>;
type Cell = Arc<OnceCell<Fetched>>;

pub(super) struct Held {
    pub(super) documents: Shelf<Cached>,
    failures: HashMap<String, (Time, Kind, String)>,
    underway: HashMap<String, Cell>,
    /// Those that the store keeps.
    pub(super) saved: HashSet<String>,
    /// Those that the store keeps otherwise than they are here.
    pub(super) unsaved: HashSet<String>,
}

impl Held {
    /// Remembers a document, and says what the store does not know yet.
    pub(super) fn remember(&mut self, document: Cached) {
        let url = document.url.clone();
        let same = self.documents.get(&url).is_some_and(|known| known.text == document.text);
        let gone = self.documents.put(&url, document);
        if !same || !self.saved.contains(&url) {
            self.unsaved.insert(url);
        }
        for url in gone {
            self.dropped(&url);
        }
    }

    fn dropped(&mut self, url: &str) {
        if self.saved.contains(url) {
            self.unsaved.insert(url.to_owned());
        } else {
            self.unsaved.remove(url);
        }
    }
}

pub(super) struct Remote {
    pub(super) fetching: Fetching,
    outbound: Arc<Outbound>,
    pub(super) held: Mutex<Held>,
}

/// One that waits for a document. When the last of them leaves, nobody fetches it any more.
struct Waiting<'r> {
    remote: &'r Remote,
    url: &'r str,
    cell: Cell,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut held = self.remote.held.lock();
        let mine = held.underway.get(self.url).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        // The table's and this one.
        if mine && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2) {
            held.underway.remove(self.url);
        }
    }
}

impl Remote {
    pub(super) fn new(fetching: Fetching, outbound: Arc<Outbound>) -> Self {
        let held = Held {
            documents: Shelf::new(fetching.documents, fetching.documents_bytes),
            failures: HashMap::new(),
            underway: HashMap::new(),
            saved: HashSet::new(),
            unsaved: HashSet::new(),
        };
        Self { fetching, outbound, held: Mutex::new(held) }
    }

    /// Whether what came from these URLs need not be asked for again. URLs that are not remembered are someone else's.
    pub(super) fn all_fresh(&self, urls: &[String], now: Time) -> bool {
        if urls.is_empty() {
            return true;
        }
        let held = self.held.lock();
        urls.iter().all(|url| held.documents.get(url).is_none_or(|d| d.fresh_until > now))
    }

    /// The document at this URL.
    ///
    /// # Errors
    /// `LdContextNotAvailable` when it cannot be had and was not remembered; `BadRequestData` when it is no context.
    pub(super) async fn document(&self, url: &str, now: Time) -> Result<Arc<Json>, Error> {
        let text = self.text(url, now).await?;
        // It was parsed before it was remembered.
        Json::parse(&text, self.fetching.max_depth).map(Arc::new).map_err(Error::internal)
    }

    async fn text(&self, url: &str, now: Time) -> Result<Arc<[u8]>, Error> {
        let (waiting, stale) = {
            let mut held = self.held.lock();
            let mut stale = None;
            if let Some(known) = held.documents.get_mut(url) {
                known.uses += 1;
                known.last_used = now;
                if known.fresh_until > now || !self.fetching.enabled {
                    return Ok(known.text.clone());
                }
                stale = Some(known.text.clone());
            }
            if !self.fetching.enabled {
                return Err(unavailable(url, "remote contexts are not fetched here"));
            }
            if let Some((until, kind, why)) = held.failures.get(url) {
                if *until > now {
                    return stale.ok_or_else(|| Error::new(*kind, why.clone()));
                }
                held.failures.remove(url);
            }
            if held.underway.len() >= self.fetching.at_once && !held.underway.contains_key(url) {
                return stale.ok_or_else(|| {
                    unavailable(url, "too many others are being fetched at this time (context.max_fetches)")
                });
            }
            let cell = held.underway.entry(url.to_owned()).or_default().clone();
            (Waiting { remote: self, url, cell }, stale)
        };
        let fetched = waiting.cell.get_or_init(|| self.fetch(url, now)).await.clone();
        let mut held = self.held.lock();
        let answer = match fetched {
            Ok((text, fresh_until)) => {
                let uses = held.documents.get(url).map_or(1, |d| d.uses);
                let url = url.to_owned();
                held.remember(Cached { url, fetched_at: now, fresh_until, last_used: now, uses, text: text.clone() });
                Ok(text)
            }
            Err((kind, why)) => {
                let until = now.plus_micros(self.fetching.failed_s * SECOND);
                if held.failures.len() >= self.fetching.documents {
                    held.failures.retain(|_, (until, ..)| *until > now);
                }
                if held.failures.len() < self.fetching.documents {
                    held.failures.insert(url.to_owned(), (until, kind, why.clone()));
                }
                match stale {
                    Some(text) => {
                        // It counts as fresh until it is worth asking again, so that requests need not build it anew.
                        if let Some(known) = held.documents.get_mut(url) {
                            known.fresh_until = until;
                        }
                        tracing::warn!(
                            url,
                            why,
                            "a remote @context could not be fetched anew; the one at hand is used"
                        );
                        Ok(text)
                    }
                    None => Err(Error::new(kind, why)),
                }
            }
        };
        // Only then: whoever waits takes the lock when it leaves.
        drop(held);
        drop(waiting);
        answer
    }

    async fn fetch(&self, url: &str, now: Time) -> Fetched {
        let call = Call {
            timeout: self.fetching.timeout,
            max_bytes: self.fetching.max_bytes,
            redirects: self.fetching.redirects,
        };
        let not_available = |why: String| (Kind::LdContextNotAvailable, why);
        let invalid = |why: &str| (Kind::BadRequestData, format!("the document at {} {why}", shown(url)));
        let reply = self
            .outbound
            .get(url, "application/ld+json, application/json;q=0.9", &call)
            .await
            .map_err(|e| not_available(format!("the remote @context {} is not available: {e}", shown(url))))?;
        if reply.status != 200 {
            let why =
                format!("the remote @context {} is not available: its server answered {}", shown(url), reply.status);
            return Err(not_available(why));
        }
        // Clause 5.5.6: one that came and is not valid is the request's fault, not the network's.
        let document = Json::parse(&reply.body, self.fetching.max_depth)
            .map_err(|_| invalid("is no JSON document, or one that is nested too deeply"))?;
        if document.get("@context").is_none() {
            return Err(invalid("has no @context"));
        }
        let fresh_s = reply.max_age_s().unwrap_or(self.fetching.fresh_s).clamp(60, 30 * 24 * 3600);
        Ok((Arc::from(&*reply.body), now.plus_micros(fresh_s * SECOND)))
    }

    pub(super) fn all(&self) -> Vec<Cached> {
        self.held.lock().documents.values().cloned().collect()
    }

    pub(super) fn get(&self, url: &str) -> Option<Cached> {
        self.held.lock().documents.get(url).cloned()
    }

    pub(super) fn remove(&self, url: &str) -> bool {
        let mut held = self.held.lock();
        held.failures.remove(url);
        let found = held.documents.remove(url).is_some();
        held.dropped(url);
        found
    }

    /// Makes a remembered document stale, so that it is asked for again. Answers whether there was one.
    pub(super) fn expire(&self, url: &str) -> bool {
        let mut held = self.held.lock();
        held.failures.remove(url);
        held.documents.get_mut(url).map(|d| d.fresh_until = Time::MIN).is_some()
    }
}

impl super::Contexts {
    /// The remote documents that are remembered.
    pub fn cached(&self) -> Vec<Cached> {
        self.remote.all()
    }

    /// The remembered document of this URL.
    pub fn cached_at(&self, url: &str) -> Option<Cached> {
        self.remote.get(url)
    }

    /// Forgets the document of this URL. Answers whether there was one.
    pub fn drop_cached(&self, url: &str) -> bool {
        self.forget(url);
        self.remote.remove(url)
    }

    /// Fetches a remembered document anew (clause 5.13.5, `reload`). Answers whether there was one.
    ///
    /// # Errors
    /// `LdContextNotAvailable` when its source does not give it; what was remembered stays.
    pub async fn reload(&self, url: &str) -> Result<bool, Error> {
        if !self.remote.expire(url) {
            return Ok(false);
        }
        let now = self.now();
        self.remote.document(url, now).await?;
        self.forget(url);
        match self.remote.get(url) {
            Some(known) if known.fetched_at >= now => Ok(true),
            _ => Err(unavailable(url, "its server did not give it; the one at hand stays")),
        }
    }
}

fn unavailable(url: &str, why: &str) -> Error {
    Error::new(Kind::LdContextNotAvailable, format!("the remote @context {} is not available: {why}", shown(url)))
}

fn shown(url: &str) -> &str {
    let mut end = url.len().min(200);
    while !url.is_char_boundary(end) {
        end -= 1;
    }
    &url[..end]
}
