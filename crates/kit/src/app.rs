//! An application, and how it is handed to the platform with the type of its service erased. Starts nothing.

use crate::{Ctx, Endpoint, Handler, Manifest};
use belfry_kernel::Error;
use std::any::Any;
use std::sync::Arc;

/// An application. It is made once; what belongs to a tenant is its service.
pub trait App: Send + Sync + 'static {
    /// What it keeps for one tenant.
    type Service: Send + Sync + 'static;

    /// What it says of itself.
    fn manifest(&self) -> &Manifest;

    /// All that it answers.
    fn endpoints(&self) -> Vec<Endpoint<Self::Service>>;

    /// Opens it for one tenant, when the tenant's store is opened: at the start, or when the tenant is new. Returns soon;
    /// what takes long is spawned ([`Ctx::spawn`]).
    ///
    /// # Errors
    /// Whatever keeps it from working for this tenant: its endpoints then answer `Unavailable`, and the log says why.
    fn open(&self, ctx: Ctx) -> Result<Arc<Self::Service>, Error>;
}

/// A tenant's service, whatever its type.
pub type Service = dyn Any + Send + Sync;

/// An application as the platform holds it.
pub struct Hosted {
    /// What it says of itself.
    pub manifest: Manifest,
    /// All that it answers.
    pub endpoints: Vec<Endpoint<Service>>,
    open: Opening,
}

type Opening = Box<dyn Fn(Ctx) -> Result<Arc<Service>, Error> + Send + Sync>;

impl Hosted {
    /// Takes an application in.
    pub fn new<A: App>(app: A) -> Self {
        let manifest = app.manifest().clone();
        let endpoints = app.endpoints().into_iter().map(erased).collect();
        Self { manifest, endpoints, open: Box::new(move |ctx| Ok(app.open(ctx)?)) }
    }

    /// Opens it for one tenant.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open(&self, ctx: Ctx) -> Result<Arc<Service>, Error> {
        (self.open)(ctx)
    }
}

fn erased<S: Send + Sync + 'static>(endpoint: Endpoint<S>) -> Endpoint<Service> {
    let Endpoint { method, path, id, access, summary, parameters, takes, room, time, handler } = endpoint;
    let handler: Handler<Service> = Arc::new(move |service, request| match service.downcast::<S>() {
        Ok(service) => handler(service, request),
        Err(_) => Box::pin(async { Err(Error::internal("an application was handed the service of another")) }),
    });
    Endpoint { method, path, id, access, summary, parameters, takes, room, time, handler }
}
