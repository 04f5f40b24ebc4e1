//! Access tokens: 256 random bits, shown once, kept as their SHA-256. (A secret of that size needs no slow hash and no
//! salt: there is nothing to guess.) Documents of the default tenant's store, by hash.

use crate::Role;
use belfry_kernel::{Error, Rng, Time};
use belfry_ports::{ChangeSet, Collection, DocumentChange, Store};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;

/// What every token begins with, so that a leaked one is recognised by scanners.
const PREFIX: &str = "belfry_";
/// How many tokens are listed at most.
const MAX_LISTED: usize = 100_000;
/// The longest label, bytes.
const MAX_LABEL: usize = 200;

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for, in its owner's words.
    pub label: String,
    /// What its holder may do.
    pub role: Role,
    /// The one tenant that it opens; none for every tenant.
    pub tenant: Option<String>,
    /// When it ends; none for never.
    pub expires_at: Option<Time>,
}

/// A token as it is kept: without its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Its identifier: the beginning of its hash, enough to tell it from others and to revoke it.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// What its holder may do.
    pub role: Role,
    /// The one tenant that it opens.
    pub tenant: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Option<Time>,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What its holder shows. Nobody can see it again.
    pub secret: String,
    /// What is kept.
    pub token: Token,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    label: String,
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

/// Makes a token and keeps its hash.
///
/// # Errors
/// `BadRequestData` for a label that is empty, too long or has control characters; `Unavailable` when the store takes
/// no writes.
pub async fn create(store: &dyn Store, rng: &dyn Rng, new: NewToken) -> Result<Issued, Error> {
    let label = new.label.trim().to_owned();
    if label.is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(Error::bad_data("a token's label is 1 to 200 bytes of plain text"));
    }
    let mut random = [0_u8; 32];
    rng.fill(&mut random);
    let secret = format!("{PREFIX}{}", hex(&random));
    let key = key_of(&secret);
    let id = key[..12].to_owned();
    let (role, tenant, expires_at) = (new.role, new.tenant, new.expires_at);
    let (kept_label, kept_tenant) = (label.clone(), tenant.clone());
    let commit = store
        .write(Box::new(move |_, now| {
            let stored = Stored {
                label: kept_label,
                role: role.as_str().to_owned(),
                tenant: kept_tenant,
                created_at: now.micros(),
                expires_at: expires_at.map(Time::micros),
            };
            let bytes: Arc<[u8]> = serde_json::to_vec(&stored).map_err(Error::internal)?.into();
            Ok(change(key, Some(bytes)))
        }))
        .await?;
    let token = Token { id, label, role, tenant, created_at: commit.at, expires_at };
    Ok(Issued { secret, token })
}

/// Every token that is kept.
///
/// # Errors
/// `Internal` when one is damaged.
pub fn list(store: &dyn Store) -> Result<Vec<Token>, Error> {
    let documents = store.documents(Collection::Token, None, MAX_LISTED)?;
    documents.iter().map(|d| decode(&d.key, &d.bytes)).collect()
}

/// Revokes the token of this identifier. Answers whether there was one.
///
/// # Errors
/// `BadRequestData` when the identifier is too short to mean one; `Unavailable` when the store takes no writes.
pub async fn revoke(store: &dyn Store, id: &str) -> Result<bool, Error> {
    if id.len() < 8 {
        return Err(Error::bad_data("a token's identifier has 12 characters"));
    }
    let found: Vec<Box<str>> = store
        .documents(Collection::Token, None, MAX_LISTED)?
        .into_iter()
        .filter(|d| d.key.starts_with(id))
        .map(|d| d.key)
        .collect();
    match <[Box<str>; 1]>::try_from(found) {
        Ok([key]) => store.write(Box::new(move |_, _| Ok(change(key.into(), None)))).await.map(|_| true),
        Err(found) if found.is_empty() => Ok(false),
        Err(_) => Err(Error::bad_data("more than one token begins so; give more of its identifier")),
    }
}

/// The key of the document that a secret has: the hash of the whole text.
pub(crate) fn key_of(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether a text can be a secret at all.
pub(crate) fn is_plausible(secret: &str) -> bool {
    secret.len() == PREFIX.len() + 64 && secret.starts_with(PREFIX)
}

pub(crate) fn decode(key: &str, bytes: &[u8]) -> Result<Token, Error> {
    let stored: Stored = serde_json::from_slice(bytes).map_err(Error::internal)?;
    Ok(Token {
        id: key.get(..12).unwrap_or(key).to_owned(),
        label: stored.label,
        role: Role::parse(&stored.role).ok_or_else(|| Error::internal("a kept token has an unknown role"))?,
        tenant: stored.tenant,
        created_at: Time::from_micros(stored.created_at),
        expires_at: stored.expires_at.map(Time::from_micros),
    })
}

fn change(key: String, bytes: Option<Arc<[u8]>>) -> ChangeSet {
    let change = DocumentChange { collection: Collection::Token, key: key.into(), bytes };
    ChangeSet { documents: vec![change], ..ChangeSet::default() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a text cannot fail");
        text
    })
}
