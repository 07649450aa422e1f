//! Certificates for the tests' servers, and clients that trust them.

use dhan::testing::net::tls::LazyTls;
use dhan::testing::net::{Connector, Proxies};
use dhan::testing::redact::Redactor;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A certificate authority of the tests.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub pem: tempfile::NamedTempFile,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let pem = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(pem.path(), issuer.pem()).expect("written");
        Authority { issuer, pem }
    }

    pub fn pem(&self) -> &Path {
        self.pem.path()
    }

    /// Returns an acceptor with a certificate for `name`, whose parameters `change` edits.
    pub fn acceptor(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        TlsAcceptor::from(self.server(name, change))
    }

    /// Returns a connector that trusts this authority.
    pub fn connector(&self, proxies: Proxies) -> Connector {
        let tls = LazyTls::new(Some(self.pem.path())).expect("a good file");
        Connector::new(tls, proxies, Redactor::default())
    }

    /// Returns a server configuration with a certificate for `name`, whose parameters `change` edits.
    pub fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).expect("signed");
        server_of(leaf.der().clone(), &key)
    }
}

/// Returns a server configuration with a self-signed certificate.
pub fn self_signed(name: &str) -> Arc<rustls::ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    server_of(params.self_signed(&key).expect("signed").der().clone(), &key)
}

fn server_of(leaf: rustls::pki_types::CertificateDer<'static>, key: &KeyPair) -> Arc<rustls::ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .expect("a good certificate");
    Arc::new(config)
}
