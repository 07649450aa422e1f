//! Tests outputs that rotate, block and fail.

use super::*;
use crate::model::Micros;
use crate::output::file::Pattern;
use crate::output::{Unwritten, WriteFailure};
use std::sync::Mutex;
use std::time::Duration;

/// A file that rotates every second and after every write, and records the times of its rotations.
struct Turning {
    boundary: Micros,
    turned: Arc<Mutex<Vec<Micros>>>,
    pattern: Pattern,
}

impl Destination for Turning {
    fn pattern(&self) -> Option<&Pattern> {
        Some(&self.pattern)
    }

    fn boundary(&self) -> Micros {
        self.boundary
    }

    fn wants_rotation(&self, _: usize) -> bool {
        true
    }

    fn rotate(&mut self, at: Micros, _: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.boundary = self.pattern.boundary_after(at);
        self.turned.lock().unwrap().push(at);
        Ok(())
    }

    fn write(&mut self, _: &[u8]) -> Result<(), Unwritten> {
        Ok(())
    }

    fn finish(&mut self, _: Option<&[u8]>) -> Result<(), WriteFailure> {
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}

const TURN: Micros = Micros::from_secs(2);

/// Returns outputs, of which the second is such a file, and the times of its rotations.
fn turning() -> (Outputs, Arc<Mutex<Vec<Micros>>>) {
    let turned = Arc::default();
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
    let pattern = Pattern::parse("x-%S").unwrap();
    let destination = Box::new(Turning { boundary: TURN, turned: Arc::clone(&turned), pattern });
    let spec = OutputSpec { destination, style, header: None, is_file: true };
    let mut outputs = Outputs::new(vec![spec], TimeStyle::Epoch, Console::default());
    outputs.rotate_near(1 << 20);
    (outputs, turned)
}

#[test]
fn lines_that_wait_when_a_period_ends_go_to_a_file_of_theirs_although_it_is_a_new_one() {
    let (mut outputs, turned) = turning();
    let counts = PacketCounts::default();
    assert_eq!(outputs.stamp(TURN.plus_us(-10), &counts), TURN.plus_us(-10));
    outputs.lines(1, |_, out| out.bytes(b"of the first period\n"));
    let next = outputs.stamp(TURN.plus_us(500), &PacketCounts { received: 1, written: 1, ..counts });
    assert!(next > TURN.plus_us(500), "an end record came before it");
    let turned = turned.lock().unwrap();
    assert!(turned.len() == 2 && turned[0] < TURN && turned[1] >= TURN, "{turned:?}");
}

#[test]
fn a_file_is_closed_when_its_time_has_passed_although_nothing_comes() {
    let (mut outputs, turned) = turning();
    let mut counts = PacketCounts::default();
    outputs.tick(Micros::from_secs(3), &counts);
    assert!(turned.lock().unwrap().is_empty(), "nothing was received that it could tell of");
    counts.received = 1;
    outputs.tick(Micros::from_secs(3).plus_us(-1), &counts);
    assert!(turned.lock().unwrap().is_empty(), "what was received before may still be on its way");
    outputs.tick(Micros::from_secs(3), &counts);
    outputs.tick(Micros::from_secs(9), &counts);
    assert_eq!(turned.lock().unwrap().len(), 1, "the file after it has nothing to tell of");
}

/// Takes this many lines, and then fails.
struct Short(usize, WriteFailure);

impl Destination for Short {
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let taken: Vec<usize> = memchr::memchr_iter(b'\n', lines).take(self.0).collect();
        self.0 -= taken.len();
        let written = taken.last().map_or(0, |at| at + 1);
        if written == lines.len() { Ok(()) } else { Err(Unwritten { failure: self.1.clone(), written }) }
    }

