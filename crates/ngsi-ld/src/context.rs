//! @context: term definitions, expansion of terms to names and compaction of names to terms.

use crate::Name;
use belfry_kernel::Error;
use std::sync::Arc;

/// A processed @context: immutable, shared.
#[derive(Debug)]
pub struct Context {}

impl Context {
    /// The core context alone.
    pub fn core() -> &'static Arc<Self> {
        static CORE: std::sync::LazyLock<Arc<Context>> = std::sync::LazyLock::new(|| Arc::new(Context {}));
        &CORE
    }

    /// Expands an attribute name, type or vocabulary term and interns it.
    pub fn expand(&self, term: &str) -> Result<Name, Error> {
        Name::intern(term)
    }

    /// Expands for a query: `None` when nothing ever had that name, so that nothing can match.
    pub fn expand_known(&self, term: &str) -> Result<Option<Name>, Error> {
        Ok(Name::lookup(term))
    }

    /// The shortest term of this name in this context, or the IRI.
    pub fn compact(&self, name: Name) -> &str {
        name.as_str()
    }
}
