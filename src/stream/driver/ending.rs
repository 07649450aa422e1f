//! Ends a run: drains what was received, waits for the outputs, and determines the exit code.

use super::{Driver, a_socket_panicked};
use crate::clock;
use crate::model::Stream;
use crate::model::exit::{Exit, Failure};
use crate::output::{OnLag, WriteFailure};
use crate::pipeline::item::{Event, StatusEvent};
use crate::pipeline::stages::RunSummary;
use crate::session::Input;
use crate::stream::signals::{Signal, Signals};
use crate::stream::{Ended, hint};
use std::time::{Duration, Instant};

/// Time that sockets have for an orderly end.
const END_LIMIT: Duration = Duration::from_millis(500);
/// Time that received data has to reach its reader once the run ends.
const DRAIN: Duration = Duration::from_millis(1_100);
/// Additional time that outputs have to return from a wait or a system call. Stderr then has its 0.4 s, so that a run
/// ended by a signal takes less than two seconds.
const OUTPUT_RETURN: Duration = Duration::from_millis(400);
/// Microseconds without a connection at the end after which a run has failed.
const DISCONNECTED_AT_END_US: i64 = 60 * clock::SECOND_US;

impl Driver {
    /// Ends the run: closes the sockets, drains what was received, and prints the packet counters.
    pub(super) async fn end(mut self, reason: String, signals: &mut Signals) -> Result<Ended, Failure> {
        let begun = Instant::now();
        self.status.clear(&self.console);
        if let Some(on_end) = self.control.on_end.take() {
            on_end();
        }
        self.report.stopping();
        // Determined before the sockets are told to stop, because then all of them are down.
        let silence = hint::nothing_received(&self.shared.sockets.borrow());
        let missing = hint::exit(&self.shared.sockets.borrow());
        self.shared.pipeline.event(Event::Status {
            conn: 0,
            event: StatusEvent::Stopping,
            detail: Some(reason.clone()),
            at: clock::now(),
        });
        self.shared.pipeline.event(Event::End { reason: reason.clone(), at: clock::now() });
        self.shared.send_to_all(Input::Stop);
        let goodbye = tokio::time::sleep(END_LIMIT);
        tokio::pin!(goodbye);
        loop {
            tokio::select! {
                end = self.sockets.join_next() => match end {
                    None => break,
                    Some(Err(error)) if error.is_panic() => {
                        self.failure.get_or_insert(a_socket_panicked());
                    }
                    Some(_) => {}
                },
                // The end continues as decided.
                _ = signals.next() => {}
                () = &mut goodbye => break,
            }
        }
        self.sockets.abort_all();
        self.shared.pipeline.begin_end();
        let summary = self.drained(begun, &reason, signals).await?;
        self.warn_of_strangers(summary.figures.strangers);
        self.close(&reason, &summary, silence, missing.unwrap_or(Exit::Network))
    }

    /// Waits for the outputs in bounded time, because their disks and readers may block. An output with `--on-lag
    /// block` has unlimited time until a signal comes.
    async fn drained(&mut self, begun: Instant, reason: &str, signals: &mut Signals) -> Result<RunSummary, Failure> {
        let mut is_patient = self.control.on_lag == OnLag::Block && reason != "signal";
        let mut is_stopped = false;
        let late = tokio::time::sleep_until((begun + DRAIN).into());
        tokio::pin!(late);
        while !self.shared.pipeline.has_ended() {
            tokio::select! {
                () = self.shared.pipeline.changed() => self.shared.pipeline.look(),
                signal = signals.next() => if signal == Signal::Stop && is_patient {
                    is_patient = false;
                    late.as_mut().reset((Instant::now() + DRAIN).into());
                },
                () = &mut late, if !is_patient => {
                    if is_stopped {
                        self.shared.pipeline.abandon();
                        break;
                    }
                    is_stopped = true;
                    self.control.stop.stop();
                    late.as_mut().reset((Instant::now() + OUTPUT_RETURN).into());
                }
            }
        }
        self.has_drained = true;
        self.shared
            .pipeline
            .summary()
            .ok_or_else(|| Failure::new(Exit::Bug, "the run ended by a bug of ours; what was whole is written"))
    }

    /// Prints the results, the closing line last, and determines the exit code.
    fn close(mut self, reason: &str, summary: &RunSummary, silence: String, missing: Exit) -> Result<Ended, Failure> {
        let console = self.console.clone();
        let markets = self.markets();
        self.report.write(&self.shared, &summary.figures, markets);
        let ended = self.outcome(reason, summary, silence, missing);
        if let Ok(Ended::ReaderGone) = ended {
            return ended;
        }
        let ended = ended.map_err(|failure| {
            console.error(&failure);
            failure.without_message()
        });
        console.info(summary.counts);
        ended
    }

    /// Returns the result of the run. `silence`: why nothing was received, if so; `missing`: the exit code for it.
    fn outcome(
        &mut self,
        reason: &str,
        summary: &RunSummary,
        silence: String,
        missing: Exit,
    ) -> Result<Ended, Failure> {
        match (self.failure.take(), &summary.failure) {
            (Some(failure), _) => return Err(failure),
            (None, Some(WriteFailure::ReaderGone)) => return Ok(Ended::ReaderGone),
            (None, Some(WriteFailure::Failed(failure))) => return Err(failure.clone()),
            // A stream that a signal ends has not failed.
            (None, Some(WriteFailure::Unsaved(failure))) if reason == "signal" => self.console.warn(&failure.message),
            (None, Some(WriteFailure::Unsaved(failure))) => return Err(failure.clone()),
            (None, Some(WriteFailure::Stopped) | None) => {}
        }
        let timed = reason == "duration" || reason == "until";
        // A refusal and malformed data are packets without a record; dropped packets count as received.
        let nothing = summary.figures.seen == 0 && summary.counts.dropped == 0;
        if timed && self.shared.feed != Stream::Orders && nothing {
            return Err(Failure::new(missing, silence));
        }
        if timed && summary.disconnected_us.is_some_and(|us| us > DISCONNECTED_AT_END_US) {
            return Err(Failure::new(missing, "disconnected at the end, for more than a minute"));
        }
        let gaps = Duration::from_millis(u64::try_from(summary.gap_us / 1000).unwrap_or(0));
        match self.control.fail_on_gap {
            Some(most) if gaps > most => Err(Failure::new(
                Exit::Gaps,
                format!(
                    "gaps of {} in all, more than {}",
                    humantime::format_duration(gaps),
                    humantime::format_duration(most)
                ),
            )),
            _ => Ok(Ended::Exit(Exit::Done)),
        }
    }
}

impl Drop for Driver {
    /// If the driver panics, the received data is still written.
    fn drop(&mut self) {
        if self.has_drained {
            return;
        }
        self.shared.pipeline.begin_end();
        let begun = Instant::now();
        while !self.shared.pipeline.has_ended() && begun.elapsed() < DRAIN + OUTPUT_RETURN {
            if begun.elapsed() >= DRAIN {
                self.control.stop.stop();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
