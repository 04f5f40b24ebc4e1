//! @context: expansion of terms to names and compaction of names to terms. ETSI GS CIM 009 clauses 4.4, 5.5.7 and 5.13
//! on JSON-LD 1.1. Holds no fetching of remote contexts (see [`Resolver`]) and never touches the values of attributes.
//!
//! The core @context comes first and last. First: its prefixes and terms may be used in a client's definitions. Last: its
//! terms and its `@vocab` win over the client's, silently. A client's `@vocab` thus counts for its own definitions
//! only, and a term that nobody defines always belongs to [`DEFAULT_VOCABULARY`].

mod build;
mod cache;
mod core;
mod define;
mod iri;
mod memo;
mod reference;
mod table;

pub use self::build::{BuildError, Limits, NoRemote, Resolver};
pub use self::cache::ContextCache;
pub use self::core::{CoreVersion, DEFAULT_VOCABULARY, is_core_url};
pub use self::reference::Reference;

use self::memo::{Seen, Shorts};
use self::table::{Definition, Meaning, Table};
use crate::{Json, Name};
use belfry_kernel::Error;
use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock, OnceLock};

/// The deepest JSON in a context document.
const MAX_JSON_DEPTH: usize = 32;

static CHOSEN: OnceLock<CoreVersion> = OnceLock::new();

/// A processed @context: immutable, shared. It remembers its answers, so keep one for as long as it is of use.
pub struct Context {
    core: &'static Table,
    own: Table,
    reference: Reference,
    remotes: Vec<String>,
    seen: Seen,
    shorts: Shorts,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({}, {} own terms)", self.reference.json(), self.own.len())
    }
}

