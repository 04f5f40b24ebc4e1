//! Connecting: resolves a name, judges each address, connects to the first that the policy lets through. The address
//! that was judged is the one that is connected to, so that a name cannot change its meaning in between.

use super::policy::{AddressPolicy, Refusal};
use http::Uri;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("its URL has no host")]
    NoHost,
    #[error("its host has no address")]
    NoAddress,
    #[error("it cannot be reached")]
    Io(#[from] std::io::Error),
}

/// A connector for the client.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) policy: Arc<AddressPolicy>,
}

impl tower_service::Service<Uri> for Guarded {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let policy = self.policy.clone();
        Box::pin(async move { connect(&policy, &uri).await.map(TokioIo::new) })
    }
}

async fn connect(policy: &AddressPolicy, uri: &Uri) -> Result<TcpStream, ConnectError> {
    let host = uri.host().ok_or(ConnectError::NoHost)?;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    connect_to(policy, host, port).await
}

/// Connects to a host and port under a policy.
///
/// # Errors
/// What the policy refuses, as `PermissionDenied`; what the network says.
pub async fn dial(policy: &AddressPolicy, host: &str, port: u16) -> std::io::Result<TcpStream> {
    connect_to(policy, host, port).await.map_err(|e| match e {
        ConnectError::Io(e) => e,
        ConnectError::Refused(refusal) => std::io::Error::new(std::io::ErrorKind::PermissionDenied, refusal),
        other => std::io::Error::new(std::io::ErrorKind::NotFound, other),
    })
}

async fn connect_to(policy: &AddressPolicy, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    policy.check_host(host)?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => tokio::net::lookup_host((bare, port)).await?.collect(),
    };
    let mut last = ConnectError::NoAddress;
    for address in addresses {
        if let Err(refusal) = policy.check(address.ip()) {
            last = refusal.into();
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => {
                policy.check(stream.peer_addr()?.ip())?;
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}
