//! Outputs that turn over, stand still and fail.

use super::*;
use crate::model::PacketCounts;

/// A file of a period of 1 000 µs that turns over with every write, and tells which moments it turned over for.
struct Turning {
    boundary: i64,
    turned: Arc<std::sync::Mutex<Vec<i64>>>,
}

impl Destination for Turning {
    fn boundary_us(&self) -> i64 {
        self.boundary
    }

    fn wants_rotation(&self, _: usize) -> bool {
        true
    }

    fn rotate(&mut self, at_us: i64, _: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.boundary = at_us - at_us % 1_000 + 1_000;
        self.turned.lock().unwrap().push(at_us);
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

/// Outputs with such a file of 1 000 to 2 000 µs, and the moments it turns over for.
fn turning() -> (Outputs, Arc<std::sync::Mutex<Vec<i64>>>) {
    let turned = Arc::default();
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: Columns::Own };
    let destination = Box::new(Turning { boundary: 2_000, turned: Arc::clone(&turned) });
    let spec = OutputSpec { destination, style, header: None, is_file: true };
    (Outputs::new(vec![spec], TimeStyle::Epoch, Console::default()), turned)
}

#[test]
fn lines_that_wait_when_a_period_ends_go_to_a_file_of_theirs_although_it_is_a_new_one() {
    let (mut outputs, turned) = turning();
    let books = PacketCounts::default();
    assert_eq!(outputs.stamp(1_990, &books), 1_990);
    outputs.lines(1, |_, out| out.bytes(b"of the first period\n"));
    let next = outputs.stamp(2_500, &books);
    assert!(next > 2_500, "an end record came before it");
    let turned = turned.lock().unwrap();
    assert!(turned.len() == 2 && turned[0] < 2_000 && turned[1] >= 2_000, "{turned:?}");
}

#[test]
fn a_file_is_closed_when_its_time_has_passed_although_nothing_comes() {
    let (mut outputs, turned) = turning();
    let mut books = PacketCounts::default();
    outputs.tick(PASSED + 2_000, true, &books);
    assert!(turned.lock().unwrap().is_empty(), "nothing was received that it could tell of");
    books.received = 1;
    outputs.tick(PASSED + 1_999, true, &books);
    outputs.tick(PASSED + 2_000, false, &books);
    assert!(turned.lock().unwrap().is_empty(), "what was received before may still be on its way");
    outputs.tick(PASSED + 2_000, true, &books);
    outputs.tick(PASSED + 9_000, true, &books);
    assert_eq!(turned.lock().unwrap().len(), 1, "the file after it has nothing to tell of");
}

/// Takes so many lines, and then none.
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
fn a_line_is_lost_when_nothing_takes_it_and_a_reader_that_stands_still_ends_only_itself() {
    for why in [WriteFailure::Stopped, WriteFailure::ReaderGone] {
        for (others, lost) in [(&[][..], 2), (&[TimeStyle::Epoch], 0), (&[TimeStyle::Iso], 0)] {
            let spec = |time, takes| OutputSpec {
                destination: Box::new(Short(takes, why.clone())),
                style: Style { format: Format::Ndjson, time, columns: Columns::Own },
                header: None,
                is_file: false,
            };
            let mut specs = vec![spec(TimeStyle::Epoch, 1)];
            specs.extend(others.iter().map(|&time| spec(time, usize::MAX)));
            let mut outputs = Outputs::new(specs, TimeStyle::Epoch, Console::default());
            outputs.lines(1, |_, out| out.bytes(b"a\nb\nc\n"));
            outputs.lines(1, |_, out| out.bytes(b"d\n"));
            outputs.flush(1, &PacketCounts::default());
            assert_eq!(outputs.take_lost(), lost, "{why:?} beside {others:?}");
            assert_eq!(outputs.failure(), others.is_empty().then_some(&why));
        }
    }
}

#[test]
fn packets_of_lines_that_were_not_written_are_counted_by_what_they_came_from() {
    let lines = b"a\nb\nGAP\nc\nPAIR\nd\n";
    let marks = [Mark { start: 4, end: 8, packets: 0 }, Mark { start: 10, end: 15, packets: 2 }];
    assert_eq!(packets_behind(0, lines, &marks), 6);
    assert_eq!(packets_behind(2, lines, &marks), 5);
    assert_eq!(packets_behind(8, lines, &marks), 4);
    assert_eq!(packets_behind(15, lines, &marks), 1);
    assert_eq!(packets_behind(lines.len(), lines, &marks), 0);
}
