//! Whose certificates outgoing TLS accepts: the public authorities, and those of the operator. Makes no connection.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The authorities that outgoing TLS trusts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

/// Why no trust could be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read, or is not PEM.
    #[error("{} cannot be read as PEM certificates", .0.display())]
    File(PathBuf, #[source] pem::Error),
    /// A file without a certificate.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
    /// A certificate that cannot be that of an authority.
    #[error("{} holds a certificate that cannot be used", .0.display())]
    Certificate(PathBuf, #[source] rustls::Error),
    /// Neither public authorities nor any other.
    #[error("no authority is trusted")]
    Nobody,
    /// The library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// The public authorities, as browsers know them, if `public`, and those whose certificates stand in these PEM files.
    ///
    /// # Errors
    /// What is wrong with a file; when there is no authority at all.
    pub fn new<P: AsRef<Path>>(public: bool, files: &[P]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        if public {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for path in files.iter().map(AsRef::as_ref) {
            let file = |error| TrustError::File(path.to_owned(), error);
            let before = roots.len();
            for certificate in CertificateDer::pem_file_iter(path).map_err(file)? {
                let added = roots.add(certificate.map_err(file)?);
                added.map_err(|error| TrustError::Certificate(path.to_owned(), error))?;
            }
            if roots.len() == before {
                return Err(TrustError::Empty(path.to_owned()));
            }
        }
        if roots.is_empty() {
            return Err(TrustError::Nobody);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// The public authorities alone.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn public() -> Result<Self, TrustError> {
        Self::new::<&Path>(true, &[])
    }

    /// What a client of TLS is made with.
    pub fn config(&self) -> Arc<ClientConfig> {
        self.0.clone()
    }
}
