//! Servers that the simulator is too polite to be.

use dhan::testing::simulator::{SimConfig, SimHandle};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An authority for the tests.
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

    /// A server's configuration with a certificate for `name`, changed as asked.
    pub fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).expect("signed");
        server_of(leaf.der().clone(), &key)
    }
}

/// A server whose certificate vouches for itself.
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

/// A simulator behind TLS, and its authority.
pub fn over_tls(config: SimConfig) -> (SimHandle, Authority) {
    let authority = Authority::new();
    let tls = authority.server("127.0.0.1", |_| {});
    (crate::harness::start(SimConfig { tls: Some(tls), ..config }), authority)
}

/// A websocket server by hand: upgrades whoever comes, then does as it is told with the raw socket.
pub struct Raw {
    pub addr: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Raw {
    /// The thread lives as long as the tests: nothing waits for it.
    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Raw {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("its address");
        let (accepted, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
        let theirs = Arc::clone(&accepted);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                theirs.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    if let Some(socket) = upgrade(socket) {
                        serve(socket);
                    }
                });
            }
        });
        Raw { addr, accepted }
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

fn upgrade(mut socket: TcpStream) -> Option<TcpStream> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.trim().as_bytes());
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    socket.write_all(reply.as_bytes()).ok()?;
    Some(socket)
}
