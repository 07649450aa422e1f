//! Holds the terms that all modules share and depends on none of them: streams, segments, times, causes of failures,
//! packet counters, exit codes, the names of secret variables.

pub mod cause;
pub mod counts;
pub mod disconnect;
pub mod exit;
pub mod io;
pub mod micros;
pub mod secrets;
pub mod segment;
pub mod stream;
pub mod time;
pub(crate) mod words;

pub use cause::{Cause, ConnectClass, ConnectError, CoolOffKind, CredentialProblem, Ended};
#[cfg(any(test, feature = "testing"))]
pub use cause::{ConnectPhase, TlsKind};
pub use counts::PacketCounts;
pub use disconnect::{DisconnectClass, DisconnectReason};
pub use exit::{Exit, Failure};
pub use io::{io_words, os_text};
pub use micros::Micros;
pub use segment::{InstrumentKey, Segment};
pub use stream::{Levels, Stream};
