//! Counts losses and prints their gap records.

use super::Pipeline;
use crate::model::Micros;
use crate::pipeline::item::{Frame, Lagged};
use crate::protocol::Malformed;
use crate::record::control::{Gap, GapReason};

/// Number of malformed frames a second that get a gap record of their own; the others are counted in the next one.
const MALFORMED_A_SECOND: u32 = 10;

/// Holds malformed packets that no gap record has reported yet.
#[derive(Debug, Default)]
pub(super) struct MalformedBurst {
    second: i64,
    reported: u32,
    pub(super) held: u64,
    from: Micros,
    conn: u16,
}

/// Counts the malformed packets of one frame, with the code of the last one that had any.
#[derive(Debug, Default)]
pub(super) struct FrameDamage {
    packets: u64,
    code: Option<u8>,
}

impl Pipeline {
    /// Counts a malformed packet, and notes it for the frame's gap record.
    pub(super) fn malformed(&mut self, malformed: &Malformed, damage: &mut FrameDamage) {
        self.counts.received += 1;
        self.counts.malformed += 1;
        damage.packets += 1;
        damage.code = malformed.code.or(damage.code);
    }

    /// Reports the malformed packets of a frame, if there were any.
    pub(super) fn report_damage(&mut self, frame: &Frame<'_>, damage: FrameDamage) {
        if damage.packets > 0 {
            self.report_malformed(frame, damage.packets, damage.code.map(|code| format!("code {code}")));
        }
    }

    #[cold]
    pub(super) fn resumed(&mut self, frame: &Frame<'_>) {
        if let Some(gap) = self.gaps.resumed(frame.conn, frame.recv) {
            if let Some(bars) = &mut self.bars {
                bars.resumed(frame.conn);
            }
            self.print_gap(gap, frame.recv);
        }
    }

    #[cold]
    pub(super) fn report_malformed(&mut self, frame: &Frame<'_>, packets: u64, detail: Option<String>) {
        let second = frame.recv.seconds();
        if second != self.malformed.second {
            self.malformed = MalformedBurst { second, ..std::mem::take(&mut self.malformed) };
            self.malformed.reported = 0;
        }
        if self.malformed.held == 0 {
            self.malformed.from = frame.recv;
            self.malformed.conn = frame.conn;
        }
        self.malformed.held += packets;
        if self.malformed.reported < MALFORMED_A_SECOND {
            self.malformed.reported += 1;
            self.print_malformed(frame.recv, detail);
        }
    }

    pub(super) fn print_malformed(&mut self, to: Micros, detail: Option<String>) {
        let MalformedBurst { held, from, conn, .. } = self.malformed;
        self.malformed.held = 0;
        self.gap(conn, GapReason::Malformed, detail, from, to, Some(held));
    }

    /// Counts and prints a gap that is over.
    pub(super) fn gap(
        &mut self,
        conn: u16,
        reason: GapReason,
        detail: Option<String>,
        from: Micros,
        to: Micros,
        dropped: Option<u64>,
    ) {
        let gap = self.gaps.record(conn, reason, detail, from, to, dropped);
        self.print_gap(gap, to);
    }

    pub(super) fn print_gap(&mut self, gap: Gap, at: Micros) {
        if let Some(bars) = &mut self.bars {
            bars.gap(gap.conn, gap.from, gap.to);
        }
        // Counted after its receive time is known: that may close a file, whose counters must not include this gap.
        let recv = self.rules.gaps.then(|| self.outputs.stamp(at, &self.counts));
        self.counts.gaps += 1;
        if let Some(observer) = &mut self.observer {
            observer.gap(&gap);
        }
        if let Some(recv) = recv {
            self.outputs.control(&gap, recv, &self.counts);
        }
    }

    /// Counts frames that were lost before they reached the pipeline.
    pub fn lagged(&mut self, lagged: Lagged) {
        if self.stop_reason.is_some() {
            return self.filtered(lagged.packets);
        }
        self.bars_due(lagged.to);
        self.forget_order_books(None);
        self.gap(0, GapReason::Lagged, None, lagged.from, lagged.to, Some(lagged.packets));
        self.counts.dropped += lagged.packets;
        self.counts.received += lagged.packets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Console;
    use crate::format::csv::CsvColumns;
    use crate::format::encoder::{Format, Style};
    use crate::format::time::TimeStyle;
    use crate::model::Stream;
    use crate::output::file::{FileSink, FileSpec};
    use crate::pipeline::outputs::{OutputSpec, Outputs};
    use crate::pipeline::stages::Rules;

    use crate::verify::FileVerdict;

    #[test]
    fn a_gap_that_a_new_file_begins_with_is_in_the_books_of_that_file() {
        let dir = tempfile::tempdir().unwrap();
        let spec = FileSpec {
            pattern: dir.path().join("x-%S.ndjson").display().to_string(),
            format: Format::Ndjson,
            csv_header: None,
            rotate_size: None,
            mode: 0o644,
            on_rotate: None,
            disk_wait: std::time::Duration::ZERO,
            stop: crate::output::StopSignal::default(),
        };
        let sink = FileSink::open(spec, Micros::EPOCH, &Console::default()).unwrap().sink;
        let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
        let output = OutputSpec { destination: Box::new(sink), style, header: None, is_file: true };
        let outputs = Outputs::new(vec![output], TimeStyle::Epoch, Console::default());
        let mut pipeline = Pipeline::new(Rules::everything(Stream::Market), outputs, Micros::EPOCH);
        pipeline.lagged(Lagged { packets: 3, from: Micros::EPOCH, to: Micros::from_secs(1) });
        pipeline.finish(Micros::from_secs(1).plus_us(1));
        let check = |name| crate::cmd::verify::check(&dir.path().join(name)).unwrap();
        let (verdict, summary) = check("x-00.ndjson");
        assert_eq!((verdict, summary.ends), (FileVerdict::Ok, 1), "{summary:?}");
        let (verdict, summary) = check("x-01.ndjson");
        assert_eq!((verdict, summary.ends), (FileVerdict::Gaps, 1), "{summary:?}");
    }
}
