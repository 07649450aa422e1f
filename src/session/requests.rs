//! Builds the request texts for instruments, and keeps the set of wanted subscriptions.

use crate::model::Stream;
use crate::model::{InstrumentKey, Segment};
use crate::protocol::depth::Levels;
use crate::protocol::request::{self, INSTRUMENTS_PER_MESSAGE, Mode, RequestCode};

use std::collections::HashSet;

/// Holds an instrument and its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription {
    /// The instrument.
    pub instrument: InstrumentKey,
    /// The market feed's mode; `None` for depth (and, when unsubscribing, for all modes).
    pub mode: Option<Mode>,
}

impl Subscription {
    /// Creates a subscription of the market feed.
    #[cfg(any(test, feature = "testing"))]
    pub const fn feed(instrument: InstrumentKey, mode: Mode) -> Subscription {
        Subscription { instrument, mode: Some(mode) }
    }

    /// Creates a subscription of a depth socket.
    #[cfg(any(test, feature = "testing"))]
    pub const fn depth(instrument: InstrumentKey) -> Subscription {
        Subscription { instrument, mode: None }
    }
}

/// Returns the mode to request. The server sends nothing for `full` of an index, so `quote` is requested instead; the
/// command line warns about it.
pub fn effective_mode(instrument: InstrumentKey, mode: Mode) -> Mode {
    match mode {
        Mode::Full if instrument.segment == Segment::IDX_I => Mode::Quote,
        mode => mode,
    }
}

/// Returns the requests that subscribe to these: grouped by mode, at most 100 instruments each.
pub fn subscribe(feed: Stream, subscriptions: &[Subscription]) -> Vec<String> {
    requests(feed, subscriptions, Mode::subscribe, RequestCode::SUBSCRIBE_DEPTH)
}

/// Returns the requests that unsubscribe from these; for depth with code 25, which the server follows best.
pub fn unsubscribe(feed: Stream, subscriptions: &[Subscription]) -> Vec<String> {
    requests(feed, subscriptions, Mode::unsubscribe, RequestCode::UNSUBSCRIBE_DEPTH_ALTERNATE)
}

/// Returns the requests that unsubscribe from depth with code 24, for a server that ignored the first one.
pub fn unsubscribe_depth_again(levels: Levels, instruments: &[InstrumentKey]) -> Vec<String> {
    texts(Stream::Depth(levels), RequestCode::UNSUBSCRIBE_DEPTH, instruments)
}

fn requests(
    feed: Stream,
    subscriptions: &[Subscription],
    of_mode: fn(Mode) -> RequestCode,
    of_depth: RequestCode,
) -> Vec<String> {
    let keys = |mode: Option<Mode>| -> Vec<InstrumentKey> {
        subscriptions.iter().filter(|s| mode.is_none() || s.mode == mode).map(|s| s.instrument).collect()
    };
    match feed {
        Stream::Market => {
            Mode::ALL.into_iter().flat_map(|mode| texts(feed, of_mode(mode), &keys(Some(mode)))).collect()
        }
        Stream::Depth(_) => texts(feed, of_depth, &keys(None)),
        Stream::Orders => Vec::new(),
    }
}

fn texts(feed: Stream, code: RequestCode, instruments: &[InstrumentKey]) -> Vec<String> {
    match feed {
        Stream::Depth(Levels::TwoHundred) => instruments.iter().map(|key| request::single(code, *key)).collect(),
        _ => instruments.chunks(INSTRUMENTS_PER_MESSAGE).map(|some| request::list(code, some)).collect(),
    }
}

/// Holds the subscriptions that a connection should serve, as last changed, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedSubscriptions {
    order: Vec<Subscription>,
    members: HashSet<Subscription>,
}

impl WantedSubscriptions {
    /// Returns all wanted subscriptions.
    pub fn all(&self) -> &[Subscription] {
        &self.order
    }

    /// Returns the number of subscriptions.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds subscriptions; returns those that are new.
    pub fn add(&mut self, subscriptions: &[Subscription]) -> Vec<Subscription> {
        let new: Vec<_> = subscriptions.iter().copied().filter(|s| self.members.insert(*s)).collect();
        self.order.extend_from_slice(&new);
        new
    }

    /// Removes subscriptions (without a mode: in all modes); returns those that were present.
    pub fn remove(&mut self, subscriptions: &[Subscription]) -> Vec<Subscription> {
        let all_modes: HashSet<_> = subscriptions.iter().filter(|s| s.mode.is_none()).map(|s| s.instrument).collect();
        let exact: HashSet<_> = subscriptions.iter().collect();
        let is_removed = |s: &Subscription| exact.contains(s) || all_modes.contains(&s.instrument);
        let (removed, kept): (Vec<_>, Vec<_>) = self.order.drain(..).partition(is_removed);
        self.order = kept;
        for subscription in &removed {
            self.members.remove(subscription);
        }
        removed
    }
}

impl FromIterator<Subscription> for WantedSubscriptions {
    fn from_iter<I: IntoIterator<Item = Subscription>>(subscriptions: I) -> WantedSubscriptions {
        let mut wanted = WantedSubscriptions::default();
        wanted.add(&subscriptions.into_iter().collect::<Vec<_>>());
        wanted
    }
}