    fn finish(&mut self, _: Option<&[u8]>) -> Result<(), WriteFailure> {
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}

#[test]
fn a_packet_is_lost_when_no_output_takes_it_and_a_reader_that_stands_still_ends_only_itself() {
    for why in [WriteFailure::Stopped, WriteFailure::ReaderGone] {
        for (others, lost) in [(&[][..], 3), (&[TimeStyle::Epoch], 0), (&[TimeStyle::Iso], 0)] {
            let spec = |time, takes| OutputSpec {
                destination: Box::new(Short(takes, why.clone())),
                style: Style { format: Format::Ndjson, time, columns: CsvColumns::Own },
                header: None,
                is_file: false,
            };
            let mut specs = vec![spec(TimeStyle::Epoch, 1)];
            specs.extend(others.iter().map(|&time| spec(time, usize::MAX)));
            let mut outputs = Outputs::new(specs, TimeStyle::Epoch, Console::default());
            for line in ["a\n", "b\n", "c\n", "d\n"] {
                outputs.stamp(Micros::new(1), &PacketCounts::default());
                outputs.lines(1, |_, out| out.bytes(line.as_bytes()));
            }
            let counts = PacketCounts { received: 4, written: 4, ..PacketCounts::default() };
            outputs.flush(&counts);
            assert_eq!(outputs.lost(&counts), lost, "{why:?} beside {others:?}");
            assert_eq!(outputs.failure(), others.is_empty().then_some(&why));
        }
    }
}

/// Keeps what is written, and waits while told to.
#[derive(Clone, Default)]
struct Slow {
    text: Arc<Mutex<Vec<u8>>>,
    waits: Arc<std::sync::atomic::AtomicBool>,
}

impl Destination for Slow {
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        while self.waits.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.text.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }

    fn finish(&mut self, end: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.write(end.unwrap_or_default()).map_err(|unwritten| unwritten.failure)
    }

    fn bytes_written(&self) -> u64 {
        self.text.lock().unwrap().len() as u64
    }
}

#[test]
fn an_output_that_stands_still_costs_itself_its_oldest_lines_and_the_other_one_nothing() {
    let (slow, quick) = (Slow::default(), Slow::default());
    slow.waits.store(true, Ordering::Relaxed);
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
    let spec = |slow: &Slow| OutputSpec { destination: Box::new(slow.clone()), style, header: None, is_file: true };
    let mut outputs = Outputs::new(vec![spec(&slow), spec(&quick)], TimeStyle::Epoch, Console::default());
    outputs.set_stream(Stream::Market);
    let notify: Arc<dyn Fn() + Send + Sync> = Arc::new(|| {});
    outputs.start_threads(OnLag::Drop, &notify).unwrap();
    let filler = "x".repeat(60_000);
    let mut counts = PacketCounts::default();
    // 90 MB, more than the queue holds.
    for n in 0..1_500_i64 {
        let recv = outputs.stamp(Micros::new(10 + n * 10), &counts);
        let line = format!("{{\"type\":\"ticker\",\"filler\":\"{filler}\",\"recv_us\":{}}}\n", recv.get());
        outputs.lines(1, |_, out| out.bytes(line.as_bytes()));
        counts.received += 1;
        counts.written += 1;
        outputs.flush(&counts);
        while outputs.reports()[1].queued > 1 << 20 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    slow.waits.store(false, Ordering::Relaxed);
    outputs.finish(&End { counts, reason: "count".to_owned() }, Micros::from_secs(1), false);
    while !outputs.have_ended() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let read = |slow: &Slow| -> Vec<serde_json::Value> {
        let text = String::from_utf8(slow.text.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let whole = read(&quick);
    assert_eq!(whole.len(), 1_501);
    assert_eq!((whole[1_500]["written"].as_u64(), whole[1_500]["dropped"].as_u64()), (Some(1_500), Some(0)));
    let short = read(&slow);
    let gaps: Vec<_> = short.iter().filter(|record| record["type"] == "gap").collect();
    assert_eq!(gaps.len(), 1, "what was dropped in one go is one gap");
    let dropped = gaps[0]["dropped"].as_u64().unwrap();
    assert!(dropped > 100 && gaps[0]["reason"] == "lagged");
    assert_eq!(short.len() as u64, 1_500 - dropped + 2);
    let end = short.last().unwrap();
    assert_eq!((end["written"].as_u64(), end["dropped"].as_u64()), (Some(1_500 - dropped), Some(dropped)));
    assert_eq!(end["gaps"], 1);
    let times: Vec<_> = short.iter().map(|record| record["recv_us"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "receive times grow, the gap's among them");
    assert_eq!(outputs.lost(&counts), 0, "the other output has every packet");
    assert_eq!(outputs.own_gaps().len(), 1);
}
