//! Building a context from what a client gave: walks arrays, remote documents and imports under limits. Does no I/O:
//! remote documents come from a [`Resolver`]; what it does not have is named in [`BuildError::Missing`], so that the
//! caller can fetch it and build again.
//!
//! The caller that fetches must itself limit: the addresses it may reach (no loopback, link-local or private ones unless
//! configured), the number of redirects, the time of one document, its size in bytes and its nesting depth
//! ([`Json::parse`]), and how long a failure is remembered. It must ask for `application/ld+json, application/json`.

use super::core::{self, CoreVersion, is_core_url};
use super::define::{Definitions, shown};
use super::iri;
use super::{Context, Reference};
use crate::Json;
use belfry_kernel::{Error, Kind};
use compact_str::CompactString;
use std::sync::Arc;

/// Remote @context documents by absolute URL without fragment: what a fetcher has got so far.
pub trait Resolver {
    /// The whole document (an object with a member `@context`), or `None` when it has not been fetched.
    fn get(&self, url: &str) -> Option<Arc<Json>>;
}

/// A resolver that has nothing: for contexts that must not be remote.
pub struct NoRemote;

impl Resolver for NoRemote {
    fn get(&self, _: &str) -> Option<Arc<Json>> {
        None
    }
}

impl<S: std::hash::BuildHasher> Resolver for std::collections::HashMap<String, Arc<Json>, S> {
    fn get(&self, url: &str) -> Option<Arc<Json>> {
        Self::get(self, url).cloned()
    }
}

impl<F: Fn(&str) -> Option<Arc<Json>>> Resolver for F {
    fn get(&self, url: &str) -> Option<Arc<Json>> {
        self(url)
    }
}

/// The limits of one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Different remote documents, those that remote ones name included (16).
    pub remote_documents: usize,
    /// Levels of remote documents and arrays inside each other (8).
    pub depth: usize,
    /// Term definitions, those that are defined anew counted again (20,000).
    pub terms: usize,
    /// Text of all terms and their IRIs, bytes (4 MiB).
    pub bytes: usize,
    /// Parts: elements of arrays and remote documents, however often each is named (512).
    pub parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { remote_documents: 16, depth: 8, terms: 20_000, bytes: 4 << 20, parts: 512 }
    }
}

/// Why a context could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// These remote documents are needed and the resolver does not have them. Others may come to light when these
    /// are there. As an [`Error`] it is `LdContextNotAvailable`.
    #[error("a remote @context is not available: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// The context is malformed or beyond the limits: `BadRequestData`.
    #[error(transparent)]
    Refused(#[from] Error),
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Missing(ref urls) => {
                let first = urls.first().map(|url| shown(url)).unwrap_or_default();
                Self::new(Kind::LdContextNotAvailable, format!("the remote @context {first} is not available"))
            }
            BuildError::Refused(error) => error,
        }
    }
}

struct Walk<'r> {
    resolver: &'r dyn Resolver,
    limits: Limits,
    definitions: Definitions,
    /// The documents that the present one is inside of.
    inside: Vec<String>,
    remotes: Vec<String>,
    missing: Vec<String>,
    parts: usize,
}

/// Builds the context of this `@context` value on this version of the core.
pub(super) fn build(
    version: CoreVersion,
    local: &Json,
    resolver: &dyn Resolver,
    limits: &Limits,
) -> Result<Arc<Context>, BuildError> {
    let adds_nothing = |one: &Json| matches!(one, Json::Null) || one.as_str().is_some_and(is_core_url);
    if adds_nothing(local) || matches!(local, Json::Array(all) if all.iter().all(adds_nothing)) {
        return Ok(Arc::clone(Context::core_of(version)));
    }
    let core = core::table(version);
    let mut walk = Walk {
        resolver,
        limits: *limits,
        definitions: Definitions::new(core, limits.terms, limits.bytes),
        inside: Vec::new(),
        remotes: Vec::new(),
        missing: Vec::new(),
        parts: 0,
    };
    walk.value(local, 0)?;
    if !walk.missing.is_empty() {
        return Err(BuildError::Missing(walk.missing));
    }
    Ok(Arc::new(Context::new(version, walk.definitions.finish(), Reference::of(local, version), walk.remotes)))
}

