//! Tenants: each has a store of its own (ETSI GS CIM 009 clause 4.14). Holds which are open and opens them when asked.

use belfry_kernel::{Error, Kind};
use belfry_ports::Store;
use hashbrown::{HashMap, HashSet};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// The tenant that a request without a tenant header means.
pub const DEFAULT: &str = "";

/// Makes and finds the stores of tenants. The binary's wiring decides what kind they are.
pub trait Stores: Send + Sync + 'static {
    /// Opens the store of a tenant, making it when it is new.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be opened.
    fn open(&self, tenant: &str) -> Result<Arc<dyn Store>, Error>;

    /// Tenants that have a store on disk, the default one left out.
    ///
    /// # Errors
    /// `Unavailable` when that cannot be read.
    fn list(&self) -> Result<Vec<String>, Error>;
}

/// Called for each store when it is opened, so that its consumers start.
pub type OnOpen = Box<dyn Fn(&str, &Arc<dyn Store>) + Send + Sync>;

/// The open stores.
pub struct Tenants {
    default: Arc<dyn Store>,
    others: RwLock<HashMap<Box<str>, Arc<dyn Store>>>,
    /// Those that could not be opened at the start.
    failed: HashSet<Box<str>>,
    opening: Mutex<()>,
    stores: Arc<dyn Stores>,
    max: usize,
    on_open: OnOpen,
}

impl Tenants {
    /// Opens the default tenant and every one that is on disk. One that cannot be opened answers `Unavailable` until the
    /// next start, and the others go on.
    ///
    /// # Errors
    /// As [`Stores::open`] for the default tenant, and as [`Stores::list`].
    pub fn open(stores: Arc<dyn Stores>, max: usize, on_open: OnOpen) -> Result<Self, Error> {
        let default = stores.open(DEFAULT)?;
        on_open(DEFAULT, &default);
        let (mut others, mut failed) = (HashMap::new(), HashSet::new());
        for name in stores.list()? {
            match stores.open(&name) {
                Ok(store) => {
                    on_open(&name, &store);
                    others.insert(name.into_boxed_str(), store);
                }
                Err(error) => {
                    tracing::error!(tenant = %name, %error, cause = ?error.cause(), "a tenant cannot be opened; the others go on");
                    failed.insert(name.into_boxed_str());
                }
            }
        }
        Ok(Self { default, others: RwLock::new(others), failed, opening: Mutex::new(()), stores, max, on_open })
    }

    /// The store of a tenant that exists.
    ///
    /// # Errors
    /// `NonexistentTenant`; `Unavailable` when it could not be opened at the start.
    pub fn get(&self, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        if tenant == DEFAULT {
            return Ok(self.default.clone());
        }
        let found = self.others.read().get(tenant).cloned();
        if found.is_none() && self.failed.contains(tenant) {
            let why = format!("tenant {tenant:?} could not be opened; the platform's log says why");
            return Err(Error::new(Kind::Unavailable, why));
        }
        found.ok_or_else(|| Error::new(Kind::NonexistentTenant, format!("there is no tenant {tenant:?}")))
    }

    /// The store of a tenant, made when it is new: what operations that create something use. Opening one reads and
    /// syncs files: call it where that may block.
    ///
    /// # Errors
    /// `BadRequestData` for a name that cannot be one; `Unavailable` when there are as many as there may be.
    pub fn get_or_create(&self, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        match self.get(tenant) {
            Err(e) if e.kind() == Kind::NonexistentTenant => {}
            found => return found,
        }
        check_name(tenant)?;
        let _one_at_a_time = self.opening.lock();
        if let Ok(store) = self.get(tenant) {
            return Ok(store);
        }
        if self.others.read().len() + self.failed.len() >= self.max {
            return Err(Error::new(
                Kind::Unavailable,
                format!("there are as many tenants as there may be ({})", self.max),
            ));
        }
        let store = self.stores.open(tenant)?;
        (self.on_open)(tenant, &store);
        self.others.write().insert(tenant.into(), store.clone());
        Ok(store)
    }

    /// Every open store with its tenant's name.
    pub fn all(&self) -> Vec<(String, Arc<dyn Store>)> {
        let mut all = vec![(DEFAULT.to_owned(), self.default.clone())];
        all.extend(self.others.read().iter().map(|(name, store)| (name.to_string(), store.clone())));
        all
    }
}

/// Whether a text can be a tenant's name: letters, digits, `_`, `-` and `.`, at most 64, beginning with a letter or
/// digit. It becomes the name of a directory.
///
/// # Errors
/// `BadRequestData`.
pub fn check_name(tenant: &str) -> Result<(), Error> {
    let bytes = tenant.as_bytes();
    let good = (1..=64).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if good {
        Ok(())
    } else {
        Err(Error::bad_data(
            "a tenant's name is 1 to 64 letters, digits, '_', '-' or '.', beginning with a letter or digit",
        ))
    }
}
