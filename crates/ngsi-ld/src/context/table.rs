//! Term definitions and the two ways to look them up: by term and by IRI. Knows nothing of how they come about.

use crate::Name;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::sync::OnceLock;

/// What a term stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An IRI.
    Iri(Box<str>),
    /// A keyword of JSON-LD (`id` stands for `@id`).
    Keyword(&'static str),
    /// Explicitly nothing (`"term": null`), or something that can name nothing here (a reverse property).
    Unset,
}

/// One term definition.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) term: Box<str>,
    pub(super) meaning: Meaning,
    /// Whether the term may stand before the colon of a compact IRI.
    pub(super) prefix: bool,
    /// The interned name, made when the term is first expanded, so that unused terms take no room in the name table.
    pub(super) name: OnceLock<Name>,
}

impl Definition {
    pub(super) fn new(term: &str, meaning: Meaning, prefix: bool) -> Self {
        Self { term: term.into(), meaning, prefix, name: OnceLock::new() }
    }

    pub(super) fn iri(&self) -> Option<&str> {
        match &self.meaning {
            Meaning::Iri(iri) => Some(iri),
            Meaning::Keyword(_) | Meaning::Unset => None,
        }
    }
}

/// Definitions with an index by term, an index by IRI (made when first needed) and the list of the prefixes.
#[derive(Debug)]
pub(super) struct Table {
    hasher: DefaultHashBuilder,
    definitions: Vec<Definition>,
    by_term: HashTable<u32>,
    by_iri: OnceLock<HashTable<u32>>,
    prefixes: Vec<u32>,
}

impl Table {
    /// A table of these definitions, whose terms differ. Tables that share a hasher share the hash of a term.
    pub(super) fn new(definitions: Vec<Definition>, hasher: DefaultHashBuilder) -> Self {
        let mut by_term = HashTable::with_capacity(definitions.len());
        let mut prefixes = Vec::new();
        for (i, definition) in definitions.iter().enumerate() {
            by_term.insert_unique(hasher.hash_one(&*definition.term), i as u32, |&j| {
                hasher.hash_one(&*definitions[j as usize].term)
            });
            if definition.prefix && definition.iri().is_some() {
                prefixes.push(i as u32);
            }
        }
        Self { hasher, definitions, by_term, by_iri: OnceLock::new(), prefixes }
    }

    pub(super) fn hasher(&self) -> &DefaultHashBuilder {
        &self.hasher
    }

    pub(super) fn len(&self) -> usize {
        self.definitions.len()
    }

    /// About what it takes, bytes.
    pub(super) fn weight(&self) -> usize {
        let text = |d: &Definition| d.term.len() + d.iri().map_or(0, str::len);
        self.definitions.iter().map(|d| size_of::<Definition>() + 16 + text(d)).sum()
    }

    /// The definition of this term, whose hash under this table's hasher is `hash`.
    pub(super) fn find(&self, hash: u64, term: &str) -> Option<&Definition> {
        let i = self.by_term.find(hash, |&i| *self.definitions[i as usize].term == *term)?;
        Some(&self.definitions[*i as usize])
    }

    /// The shortest, then first in the alphabet, of the terms that stand for this IRI.
    pub(super) fn term_of(&self, iri: &str) -> Option<&str> {
        let by_iri = self.by_iri.get_or_init(|| self.index_by_iri());
        let i = by_iri.find(self.hasher.hash_one(iri), |&i| self.definitions[i as usize].iri() == Some(iri))?;
        Some(&self.definitions[*i as usize].term)
    }

    /// The prefixes with the IRIs that they stand for.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.prefixes.iter().filter_map(|&i| {
            let definition = &self.definitions[i as usize];
            Some((&*definition.term, definition.iri()?))
        })
    }

    fn index_by_iri(&self) -> HashTable<u32> {
        let mut by_iri: HashTable<u32> = HashTable::with_capacity(self.definitions.len());
        let iri_of = |i: u32| self.definitions[i as usize].iri();
        for (i, definition) in self.definitions.iter().enumerate() {
            let Some(iri) = definition.iri() else { continue };
            let hash = self.hasher.hash_one(iri);
            match by_iri.find_mut(hash, |&j| iri_of(j) == Some(iri)) {
                Some(best) => {
                    let term = &self.definitions[*best as usize].term;
                    if (definition.term.len(), &definition.term) < (term.len(), term) {
                        *best = i as u32;
                    }
                }
                None => {
                    by_iri.insert_unique(hash, i as u32, |&j| self.hasher.hash_one(iri_of(j).unwrap_or_default()));
                }
            }
        }
        by_iri
    }
}