impl Walk<'_> {
    fn value(&mut self, value: &Json, depth: usize) -> Result<(), Error> {
        self.parts += 1;
        if self.parts > self.limits.parts {
            return Err(Error::bad_data("the @context has too many parts"));
        }
        if depth > self.limits.depth {
            return Err(Error::bad_data("the @context is nested deeper than allowed"));
        }
        match value {
            Json::Null => self.definitions.reset(),
            Json::Str(reference) => self.remote(reference, depth),
            Json::Array(all) => all.iter().try_for_each(|one| self.value(one, depth + 1)),
            Json::Object(members) => self.object(members, depth),
            other => {
                Err(Error::bad_data(format!("an @context must be a URL, an object or an array, not {}", other.kind())))
            }
        }
    }

    fn remote(&mut self, reference: &str, depth: usize) -> Result<(), Error> {
        let url = self.url(reference)?;
        if is_core_url(&url) {
            return Ok(());
        }
        if self.inside.contains(&url) {
            return Err(Error::bad_data(format!("the remote @context {} contains itself", shown(&url))));
        }
        let Some(document) = self.document(&url)? else {
            return Ok(());
        };
        self.inside.push(url);
        self.value(content(&document, self.inside.last())?, depth + 1)?;
        self.inside.pop();
        Ok(())
    }

    fn object(&mut self, members: &[(CompactString, Json)], depth: usize) -> Result<(), Error> {
        let import = members.iter().rev().find(|(key, _)| key == "@import");
        let Some((_, import)) = import else {
            return self.take(&members.iter().collect::<Vec<_>>());
        };
        let Json::Str(reference) = import else {
            return Err(Error::bad_data("the @import must be a URL"));
        };
        if depth >= self.limits.depth {
            return Err(Error::bad_data("the @context is nested deeper than allowed"));
        }
        let url = self.url(reference)?;
        if is_core_url(&url) {
            return self.take(&members.iter().collect::<Vec<_>>());
        }
        let Some(document) = self.document(&url)? else {
            return Ok(());
        };
        let Json::Object(imported) = content(&document, Some(&url))? else {
            return Err(Error::bad_data(format!("the imported @context {} is no object", shown(&url))));
        };
        if imported.iter().any(|(key, _)| key == "@import") {
            return Err(Error::bad_data(format!("the imported @context {} itself has an @import", shown(&url))));
        }
        self.take(&imported.iter().chain(members).collect::<Vec<_>>())
    }

    fn take(&mut self, members: &[&(CompactString, Json)]) -> Result<(), Error> {
        // While documents are missing, what they define is unknown, and judging the rest would be premature.
        if self.missing.is_empty() { self.definitions.take(members) } else { Ok(()) }
    }

    /// The absolute URL of a reference in the present document.
    fn url(&self, reference: &str) -> Result<String, Error> {
        iri::resolve(reference, self.inside.last().map(String::as_str))
            .ok_or_else(|| Error::bad_data(format!("`{}` is no http(s) URL of an @context", shown(reference))))
    }

    /// The document at this URL; `None`, and noted, when it is missing.
    fn document(&mut self, url: &str) -> Result<Option<Arc<Json>>, Error> {
        if !self.remotes.iter().any(|known| known == url) {
            if self.remotes.len() >= self.limits.remote_documents {
                return Err(Error::bad_data("the @context needs too many remote documents"));
            }
            self.remotes.push(url.to_owned());
        }
        let document = self.resolver.get(url);
        if document.is_none() && !self.missing.iter().any(|known| known == url) {
            self.missing.push(url.to_owned());
        }
        Ok(document)
    }
}

fn content<'d>(document: &'d Json, url: Option<&String>) -> Result<&'d Json, Error> {
    document.get("@context").ok_or_else(|| {
        let url = url.map(|u| shown(u)).unwrap_or_default();
        Error::bad_data(format!("the document at {url} has no @context"))
    })
}
