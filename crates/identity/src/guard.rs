//! The check of a request: who is it, and may it do this. Reads tokens from the store each time, so that a revoked one
//! opens nothing from that moment on; what was parsed is remembered while the document is the same.

use crate::token::{self, Token};
use crate::{Permission, Role};
use belfry_kernel::{Clock, Error, Kind};
use belfry_ports::{Collection, Store};
use hashbrown::HashMap;
use parking_lot::RwLock;
use std::sync::Arc;

/// How many parsed tokens are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// Whether tokens are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Whoever reaches the server may do everything. The wiring allows it on loopback addresses only.
    Open,
    /// Every operation but public ones needs a token.
    Tokens,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// What it may do.
    pub role: Role,
    /// The token, unless the server is open.
    pub token: Option<Arc<Token>>,
}

type Remembered = HashMap<String, (Arc<[u8]>, Arc<Token>)>;

/// Checks requests.
pub struct Guard {
    mode: Mode,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    remembered: RwLock<Remembered>,
}

impl Guard {
    /// `store` holds the tokens (that of the default tenant).
    pub fn new(mode: Mode, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { mode, store, clock, remembered: RwLock::default() }
    }

    /// Whether tokens are asked for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Lets a request through or not. `authorization` is the value of its `Authorization` header; `tenant` the tenant
    /// that it names (the empty text for the default one).
    ///
    /// # Errors
    /// `Unauthorized` without a token that opens anything; `Forbidden` when its role or tenant is another, or when it is
    /// bound to a tenant and the permission is server-wide.
    pub fn check(&self, authorization: Option<&str>, tenant: &str, permission: Permission) -> Result<Principal, Error> {
        self.decide(authorization, Some(tenant), permission)
    }

    /// The same for protocols in which a request names no tenant: it is within the one that the token is bound to, else
    /// within the default one.
    ///
    /// # Errors
    /// As [`Guard::check`].
    pub fn check_own(&self, authorization: Option<&str>, permission: Permission) -> Result<Principal, Error> {
        self.decide(authorization, None, permission)
    }

    fn decide(
        &self,
        authorization: Option<&str>,
        tenant: Option<&str>,
        permission: Permission,
    ) -> Result<Principal, Error> {
        if self.mode == Mode::Open {
            return Ok(Principal { role: Role::Admin, token: None });
        }
        if permission == Permission::Public {
            return Ok(Principal { role: Role::Reader, token: None });
        }
        let refused = |text: &str| Error::new(Kind::Unauthorized, text);
        let header =
            authorization.ok_or_else(|| refused("this needs an access token: Authorization: Bearer <token>"))?;
        let secret = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim())
            .ok_or_else(|| refused("the Authorization header is not of the form: Bearer <token>"))?;
        let token = self.token(secret)?.ok_or_else(|| refused("the access token is unknown or was revoked"))?;
        if token.expires_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(refused("the access token has expired"));
        }
        let forbidden = |text: &str| Err(Error::new(Kind::Forbidden, text));
        if token.tenant.as_deref().zip(tenant).is_some_and(|(only, tenant)| only != tenant) {
            return forbidden("the access token is for another tenant");
        }
        if permission.is_server_wide() && token.tenant.is_some() {
            return forbidden("the access token is bound to a tenant, and this concerns the whole server");
        }
        if !token.role.allows(permission) {
            return Err(Error::new(
                Kind::Forbidden,
                format!("the access token's role, {}, does not allow this", token.role.as_str()),
            ));
        }
        Ok(Principal { role: token.role, token: Some(token) })
    }

    fn token(&self, secret: &str) -> Result<Option<Arc<Token>>, Error> {
        if !token::is_plausible(secret) {
            return Ok(None);
        }
        let key = token::key_of(secret);
        let Some(bytes) = self.store.document(Collection::Token, &key)? else {
            self.remembered.write().remove(&key);
            return Ok(None);
        };
        if let Some((known, token)) = self.remembered.read().get(&key)
            && *known == bytes
        {
            return Ok(Some(token.clone()));
        }
        let token = Arc::new(token::decode(&key, &bytes)?);
        let mut remembered = self.remembered.write();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (bytes, token.clone()));
        Ok(Some(token))
    }
}
