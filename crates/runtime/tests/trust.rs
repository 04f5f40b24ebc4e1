//! Outgoing TLS to a server whose certificate is of a private authority.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use belfry_runtime::outbound::{AddressPolicy, Call, Outbound, OutboundError, Trust, TrustError};
use bytes::Bytes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

/// Answers every request with 204.
async fn server() -> SocketAddr {
    let chain: Vec<_> = CertificateDer::pem_file_iter(file("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust it goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    address
}

async fn call(address: SocketAddr, trust: &Trust) -> (Result<u16, OutboundError>, Result<u16, OutboundError>) {
    let policy = AddressPolicy { loopback: true, ..AddressPolicy::default() };
    let outbound = Outbound::trusting(policy, trust);
    let url = format!("https://{address}/x");
    let call = Call { timeout: Duration::from_secs(5), max_bytes: 1000, redirects: 0 };
    let peer = outbound.peer(&url).unwrap();
    let posted = outbound.post(&peer, None, &Bytes::from_static(b"{}"), &call).await;
    let got = outbound.get(&url, "*/*", &call).await.map(|reply| reply.status);
    (posted, got)
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let address = server().await;
    let (posted, got) = call(address, &Trust::public().unwrap()).await;
    assert!(matches!((&posted, &got), (Err(OutboundError::Unreachable(_)), Err(OutboundError::Unreachable(_)))));
    for public in [true, false] {
        let (posted, got) = call(address, &Trust::new(public, &[file("ca.pem")]).unwrap()).await;
        assert_eq!((posted.unwrap(), got.unwrap()), (204, 204));
    }
    assert!(matches!(Trust::new(true, &[file("none.pem")]), Err(TrustError::File(..))));
    assert!(matches!(Trust::new(true, &[file("server.key")]), Err(TrustError::Empty(_))));
    assert!(matches!(Trust::new::<&Path>(false, &[]), Err(TrustError::Nobody)));
}
