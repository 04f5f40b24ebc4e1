//! The host of applications: opens each one for each tenant, finds its service for a request, and stops all of them. Knows
//! no application by name, and no route.

mod host;

use crate::notify::KeepBefore;
use belfry_kernel::{Clock, Error, Kind};
use belfry_kit::{Ctx, Hosted, Service};
use belfry_ngsi_ld::form;
use belfry_ports::Store;
use hashbrown::HashMap;
use host::{Tasks, TenantHost};
use parking_lot::RwLock;
use std::sync::Arc;

/// What applications work with, whatever the tenant.
#[derive(Clone)]
pub struct Parts {
    /// Where now comes from.
    pub clock: Arc<dyn Clock>,
    /// How large an entity may be, and which names are refused.
    pub limits: form::Limits,
    /// Whether commits are to carry what was before.
    pub keep_before: Arc<KeepBefore>,
    /// How much they may keep and compute.
    pub options: Options,
}

/// How much applications may keep and compute.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The largest file, bytes.
    pub max_file_bytes: usize,
    /// All files of one application in one tenant together, bytes.
    pub max_files_bytes: usize,
    /// Pieces of work that compute at one time, all applications and tenants together.
    pub max_working: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_file_bytes: 64 << 20, max_files_bytes: 256 << 20, max_working: 2 }
    }
}

/// The services of one tenant, in the order of the applications; none where one could not be opened.
type Opened = Box<[Option<Arc<Service>>]>;

/// Every application, and its service for every tenant.
pub struct Apps {
    hosted: Box<[Hosted]>,
    parts: Parts,
    tasks: Arc<Tasks>,
    tenants: RwLock<HashMap<Box<str>, Opened>>,
}

impl Apps {
    /// These applications, open for no tenant yet.
    pub fn new(hosted: Vec<Hosted>, parts: Parts) -> Self {
        let tasks = Arc::new(Tasks::new(parts.options.max_working));
        Self { hosted: hosted.into(), parts, tasks, tenants: RwLock::default() }
    }

    /// None at all.
    pub fn none(parts: Parts) -> Self {
        Self::new(Vec::new(), parts)
    }

    /// Every application, in order.
    pub fn hosted(&self) -> &[Hosted] {
        &self.hosted
    }

    /// How much they may keep and compute.
    pub fn options(&self) -> Options {
        self.parts.options
    }

    /// A store was opened: every application is opened for its tenant. Must be called within a tokio runtime.
    pub fn open(&self, tenant: &str, store: &Arc<dyn Store>) {
        let host = Arc::new(TenantHost { store: store.clone(), parts: self.parts.clone(), tasks: self.tasks.clone() });
        let open = |hosted: &Hosted| {
            let app = &hosted.manifest.name;
            let ctx = Ctx::new(app, tenant, store.clone(), host.clone());
            let files = ctx.files();
            ctx.spawn("sweeping files", async move {
                if let Err(error) = files.sweep().await {
                    tracing::warn!(%error, "pieces of files that broke off could not be removed");
                }
            });
            match hosted.open(ctx) {
                Ok(service) => Some(service),
                Err(error) => {
                    tracing::error!(tenant, %app, %error, cause = ?error.cause(), "an application cannot be opened");
                    None
                }
            }
        };
        let opened: Opened = self.hosted.iter().map(open).collect();
        self.tenants.write().insert(tenant.into(), opened);
    }

    /// The service of the application at this place for a tenant.
    ///
    /// # Errors
    /// `Unavailable` when it could not be opened.
    pub fn service(&self, tenant: &str, app: usize) -> Result<Arc<Service>, Error> {
        let found = self.tenants.read().get(tenant).and_then(|opened| opened.get(app)?.clone());
        let unavailable = || Error::new(Kind::Unavailable, "this application could not be opened; the log says why");
        found.ok_or_else(unavailable)
    }

    /// Ends every task and lets go of every store.
    pub async fn stop(&self) {
        self.tasks.stop().await;
        self.tenants.write().clear();
    }
}
