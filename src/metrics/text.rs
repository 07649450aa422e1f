//! Writes figures in Prometheus' text format.

use crate::model::{Micros, PacketCounts};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// Holds the gaps of one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GapFigures {
    /// Number of gaps.
    pub count: u64,
    /// Their duration together, in microseconds.
    pub us: i64,
}

/// Describes one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SocketFigures {
    /// Whether the connection stands and the server has accepted the upgrade.
    pub is_connected: bool,
    /// Whether data arrives.
    pub is_live: bool,
    /// Number of reconnects.
    pub reconnects: u64,
    /// Time of its last data; [`Micros::EPOCH`] if there was none.
    pub last_data: Micros,
}

/// Holds everything that is known of a run at a moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// `market`, `depth` or `orders`.
    pub feed: String,
    /// The moment.
    pub now: Micros,
    /// Beginning of the run.
    pub started: Micros,
    /// The packet counters.
    pub counts: PacketCounts,
    /// The gaps by reason.
    pub gaps: BTreeMap<&'static str, GapFigures>,
    /// The connections; the first is number 1.
    pub sockets: Vec<SocketFigures>,
    /// Number of subscribed instruments.
    pub requested: usize,
    /// Number of instruments of which a packet arrived.
    pub seen: usize,
    /// Receive time less last trade time: quantiles and milliseconds.
    pub lag_ms: Vec<(f64, u64)>,
    /// Number of bytes queued for each output.
    pub queues: Vec<(String, usize)>,
    /// Expiry time of the token.
    pub token_ends: Option<Micros>,
    /// Whether the market is open.
    pub is_open: bool,
}

impl Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let feed = [("feed", self.feed.clone())];
        let counts = &self.counts;
        for (name, help, value) in [
            ("received", "Packets received (orders: messages).", counts.received),
            ("written", "Packets whose content reached a record.", counts.written),
            ("filtered", "Packets that nobody asked for, repeats and heartbeats.", counts.filtered),
            ("dropped", "Packets lost between the socket and the outputs.", counts.dropped),
            ("malformed", "Bytes that no packet could be made of.", counts.malformed),
        ] {
            let mut metric = Metric::begin(f, &format!("dhan_packets_{name}_total"), "counter", help)?;
            metric.value(&feed, value)?;
        }
        let mut metric = Metric::begin(f, "dhan_gaps_total", "counter", "Gaps in the data, by reason.")?;
        for (reason, gaps) in &self.gaps {
            metric.value(&self.with("reason", reason), gaps.count)?;
        }
        let mut metric = Metric::begin(f, "dhan_gap_seconds_total", "counter", "Length of all gaps, by reason.")?;
        for (reason, gaps) in &self.gaps {
            metric.value(&self.with("reason", reason), seconds(gaps.us))?;
        }
        self.connections(f)?;
        let mut metric = Metric::begin(f, "dhan_instruments_requested", "gauge", "Instruments that were asked for.")?;
        metric.value(&feed, self.requested)?;
        let mut metric = Metric::begin(f, "dhan_instruments_seen", "gauge", "Instruments of which a packet came.")?;
        metric.value(&feed, self.seen)?;
        if !self.lag_ms.is_empty() {
            let help = "Receive time less last trade time, which has whole seconds.";
            let mut metric = Metric::begin(f, "dhan_lag_seconds", "summary", help)?;
            for (quantile, ms) in &self.lag_ms {
                metric.value(&self.with("quantile", quantile), *ms as f64 / 1e3)?;
            }
        }
        if !self.queues.is_empty() {
            let mut metric = Metric::begin(f, "dhan_queue_bytes", "gauge", "Bytes that wait for an output.")?;
            for (output, bytes) in &self.queues {
                metric.value(&self.with("output", output), bytes)?;
            }
        }
        if let Some(ends) = self.token_ends {
            let help = "Seconds until the access token ends; negative once it has.";
            let mut metric = Metric::begin(f, "dhan_token_expires_seconds", "gauge", help)?;
            metric.value(&feed, ends.seconds() - self.now.seconds())?;
        }
        let mut metric = Metric::begin(f, "dhan_market_open", "gauge", "Whether the market is open.")?;
        metric.value(&feed, u8::from(self.is_open))
    }
}

