//! Who may connect, publish and subscribe. Holds the trait and what it grants; the tokens are the identity crate's.

use belfry_connect_payload::Filter;
use futures_util::future::BoxFuture;
use std::net::SocketAddr;

/// Decides about connections. Handed in by whoever starts the listener.
pub trait Authenticator: Send + Sync + 'static {
    /// Checks the credentials of a CONNECT.
    fn authenticate(&self, credentials: Credentials) -> BoxFuture<'_, Result<Grant, Refusal>>;
}

/// What a client says about itself.
#[derive(Clone)]
pub struct Credentials {
    /// The client identifier; an assigned one when the client sent none.
    pub client_id: String,
    /// The user name.
    pub username: Option<String>,
    /// The password, or a token.
    pub password: Option<Vec<u8>>,
    /// Where it connects from.
    pub peer: SocketAddr,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of every log.
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// What a client may do.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who it is. A session belongs to its principal: another one cannot take it over by the client identifier.
    pub principal: String,
    /// The tenant it writes to.
    pub tenant: Option<String>,
    /// Where it may publish.
    pub publish: Access,
    /// What it may subscribe to.
    pub subscribe: Access,
}

/// The topics of a permission. Topics that begin with `$` are never among them.
#[derive(Clone, Debug)]
pub enum Access {
    /// Every topic.
    All,
    /// No topic.
    Nothing,
    /// What these filters cover.
    Filters(Vec<Filter>),
}

impl Access {
    /// Whether a topic name is covered.
    pub fn allows_topic(&self, topic: &str) -> bool {
        !topic.starts_with('$')
            && match self {
                Self::All => true,
                Self::Nothing => false,
                Self::Filters(all) => all.iter().any(|f| f.matches(topic)),
            }
    }

    /// Whether everything that a filter can match is covered by one filter of the permission.
    pub fn allows_filter(&self, filter: &Filter) -> bool {
        !filter.as_str().starts_with('$')
            && match self {
                Self::All => true,
                Self::Nothing => false,
                Self::Filters(all) => all.iter().any(|a| a.covers(filter)),
            }
    }
}

/// Why a client is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Wrong user name, password or token.
    BadCredentials,
    /// Known, and not allowed here.
    NotAuthorized,
    /// It cannot be decided now.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_cover_filters() {
        for (allowed, asked, yes) in [
            ("a/#", "a/b", true),
            ("a/#", "a", true),
            ("a/#", "a/+/c/#", true),
            ("a/+", "a/+", true),
            ("a/+", "a/b", true),
            ("a/+", "a/#", false),
            ("a/+", "a/b/c", false),
            ("a/b", "a/+", false),
            ("#", "#", true),
            ("+", "#", false),
            ("a/b", "a", false),
            ("#", "$SYS/#", false),
            ("$SYS/#", "$SYS/+", true),
        ] {
            let parse = |f| Filter::parse(f).unwrap();
            assert_eq!(parse(allowed).covers(&parse(asked)), yes, "{allowed} {asked}");
        }
        assert!(!Access::All.allows_topic("$SYS/x") && !Access::All.allows_filter(&Filter::parse("$SYS/#").unwrap()));
    }
}
