//! Connections to MQTT brokers: the address policy where a stranger names the broker, and TLS.

use anyhow::Context as _;
use belfry_connect_mqtt::{Dial, Stream};
use belfry_runtime::outbound::{AddressPolicy, dial};
use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Makes connections under a policy, with TLS (certificates of the public authorities) where it is asked for.
pub struct Dialer {
    policy: AddressPolicy,
    tls: TlsConnector,
}

impl Dialer {
    /// Under this policy: for brokers that subscriptions name.
    pub fn under(policy: AddressPolicy) -> anyhow::Result<Self> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { policy, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Anywhere but to cloud metadata services: for brokers that the configuration names.
    pub fn anywhere() -> anyhow::Result<Self> {
        Self::under(AddressPolicy { loopback: true, private: true, hosts: Vec::new() })
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
