//! TLS to a web server of an agency, which is told what happens at its desk.
//!
//! It has no part in the protocol: no relay or device is ever judged like this. The authorities are
//! those that somebody named, never a list that came with a program. TLS 1.3 alone.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// The most certificates in one file: those of a system are about 150.
const CERTIFICATES_MAX: usize = 1_000;

/// Whose certificates a web server may have.
#[derive(Clone)]
pub struct Authorities(TlsConnector);

/// Why nobody can be judged by a file of certificates.
#[derive(Debug, Error)]
pub enum AuthoritiesError {
    /// The file is not PEM.
    #[error("it is not PEM: {0}")]
    Pem(pem::Error),
    /// There is no certificate in it that an authority could have.
    #[error("it has no certificate of an authority")]
    Empty,
    /// It holds more than any system does.
    #[error("it has over {CERTIFICATES_MAX} certificates")]
    TooMany,
    /// TLS refused our settings. This is a fault of this program: please report it.
    #[error("TLS refused its settings: {0}")]
    Settings(rustls::Error),
}

impl Authorities {
    /// Reads them from a file of certificates in PEM: one that an agency made for itself, or that
    /// of the system.
    pub fn from_pem(text: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(text) {
            certificates.push(certificate.map_err(AuthoritiesError::Pem)?);
            if certificates.len() > CERTIFICATES_MAX {
                return Err(AuthoritiesError::TooMany);
            }
        }
        let mut roots = RootCertStore::empty();
        // A system's list holds some that no verifier takes.
        let (taken, _) = roots.add_parsable_certificates(certificates);
        if taken == 0 {
            return Err(AuthoritiesError::Empty);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(AuthoritiesError::Settings)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.enable_early_data = false;
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with the server of this name, which has to prove it.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &self,
        host: &str,
        stream: S,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<S>> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        self.0.connect(name, stream).await
    }
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorities").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// An authority of its own.
    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    /// A server with a certificate for these names, by an authority.
    fn server(by: &CertifiedIssuer<'static, KeyPair>, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, by).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Sends a word to the server through a pipe; what came back, or why nothing did.
    async fn echoed(authorities: &Authorities, server: TlsAcceptor, host: &str) -> io::Result<u8> {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let serving = tokio::spawn(async move {
            let mut stream = server.accept(far).await?;
            let word = stream.read_u8().await?;
            stream.write_u8(word).await?;
            stream.shutdown().await
        });
        let outcome = async {
            let mut stream = authorities.connect(host, near).await?;
            stream.write_u8(7).await?;
            stream.read_u8().await
        };
        let outcome = outcome.await;
        // Where the client refused, the server hears of it.
        let _ = serving.await.unwrap();
        outcome
    }

    #[tokio::test]
    async fn a_server_is_believed_by_its_authority_and_name_alone() {
        let (ours, theirs) = (authority(), authority());
        let authorities = Authorities::from_pem(ours.pem().as_bytes()).unwrap();
        let good = server(&ours, "cases.example.org");
        let word = echoed(&authorities, good, "cases.example.org").await;
        assert_eq!(word.unwrap(), 7);
        let misnamed = server(&ours, "cases.example.org");
        let refused = echoed(&authorities, misnamed, "other.example.org").await;
        assert!(refused.unwrap_err().to_string().contains("certificate"));
        let stranger = server(&theirs, "cases.example.org");
        let refused = echoed(&authorities, stranger, "cases.example.org").await;
        assert!(refused.unwrap_err().to_string().contains("certificate"));
    }

    #[test]
    fn a_file_without_an_authority_is_refused() {
        let refused = |text: &str| Authorities::from_pem(text.as_bytes()).unwrap_err();
        assert!(matches!(refused(""), AuthoritiesError::Empty));
        assert!(matches!(refused("no PEM"), AuthoritiesError::Empty));
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert!(matches!(refused(broken), AuthoritiesError::Pem(_)));
        let key = KeyPair::generate().unwrap().serialize_pem();
        assert!(matches!(refused(&key), AuthoritiesError::Empty));
    }
}
