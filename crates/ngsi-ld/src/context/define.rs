//! From one @context object to term definitions: JSON-LD 1.1 Processing Algorithms clauses 4.1 (context processing),
//! 4.2 (create term definition) and 5.2 (IRI expansion), as far as names need them. Type coercion, containers,
//! languages and scoped contexts are checked and then forgotten, since values are not expanded.

use super::iri::{is_forbidden, is_iri, is_keyword_like, keyword, split_compact};
use super::table::{Definition, Meaning, Table};
use crate::Json;
use belfry_kernel::Error;
use compact_str::CompactString;
use hashbrown::HashMap;
use std::hash::BuildHasher;

/// How many definitions may hang on each other in a chain (`a` defined by prefix `b`, defined by prefix `c`, ...).
const MAX_CHAIN: usize = 64;
/// How many contexts and arrays deep a scoped context may be.
const MAX_SCOPED: usize = 8;

/// The definitions made so far, above those of the core @context.
pub(super) struct Definitions {
    core: &'static Table,
    terms: HashMap<Box<str>, Draft>,
    vocabulary: Option<Box<str>>,
    terms_left: usize,
    bytes_left: usize,
}

/// A definition in the making.
#[derive(PartialEq, Eq)]
struct Draft {
    meaning: Meaning,
    prefix: bool,
    protected: bool,
}

/// One @context object while its terms are being defined.
struct Piece<'a> {
    members: HashMap<&'a str, &'a Json>,
    /// Terms begun (`false`) and done (`true`).
    state: HashMap<&'a str, bool>,
    protected: bool,
}

impl Definitions {
    pub(super) fn new(core: &'static Table, max_terms: usize, max_bytes: usize) -> Self {
        Self {
            core,
            terms: HashMap::new(),
            vocabulary: Some(super::DEFAULT_VOCABULARY.into()),
            terms_left: max_terms,
            bytes_left: max_bytes,
        }
    }

    /// `null` as a context: forgets everything but the core @context.
    pub(super) fn reset(&mut self) -> Result<(), Error> {
        if self.terms.values().any(|d| d.protected) {
            return Err(Error::bad_data("the @context is `null` after protected terms"));
        }
        self.terms.clear();
        self.vocabulary = Some(super::DEFAULT_VOCABULARY.into());
        Ok(())
    }

    /// Takes in one @context object; `members` with equal names: the last counts.
    pub(super) fn take(&mut self, members: &[&(CompactString, Json)]) -> Result<(), Error> {
        let mut piece = Piece {
            members: members.iter().map(|(key, value)| (key.as_str(), value)).collect(),
            state: HashMap::new(),
            protected: false,
        };
        self.take_keywords(&mut piece)?;
        for (key, _) in members {
            if !key.starts_with('@') || key == "@type" {
                self.define(&mut piece, key, 0)?;
            } else if keyword(key).is_some() && !CONTEXT_KEYWORDS.contains(&key.as_str()) {
                return Err(bad(key, "is a keyword and cannot be defined"));
            }
        }
        Ok(())
    }

    /// The finished table. What the core @context defines is left out: it comes last and wins (clause 5.5.7).
    pub(super) fn finish(self) -> Table {
        let core = self.core;
        let definitions = self.terms.into_iter().filter(|(term, _)| !has(core, term));
        let definitions = definitions.map(|(term, draft)| Definition::new(&term, draft.meaning, draft.prefix));
        Table::new(definitions.collect(), core.hasher().clone())
    }

