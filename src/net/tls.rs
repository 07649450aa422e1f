//! Builds the one TLS configuration: ring, TLS 1.2 or newer, the system's roots, no key log.

use crate::model::Micros;
use crate::model::cause::{ConnectClass, ConnectError, TlsKind};
use crate::model::exit::{Exit, Failure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Builds the TLS configuration on first use: reading the system's roots takes milliseconds that `ws://` on loopback
/// does not need. Cheap to clone; clones share it.
#[derive(Clone, Default)]
pub struct LazyTls {
    ca_file: Option<PathBuf>,
    built: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl LazyTls {
    /// Creates a configuration with an additional root (`--ca-file`), which is read now so that an error in it is a
    /// usage error at the start.
    ///
    /// # Errors
    /// [`Exit::Usage`] if the file cannot be read or holds no certificate.
    pub fn new(ca_file: Option<&Path>) -> Result<LazyTls, Failure> {
        if let Some(path) = ca_file {
            read_ca_file(path)?;
        }
        Ok(LazyTls { ca_file: ca_file.map(Path::to_owned), built: Arc::default() })
    }

    /// Returns the configuration: the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` instead of them, if set) and
    /// those of `--ca-file`; TLS 1.2 and 1.3; hostnames checked; `SSLKEYLOGFILE` ignored.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a bad `--ca-file`, [`Exit::Certificate`] if there is no root at all.
    pub fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(config) = self.built.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(with_roots(roots(self.ca_file.as_deref())?)?);
        Ok(Arc::clone(self.built.get_or_init(|| config)))
    }
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        let (added, _) = roots.add_parsable_certificates(read_ca_file(path)?);
        if added == 0 {
            return Err(Failure::usage(format!("--ca-file {path:?} holds no certificate that can be used as a root")));
        }
    }
    if roots.is_empty() {
        return Err(Failure::new(
            Exit::Certificate,
            "no root certificates on this host: install the package ca-certificates, or name a PEM file with \
             SSL_CERT_FILE or --ca-file",
        ));
    }
    Ok(roots)
}

/// Builds a configuration without roots, for clients of addresses without TLS, which saves reading the roots.
///
/// # Errors
/// [`Exit::Bug`] if the TLS provider lacks what this program needs.
pub(super) fn without_roots() -> Result<ClientConfig, Failure> {
    with_roots(RootCertStore::empty())
}

fn with_roots(roots: RootCertStore) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::new(Exit::Bug, "the TLS provider supports neither TLS 1.2 nor 1.3"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read_ca_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::usage(format!("--ca-file {path:?}: {}", crate::model::io_words(&error))))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if certificates.is_empty() {
        return Err(Failure::usage(format!("--ca-file {path:?} holds no certificate; a PEM file is expected")));
    }
    Ok(certificates)
}

/// Translates an error of the TLS handshake; returns `None` if the socket failed and not TLS.
pub(super) fn translate(host: &str, error: &std::io::Error) -> Option<ConnectError> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(problem) = error else {
        let words = match error {
            rustls::Error::AlertReceived(alert) => format!("the server refused with the alert {alert:?}"),
            rustls::Error::PeerIncompatible(_) => "the server offers no TLS that is new enough (1.2)".to_owned(),
            rustls::Error::InvalidMessage(_) => "the server does not speak TLS".to_owned(),
            _ => "the TLS handshake failed".to_owned(),
        };
        return Some(ConnectError::new(ConnectClass::Tls(TlsKind::Protocol), format!("{host}: {words}")));
    };
    let (kind, words) = match problem {
        CertificateError::Expired => (TlsKind::Expired { not_after: None }, expired_words(None)),
        CertificateError::ExpiredContext { not_after, .. } => {
            let not_after = Micros::from_secs(i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX));
            (TlsKind::Expired { not_after: Some(not_after) }, expired_words(Some(not_after)))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            TlsKind::NotYetValid,
            format!("its certificate is not valid yet; this host's clock says {}", ist(crate::clock::now())),
        ),
        CertificateError::NotValidForName => (TlsKind::WrongHost, "its certificate is for another host".to_owned()),
        CertificateError::NotValidForNameContext { presented, .. } => (TlsKind::WrongHost, other_names(presented)),
        // A bad signature comes from someone who uses only the name of an authority.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            TlsKind::UnknownCa,
            "its certificate has an unknown issuer: it is signed by nobody this host trusts (a company's proxy? name its \
             root with --ca-file or SSL_CERT_FILE)"
                .to_owned(),
        ),
        CertificateError::Revoked => (TlsKind::OtherCertificate, "its certificate is revoked".to_owned()),
        CertificateError::BadEncoding => (TlsKind::OtherCertificate, "its certificate cannot be read".to_owned()),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            (TlsKind::OtherCertificate, "its certificate is not one for servers".to_owned())
        }
        CertificateError::Other(problem) if problem.to_string().contains("CaUsedAsEndEntity") => (
            TlsKind::OtherCertificate,
            "its certificate is that of an authority, not of a server (self-signed? make one with CA:FALSE, and name it \
             or its root with --ca-file)"
                .to_owned(),
        ),
        CertificateError::Other(_) => (TlsKind::OtherCertificate, "its certificate cannot be trusted".to_owned()),
        // The crate's own words for rare errors hold names and dates of the certificate and nothing secret.
        other => (TlsKind::OtherCertificate, format!("its certificate cannot be trusted: {other}")),
    };
    Some(ConnectError::new(ConnectClass::Tls(kind), format!("{host}: {words}")))
}

/// Names the hosts that a certificate is for, none of which is the requested one.
fn other_names(presented: &[String]) -> String {
    const SHOWN: usize = 5;
    // rustls shows them as `DnsName("a.example")`.
    let name = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    let mut names: Vec<_> = presented.iter().take(SHOWN).map(name).collect();
    if presented.len() > SHOWN {
        names.push(format!("{} more", presented.len() - SHOWN));
    }
    match names.is_empty() {
        true => "its certificate is for another host".to_owned(),
        false => format!("its certificate is for another host ({})", names.join(", ")),
    }
}

fn expired_words(not_after: Option<Micros>) -> String {
    let now = ist(crate::clock::now());
    match not_after {
        Some(at) => format!("its certificate expired on {}; this host's clock says {now}", ist(at)),
        None => format!("its certificate has expired; this host's clock says {now}"),
    }
}

fn ist(at: Micros) -> String {
    let civil = crate::clock::ist_civil(at);
    format!("{} {:02}:{:02} IST", civil.date(), civil.hour(), civil.minute())
}
