//! Opens connections: name look-up, TCP, proxy, TLS and upgrade, within ten seconds in all.

use super::connection::Connection;
use super::handshake::{self, HandshakeReport};
use super::proxy::{Proxies, Via};
use super::resolver::Resolver;
use super::tcp::{self, Counted, Counter, DynStream};
use super::tls::{self, LazyTls};
use crate::auth::Address;
use crate::model::cause::{ConnectClass, ConnectError, ConnectPhase, TlsKind};
use crate::model::exit::Exit;
use crate::redact::Redactor;
use rustls::pki_types::ServerName;
use std::cell::Cell;
use std::time::{Duration, Instant};
use tokio_rustls::TlsConnector;

/// Time limit of look-up, TCP, TLS and upgrade together.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Opens connections; cheap to clone.
#[derive(Clone)]
pub struct Connector {
    tls: LazyTls,
    proxies: Proxies,
    resolver: Resolver,
    redactor: Redactor,
    limit: Duration,
}

impl Connector {
    /// Creates a connector; `redactor` gets every address's secret before it is sent.
    pub fn new(tls: LazyTls, proxies: Proxies, redactor: Redactor) -> Connector {
        Connector { tls, proxies, resolver: Resolver::default(), redactor, limit: CONNECT_LIMIT }
    }

    /// Returns the connector with another time limit.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Connector {
        self.limit = limit;
        self
    }

    /// Opens a connection. Dropping the future abandons the attempt at once.
    ///
    /// # Errors
    /// Says why there is no connection; see [`ConnectError`].
    pub async fn connect(&self, address: &Address) -> Result<Connection, ConnectError> {
        for secret in address.secrets() {
            self.redactor.add(secret.clone());
        }
        let phase = Cell::new(ConnectPhase::Dns);
        match tokio::time::timeout(self.limit, self.attempt(address, &phase)).await {
            Ok(result) => result,
            Err(_) => {
                let reached = phase.get();
                let via = self.via(address).ok().flatten();
                let peer = match via {
                    Some(via) if reached <= ConnectPhase::Proxy => via.peer(address.authority()),
                    _ => address.authority().to_owned(),
                };
                let words = format!("{peer}: {} was not done within {} s", reached.word(), self.limit.as_secs_f32());
                Err(ConnectError::new(ConnectClass::Timeout(reached), words))
            }
        }
    }

    fn via(&self, address: &Address) -> Result<Option<Via>, ConnectError> {
        if address.is_tls() { self.proxies.for_host(address.authority()) } else { Ok(None) }
    }

    async fn attempt(&self, address: &Address, phase: &Cell<ConnectPhase>) -> Result<Connection, ConnectError> {
        let mut report = HandshakeReport::default();
        let counter = Counter::default();
        let via = self.via(address)?;
        let (host, port) = match &via {
            Some(via) => (via.host.as_str(), via.port),
            None => (address.host(), address.port()),
        };

        let started = Instant::now();
        let peer = match &via {
            Some(via) => via.peer(address.authority()),
            None => format!("{host}:{port}"),
        };
        let resolver = if address.is_tls() { self.resolver.clone() } else { self.resolver.loopback_only() };
        let found = resolver.lookup(host, port).await.map_err(|e| ConnectError::look_up(&peer, &e))?;
        report.dns = started.elapsed();

        phase.set(ConnectPhase::Tcp);
        let started = Instant::now();
        let socket = tcp::connect(&found).await.map_err(|e| ConnectError::io(ConnectPhase::Tcp, &peer, &e))?;
        report.tcp = started.elapsed();
        report.peer = socket.peer_addr().ok();
        let mut stream: DynStream = Box::new(Counted::new(socket, counter.clone()));

        if let Some(via) = &via {
            phase.set(ConnectPhase::Proxy);
            let started = Instant::now();
            if via.tls {
                stream = self.encrypt(stream, host, &peer).await?;
            }
            via.tunnel(&mut stream, &format!("{}:{}", address.host(), address.port())).await?;
            report.proxy = Some(started.elapsed());
        }
        if address.is_tls() {
            phase.set(ConnectPhase::Tls);
            let started = Instant::now();
            stream = self.encrypt(stream, address.host(), address.authority()).await?;
            report.tls = Some(started.elapsed());
        }

        phase.set(ConnectPhase::Upgrade);
        let started = Instant::now();
        let (early, server_date) = handshake::upgrade(&mut stream, address).await?;
        report.upgrade = started.elapsed();
        report.server_date = server_date;
        Ok(Connection::upgraded(stream, early, counter, report, self.redactor.clone()))
    }

    async fn encrypt(&self, stream: DynStream, host: &str, shown: &str) -> Result<DynStream, ConnectError> {
        let config = self.tls.config().map_err(|failure| {
            let kind = if failure.exit == Exit::Certificate { TlsKind::NoRoots } else { TlsKind::OtherCertificate };
            ConnectError::new(ConnectClass::Tls(kind), failure.message)
        })?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            let words = format!("{shown}: not a name that a certificate can be for");
            ConnectError::new(ConnectClass::Tls(TlsKind::WrongHost), words)
        })?;
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|e| tls::translate(shown, &e).unwrap_or_else(|| ConnectError::io(ConnectPhase::Tls, shown, &e)))?;
        Ok(Box::new(stream))
    }
}
