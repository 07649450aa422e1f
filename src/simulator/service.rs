//! Defines what a kind of socket does on requests and timers; the connection does the rest.

use super::config::SimConfig;
use super::rng::Rng;
use super::source::{FrameSource, SourceFrame};
use super::state::Cut;
use crate::model::Stream;
use crate::protocol::{self, depth::Levels};
use crate::server::request;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Something to send, or the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServiceOutput {
    Binary { bytes: Bytes, packets: u64 },
    Text(String),
    End(Cut),
}

/// Serves one kind of socket.
pub(crate) trait Service: Send {
    /// Handles a text frame.
    fn on_text(&mut self, text: &str, out: &mut Vec<ServiceOutput>);
    /// Returns when to call [`Service::on_due`] next.
    fn due(&self) -> Option<Instant>;
    /// Does what is due.
    fn on_due(&mut self, out: &mut Vec<ServiceOutput>);
    /// Returns chunks to flood the client with, if there are any.
    #[cfg(feature = "testing")]
    fn blast(&mut self) -> Option<Flood> {
        None
    }
}

/// Holds prepared messages in wire form: chunks to write one after the other.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub(crate) struct Flood {
    pub chunk: Bytes,
    pub packets_per_chunk: u64,
    /// How often the chunk is written before `tail` is written once.
    pub repeats: u64,
    pub tail: Bytes,
    pub tail_packets: u64,
}

/// Distributes packets over time. The content depends only on calls, the time only on the clock.
#[derive(Debug)]
pub(crate) struct Pacer {
    last: Instant,
    credit: f64,
}

/// Pause after a request for further ones, so that a client that needs several messages for its request gets the same
/// packets every time.
const SETTLE: Duration = Duration::from_millis(25);
/// Shortest pause between two turns.
const TURN: Duration = Duration::from_millis(2);
/// Largest number of packets in one turn.
const TURN_PACKETS: f64 = 4_096.0;

impl Pacer {
    pub fn new() -> Pacer {
        Pacer { last: Instant::now(), credit: 0.0 }
    }

    /// Records that a request arrived.
    pub fn settle(&mut self) {
        self.last = self.last.max(Instant::now() + SETTLE);
    }

    /// Returns when the next packet may be sent.
    pub fn due(&self, rate: f64) -> Option<Instant> {
        (rate > 0.0).then(|| {
            let wait = Duration::try_from_secs_f64((1.0 - self.credit).max(0.0) / rate).unwrap_or(Duration::MAX);
            // A tiny rate means never; half a year is far enough.
            self.last + wait.clamp(TURN, Duration::from_secs(15_000_000))
        })
    }

    /// Begins a turn and returns how many packets may be sent. A client that reads slowly catches up on one second at
    /// most.
    pub fn turn(&mut self, rate: f64) -> Turn<'_> {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.last).as_secs_f64();
        self.credit = (self.credit + elapsed * rate).min(rate.max(1.0));
        self.last = self.last.max(now);
        Turn { remaining: self.credit.min(TURN_PACKETS), pacer: self }
    }
}

/// Counts the packets that may be sent now.
pub(crate) struct Turn<'a> {
    pacer: &'a mut Pacer,
    remaining: f64,
}

impl Turn<'_> {
    /// Returns whether another message may be sent; timers may be a little early, so there is some slack.
    pub fn goes_on(&self) -> bool {
        self.remaining >= 0.999
    }

    /// Counts packets as sent. A message may hold more than allowed; then the next one waits longer.
    pub fn spend(&mut self, packets: u64) {
        self.remaining -= packets as f64;
        self.pacer.credit -= packets as f64;
    }
}

/// Returns the number of packets (depth: pairs) in the next message: mostly one, sometimes several, like the real
/// servers.
pub(crate) fn stack(config: &SimConfig, rng: &mut Rng) -> usize {
    match (config.stacked(), config.rate) {
        (Some(packets), _) => packets,
        // At rates beyond any real account, messages grow instead of multiplying.
        (None, Some(rate)) if rate > 20_000.0 => rng.between(1, (rate / 2_500.0) as i64).min(512) as usize,
        _ if rng.one_in(8) => rng.between(2, 5) as usize,
        _ => 1,
    }
}

/// Sends frames of a source instead of the random walk.
pub(crate) struct Sourced {
    source: Arc<dyn FrameSource>,
    kind: Stream,
    start: Instant,
    frames: Option<Box<dyn Iterator<Item = SourceFrame> + Send>>,
    next: Option<SourceFrame>,
}

impl Sourced {
    pub fn new(source: Arc<dyn FrameSource>, kind: Stream) -> Sourced {
        Sourced { source, kind, start: Instant::now(), frames: None, next: None }
    }
}

impl Service for Sourced {
    fn on_text(&mut self, text: &str, out: &mut Vec<ServiceOutput>) {
        if request::read(text).is_some_and(|request| request.code == request::DISCONNECT) {
            out.push(ServiceOutput::End(Cut::Close(1000)));
        } else if self.frames.is_none() {
            self.start = Instant::now();
            self.next = self.frames.insert(self.source.frames(self.kind)).next();
        }
    }

    fn due(&self) -> Option<Instant> {
        self.next.as_ref().map(|frame| self.start + frame.after)
    }

    fn on_due(&mut self, out: &mut Vec<ServiceOutput>) {
        let now = Instant::now();
        while out.len() < SOURCED_TURN {
            let Some(frame) = self.next.take_if(|frame| self.start + frame.after <= now) else { return };
            out.push(match self.kind {
                Stream::Orders => ServiceOutput::Text(String::from_utf8_lossy(&frame.bytes).into_owned()),
                kind => ServiceOutput::Binary { packets: count_packets(kind, &frame.bytes), bytes: frame.bytes },
            });
            self.next = self.frames.as_mut().and_then(Iterator::next);
        }
    }
}

/// Largest number of source frames in one turn.
const SOURCED_TURN: usize = 512;

/// Returns the number of packets in a frame, including those that cannot be decoded.
fn count_packets(kind: Stream, frame: &[u8]) -> u64 {
    match kind {
        Stream::Market => protocol::feed::packets(frame).count() as u64,
        Stream::DEPTH_20 => protocol::depth::packets(frame, Levels::Twenty).count() as u64,
        Stream::DEPTH_200 => protocol::depth::packets(frame, Levels::TwoHundred).count() as u64,
        Stream::Orders => 1,
    }
}
