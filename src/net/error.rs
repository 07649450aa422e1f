//! Builds [`ConnectError`]s; texts of other crates' errors are not passed on.

use crate::model::cause::{ConnectClass, ConnectError, ConnectPhase};
use std::io;

impl ConnectError {
    pub(crate) fn new(class: ConnectClass, detail: impl Into<String>) -> ConnectError {
        ConnectError { class, detail: crate::console::untrusted(&detail.into()) }
    }

    /// Translates the error of a name's look-up.
    pub(crate) fn look_up(peer: &str, error: &io::Error) -> ConnectError {
        match error.kind() {
            io::ErrorKind::PermissionDenied => ConnectError::new(
                ConnectClass::NotLoopback,
                format!(
                    "{peer}: this name is not this host, and without TLS the access token would be sent in the clear; \
                     write wss:// or https://, or 127.0.0.1"
                ),
            ),
            _ => ConnectError::new(ConnectClass::Dns, format!("{peer}: the name cannot be resolved")),
        }
    }

    /// Translates an operating-system error; only its kind and number are kept.
    pub(crate) fn io(phase: ConnectPhase, host: &str, error: &io::Error) -> ConnectError {
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
        ConnectError::new(class, format!("{host}: {}: {}", phase.word(), crate::model::io_words(error)))
    }
}
