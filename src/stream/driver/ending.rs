//! The end of a run: what was received is drained, outputs come back, and the exit code is found.

use super::Driver;
use crate::clock::now_us;
use crate::model::Stream;
use crate::model::exit::Exit;
use crate::model::exit::Failure;
use crate::output::OnLag;
use crate::output::WriteFailure;
use crate::pipeline::figures::ClosingLine;
use crate::pipeline::item::Event;
use crate::pipeline::item::StatusEvent;
use crate::pipeline::stages::RunSummary;
use crate::session::Input;
use crate::stream::Ended;
use crate::stream::hint;
use crate::stream::signals::Signal;
use crate::stream::signals::Signals;
use std::time::Duration;
use std::time::Instant;

/// How long sockets get to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long what was received may take to reach its reader once the run is to end.
const DRAIN: Duration = Duration::from_millis(1_100);
/// How long outputs have after that to come back from a wait, or from a call to the system. Then stderr has its 0.4 s: what
/// a signal ends is over within two seconds.
const COME_BACK: Duration = Duration::from_millis(400);
/// A run that ends without a connection for longer than this has failed.
const DISCONNECTED_AT_END_US: i64 = 60 * crate::clock::SECOND_US;

impl Driver {
    /// Ends the run: sockets say goodbye, what was received is drained, the books are closed.
    pub(super) async fn end(mut self, reason: String, signals: &mut Signals) -> Result<Ended, Failure> {
        let begun = Instant::now();
        self.status.clear(&self.console);
        if let Some(on_end) = self.on_end.take() {
            on_end();
        }
        self.report.stopping();
        // Before the sockets are told to stop: then all of them are down.
        let silence = hint::nothing_received(&self.shared.sockets.borrow());
        let missing = hint::exit(&self.shared.sockets.borrow());
        self.shared.pipeline.event(Event::Status {
            conn: 0,
            event: StatusEvent::Stopping,
            detail: Some(reason.clone()),
            at_us: now_us(),
        });
        self.shared.pipeline.event(Event::End { reason: reason.clone(), at_us: now_us() });
        self.shared.tell_all(Input::Stop);
        let goodbye = tokio::time::sleep(GOODBYE);
        tokio::pin!(goodbye);
        loop {
            tokio::select! {
                end = self.sockets.join_next() => match end {
                    None => break,
                    Some(Ok(_)) => {}
                    Some(Err(error)) if error.is_panic() => {
                        self.failure.get_or_insert(Failure::new(Exit::Bug, "a socket's task ended by a bug of ours"));
                    }
                    Some(Err(_)) => {}
                },
                // The end goes on as it was decided.
                _ = signals.next() => {}
                () = &mut goodbye => break,
            }
        }
        self.sockets.abort_all();
        self.shared.pipeline.begin_end();
        let summary = self.drained(begun, &reason, signals).await?;
        self.tell_crowd(summary.figures.strangers);
        self.close(&reason, &summary, silence, missing.unwrap_or(Exit::Network))
    }

    /// Waits for the outputs, but not for ever: their disks and readers may stand still. An output that was told to block
    /// has its time until a signal comes.
    async fn drained(&mut self, begun: Instant, reason: &str, signals: &mut Signals) -> Result<RunSummary, Failure> {
        let mut is_patient = self.on_lag == OnLag::Block && reason != "signal";
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
                    self.stop.stop();
                    late.as_mut().reset((Instant::now() + COME_BACK).into());
                }
            }
        }
        self.has_drained = true;
        self.shared
            .pipeline
            .summary()
            .ok_or_else(|| Failure::new(Exit::Bug, "the run ended by a bug of ours; what was whole is written"))
    }

    /// Says what it came to, the closing line last, and with which code it ends.
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
        console.info(ClosingLine(&summary.counts));
        ended
    }

    /// `silence`: why nothing was received, if nothing was; `missing`: the code that stands for it.
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
        // A refusal and what could not be decoded are packets, but no record; records that were dropped came, though.
        let nothing = summary.figures.seen == 0 && summary.counts.dropped == 0;
        if timed && self.shared.feed != Stream::Orders && nothing {
            return Err(Failure::new(missing, silence));
        }
        if timed && summary.disconnected_us.is_some_and(|us| us > DISCONNECTED_AT_END_US) {
            return Err(Failure::new(missing, "disconnected at the end, for more than a minute"));
        }
        let gaps = Duration::from_millis(u64::try_from(summary.gap_us / 1000).unwrap_or(0));
        match self.fail_on_gap {
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
    /// The driver itself may panic: what was received is written all the same.
    fn drop(&mut self) {
        if self.has_drained {
            return;
        }
        self.shared.pipeline.begin_end();
        let begun = Instant::now();
        while !self.shared.pipeline.has_ended() && begun.elapsed() < DRAIN + COME_BACK {
            if begun.elapsed() >= DRAIN {
                self.stop.stop();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
