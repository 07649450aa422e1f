//! What a simulated broker is told before it starts.

use super::source::FrameSource;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A way to misbehave, on every connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset, without a word, after this many packets (`0`: at the first request).
    ResetAfter(u64),
    /// Once the first request is answered the connection is closed with this code.
    Close(u16),
    /// The first request is answered with a disconnect packet of this reason.
    Disconnect(u16),
    /// Upgrades are answered with this status.
    Http(u16),
    /// Once the first request is answered nothing is read or written any more; the connection stays open.
    Stall,
    /// Nothing but pings.
    Mute,
    /// Now and then a message ends in the middle of a packet.
    Truncate,
    /// Now and then a message is noise.
    Garbage,
}

impl Fault {
    /// A fault as typed after `--fault`; the error says what was wrong and what may be written.
    pub fn parse(spec: &str) -> Result<Fault, String> {
        const KNOWN: &str = "reset-after=N, close=CODE, disconnect=CODE, http=STATUS, stall, mute, truncate or garbage";
        let (name, value) = match spec.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (spec, None),
        };
        let number = |what: &str, low: u64, high: u64| match value {
            None => Err(format!("`{name}` needs {what}: `{name}={low}`")),
            Some(text) => match text.parse::<u64>() {
                Ok(number) if (low..=high).contains(&number) => Ok(number),
                _ if high == u64::MAX => Err(format!("`{text}` is not {what}: write a whole number, `{name}=1000`")),
                _ => Err(format!("`{text}` is not {what}: write a number from {low} to {high}")),
            },
        };
        let bare = |fault: Fault| match value {
            None => Ok(fault),
            Some(_) => Err(format!("`{name}` takes no value: write `{name}`")),
        };
        match name {
            "reset-after" => number("a number of packets", 0, u64::MAX).map(Fault::ResetAfter),
            "close" => number("a close code", 1000, 4999).map(|code| Fault::Close(code as u16)),
            "disconnect" => number("a disconnect reason", 800, 899).map(|code| Fault::Disconnect(code as u16)),
            "http" => number("an HTTP status", 200, 599).map(|status| Fault::Http(status as u16)),
            "stall" => bare(Fault::Stall),
            "mute" => bare(Fault::Mute),
            "truncate" => bare(Fault::Truncate),
            "garbage" => bare(Fault::Garbage),
            _ => Err(format!("`{spec}` is no fault we know: write {KNOWN}")),
        }
    }
}

/// How many packets a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stacking {
    /// Mostly one (depth: one pair), now and then several, as the real servers do.
    NowAndThen,
    /// Always one packet (depth: one side) a message.
    Never,
    /// Always this many, where there are as many to send.
    Always(usize),
}

/// For which instruments a previous-close packet follows the first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrevClose {
    /// Every instrument.
    All,
    /// Indices only.
    IndicesOnly,
    /// None.
    None,
}

/// What becomes of a client whose token is missing or refused. The upgrade succeeds all the same, except for `Http`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadToken {
    /// The first request (order login) is answered by a bare reset.
    Reset,
    /// The first request (order login) is answered by a code-50 packet with this reason, then a close.
    Disconnect(u16),
    /// The first request (order login) is answered by a close frame with this code.
    Close(u16),
    /// The upgrade is answered with this status.
    Http(u16),
}

/// Whether the five sockets of an account are counted by kind or over all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Five of each kind.
    PerKind,
    /// Five of all kinds together.
    Shared,
}

/// What becomes of a request that asks for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// A disconnect packet with reason 804, then a close.
    Disconnect,
    /// The request is ignored.
    Ignore,
}

/// How a depth socket writes a disconnect packet; sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectLayout {
    /// 14 bytes: the depth header, then the reason.
    A,
    /// 12 bytes: the reason is the header's last word.
    B,
    /// 10 bytes: the market feed's packet.
    C,
}

/// Which code ends a depth subscription; sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepthUnsubscribe {
    /// 24 and 25.
    Both,
    /// Only 24.
    Only24,
    /// Only 25.
    Only25,
}

/// On which paths the 200-level socket sends anything; elsewhere it is reset at the first request, without a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth200Path {
    /// `/twohundreddepth` and `/`.
    Both,
    /// `/` only, as was seen.
    Root,
    /// Neither: what a token made for an application got.
    Neither,
}

/// How keys of order messages are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Casing {
    /// `orderNo`, as on the real wire.
    Camel,
    /// `OrderNo`, as documented.
    Pascal,
    /// Some of each, some fields twice.
    Mixed,
}

/// Frames made beforehand and sent as fast as the client reads: for benches and load tests of the market feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blast {
    /// Packets sent on each connection, then nothing but pings.
    pub packets: u64,
    /// Packets in a message.
    pub per_message: usize,
}

