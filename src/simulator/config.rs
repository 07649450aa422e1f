//! Holds the configuration of a simulated broker.

#[cfg(feature = "testing")]
use super::knobs::{BadToken, Blast, Depth200Path, DepthUnsubscribe, OverLimit, Pool, PrevClose, Stacking};
use super::source::FrameSource;
use crate::console::Console;
use crate::server::packets::DisconnectLayout;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
#[cfg(feature = "testing")]
use std::time::Duration;

/// Names a fault of the simulated broker, which applies to every connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset after this many packets (`0`: at the first request).
    ResetAfter(u64),
    /// After answering the first request, the connection is closed with this code.
    Close(u16),
    /// The first request is answered with a disconnect packet of this reason.
    Disconnect(u16),
    /// Upgrades are answered with this status.
    Http(u16),
    /// After answering the first request, nothing is read or written any more; the connection stays open.
    Stall,
    /// Only pings are sent.
    Mute,
    /// Some messages end in the middle of a packet.
    Truncate,
    /// Some messages are random bytes.
    Garbage,
    /// The market is closed: one snapshot for each instrument, then pings.
    Closed,
}

impl Fault {
    /// Parses a fault as typed after `--fault`; the error says what was wrong and what may be written.
    pub fn parse(spec: &str) -> Result<Fault, String> {
        const KNOWN: &str =
            "reset-after=N, close=CODE, disconnect=CODE, http=STATUS, stall, mute, truncate, garbage or closed";
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
            "closed" => bare(Fault::Closed),
            _ => Err(format!("`{spec}` is no fault we know: write {KNOWN}")),
        }
    }
}

/// Says how keys of order messages are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Casing {
    /// `orderNo`, as accounts see it
    #[default]
    Camel,
    /// `OrderNo`, as documented
    Pascal,
    /// Some of each, and some fields twice.
    #[cfg(feature = "testing")]
    #[value(skip)]
    Mixed,
}

/// Holds the behaviour of a simulated broker. The default is the real one's, as far as it is known.
#[derive(Clone)]
pub struct SimConfig {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Packets a second over all connections together. `None`: ten a second for every subscription, at most ten
    /// thousand. Orders: updates a second, two by default.
    pub rate: Option<f64>,
    /// Faults that apply to every connection.
    pub faults: Vec<Fault>,
    /// Number of packets in a message.
    #[cfg(feature = "testing")]
    pub stacking: Stacking,
    /// For which instruments a previous-close packet is sent.
    #[cfg(feature = "testing")]
    pub prev_close: PrevClose,
    /// Time between the server's pings; `None` sends none.
    #[cfg(feature = "testing")]
    pub ping_every: Option<Duration>,
    /// Whether to ping on the 200-level socket too, which the real server does not.
    #[cfg(feature = "testing")]
    pub pings_on_200: bool,
    /// Whether the 200-level socket answers pings, which is not known of the real server.
    #[cfg(feature = "testing")]
    pub pongs_on_200: bool,
    /// Silence of the client after which the server closes; `None` waits forever.
    #[cfg(feature = "testing")]
    pub idle_limit: Option<Duration>,
    /// Number of sockets an account may hold; one more disconnects the oldest.
    #[cfg(feature = "testing")]
    pub sockets: usize,
    /// Whether they are counted by kind.
    #[cfg(feature = "testing")]
    pub pool: Pool,
    /// How requests that exceed a limit are answered.
    #[cfg(feature = "testing")]
    pub over_limit: OverLimit,
    /// How bad tokens are answered.
    #[cfg(feature = "testing")]
    pub bad_token: BadToken,
    /// Tokens that are refused. A missing or empty one always is.
    #[cfg(feature = "testing")]
    pub refused_tokens: Vec<String>,
    /// Rules for making tokens.
    #[cfg(feature = "testing")]
    pub tokens: super::tokens::TokenRules,
    /// Whether every token is refused.
    #[cfg(feature = "testing")]
    pub refuse_every_token: bool,
    /// How far last trade times lie behind the clock, as if packets were delayed.
    #[cfg(feature = "testing")]
    pub delay: Duration,
    /// Layout of the depth sockets' disconnect packets.
    pub disconnect_layout: DisconnectLayout,
    /// The request code that ends a depth subscription.
    #[cfg(feature = "testing")]
    pub depth_unsubscribe: DepthUnsubscribe,
    /// The paths on which the 200-level socket works.
    #[cfg(feature = "testing")]
    pub depth_200_path: Depth200Path,
    /// Number of upgrades granted within a time; more are answered with 429. `None` grants all.
    #[cfg(feature = "testing")]
    pub upgrade_budget: Option<(usize, Duration)>,
    /// Spelling of the keys of order messages.
    pub casing: Casing,
    /// Whether orders change by themselves (`true`), or only when a test sends something.
    #[cfg(feature = "testing")]
    pub order_life: bool,
    /// TLS configuration, for `wss://`.
    #[cfg(feature = "testing")]
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Source of frames instead of the random walk.
    pub source: Option<Arc<dyn FrameSource>>,
    /// Floods every market-feed connection.
    #[cfg(feature = "testing")]
    pub blast: Option<Blast>,
    /// Printer of events: connections and requests, and every message at the level of `-vv`.
    pub console: Option<Console>,
    /// Whether to keep every sent frame, for [`super::Probe::sent`].
    #[cfg(feature = "testing")]
    pub record_sent: bool,
}

impl Default for SimConfig {
    fn default() -> Self {
        SimConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            rate: None,
            faults: Vec::new(),
            #[cfg(feature = "testing")]
            stacking: Stacking::NowAndThen,
            #[cfg(feature = "testing")]
            prev_close: PrevClose::All,
            #[cfg(feature = "testing")]
            ping_every: Some(Duration::from_secs(10)),
            #[cfg(feature = "testing")]
            pings_on_200: false,
            #[cfg(feature = "testing")]
            pongs_on_200: true,
            #[cfg(feature = "testing")]
            idle_limit: Some(Duration::from_secs(40)),
            #[cfg(feature = "testing")]
            sockets: 5,
            #[cfg(feature = "testing")]
            pool: Pool::PerKind,
            #[cfg(feature = "testing")]
            over_limit: OverLimit::Disconnect,
            #[cfg(feature = "testing")]
            bad_token: BadToken::Reset,
            #[cfg(feature = "testing")]
            refused_tokens: Vec::new(),
            #[cfg(feature = "testing")]
            tokens: super::tokens::TokenRules::default(),
            #[cfg(feature = "testing")]
            refuse_every_token: false,
            #[cfg(feature = "testing")]
            delay: Duration::ZERO,
            disconnect_layout: DisconnectLayout::A,
            #[cfg(feature = "testing")]
            depth_unsubscribe: DepthUnsubscribe::AsSeen,
            #[cfg(feature = "testing")]
            depth_200_path: Depth200Path::Both,
            #[cfg(feature = "testing")]
            upgrade_budget: None,
            casing: Casing::Camel,
            #[cfg(feature = "testing")]
            order_life: true,
            #[cfg(feature = "testing")]
            tls: None,
            source: None,
            #[cfg(feature = "testing")]
            blast: None,
            console: None,
            #[cfg(feature = "testing")]
            record_sent: false,
        }
    }
}

impl SimConfig {
    /// Returns whether the market is closed: then only snapshots and pings are sent.
    pub(crate) fn is_closed(&self) -> bool {
        self.faults.contains(&Fault::Closed)
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
            ("closed", Fault::Closed),
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