impl Context {
    /// The core context alone, of the chosen version (1.8 when none was chosen).
    pub fn core() -> &'static Arc<Self> {
        Self::core_of(*CHOSEN.get_or_init(CoreVersion::default))
    }

    /// Chooses the version of [`Self::core`] and [`Self::build`] for this process. Answers whether that is now the
    /// version: `false` when another one was chosen or used before.
    pub fn choose_core(version: CoreVersion) -> bool {
        *CHOSEN.get_or_init(|| version) == version
    }

    /// The core context alone, of this version (`1.6` to `1.9`).
    pub fn core_version(version: &str) -> Option<&'static Arc<Self>> {
        CoreVersion::parse(version).map(Self::core_of)
    }

    /// The core context alone, of this version.
    pub fn core_of(version: CoreVersion) -> &'static Arc<Self> {
        static ALONE: LazyLock<[Arc<Context>; 4]> = LazyLock::new(|| {
            CoreVersion::ALL.map(|version| {
                let none = Table::new(Vec::new(), core::table(version).hasher().clone());
                Arc::new(Context::new(version, none, Reference::of(&Json::Null, version), Vec::new()))
            })
        });
        &ALONE[version as usize]
    }

    /// Builds the context of an `@context` value (the value of the member, not the object around it) on the chosen
    /// core version. `null` and core URLs give the core context itself.
    ///
    /// # Errors
    /// [`BuildError::Missing`] with the URLs that `resolver` lacks, [`BuildError::Refused`] (`BadRequestData`) for a
    /// malformed context or one beyond the limits.
    pub fn build(local: &Json, resolver: &dyn Resolver, limits: &Limits) -> Result<Arc<Self>, BuildError> {
        Self::build_on(*CHOSEN.get_or_init(CoreVersion::default), local, resolver, limits)
    }

    /// [`Self::build`] on a core version of the caller's choice.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_on(
        version: CoreVersion,
        local: &Json,
        resolver: &dyn Resolver,
        limits: &Limits,
    ) -> Result<Arc<Self>, BuildError> {
        build::build(version, local, resolver, limits)
    }

    /// Builds from the text of a context document (`{"@context": ...}`), as hosted contexts come (clause 5.13.2).
    ///
    /// # Errors
    /// As [`Self::build`]; `InvalidRequest` when it is no JSON, `BadRequestData` when it is no such object.
    pub fn build_from_bytes(
        document: &[u8],
        resolver: &dyn Resolver,
        limits: &Limits,
    ) -> Result<Arc<Self>, BuildError> {
        let document = Json::parse(document, MAX_JSON_DEPTH)?;
        let Some(local) = document.get("@context") else {
            return Err(Error::bad_data("a context document must be an object with the member @context").into());
        };
        Self::build(local, resolver, limits)
    }

    fn new(version: CoreVersion, own: Table, reference: Reference, remotes: Vec<String>) -> Self {
        Self { core: core::table(version), own, reference, remotes, seen: Seen::new(), shorts: Shorts::new() }
    }

    /// Expands an attribute name, type or vocabulary term and interns it. A defined term gives its IRI, a compact IRI
    /// (`prefix:suffix`) the joined one, an IRI itself, anything else the default vocabulary and the term.
    ///
    /// # Errors
    /// `BadRequestData` for what can be no name: empty, a keyword or an alias of one, a term that the context unsets,
    /// white space, controls, quotes or brackets in it, too long.
    pub fn expand(&self, term: &str) -> Result<Name, Error> {
        let hash = self.hash(term);
        if let Some(definition) = self.find(hash, term) {
            return match definition.name.get() {
                Some(name) => Ok(*name),
                None => {
                    let name = Name::intern(iri_of(definition)?)?;
                    Ok(*definition.name.get_or_init(|| name))
                }
            };
        }
        if let Some(name) = self.seen.find(hash, |name| is_expansion(name, term)) {
            return Ok(name);
        }
        let name = Name::intern(&undefined(self, term)?)?;
        self.remember(hash, term, name);
        Ok(name)
    }

    /// Expands for a query: `None` when nothing ever had that name, so that nothing can match.
    ///
    /// # Errors
    /// As [`Self::expand`].
    pub fn expand_known(&self, term: &str) -> Result<Option<Name>, Error> {
        let hash = self.hash(term);
        if let Some(definition) = self.find(hash, term) {
            return Ok(match definition.name.get() {
                Some(name) => Some(*name),
                None => Name::lookup(iri_of(definition)?),
            });
        }
        if let Some(name) = self.seen.find(hash, |name| is_expansion(name, term)) {
            return Ok(Some(name));
        }
        let name = Name::lookup(&undefined(self, term)?);
        if let Some(name) = name {
            self.remember(hash, term, name);
        }
        Ok(name)
    }

    /// The short form of this name in this context: the core @context's term, else the shortest (then first in the
    /// alphabet) term, else the name without the default vocabulary, else the shortest compact IRI, else the IRI.
    /// What it gives expands to the same name again. (The one exception: an IRI such as `urn:x` in a context that
    /// defines its scheme as a prefix; JSON-LD has no form for it.)
    pub fn compact(&self, name: Name) -> &str {
        self.shorts.get_or_make(name, || self.shorten(name.as_str()))
    }

    /// The keyword that this term stands for: `@type` for `type`, for `@type` and for a client's alias of it.
    pub fn keyword(&self, term: &str) -> Option<&'static str> {
        match self.find(self.hash(term), term) {
            Some(Definition { meaning: Meaning::Keyword(keyword), .. }) => Some(keyword),
            Some(_) => None,
            None => iri::keyword(term),
        }
    }

    /// How answers refer to this context.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The URL for the Link header when one URL says it all: the client's only context, or the core @context.
    pub fn link_url(&self) -> Option<&str> {
        self.reference.link_url()
    }

    /// The remote documents that it was built from.
    pub fn remotes(&self) -> &[String] {
        &self.remotes
    }

    /// How many terms it defines besides those of the core @context.
    pub fn own_terms(&self) -> usize {
        self.own.len()
    }

    /// About what it holds when new, bytes: for the cache.
    fn weight(&self) -> usize {
        self.own.weight() + self.reference.text().len() * 3 + 16 * 1024
    }

    fn hash(&self, term: &str) -> u64 {
        self.core.hasher().hash_one(term)
    }

    fn find(&self, hash: u64, term: &str) -> Option<&Definition> {
        self.core.find(hash, term).or_else(|| self.own.find(hash, term))
    }

    /// Keeps the name of an undefined term where [`is_expansion`] can tell it for certain.
    fn remember(&self, hash: u64, term: &str, name: Name) {
        let whole = name.as_str();
        let from_vocabulary = whole.len() == DEFAULT_VOCABULARY.len() + term.len() && is_expansion(name, term);
        if from_vocabulary || (whole == term && !whole.starts_with(DEFAULT_VOCABULARY)) {
            self.seen.keep(hash, name);
        }
    }

    fn shorten(&self, iri: &str) -> Box<str> {
        let back = |short: &str| match self.find(self.hash(short), short) {
            Some(definition) => definition.iri() == Some(iri),
            None => undefined(self, short).is_ok_and(|whole| whole == iri),
        };
        let terms = self.core.term_of(iri).into_iter().chain(self.own.term_of(iri));
        let short = terms.chain(iri.strip_prefix(DEFAULT_VOCABULARY)).find(|short| back(short));
        if let Some(short) = short {
            return short.into();
        }
        let mut best: Option<String> = None;
        for (prefix, space) in self.core.prefixes().chain(self.own.prefixes()) {
            let Some(suffix) = iri.strip_prefix(space).filter(|suffix| !suffix.is_empty()) else {
                continue;
            };
            let length = prefix.len() + 1 + suffix.len();
            if best.as_ref().is_some_and(|b| b.len() < length) {
                continue;
            }
            let short = format!("{prefix}:{suffix}");
            if best.as_ref().is_none_or(|b| (short.len(), &short) < (b.len(), b)) && back(&short) {
                best = Some(short);
            }
        }
        best.map_or_else(|| iri.into(), String::into_boxed_str)
    }
}