    fn take_keywords(&mut self, piece: &mut Piece<'_>) -> Result<(), Error> {
        for (key, value) in &piece.members {
            let fits = match *key {
                "@version" => matches!(value, Json::Float(f) if *f == 1.1),
                "@propagate" | "@protected" => matches!(value, Json::Bool(_)),
                "@base" | "@language" | "@vocab" => matches!(value, Json::Null | Json::Str(_)),
                "@direction" => matches!(value, Json::Null) || matches!(value.as_str(), Some("ltr" | "rtl")),
                _ => true,
            };
            if !fits {
                return Err(bad(key, "has a value that JSON-LD 1.1 does not allow"));
            }
        }
        piece.protected = matches!(piece.members.get("@protected"), Some(Json::Bool(true)));
        match piece.members.get("@vocab") {
            Some(Json::Null) => self.vocabulary = None,
            Some(Json::Str(text)) => {
                // Terms of this very object cannot be used in its own @vocab.
                let mut none = Piece { members: HashMap::new(), state: HashMap::new(), protected: false };
                match self.expand(&mut none, text, 0)? {
                    Meaning::Iri(iri) if is_iri(&iri) => self.vocabulary = Some(iri),
                    _ => return Err(bad("@vocab", "must be an IRI")),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// JSON-LD 1.1 API clause 4.2.2.
    fn define<'a>(&mut self, piece: &mut Piece<'a>, term: &str, depth: usize) -> Result<(), Error> {
        let Some((&term, &value)) = piece.members.get_key_value(term) else {
            return Ok(());
        };
        match piece.state.get(term) {
            Some(true) => return Ok(()),
            Some(false) => return Err(bad(term, "is defined by itself")),
            None => {}
        }
        if depth > MAX_CHAIN {
            return Err(bad(term, "hangs on too long a chain of other terms"));
        }
        let left = self.terms_left.checked_sub(1);
        self.terms_left = left.ok_or_else(|| Error::bad_data("the @context has too many terms"))?;
        piece.state.insert(term, false);
        let previous = self.terms.remove(term);
        let draft = if term == "@type" {
            check_type_definition(value)?;
            None
        } else {
            self.draft(piece, term, value, depth)?
        };
        let kept = match (previous, draft) {
            (Some(previous), draft) if previous.protected => {
                let same = draft.is_some_and(|d| d.meaning == previous.meaning && d.prefix == previous.prefix);
                if !same {
                    return Err(bad(term, "is protected and cannot be defined anew"));
                }
                Some(previous)
            }
            (_, draft) => draft,
        };
        if let Some(draft) = kept {
            let bytes = term.len() + if let Meaning::Iri(iri) = &draft.meaning { iri.len() } else { 0 };
            let left = self.bytes_left.checked_sub(bytes);
            self.bytes_left = left.ok_or_else(|| Error::bad_data("the @context is too large"))?;
            self.terms.insert(term.into(), draft);
        }
        piece.state.insert(term, true);
        Ok(())
    }

    /// The definition of one term; `None` when JSON-LD says to ignore it.
    fn draft(&mut self, piece: &mut Piece<'_>, term: &str, value: &Json, depth: usize) -> Result<Option<Draft>, Error> {
        if term.is_empty() {
            return Err(Error::bad_data("the @context defines the empty term"));
        }
        let mut draft = Draft { meaning: Meaning::Unset, prefix: false, protected: piece.protected };
        let (id, simple) = match value {
            Json::Null => return Ok(Some(draft)),
            Json::Str(id) => (Some(id.as_str()), true),
            Json::Object(_) => {
                check_members(term, value)?;
                if let Some(Json::Bool(protected)) = value.get("@protected") {
                    draft.protected = *protected;
                }
                if let Some(coerced) = value.get("@type").and_then(Json::as_str) {
                    self.check_coercion(piece, term, coerced, depth)?;
                }
                if value.get("@reverse").is_some() {
                    return Ok(Some(draft));
                }
                match value.get("@id") {
                    Some(Json::Null) => return Ok(Some(draft)),
                    Some(Json::Str(id)) => (Some(id.as_str()), false),
                    Some(_) => return Err(bad(term, "has an @id that is no text")),
                    None => (None, false),
                }
            }
            _ => return Err(bad(term, "must be defined by a text, an object or null")),
        };
        match id.filter(|id| *id != term) {
            Some(id) if keyword(id).is_none() && is_keyword_like(id) => return Ok(None),
            Some("@context") => return Err(bad(term, "cannot stand for @context")),
            Some(id) => {
                draft.meaning = self.expand(piece, id, depth)?;
                match &draft.meaning {
                    Meaning::Iri(iri) if !is_iri(iri) => return Err(no_iri(term, iri)),
                    Meaning::Unset => return Err(bad(term, "is defined by a term that stands for nothing")),
                    _ => {}
                }
                let inner_colon = split_compact(term).is_some_and(|(_, suffix)| !suffix.is_empty());
                if inner_colon || term.contains('/') {
                    piece.state.insert(piece.members.get_key_value(term).map_or("", |(k, _)| k), true);
                    if self.expand(piece, term, depth)? != draft.meaning {
                        return Err(bad(term, "looks like an IRI but stands for another one"));
                    }
                }
                draft.prefix = simple
                    && !term.contains([':', '/'])
                    && matches!(&draft.meaning, Meaning::Iri(iri) if iri.ends_with([':', '/', '?', '#', '[', ']', '@']));
            }
            None => draft.meaning = self.own_meaning(piece, term, depth)?,
        }
        if let Some(Json::Bool(prefix)) = value.get("@prefix") {
            if term.contains([':', '/']) || (*prefix && matches!(draft.meaning, Meaning::Keyword(_))) {
                return Err(bad(term, "cannot be a prefix"));
            }
            draft.prefix = *prefix;
        }
        Ok(Some(draft))
    }

    /// What a term stands for whose definition has no @id: a compact IRI, an IRI, or the vocabulary and the term.
    fn own_meaning(&mut self, piece: &mut Piece<'_>, term: &str, depth: usize) -> Result<Meaning, Error> {
        let iri: Box<str> = if let Some((prefix, suffix)) = split_compact(term) {
            self.define(piece, prefix, depth + 1)?;
            match self.lookup(prefix) {
                Some(Meaning::Iri(iri)) => format!("{iri}{suffix}").into(),
                _ => term.into(),
            }
        } else {
            match &self.vocabulary {
                Some(vocabulary) => format!("{vocabulary}{term}").into(),
                None => return Err(bad(term, "has no IRI: there is neither an @id nor an @vocab")),
            }
        };
        if is_iri(&iri) { Ok(Meaning::Iri(iri)) } else { Err(no_iri(term, &iri)) }
    }

    /// IRI expansion relative to the vocabulary (JSON-LD 1.1 API clause 5.2.2).
    fn expand(&mut self, piece: &mut Piece<'_>, value: &str, depth: usize) -> Result<Meaning, Error> {
        if let Some(keyword) = keyword(value) {
            return Ok(Meaning::Keyword(keyword));
        }
        if is_keyword_like(value) {
            return Ok(Meaning::Unset);
        }
        self.define(piece, value, depth + 1)?;
        if let Some(meaning) = self.lookup(value) {
            return Ok(meaning.clone());
        }
        if let Some((prefix, suffix)) = split_compact(value) {
            if prefix == "_" || suffix.starts_with("//") {
                return Ok(Meaning::Iri(value.into()));
            }
            self.define(piece, prefix, depth + 1)?;
            if let Some(iri) = self.prefix(prefix) {
                return Ok(Meaning::Iri(format!("{iri}{suffix}").into()));
            }
            if is_iri(value) {
                return Ok(Meaning::Iri(value.into()));
            }
        }
        Ok(Meaning::Iri(match &self.vocabulary {
            Some(vocabulary) => format!("{vocabulary}{value}").into(),
            None => value.into(),
        }))
    }

    /// What a term stands for by now: the definitions so far, then the core @context's.
    fn lookup(&self, term: &str) -> Option<&Meaning> {
        let own = self.terms.get(term).map(|draft| &draft.meaning);
        own.or_else(|| self.core.find(self.core.hasher().hash_one(term), term).map(|d| &d.meaning))
    }

    fn prefix(&self, term: &str) -> Option<&str> {
        match self.terms.get(term) {
            Some(Draft { meaning: Meaning::Iri(iri), prefix: true, .. }) => Some(iri),
            Some(_) => None,
            None => {
                let definition = self.core.find(self.core.hasher().hash_one(term), term)?;
                definition.prefix.then(|| definition.iri()).flatten()
            }
        }
    }

    fn check_coercion(&mut self, piece: &mut Piece<'_>, term: &str, coerced: &str, depth: usize) -> Result<(), Error> {
        if matches!(coerced, "@id" | "@vocab" | "@json" | "@none") {
            return Ok(());
        }
        match self.expand(piece, coerced, depth)? {
            Meaning::Iri(iri) if is_iri(&iri) => Ok(()),
            _ => Err(bad(term, "has an @type that is no IRI")),
        }
    }
}

const CONTEXT_KEYWORDS: [&str; 8] =
    ["@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version", "@vocab"];

const CONTAINERS: [&str; 8] = ["@graph", "@id", "@index", "@language", "@list", "@none", "@set", "@type"];

/// The members that an expanded term definition may have, and what they may hold.
fn check_members(term: &str, definition: &Json) -> Result<(), Error> {
    let Json::Object(members) = definition else {
        return Ok(());
    };
    for (key, value) in members {
        let fits = match key.as_str() {
            "@id" => matches!(value, Json::Null | Json::Str(_)),
            "@type" | "@index" | "@nest" => matches!(value, Json::Str(_)),
            "@reverse" => matches!(value, Json::Str(_)) && definition.get("@id").is_none(),
            "@language" => matches!(value, Json::Null | Json::Str(_)),
            "@direction" => matches!(value, Json::Null) || matches!(value.as_str(), Some("ltr" | "rtl")),
            "@prefix" | "@protected" => matches!(value, Json::Bool(_)),
            "@context" => is_scoped_context(value, MAX_SCOPED),
            "@container" => match value {
                Json::Null => true,
                Json::Str(container) => CONTAINERS.contains(&container.as_str()),
                Json::Array(all) => all.iter().all(|c| c.as_str().is_some_and(|c| CONTAINERS.contains(&c))),
                _ => false,
            },
            _ => {
                return Err(bad(term, &format!("has the member `{}`, which JSON-LD 1.1 does not know", shown(key))));
            }
        };
        if !fits {
            return Err(bad(term, &format!("has a wrong `{key}`")));
        }
    }
    Ok(())
}

/// Whether a scoped context has the shape of one (JSON-LD 1.1 section 4.1.8). It is not applied, since values are not
/// expanded, so what its terms stand for is not looked at.
fn is_scoped_context(value: &Json, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Json::Null | Json::Str(_) => true,
        Json::Array(parts) => {
            parts.iter().all(|part| !matches!(part, Json::Array(_)) && is_scoped_context(part, depth))
        }
        Json::Object(members) => members.iter().all(|(key, value)| match value {
            Json::Null | Json::Str(_) => true,
            Json::Bool(_) => matches!(key.as_str(), "@propagate" | "@protected"),
            Json::Float(_) => key == "@version",
            Json::Object(definition) => {
                (!key.starts_with('@') || key == "@type")
                    && definition.iter().all(|(key, value)| match (key.as_str(), value) {
                        ("@context", scoped) => is_scoped_context(scoped, depth),
                        (_, Json::Array(all)) => all.iter().all(|one| matches!(one, Json::Str(_))),
                        (_, value) => matches!(value, Json::Null | Json::Bool(_) | Json::Str(_)),
                    })
            }
            _ => false,
        }),
        _ => false,
    }
}

/// `@type` may be defined to be a protected set, and nothing else.
fn check_type_definition(value: &Json) -> Result<(), Error> {
    let fits = match value {
        Json::Object(members) => {
            !members.is_empty()
                && members.iter().all(|(key, value)| match key.as_str() {
                    "@container" => value.as_str() == Some("@set"),
                    "@protected" => matches!(value, Json::Bool(_)),
                    _ => false,
                })
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(bad("@type", "is a keyword and cannot be defined")) }
}

fn has(core: &Table, term: &str) -> bool {
    core.find(core.hasher().hash_one(term), term).is_some()
}

fn bad(term: &str, what: &str) -> Error {
    Error::bad_data(format!("in the @context, `{}` {what}", shown(term)))
}

fn no_iri(term: &str, iri: &str) -> Error {
    bad(term, &format!("stands for `{}`, which is no IRI", shown(iri)))
}

/// At most 80 characters of a text from outside, without controls, for a message.
pub(super) fn shown(text: &str) -> String {
    let clean = |c: char| {
        if is_forbidden(c) && !"<>'{}|^ ".contains(c) { '?' } else { c }
    };
    text.chars().take(80).map(clean).collect()
}
