//! Formats the line of figures, and shows the live line on a terminal.

use super::shared::SocketState;
use crate::clock;
use crate::console::Console;
use crate::model::Micros;
use crate::pipeline::figures::Figures;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Holds what is shown during the run.
pub(super) struct StatusLine {
    live: Option<ProgressBar>,
    /// Time and packet count of the last printed line, and of the last live one.
    printed: (Micros, u64),
    shown: (Micros, u64),
}

impl StatusLine {
    /// Creates the state, with a live line on stderr if wanted.
    pub fn new(live: bool, console: &Console) -> StatusLine {
        let live = live.then(|| {
            let bar = ProgressBar::with_draw_target(None, console.draw_target());
            let style = ProgressStyle::with_template("{spinner} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        console.set_status_line(live.clone());
        let now = clock::now();
        StatusLine { live, printed: (now, 0), shown: (now, 0) }
    }

    /// Shows the figures on the live line.
    pub fn show(&mut self, figures: &Figures, sockets: &[SocketState]) {
        let Some(live) = &self.live else { return };
        let now = clock::now();
        let rate = rate(&mut self.shown, figures, now);
        let age = match figures.last_recv {
            Micros::EPOCH => "no packet yet".to_owned(),
            last => format!("last {:.1} s ago", now.since(last).as_secs_f64()),
        };
        let (up, all, reconnects) = count(sockets);
        live.set_message(format!(
            "{rate:.0}/s, {} of {} instruments, {age}, sockets {up}/{all}, reconnects {reconnects}",
            figures.seen, figures.requested
        ));
        live.tick();
    }

    /// Returns the line of figures that `--stats` and `SIGUSR1` print.
    pub fn line(&mut self, figures: &Figures, sockets: &[SocketState]) -> String {
        let now = clock::now();
        let rate = rate(&mut self.printed, figures, now);
        let (up, all, reconnects) = count(sockets);
        let running = humantime::format_duration(Duration::from_secs(now.since(figures.started).as_secs()));
        let records = match figures.records.is_empty() {
            true => " 0".to_owned(),
            false => figures.records.iter().map(|(kind, count)| format!(" {kind} {count}")).collect(),
        };
        let lag = match (figures.lag.quantile_ms(0.5), figures.lag.quantile_ms(0.99)) {
            (Some(p50), Some(p99)) => format!("p50 {} s p99 {} s", whole_seconds(p50), whole_seconds(p99)),
            _ => "unknown".to_owned(),
        };
        let last = match figures.last_recv {
            Micros::EPOCH => "no packet yet".to_owned(),
            last => format!("last packet {:.1} s ago", now.since(last).as_secs_f64()),
        };
        let Figures { requested, seen, counts, bytes_written, .. } = figures;
        format!(
            "up {running}, sockets {up}/{all}, instruments requested {requested} seen {seen}, records{records}, \
             rate {rate:.1}/s, lag {lag}, {last}, reconnects {reconnects}, gaps {}, dropped {}, \
             bytes written {bytes_written}",
            counts.gaps, counts.dropped
        )
    }

    /// Removes the live line.
    pub fn clear(&mut self, console: &Console) {
        console.set_status_line(None);
        if let Some(live) = self.live.take() {
            live.finish_and_clear();
        }
    }
}

/// Returns the packets a second since the last call.
fn rate(last: &mut (Micros, u64), figures: &Figures, now: Micros) -> f64 {
    let (at, packets) = std::mem::replace(last, (now, figures.counts.received));
    let seconds = now.since(at).as_secs_f64().max(0.001);
    figures.counts.received.saturating_sub(packets) as f64 / seconds
}

/// Returns the number of sockets that are up, of all sockets, and of reconnects.
fn count(sockets: &[SocketState]) -> (usize, usize, u64) {
    let up = sockets.iter().filter(|socket| socket.is_up()).count();
    (up, sockets.len(), sockets.iter().map(SocketState::reconnects).sum())
}

/// Returns milliseconds as whole seconds, the resolution of trade times.
const fn whole_seconds(ms: u64) -> u64 {
    (ms + 500) / 1000
}