/// The IRI of a definition that has one.
fn iri_of(definition: &Definition) -> Result<&str, Error> {
    definition.iri().ok_or_else(|| match definition.meaning {
        Meaning::Keyword(keyword) => {
            Error::bad_data(format!("`{}` stands for {keyword} and is no name", define::shown(&definition.term)))
        }
        _ => Error::bad_data(format!("the @context gives `{}` no IRI", define::shown(&definition.term))),
    })
}

/// Whether this name, remembered for some undefined term, is the one of this undefined term.
fn is_expansion(name: Name, term: &str) -> bool {
    let whole = name.as_str();
    whole == term || whole.strip_prefix(DEFAULT_VOCABULARY) == Some(term)
}

/// The IRI of a term that has no definition (JSON-LD 1.1 API clause 5.2.2, steps 6 and 7).
fn undefined<'t>(context: &Context, term: &'t str) -> Result<Cow<'t, str>, Error> {
    if term.is_empty() {
        return Err(Error::bad_data("a name is empty"));
    }
    if iri::keyword(term).is_some() || iri::is_keyword_like(term) {
        return Err(Error::bad_data(format!("`{}` is a keyword and no name", define::shown(term))));
    }
    if let Some(wrong) = term.chars().find(|c| iri::is_forbidden(*c)) {
        return Err(Error::bad_data(format!(
            "the name `{}` holds the character {}, which no name may",
            define::shown(term),
            wrong.escape_default()
        )));
    }
    if let Some((prefix, suffix)) = iri::split_compact(term) {
        if prefix == "_" {
            return Err(Error::bad_data(format!("`{}` is a blank node and no name", define::shown(term))));
        }
        if !suffix.starts_with("//") {
            let definition = context.find(context.hash(prefix), prefix).filter(|d| d.prefix);
            if let Some(space) = definition.and_then(Definition::iri) {
                return Ok(Cow::Owned(format!("{space}{suffix}")));
            }
        }
        if iri::scheme_end(term).is_some() {
            return Ok(Cow::Borrowed(term));
        }
    }
    Ok(Cow::Owned(format!("{DEFAULT_VOCABULARY}{term}")))
}
