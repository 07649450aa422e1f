//! Why no connection could be made, in our own words: foreign errors end here.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why no connection could be made.
///
/// `Display` and `Debug` are safe to print: neither the query of the address, nor a `Location`, nor a body is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// What decides how to go on.
    pub class: ConnectClass,
    /// For people: host, phase and cause, without secrets. Control characters are stripped.
    pub detail: String,
}

/// How far the attempt had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Looking the name up.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// Asking the proxy for a tunnel.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The websocket upgrade.
    Upgrade,
}

impl Phase {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Dns => "looking the name up",
            Phase::Tcp => "opening the TCP connection",
            Phase::Proxy => "asking the proxy for a tunnel",
            Phase::Tls => "the TLS handshake",
            Phase::Upgrade => "the websocket upgrade",
        }
    }
}

/// What is wrong with the server's certificate or its TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsKind {
    /// The certificate has expired (or this host's clock is ahead).
    Expired {
        /// The last second it was valid, µs since the epoch, where it is known.
        not_after_us: Option<i64>,
    },
    /// The certificate is not valid yet (or this host's clock is behind).
    NotYetValid,
    /// The certificate is for another host.
    WrongHost,
    /// Nobody we trust has signed it.
    UnknownCa,
    /// This host has no root certificates at all.
    NoRoots,
    /// Any other refusal of the certificate.
    OtherCertificate,
    /// The peer does not speak TLS, or none that is new enough; not a matter of trust.
    Protocol,
}

impl TlsKind {
    /// Whether it is the certificate that cannot be trusted (exit 8 after three tries); otherwise it is a bad peer.
    pub const fn is_trust(self) -> bool {
        !matches!(self, TlsKind::Protocol)
    }
}

/// What kind of failure it was; this decides how to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectClass {
    /// The name cannot be resolved.
    Dns,
    /// Nobody listens there.
    Refused,
    /// No route to the host or network.
    Unreachable,
    /// Not done in the time it is given, all phases together.
    Timeout(Phase),
    /// The peer closed or reset the connection before the upgrade was complete.
    Reset(Phase),
    /// This process or host has no file descriptor left.
    NoDescriptors,
    /// Any other failure of the operating system.
    Io(io::ErrorKind),
    /// TLS.
    Tls(TlsKind),
    /// The server answered the upgrade with another status than 101.
    Http {
        /// The status, e.g. 429.
        status: u16,
        /// What `Retry-After` asks for, where it is there and can be read.
        retry_after: Option<Duration>,
        /// The host a redirect points to. It is never followed.
        redirect_host: Option<String>,
    },
    /// The server answered something that is not a websocket upgrade.
    NotWebsocket,
    /// The proxy refused, or answered nonsense.
    Proxy {
        /// Its status, where there was one.
        status: Option<u16>,
    },
}

impl ConnectClass {
    /// A short word for records and logs: `dns`, `refused`, `tls_expired`, `http_429`, …
    pub fn word(&self) -> String {
        match self {
            ConnectClass::Dns => "dns".into(),
            ConnectClass::Refused => "refused".into(),
            ConnectClass::Unreachable => "unreachable".into(),
            ConnectClass::Timeout(_) => "timeout".into(),
            ConnectClass::Reset(_) => "reset".into(),
            ConnectClass::NoDescriptors => "no_descriptors".into(),
            ConnectClass::Io(_) => "io".into(),
            ConnectClass::Tls(kind) => match kind {
                TlsKind::Expired { .. } => "tls_expired",
                TlsKind::NotYetValid => "tls_not_yet_valid",
                TlsKind::WrongHost => "tls_wrong_host",
                TlsKind::UnknownCa => "tls_unknown_ca",
                TlsKind::NoRoots => "tls_no_roots",
                TlsKind::OtherCertificate => "tls_certificate",
                TlsKind::Protocol => "tls_protocol",
            }
            .into(),
            ConnectClass::Http { status, .. } => format!("http_{status}"),
            ConnectClass::NotWebsocket => "not_websocket".into(),
            ConnectClass::Proxy { .. } => "proxy".into(),
        }
    }
}

impl ConnectError {
    pub(crate) fn new(class: ConnectClass, detail: impl Into<String>) -> ConnectError {
        ConnectError { class, detail: crate::console::untrusted(&detail.into()) }
    }

    /// Translates an error of the operating system; only its kind and number are kept.
    pub(crate) fn io(phase: Phase, host: &str, error: &io::Error) -> ConnectError {
        let class = match error.kind() {
            io::ErrorKind::ConnectionRefused => ConnectClass::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
                ConnectClass::Unreachable
            }
            io::ErrorKind::TimedOut => ConnectClass::Timeout(phase),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => ConnectClass::Reset(phase),
            _ if matches!(error.raw_os_error(), Some(23 | 24)) => ConnectClass::NoDescriptors,
            kind => ConnectClass::Io(kind),
        };
        ConnectError::new(class, format!("{host}: {}: {}", phase.word(), io_words(error)))
    }
}

/// An operating-system error in words that cannot hold anything of ours: the kind, and the number where there is one.
pub(crate) fn io_words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{} (os error {number})", error.kind()),
        None => error.kind().to_string(),
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ConnectError {}
