//! Holds one instrument of the relay: its watchers and its last packets.

use super::client::RelayClient;
use super::narrow::{mode_of, narrow, open_interest};
use crate::model::{InstrumentKey, Segment};
use crate::protocol::Mode;
use crate::protocol::feed::code;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Time for which unneeded subscriptions are kept.
pub(super) const KEPT: Duration = Duration::from_secs(60);

/// A set of modes.
pub(super) type Modes = u8;

/// Returns the set of one mode.
pub(super) const fn bit(mode: Mode) -> Modes {
    1 << mode as u8
}

/// A client that is subscribed to an instrument.
pub(super) struct Watcher {
    pub client: Rc<RelayClient>,
    pub modes: Modes,
}

/// Holds one instrument of the market feed.
#[derive(Default)]
pub(super) struct Quoted {
    pub watchers: Vec<Watcher>,
    /// Modes that are subscribed upstream even without a watcher.
    pub held: Modes,
    /// The mode that is subscribed upstream.
    pub upstream: Option<Mode>,
    /// Whether a packet of that mode has arrived.
    is_live: bool,
    /// When each of the modes was last released.
    released: [Option<Instant>; Mode::ALL.len()],
    /// The connection on which it was last seen.
    pub conn: Option<u16>,
    last: Vec<u8>,
    prev_close: Vec<u8>,
    oi: Vec<u8>,
}

/// Returns whether Dhan sends nothing: full packets of an index.
pub(super) fn is_silent(key: InstrumentKey, mode: Mode) -> bool {
    mode == Mode::Full && key.segment == Segment::IDX_I
}

fn has_open_interest(key: InstrumentKey) -> bool {
    !matches!(key.segment, Segment::IDX_I | Segment::NSE_EQ | Segment::BSE_EQ)
}

impl Quoted {
    /// Returns the richest mode that is needed and available.
    pub fn needed(&self, key: InstrumentKey) -> Option<Mode> {
        let modes = self.watchers.iter().fold(self.held, |modes, watcher| modes | watcher.modes);
        Mode::ALL.into_iter().rev().find(|mode| modes & bit(*mode) != 0 && !is_silent(key, *mode))
    }

    /// Records that modes were released.
    pub fn release(&mut self, modes: Modes) {
        for mode in Mode::ALL.into_iter().filter(|mode| modes & bit(*mode) != 0) {
            self.released[mode as usize] = Some(Instant::now());
        }
    }

    /// Returns the richest mode that is needed, or was within the last minute. Forgets older ones.
    pub fn kept(&mut self, key: InstrumentKey, now: Instant) -> Option<Mode> {
        for released in &mut self.released {
            released.take_if(|at| now.saturating_duration_since(*at) >= KEPT);
        }
        let recent =
            Mode::ALL.into_iter().rev().find(|mode| self.released[*mode as usize].is_some() && !is_silent(key, *mode));
        self.needed(key).max(recent)
    }

    /// Returns whether nothing about it must be kept.
    pub fn is_done(&self) -> bool {
        self.watchers.is_empty() && self.held == 0 && !self.was_released_lately()
    }

    /// Returns whether a mode was released within the last minute.
    pub fn was_released_lately(&self) -> bool {
        self.released.iter().any(Option::is_some)
    }

    /// Records that another mode is subscribed upstream.
    pub fn set_upstream(&mut self, mode: Option<Mode>) {
        self.upstream = mode;
        self.is_live = false;
        if mode.is_none() {
            // Packets that upstream no longer sends would soon be outdated.
            self.last.clear();
            self.prev_close.clear();
            self.oi.clear();
        }
    }

    /// Sends a new watcher what is known: the last packet in its mode, the previous close, the open interest.
    pub fn send_known(&self, key: InstrumentKey, client: &RelayClient, mode: Mode, scratch: &mut Vec<u8>) {
        scratch.clear();
        if is_silent(key, mode) || !narrow(&self.last, mode, scratch) {
            return;
        }
        client.packet(scratch, 1);
        if !self.prev_close.is_empty() {
            client.packet(&self.prev_close, 1);
        }
        if mode == Mode::Quote && !self.oi.is_empty() {
            client.packet(&self.oi, 1);
        }
    }

    /// Sends a packet to every watcher in its mode, and keeps it. `is_first` says whether the packet is its whole
    /// frame.
    pub fn packet(&mut self, key: InstrumentKey, packet: &[u8], scratch: &mut Vec<u8>) {
        let Some(mode) = mode_of(packet) else {
            match packet.first() {
                Some(&code::PREV_CLOSE) => replace(&mut self.prev_close, packet),
                Some(&code::OI) => {
                    replace(&mut self.oi, packet);
                    // A full packet contains its own.
                    return self.send(packet, bit(Mode::Quote));
                }
                _ => {}
            }
            return self.send(packet, bit(Mode::Ticker) | bit(Mode::Quote) | bit(Mode::Full));
        };
        if Some(mode) < self.upstream && self.is_live {
            // The poorer mode is about to end, and the richer one has the same data.
            return;
        }
        self.is_live |= Some(mode) == self.upstream;
        replace(&mut self.last, packet);
        for narrower in Mode::ALL {
            if self.watchers.iter().any(|watcher| watcher.modes & bit(narrower) != 0) {
                scratch.clear();
                if narrow(packet, narrower, scratch) {
                    self.send(scratch, bit(narrower));
                }
            }
        }
        if mode == Mode::Full && packet.len() >= 162 && has_open_interest(key) {
            scratch.clear();
            open_interest(packet, scratch);
            if *scratch != self.oi {
                replace(&mut self.oi, scratch);
                self.send(scratch, bit(Mode::Quote));
            }
        }
    }

    fn send(&self, packet: &[u8], modes: Modes) {
        for watcher in self.watchers.iter().filter(|watcher| watcher.modes & modes != 0) {
            watcher.client.packet(packet, 1);
        }
    }
}

/// Holds one order book.
#[derive(Default)]
pub(super) struct BookState {
    pub watchers: Vec<Rc<RelayClient>>,
    pub is_subscribed: bool,
    /// When its last watcher left.
    pub released: Option<Instant>,
    pub conn: Option<u16>,
    /// The last packet of each side.
    sides: [Vec<u8>; 2],
}

impl BookState {
    /// Keeps a side.
    pub fn side(&mut self, side: usize, packet: &[u8]) {
        replace(&mut self.sides[side], packet);
    }

    /// Sends a new watcher both sides, if they are known.
    pub fn send_known(&self, client: &RelayClient) {
        if self.sides.iter().all(|side| !side.is_empty()) {
            client.packet(&self.sides.concat(), 2);
        }
    }

    /// Forgets the sides, which are no longer updated.
    pub fn forget(&mut self) {
        *self = BookState { watchers: std::mem::take(&mut self.watchers), ..BookState::default() };
    }
}

fn replace(slot: &mut Vec<u8>, bytes: &[u8]) {
    slot.clear();
    slot.extend_from_slice(bytes);
}