/// How a simulated broker behaves. The default is the real one's manners, as far as they are known.
#[derive(Clone)]
pub struct SimConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Seed of everything that is random.
    pub seed: u64,
    /// Packets a second over all connections together. `None`: ten a second for every subscription, ten thousand in all
    /// at most. Orders: updates a second, two by default.
    pub rate: Option<f64>,
    /// Bad manners, on every connection.
    pub faults: Vec<Fault>,
    /// Packets a message.
    pub stacking: Stacking,
    /// Who gets a previous-close packet.
    pub prev_close: PrevClose,
    /// Time between the server's pings; `None` sends none.
    pub ping_every: Option<Duration>,
    /// Silence of the client after which the server closes; `None` waits for ever.
    pub idle_limit: Option<Duration>,
    /// Sockets an account may hold; one more throws out the oldest.
    pub sockets: usize,
    /// Whether they are counted by kind.
    pub pool: Pool,
    /// What becomes of requests that ask for too much.
    pub over_limit: OverLimit,
    /// What becomes of bad tokens.
    pub bad_token: BadToken,
    /// Tokens that are refused. A missing or empty one always is.
    pub refused_tokens: Vec<String>,
    /// Refuse whatever comes.
    pub refuse_every_token: bool,
    /// How far last trade times lie behind the clock, as if packets had been delayed on their way.
    pub delay: Duration,
    /// How depth sockets write a disconnect.
    pub disconnect_layout: DisconnectLayout,
    /// Which code ends a depth subscription.
    pub depth_unsubscribe: DepthUnsubscribe,
    /// Where the 200-level socket works.
    pub depth_200_path: Depth200Path,
    /// Upgrades granted within a time; more are answered with 429. `None` grants all.
    pub upgrade_budget: Option<(usize, Duration)>,
    /// How keys of order messages are spelled.
    pub casing: Casing,
    /// Whether orders live (`true`), or nothing happens on the account but what a test sends.
    pub order_life: bool,
    /// TLS, for `wss://`.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Frames from elsewhere instead of the walk.
    pub source: Option<Arc<dyn FrameSource>>,
    /// Flood every market-feed connection.
    pub blast: Option<Blast>,
    /// How tokens are made.
    pub tokens: super::tokens::TokenRules,
    /// Keep every frame that was sent, for [`super::Probe::sent`].
    pub record_sent: bool,
}

impl Default for SimConfig {
    fn default() -> Self {
        SimConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            rate: None,
            faults: Vec::new(),
            stacking: Stacking::NowAndThen,
            prev_close: PrevClose::All,
            ping_every: Some(Duration::from_secs(10)),
            idle_limit: Some(Duration::from_secs(40)),
            sockets: 5,
            pool: Pool::PerKind,
            over_limit: OverLimit::Disconnect,
            bad_token: BadToken::Reset,
            refused_tokens: Vec::new(),
            refuse_every_token: false,
            delay: Duration::ZERO,
            disconnect_layout: DisconnectLayout::A,
            depth_unsubscribe: DepthUnsubscribe::Both,
            depth_200_path: Depth200Path::Both,
            upgrade_budget: None,
            casing: Casing::Camel,
            order_life: true,
            tls: None,
            source: None,
            blast: None,
            tokens: super::tokens::TokenRules::default(),
            record_sent: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_documented() {
        let table = [
            ("reset-after=0", Fault::ResetAfter(0)),
            ("reset-after=100000", Fault::ResetAfter(100_000)),
            ("close=1001", Fault::Close(1001)),
            ("disconnect=807", Fault::Disconnect(807)),
            ("http=429", Fault::Http(429)),
            ("stall", Fault::Stall),
            ("mute", Fault::Mute),
            ("truncate", Fault::Truncate),
            ("garbage", Fault::Garbage),
        ];
        for (spec, fault) in table {
            assert_eq!(Fault::parse(spec), Ok(fault), "{spec}");
        }
    }

    #[test]
    fn a_bad_fault_names_what_was_typed_and_what_would_do() {
        for (spec, words) in [
            ("", "reset-after=N"),
            ("explode", "`explode` is no fault we know"),
            ("close", "`close` needs a close code"),
            ("close=99", "from 1000 to 4999"),
            ("disconnect=eight", "`eight` is not a disconnect reason"),
            ("http=99", "from 200 to 599"),
            ("reset-after=-1", "write a whole number"),
            ("mute=3", "`mute` takes no value"),
            ("STALL", "no fault we know"),
        ] {
            let message = Fault::parse(spec).unwrap_err();
            assert!(message.contains(words), "{spec}: {message}");
        }
    }
}
