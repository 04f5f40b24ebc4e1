//! Remote context documents over restarts: what was fetched is kept in the store, behind the requests, so that a source
//! that is down when the platform starts is not missed. Fetches nothing.

use super::Contexts;
use super::remote::Cached;
use crate::write::write;
use belfry_kernel::{Error, Kind, Time};
use belfry_ngsi_ld::Json;
use belfry_ports::{ChangeSet, Collection, Document, DocumentChange};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often what is new is kept: what a client can make the disk write is bounded by the bytes of all documents in this
/// time.
const EVERY: Duration = Duration::from_secs(15);
/// Bytes of one commit, about.
const COMMIT_BYTES: usize = 1 << 20;
/// The longest URL that is kept, bytes.
const MAX_URL: usize = 2048;
/// How many kept documents are read at most.
const MAX_READ: usize = 100_000;

/// Keeps what is fetched until the platform stops, and then once more.
pub async fn remember(contexts: Arc<Contexts>, mut stopping: watch::Receiver<bool>) {
    loop {
        let stopped = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        if let Err(error) = contexts.save_remote().await {
            tracing::warn!(?error, "remote @contexts could not be kept; it will be tried again");
        }
        if stopped {
            return;
        }
    }
}

impl Contexts {
    /// Takes in what an earlier process kept.
    pub(super) fn load_remote(&self) {
        let documents = match self.store.documents(Collection::RemoteContext, None, MAX_READ) {
            Ok(documents) => documents,
            Err(error) => {
                tracing::warn!(?error, "kept remote @contexts cannot be read; they are fetched anew");
                return;
            }
        };
        let mut held = self.remote.held.lock();
        for document in documents {
            let url = document.key.to_string();
            held.saved.insert(url.clone());
            match decode(document, self.remote.fetching.max_depth) {
                Some(cached) => {
                    held.remember(cached);
                    // As it is in the store, unless there was no room for it.
                    if held.documents.get(&url).is_some() {
                        held.unsaved.remove(&url);
                    }
                }
                None => {
                    held.unsaved.insert(url);
                }
            }
        }
    }

    /// Brings the store up to what is remembered.
    ///
    /// # Errors
    /// `Unavailable` when it takes no writes: what is missing is tried again by the next call.
    pub async fn save_remote(&self) -> Result<(), Error> {
        loop {
            let (mut documents, mut bytes) = (Vec::new(), 0);
            {
                let mut held = self.remote.held.lock();
                while bytes < COMMIT_BYTES
                    && let Some(url) = held.unsaved.iter().next().cloned()
                {
                    held.unsaved.remove(&url);
                    let document = held.documents.get(&url).filter(|_| url.len() <= MAX_URL).map(encode);
                    match &document {
                        Some(document) => bytes += document.len(),
                        None if !held.saved.contains(&url) => continue,
                        None => {}
                    }
                    if document.is_some() {
                        held.saved.insert(url.clone());
                    } else {
                        held.saved.remove(&url);
                    }
                    let (collection, key) = (Collection::RemoteContext, url.into());
                    documents.push(DocumentChange { collection, key, bytes: document });
                }
            }
            if documents.is_empty() {
                return Ok(());
            }
            let urls: Vec<String> = documents.iter().map(|d| d.key.to_string()).collect();
            let set = ChangeSet { documents, ..ChangeSet::default() };
            if let Err(error) = write(&*self.store, move |_, _| Ok((set, ()))).await {
                // What the store refuses for what it is would be refused again.
                if error.kind() == Kind::Unavailable {
                    let mut held = self.remote.held.lock();
                    held.saved.extend(urls.iter().cloned());
                    held.unsaved.extend(urls);
                }
                return Err(error);
            }
        }
    }
}

fn encode(document: &Cached) -> Arc<[u8]> {
    let mut out = Vec::with_capacity(document.text.len() + 128);
    Json::Object(vec![
        ("fetchedAt".into(), Json::Int(document.fetched_at.micros())),
        ("freshUntil".into(), Json::Int(document.fresh_until.micros())),
    ])
    .write(&mut out);
    out.push(b'\n');
    out.extend_from_slice(&document.text);
    out.into()
}

fn decode(document: Document, max_depth: usize) -> Option<Cached> {
    let at = document.bytes.iter().position(|byte| *byte == b'\n')?;
    let head = Json::parse(&document.bytes[..at], 2).ok()?;
    let text = &document.bytes[at + 1..];
    // Limits may have become narrower since.
    Json::parse(text, max_depth).ok()?.get("@context")?;
    let time = |key| match head.get(key) {
        Some(Json::Int(micros)) => Some(Time::from_micros(*micros)),
        _ => None,
    };
    let fetched_at = time("fetchedAt")?;
    Some(Cached {
        url: document.key.into(),
        fetched_at,
        fresh_until: time("freshUntil")?,
        last_used: fetched_at,
        uses: 0,
        text: text.into(),
    })
}
