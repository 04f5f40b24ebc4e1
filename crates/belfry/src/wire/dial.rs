//! Connections to MQTT brokers: the address policy where a stranger names the broker, and TLS.

use belfry_connect_mqtt::{Dial, Stream};
use belfry_runtime::outbound::{AddressPolicy, Trust, dial};
use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use std::io;
use tokio_rustls::TlsConnector;

/// Makes connections under a policy, with TLS where it is asked for.
pub struct Dialer {
    policy: AddressPolicy,
    tls: TlsConnector,
}

impl Dialer {
    /// Under this policy: for brokers that subscriptions name.
    pub fn under(policy: AddressPolicy, trust: &Trust) -> Self {
        Self { policy, tls: TlsConnector::from(trust.config()) }
    }

    /// Anywhere but to cloud metadata services: for brokers that the configuration names.
    pub fn anywhere(trust: &Trust) -> Self {
        Self::under(AddressPolicy { loopback: true, private: true, hosts: Vec::new() }, trust)
    }
}

impl Dial for Dialer {
    fn dial<'a>(&'a self, host: &'a str, port: u16, tls: bool) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let plain = dial(&self.policy, host, port).await?;
            if !tls {
                return Ok(Box::new(plain) as Box<dyn Stream>);
            }
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            Ok(Box::new(self.tls.connect(name, plain).await?) as Box<dyn Stream>)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn file(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/tests/tls").join(name)
    }

    #[tokio::test]
    async fn a_broker_of_a_private_authority_is_reached_when_that_is_named() {
        let chain: Vec<_> = CertificateDer::pem_file_iter(file("server.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.write_all(b"here").await;
                }
            }
        });
        let public = Dialer::anywhere(&Trust::public().unwrap());
        assert!(public.dial("127.0.0.1", port, true).await.is_err());
        let named = Dialer::anywhere(&Trust::new(true, &[file("ca.pem")]).unwrap());
        let mut said = [0; 4];
        named.dial("127.0.0.1", port, true).await.unwrap().read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"here");
    }
}