impl Snapshot {
    fn with(&self, name: &'static str, value: impl Display) -> [(&'static str, String); 2] {
        [("feed", self.feed.clone()), (name, value.to_string())]
    }

    fn connections(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        type Value = fn(&Snapshot, &SocketFigures) -> f64;
        let figures: [(&str, &str, &str, Value); 4] = [
            ("dhan_reconnects_total", "counter", "How often a connection was made again.", |_, socket| {
                socket.reconnects as f64
            }),
            ("dhan_connected", "gauge", "Whether the connection is there.", |_, socket| {
                f64::from(u8::from(socket.is_connected))
            }),
            ("dhan_live", "gauge", "Whether data flows.", |_, socket| f64::from(u8::from(socket.is_live))),
            (
                "dhan_last_data_age_seconds",
                "gauge",
                "Seconds since the last data, or since the run began when none came yet.",
                |all, socket| {
                    let since = if socket.last_data == Micros::EPOCH { all.started } else { socket.last_data };
                    seconds(all.now.us_since(since).max(0))
                },
            ),
        ];
        for (name, kind, help, value) in figures {
            let mut metric = Metric::begin(f, name, kind, help)?;
            for (conn, socket) in (1..).zip(&self.sockets) {
                metric.value(&self.with("conn", conn), value(self, socket))?;
            }
        }
        Ok(())
    }
}

fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// One metric with its help and type.
struct Metric<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    name: String,
}

impl<'a, 'b> Metric<'a, 'b> {
    fn begin(f: &'a mut fmt::Formatter<'b>, name: &str, kind: &str, help: &str) -> Result<Metric<'a, 'b>, fmt::Error> {
        writeln!(f, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        Ok(Metric { f, name: name.to_owned() })
    }

    fn value(&mut self, labels: &[(&str, String)], value: impl Display) -> fmt::Result {
        write!(self.f, "{}{{", self.name)?;
        for (n, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            write!(self.f, "{}{label}=\"{text}\"", if n == 0 { "" } else { "," })?;
        }
        writeln!(self.f, "}} {value}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn full() -> Snapshot {
        let counts = PacketCounts { received: 10, written: 6, filtered: 1, dropped: 2, malformed: 1, gaps: 2 };
        Snapshot {
            feed: "market".to_owned(),
            now: Micros::from_secs(100),
            started: Micros::from_secs(40),
            counts,
            gaps: [("lagged", GapFigures { count: 2, us: 1_500_000 })].into(),
            sockets: vec![
                SocketFigures { is_connected: true, is_live: true, reconnects: 3, last_data: Micros::new(99_500_000) },
                SocketFigures::default(),
            ],
            requested: 5,
            seen: 4,
            lag_ms: vec![(0.5, 320), (0.99, 1_500)],
            queues: vec![("a \"b\"\\c".to_owned(), 12)],
            token_ends: Some(Micros::from_secs(3_700)),
            is_open: true,
        }
    }

    #[test]
    fn every_figure_has_its_labels() {
        let text = full().to_string();
        for line in [
            r#"dhan_packets_received_total{feed="market"} 10"#,
            r#"dhan_gaps_total{feed="market",reason="lagged"} 2"#,
            r#"dhan_gap_seconds_total{feed="market",reason="lagged"} 1.5"#,
            r#"dhan_reconnects_total{feed="market",conn="1"} 3"#,
            r#"dhan_connected{feed="market",conn="2"} 0"#,
            r#"dhan_live{feed="market",conn="1"} 1"#,
            r#"dhan_last_data_age_seconds{feed="market",conn="1"} 0.5"#,
            r#"dhan_last_data_age_seconds{feed="market",conn="2"} 60"#,
            r#"dhan_instruments_seen{feed="market"} 4"#,
            r#"dhan_lag_seconds{feed="market",quantile="0.99"} 1.5"#,
            r#"dhan_queue_bytes{feed="market",output="a \"b\"\\c"} 12"#,
            r#"dhan_token_expires_seconds{feed="market"} 3600"#,
            r#"dhan_market_open{feed="market"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
