//! Reports the state of a run to other programs: Prometheus and the service manager.

use super::shared::{Shared, SocketState};
use crate::clock;
use crate::metrics::{MetricsFile, Snapshot, SocketFigures};
use crate::notify::{Notifier, RunState};
use crate::pipeline::figures::Figures;
use crate::record::control::StatusEvent;
use crate::session::{Calendar, Markets};
use std::time::Duration;

/// Holds the receivers of the reports.
pub(super) struct RunReport {
    metrics: Option<MetricsFile>,
    notifier: Option<Notifier>,
    calendar: Calendar,
    /// Whether the market is always open, as on a simulated exchange.
    is_always_open: bool,
}

impl RunReport {
    pub fn new(metrics: Option<MetricsFile>, calendar: Calendar, is_always_open: bool) -> RunReport {
        RunReport { metrics, notifier: Notifier::from_env(), calendar, is_always_open }
    }

    /// Returns the interval at which [`RunReport::alive`] must be called, if a receiver needs it.
    pub fn alive_interval(&self) -> Option<Duration> {
        self.notifier.as_ref()?.alive_interval()
    }

    /// Reports that the loop that reads the sockets is running.
    pub fn report_alive(&self) {
        self.notifier.iter().for_each(Notifier::report_alive);
    }

    /// Does periodic work every second; `markets` are those of the wanted subscriptions.
    pub fn second(&mut self, shared: &Shared, figures: &Figures, markets: Markets) {
        if let Some(notifier) = &mut self.notifier {
            let is_open = self.is_always_open || self.calendar.is_open(markets, clock::now());
            notifier.report(&state(shared, figures, is_open));
        }
        if self.metrics.as_ref().is_some_and(MetricsFile::is_due) {
            self.write(shared, figures, markets);
        }
    }

    /// Writes the figures now.
    pub fn write(&mut self, shared: &Shared, figures: &Figures, markets: Markets) {
        let now = clock::now();
        let is_open = self.is_always_open || self.calendar.is_open(markets, now);
        let Some(metrics) = &mut self.metrics else { return };
        let sockets = shared.sockets.borrow();
        let snapshot = Snapshot {
            feed: shared.feed.name().to_owned(),
            now,
            started: figures.started,
            counts: figures.counts,
            gaps: metrics.gaps.figures(),
            sockets: sockets.iter().map(socket_figures).collect(),
            requested: figures.requested,
            seen: figures.seen,
            lag_ms: [0.5, 0.9, 0.99]
                .into_iter()
                .filter_map(|share| Some((share, figures.lag.quantile_ms(share)?)))
                .collect(),
            queues: shared.pipeline.reports().into_iter().map(|output| (output.name, output.queued)).collect(),
            token_ends: shared.token_ends.get(),
            is_open,
        };
        if let Some(problem) = metrics.replace(&snapshot) {
            shared.console.warn(problem);
        }
    }

    /// Reports that the run is stopping.
    pub fn stopping(&self) {
        self.notifier.iter().for_each(Notifier::stopping);
    }
}

fn socket_figures(socket: &SocketState) -> SocketFigures {
    SocketFigures {
        is_connected: socket.is_up(),
        is_live: socket.event == Some(StatusEvent::Live),
        reconnects: socket.reconnects(),
        last_data: socket.last_data,
    }
}

fn state(shared: &Shared, figures: &Figures, is_open: bool) -> RunState {
    let sockets = shared.sockets.borrow();
    let count = |wanted: &[StatusEvent]| {
        sockets.iter().filter(|socket| socket.event.is_some_and(|event| wanted.contains(&event))).count()
    };
    let live = count(&[StatusEvent::Live]);
    let market = if is_open { "" } else { ", the market is closed" };
    RunState {
        stream: shared.feed,
        live,
        requested: count(&[StatusEvent::Requested, StatusEvent::Live]),
        sockets: sockets.len(),
        is_open,
        up: shared.started.elapsed(),
        status: format!(
            "{live} of {} connections live, {} of {} instruments seen, gaps {}, dropped {}{market}",
            sockets.len(),
            figures.seen,
            figures.requested,
            figures.counts.gaps,
            figures.counts.dropped
        ),
    }
}
