//! One request on its way to an answer: its head, its body, what was parsed of it, and the store that it means.

use super::query::Parameters;
use crate::app::App;
use crate::operation::Operation;
use axum::body::Body;
use belfry_identity::{Permission, Principal};
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::form;
use belfry_ports::Store;
use belfry_runtime::tenant;
use http::HeaderName;
use http::request::Parts;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The header that names the tenant (clause 6.3.14).
pub const TENANT: HeaderName = HeaderName::from_static("ngsild-tenant");

/// One request.
pub struct Exchange {
    /// What every request needs.
    pub app: Arc<App>,
    /// Its row of the table.
    pub operation: Arc<Operation>,
    /// Method, URL and headers.
    pub head: Parts,
    /// The body, until it is read. (Under a lock that nobody waits for, since a body alone cannot be shared.)
    pub body: Mutex<Body>,
    /// The query string, parsed; only what the operation lists.
    pub parameters: Parameters,
    /// The variable segments of the path, decoded.
    pub path: SmallVec<[String; 2]>,
    /// Who makes it, once that was checked.
    pub principal: Option<Principal>,
    /// When it came.
    pub started: Instant,
}

/// What holds for the writes of one request.
#[derive(Clone)]
pub struct Writing {
    /// Whether commits are to carry what was before.
    pub keep_before: bool,
    /// Whether it may take something away: not who may only bring in.
    pub may_delete: bool,
    /// How large an entity may become.
    pub limits: form::Limits,
}

impl Exchange {
    pub(crate) fn new(app: Arc<App>, operation: Arc<Operation>, head: Parts, body: Body, started: Instant) -> Self {
        Self {
            app,
            operation,
            head,
            body: Mutex::new(body),
            parameters: Parameters::default(),
            path: SmallVec::new(),
            principal: None,
            started,
        }
    }

    /// When it is to be answered at the latest.
    pub fn deadline(&self) -> Instant {
        let limit = self.operation.time.unwrap_or(Duration::from_secs(self.app.limits.request_timeout_s));
        self.started + limit
    }

    /// The tenant that the request names; the empty text for the default one.
    ///
    /// # Errors
    /// `BadRequestData` when it cannot be a tenant's name.
    pub fn tenant(&self) -> Result<&str, Error> {
        match self.head.headers.get(TENANT) {
            None => Ok(tenant::DEFAULT),
            Some(value) => {
                let name = value.to_str().map_err(|_| Error::bad_data("the tenant's name is not plain text"))?;
                tenant::check_name(name)?;
                Ok(name)
            }
        }
    }

    /// The store of the tenant, which must exist.
    ///
    /// # Errors
    /// `NonexistentTenant`.
    pub fn store(&self) -> Result<Arc<dyn Store>, Error> {
        self.app.tenants.get(self.tenant()?)
    }

    /// The store of the tenant, made when it is new: for operations that create.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be made.
    pub async fn store_or_new(&self) -> Result<Arc<dyn Store>, Error> {
        match self.store() {
            Err(error) if error.kind() == Kind::NonexistentTenant => {}
            found => return found,
        }
        let (tenants, name) = (self.app.tenants.clone(), self.tenant()?.to_owned());
        tokio::task::spawn_blocking(move || tenants.get_or_create(&name)).await.map_err(Error::internal)?
    }

    /// A variable segment of the path.
    pub fn segment(&self, at: usize) -> &str {
        self.path.get(at).map_or("", String::as_str)
    }

    /// The entity's identifier in the path.
    ///
    /// # Errors
    /// `BadRequestData` when it is no URI.
    pub fn entity_id(&self) -> Result<Iri, Error> {
        Iri::parse(self.segment(0)).map_err(|e| Error::bad_data(format!("the entity's id in the path is no URI: {e}")))
    }

    /// The value of the `Authorization` header.
    ///
    /// # Errors
    /// `Unauthorized` when it is no plain text.
    pub fn authorization(&self) -> Result<Option<&str>, Error> {
        match self.head.headers.get(http::header::AUTHORIZATION) {
            Some(value) => value.to_str().map(Some).map_err(|_| {
                Error::new(Kind::Unauthorized, "the Authorization header is not of the form: Bearer <token>")
            }),
            None => Ok(None),
        }
    }

    /// Whether the one who makes the request may still do so: a token may have ended since.
    ///
    /// # Errors
    /// `Unauthorized`, `Forbidden`.
    pub fn check_still(&self) -> Result<(), Error> {
        self.app.guard.check(self.authorization()?, self.tenant()?, self.operation.permission).map(drop)
    }

    /// The tenant that the one who makes the request is bound to, if any.
    pub fn bound_to(&self) -> Option<&str> {
        self.principal.as_ref()?.token.as_ref()?.tenant.as_deref()
    }

    /// Whether commits are to carry what was before.
    pub fn keep_before(&self) -> bool {
        self.app.keep_before.is_wanted(|| self.now())
    }

    /// Whether the one who makes the request may do what needs this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.principal.as_ref().is_some_and(|principal| principal.role.allows(permission))
    }

    /// What holds for its writes.
    pub fn writing(&self) -> Writing {
        Writing {
            keep_before: self.keep_before(),
            may_delete: self.may(Permission::Write),
            limits: self.app.reading.clone(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.app.clock.now()
    }
}
