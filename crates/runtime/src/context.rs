//! Contexts of users: from the `@context` that a request carries to a processed context. The core one is compiled in;
//! hosted ones are documents of the store; remote ones are fetched once and remembered. Expands nothing itself.

mod hosted;
mod implicit;
mod memory;
mod remote;
mod shelf;

pub use hosted::{Hosted, KeptLimits, Kind as HostedKind, NewHosted};
pub use memory::remember;
pub use remote::{Cached, Fetching};

use crate::outbound::Outbound;
use belfry_kernel::{Clock, Error, Time};
use belfry_ngsi_ld::context::{BuildError, ContextCache, Limits, is_core_url};
use belfry_ngsi_ld::{Context, Json};
use belfry_ports::Store;
use hashbrown::HashMap;
use hosted::Kept;
use implicit::Implicit;
use parking_lot::Mutex;
use remote::Remote;
use std::sync::Arc;

/// The path under which hosted contexts are served (ETSI GS CIM 009 clause 6.29).
pub const HOSTED_PATH: &str = "/ngsi-ld/v1/jsonldContexts/";

/// How contexts are had.
#[derive(Clone, Debug)]
pub struct Options {
    /// How large and deep one context may be.
    pub limits: Limits,
    /// Processed contexts that are held, and as many of those made for answers.
    pub cached: usize,
    /// Bytes that each of the two may weigh together.
    pub cached_bytes: usize,
    /// How much is kept of what clients add and subscriptions need.
    pub kept: KeptLimits,
    /// Whether and how remote documents are fetched.
    pub fetching: Fetching,
    /// Addresses under which this server is known (`http://localhost:1026`), without a slash at the end; the first one
    /// stands in links.
    pub own: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            cached: 512,
            cached_bytes: 64 << 20,
            kept: KeptLimits::default(),
            fetching: Fetching::default(),
            own: vec!["http://localhost:1026".to_owned()],
        }
    }
}

/// Every context that this process knows or can get.
pub struct Contexts {
    cache: ContextCache,
    store: Arc<dyn Store>,
    remote: Remote,
    implicit: Implicit,
    clock: Arc<dyn Clock>,
    limits: Limits,
    kept: Mutex<Kept>,
    kept_limits: KeptLimits,
    own: Vec<String>,
}

impl Contexts {
    /// `store` holds the hosted contexts (that of the default tenant) and what was fetched before; `outbound` reaches
    /// remote ones.
    pub fn new(options: Options, store: Arc<dyn Store>, outbound: Arc<Outbound>, clock: Arc<dyn Clock>) -> Self {
        let kept = Self::count_kept(&*store).unwrap_or_else(|error| {
            tracing::error!(%error, "the @contexts that are kept cannot be counted");
            Kept::default()
        });
        let contexts = Self {
            kept: Mutex::new(kept),
            kept_limits: options.kept,
            cache: ContextCache::new(options.cached, options.cached_bytes),
            remote: Remote::new(options.fetching, outbound),
            implicit: Implicit::new(options.cached, options.cached_bytes),
            store,
            clock,
            limits: options.limits,
            own: options.own,
        };
        contexts.load_remote();
        contexts
    }

    /// The context of the value of an `@context` member.
    ///
    /// # Errors
    /// `BadRequestData` for a malformed one; `LdContextNotAvailable` for a remote one that cannot be had.
    pub async fn resolve(&self, local: &Json) -> Result<Arc<Context>, Error> {
        if let Some(core) = core_of(local) {
            return Ok(core);
        }
        if let Some(known) = self.cache.get(local) {
            // What was fetched long ago is fetched anew behind the answer.
            if self.remote.all_fresh(known.remotes(), self.clock.now()) {
                return Ok(known);
            }
        }
        let mut documents: HashMap<String, Arc<Json>> = HashMap::new();
        // Each round brings at least one document that was missing, and their number is limited.
        for _ in 0..=self.limits.remote_documents {
            let built = Context::build(local, &|url: &str| documents.get(url).cloned(), &self.limits);
            let missing = match built {
                Ok(context) => {
                    self.cache.put(local, context.clone());
                    return Ok(context);
                }
                Err(BuildError::Refused(error)) => return Err(error),
                Err(BuildError::Missing(urls)) => urls,
            };
            for url in missing {
                let document = self.document(&url).await?;
                documents.insert(url, document);
            }
        }
        Err(Error::bad_data("the @context needs too many remote documents"))
    }

    /// The context at a URL, as a Link header names it.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub async fn of_url(&self, url: &str) -> Result<Arc<Context>, Error> {
        if is_core_url(url) {
            return Ok(Context::core().clone());
        }
        self.resolve(&Json::from(url)).await
    }

    /// The document at this URL: hosted here, or fetched.
    async fn document(&self, url: &str) -> Result<Arc<Json>, Error> {
        if let Some(id) = self.hosted_id(url)
            && let Some(document) = self.hosted(id)?
        {
            return Ok(Arc::new(document.document()?));
        }
        if let Some(document) = self.hosted(url)? {
            return Ok(Arc::new(document.document()?));
        }
        self.remote.document(url, self.clock.now()).await
    }

    /// The identifier within a URL of a context that is hosted here.
    fn hosted_id<'u>(&self, url: &'u str) -> Option<&'u str> {
        let path = self.own.iter().find_map(|own| url.strip_prefix(own.as_str()))?;
        path.strip_prefix(HOSTED_PATH).filter(|id| !id.is_empty() && !id.contains(['/', '?', '#']))
    }

    /// The addresses under which this server is known.
    pub fn own(&self) -> &[String] {
        &self.own
    }

    /// The URL of a hosted context.
    pub fn hosted_url(&self, id: &str) -> String {
        format!("{}{HOSTED_PATH}{id}", self.own.first().map_or("", String::as_str))
    }

    fn now(&self) -> Time {
        self.clock.now()
    }
}

/// The core context, when this value adds nothing to it: the case of most requests, which must cost nothing.
fn core_of(local: &Json) -> Option<Arc<Context>> {
    let nothing = |one: &Json| matches!(one, Json::Null) || one.as_str().is_some_and(is_core_url);
    let core = match local {
        Json::Array(all) => all.iter().all(nothing),
        one => nothing(one),
    };
    core.then(|| Context::core().clone())
}
