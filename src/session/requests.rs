//! Which texts ask for which instruments, and the set that is wanted.

use crate::model::Stream;
use crate::model::{InstrumentKey, Segment};
use crate::protocol::depth::Levels;
use crate::protocol::request::{self, INSTRUMENTS_PER_MESSAGE, Mode, RequestCode};

use std::collections::HashSet;

/// An instrument, and what of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription {
    /// Which instrument.
    pub instrument: InstrumentKey,
    /// The market feed's mode; `None` for depth (and, when unsubscribing, for all modes).
    pub mode: Option<Mode>,
}

impl Subscription {
    /// A subscription of the market feed.
    #[cfg(any(test, feature = "testing"))]
    pub const fn feed(instrument: InstrumentKey, mode: Mode) -> Subscription {
        Subscription { instrument, mode: Some(mode) }
    }

    /// A subscription of a depth socket.
    #[cfg(any(test, feature = "testing"))]
    pub const fn depth(instrument: InstrumentKey) -> Subscription {
        Subscription { instrument, mode: None }
    }
}

/// The mode the server must be asked for: it is silent when `full` is asked of an index, so that is sent as `quote`.
/// The command line warns where the two differ.
pub fn effective_mode(instrument: InstrumentKey, mode: Mode) -> Mode {
    match mode {
        Mode::Full if instrument.segment == Segment::IDX_I => Mode::Quote,
        mode => mode,
    }
}

/// The requests that subscribe to these: grouped by mode, at most 100 instruments each.
pub fn subscribe(feed: Stream, subscriptions: &[Subscription]) -> Vec<String> {
    requests(feed, subscriptions, Mode::subscribe, RequestCode::SUBSCRIBE_DEPTH)
}

/// The requests that unsubscribe from these; depth by code 25, which the server heeds best.
pub fn unsubscribe(feed: Stream, subscriptions: &[Subscription]) -> Vec<String> {
    requests(feed, subscriptions, Mode::unsubscribe, RequestCode::UNSUBSCRIBE_DEPTH_ALTERNATE)
}

/// The requests that unsubscribe from depth by code 24, for a server that did not heed the first.
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

/// The set that a connection should serve, as last changed, in the order it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    order: Vec<Subscription>,
    members: HashSet<Subscription>,
}

impl Desired {
    /// Everything wanted.
    pub fn all(&self) -> &[Subscription] {
        &self.order
    }

    /// How many subscriptions these are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds these; returns those that are new.
    pub fn add(&mut self, subscriptions: &[Subscription]) -> Vec<Subscription> {
        let new: Vec<_> = subscriptions.iter().copied().filter(|s| self.members.insert(*s)).collect();
        self.order.extend_from_slice(&new);
        new
    }

    /// Takes these out (without a mode: in all modes); returns those that were in.
    pub fn remove(&mut self, subscriptions: &[Subscription]) -> Vec<Subscription> {
        let all_modes: HashSet<_> = subscriptions.iter().filter(|s| s.mode.is_none()).map(|s| s.instrument).collect();
        let exact: HashSet<_> = subscriptions.iter().collect();
        let goes = |s: &Subscription| exact.contains(s) || all_modes.contains(&s.instrument);
        let (gone, kept): (Vec<_>, Vec<_>) = self.order.drain(..).partition(goes);
        self.order = kept;
        for subscription in &gone {
            self.members.remove(subscription);
        }
        gone
    }
}

impl FromIterator<Subscription> for Desired {
    fn from_iter<I: IntoIterator<Item = Subscription>>(subscriptions: I) -> Desired {
        let mut desired = Desired::default();
        desired.add(&subscriptions.into_iter().collect::<Vec<_>>());
        desired
    }
}
