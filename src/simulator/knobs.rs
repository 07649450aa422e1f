//! Holds policies that only tests change; the product has fixed ones (`manners`).

use super::config::SimConfig;
use super::manners;
use super::rng::Rng;
use super::state::Cut;
use crate::model::Stream;
use crate::server::ClientStream;
use crate::server::deaf::Deafness;
use std::sync::Arc;
use std::time::Duration;

/// Says how many packets a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stacking {
    /// Mostly one (depth: one pair), sometimes several, like the real servers.
    NowAndThen,
    /// Always one packet (depth: one side) a message.
    Never,
    /// Always this many, if that many are to be sent.
    Always(usize),
}

/// Says for which instruments a previous-close packet follows the first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrevClose {
    /// Every instrument.
    All,
    /// Indices only.
    IndicesOnly,
    /// None.
    None,
}

/// Says how a missing or refused token is answered. The upgrade succeeds all the same, except for `Http`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadToken {
    /// The first request (order login) is answered by a TCP reset.
    Reset,
    /// The first request (order login) is answered by a code-50 packet with this reason, then a close.
    Disconnect(u16),
    /// The first request (order login) is answered by a close frame with this code.
    Close(u16),
    /// The upgrade is answered with this status.
    Http(u16),
}

/// Says whether the five sockets of an account are counted by kind or over all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Five of each kind.
    PerKind,
    /// Five of all kinds together.
    SharedInstrument,
}

/// Says how a request that exceeds a limit is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// A disconnect packet with reason 804, then a close.
    Disconnect,
    /// The request is ignored.
    Ignore,
}

/// Says which request code ends a depth subscription; sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepthUnsubscribe {
    /// Only 25, after which some packets still follow, as was measured.
    AsSeen,
    /// 24 and 25.
    Both,
    /// Only 24.
    Only24,
    /// Only 25.
    Only25,
}

/// Says on which paths the 200-level socket sends data; on others it is reset at the first request, without a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth200Path {
    /// `/twohundreddepth` and `/`.
    Both,
    /// Only `/`, as was seen.
    Root,
    /// Neither, as for a token made for an application.
    Neither,
}

/// Describes frames that are prepared and sent as fast as the client reads, for benches and load tests of the market
/// feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blast {
    /// Number of packets sent on each connection; after them only pings.
    pub packets: u64,
    /// Number of packets in a message.
    pub per_message: usize,
}

impl SimConfig {
    /// Returns the fixed number of packets in a message, or `None` if it is random.
    pub(crate) fn stacked(&self) -> Option<usize> {
        match self.stacking {
            Stacking::NowAndThen => None,
            Stacking::Never => Some(1),
            Stacking::Always(packets) => Some(packets.max(1)),
        }
    }

    /// Returns whether a depth message holds one side.
    pub(crate) fn is_one_side_a_message(&self) -> bool {
        self.stacking == Stacking::Never
    }

    /// Returns whether a message may end between the two sides of a pair.
    pub(crate) fn splits_pairs(&self, rng: &mut Rng) -> bool {
        self.stacking == Stacking::NowAndThen && rng.one_in(10)
    }

    /// Returns whether a previous-close packet follows the first packet.
    pub(crate) fn sends_prev_close(&self, is_index: bool) -> bool {
        match self.prev_close {
            PrevClose::All => true,
            PrevClose::IndicesOnly => is_index,
            PrevClose::None => false,
        }
    }

    /// Returns the interval of pings of a stream's server.
    pub(crate) fn ping_every(&self, kind: Stream) -> Option<Duration> {
        self.ping_every.filter(|_| kind != Stream::DEPTH_200 || self.pings_on_200)
    }

    /// Returns a stream's connection, with pings hidden if the configuration says so.
    pub(crate) fn deafened(&self, kind: Stream, stream: ClientStream) -> ClientStream {
        match kind {
            Stream::DEPTH_200 if !self.pongs_on_200 => ClientStream::Deaf(Box::new((stream, Deafness::default()))),
            _ => stream,
        }
    }

    /// Returns the longest silence allowed to a client.
    pub(crate) fn idle_limit(&self) -> Option<Duration> {
        self.idle_limit
    }

    /// Returns the number of sockets an account may hold, and whether they are counted over all kinds.
    pub(crate) fn pool(&self) -> (usize, bool) {
        (self.sockets, self.pool == Pool::SharedInstrument)
    }

    /// Returns how a request that exceeds a limit is answered.
    pub(crate) fn excess(&self) -> Option<Cut> {
        (self.over_limit == OverLimit::Disconnect).then_some(manners::EXCESS)
    }

    /// Returns how a refused client's first request is answered.
    pub(crate) fn refusal(&self) -> Cut {
        match self.bad_token {
            // The status applies to the upgrade; a token that is refused later finds the socket open.
            BadToken::Reset | BadToken::Http(_) => Cut::Reset,
            BadToken::Disconnect(reason) => Cut::Disconnect(reason),
            BadToken::Close(code) => Cut::Close(code),
        }
    }

    /// Returns the status that answers a refused client's upgrade.
    pub(crate) fn refusal_status(&self) -> Option<u16> {
        match self.bad_token {
            BadToken::Http(status) => Some(status),
            _ => None,
        }
    }

    /// Returns the tokens that are refused from the start.
    pub(crate) fn refused_tokens(&self) -> &[String] {
        &self.refused_tokens
    }

    /// Returns the rules for making tokens.
    pub(crate) fn token_rules(&self) -> super::tokens::TokenRules {
        self.tokens.clone()
    }

    /// Returns whether every token is refused.
    pub(crate) fn refuses_all(&self) -> bool {
        self.refuse_every_token
    }

    /// Returns how far last trade times lie behind the clock, in microseconds.
    pub(crate) fn delay_us(&self) -> i64 {
        i64::try_from(self.delay.as_micros()).unwrap_or(0)
    }

    /// Returns whether a request code ends a depth subscription.
    pub(crate) fn ends_depth(&self, code: u64) -> bool {
        match self.depth_unsubscribe {
            DepthUnsubscribe::AsSeen | DepthUnsubscribe::Only25 => code == 25,
            DepthUnsubscribe::Both => code == 24 || code == 25,
            DepthUnsubscribe::Only24 => code == 24,
        }
    }

    /// Returns the number of pairs that follow the end of a depth subscription.
    pub(crate) fn ghosts(&self) -> u32 {
        if self.depth_unsubscribe == DepthUnsubscribe::AsSeen { manners::GHOSTS } else { 0 }
    }

    /// Returns whether the 200-level socket works on a path.
    pub(crate) fn has_200_levels(&self, path: &str) -> bool {
        match self.depth_200_path {
            Depth200Path::Both => true,
            Depth200Path::Root => path == "/",
            Depth200Path::Neither => false,
        }
    }

    /// Returns whether orders change by themselves.
    pub(crate) fn has_order_life(&self) -> bool {
        self.order_life && !self.is_closed()
    }

    /// Returns the listener's TLS configuration.
    pub(crate) fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
        self.tls.clone()
    }

    /// Returns whether connections are flooded instead of served.
    pub(crate) fn is_flooding(&self) -> bool {
        self.blast.is_some()
    }
}
