//! Publishes every record as a message to NATS JetStream, again and again until the server acknowledges it.
//!
//! A connection is used until its first error. Then it is dropped with everything it holds, a new one is made, and
//! what was not acknowledged is published again, in order and with the same ids. The server drops duplicates, so each
//! message is in the stream once and in order. A connection that reconnects by itself would send what it queued
//! before what was lost.

mod address;
mod connection;

pub use address::{NatsAddress, Subject};

use super::{Destination, Unwritten, WriteFailure};
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::output::StopSignal;
use connection::{NatsConnection, NatsError, NatsMessage, NatsSettings};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Delays between attempts to publish again.
const AGAIN: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];
/// Interval at which a wait checks whether the run must end.
const LOOK: Duration = Duration::from_millis(50);

/// Says where to publish, and with which credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsTarget {
    /// The server and the subject.
    pub address: NatsAddress,
    /// The stream that is created if it does not exist (`--nats-stream`).
    pub stream: Option<String>,
    /// The file with the credentials (`--nats-creds`).
    pub creds: Option<PathBuf>,
}

/// Publishes NDJSON lines.
pub struct NatsSink {
    settings: NatsSettings,
    subject: Subject,
    connection: Option<NatsConnection>,
    /// Random number of the run, so that messages of two runs are no duplicates of each other.
    run: u64,
    stop: StopSignal,
    console: Console,
    bytes: u64,
    /// Since when nothing was acknowledged.
    away: Option<Instant>,
}

impl NatsSink {
    /// Connects, and checks that a stream takes the messages, without publishing one.
    ///
    /// # Errors
    /// Exit 9: the server cannot be reached, no stream takes the subject, or this client may not publish to it.
    pub fn open(target: NatsTarget, stop: StopSignal, console: &Console) -> Result<NatsSink, Failure> {
        let NatsTarget { address, stream, creds } = target;
        let server = address.server.clone();
        let subject = address.subject;
        let settings = NatsSettings { server, stream, creds, stream_subject: subject.stream_subject() };
        let refused = |error: NatsError| Failure::new(Exit::Output, format!("{}: {error}", settings.server));
        let connection = NatsConnection::open(&settings, None).map_err(refused)?;
        connection.prepare(&settings, &subject.of_end()).map_err(refused)?;
        Ok(NatsSink {
            settings,
            subject,
            connection: Some(connection),
            run: fastrand::u64(..),
            stop,
            console: console.clone(),
            bytes: 0,
            away: None,
        })
    }

    /// Publishes messages until all are acknowledged or the run must end; an error has the number of messages
    /// acknowledged.
    fn publish(&mut self, messages: &[NatsMessage]) -> Result<(), (usize, WriteFailure)> {
        let mut acknowledged = 0;
        let mut pauses = AGAIN.iter().chain(std::iter::repeat(&AGAIN[3]));
        loop {
            let result = match self.connection.take() {
                Some(connection) => Ok(connection),
                None => NatsConnection::open(&self.settings, Some(&self.stop)),
            };
            let error = match result {
                Err(error) => error,
                Ok(connection) => match connection.publish(&messages[acknowledged..], &self.stop) {
                    Ok(()) => {
                        self.connection = Some(connection);
                        self.report_recovery();
                        return Ok(());
                    }
                    Err((more, error)) => {
                        acknowledged += more;
                        if more > 0 {
                            pauses = AGAIN.iter().chain(std::iter::repeat(&AGAIN[3]));
                        }
                        error
                    }
                },
            };
            if let NatsError::TooLarge(_) = error {
                let failure = Failure::new(Exit::Output, format!("{}: {error}", self.settings.server));
                return Err((acknowledged, WriteFailure::Failed(failure)));
            }
            if self.stop.is_stopped() {
                return Err((acknowledged, WriteFailure::Stopped));
            }
            self.report_outage(&error);
            let until = Instant::now() + *pauses.next().unwrap_or(&AGAIN[3]);
            while Instant::now() < until && !self.stop.is_stopped() {
                std::thread::sleep(LOOK);
            }
        }
    }

    fn report_outage(&mut self, error: &NatsError) {
        if self.away.is_none() {
            self.away = Some(Instant::now());
            self.console.warn(format!("{}: {error}; records wait and are published again", self.settings.server));
        }
    }

    fn report_recovery(&mut self) {
        if let Some(since) = self.away.take() {
            let away = humantime::format_duration(Duration::from_secs(since.elapsed().as_secs()));
            self.console.warn(format!("{}: acknowledges again, after {away}", self.settings.server));
        }
    }
}

impl Destination for NatsSink {
    fn name(&self) -> String {
        self.settings.server.clone()
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let mut ends = Vec::new();
        let mut messages = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            messages.push(self.subject.message(&lines[start..end], self.run));
            start = end + 1;
            ends.push(start);
        }
        let result = self.publish(&messages);
        let acknowledged = result.as_ref().map_or_else(|(count, _)| *count, |()| messages.len());
        let written = acknowledged.checked_sub(1).map_or(0, |last| ends[last]);
        self.bytes += written as u64;
        result.map_err(|(_, failure)| Unwritten { failure, written })
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        let result = end_line.map_or(Ok(()), |line| self.write(line));
        self.connection = None;
        result.map_err(|unwritten| unwritten.failure)
    }

    fn bytes_written(&self) -> u64 {
        self.bytes
    }
}
