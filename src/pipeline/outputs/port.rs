//! Connects the pipeline to one output, which it writes directly or through a queue.

use crate::format::encoder::Format;
use crate::model::{Micros, PacketCounts};
use crate::output::file::Pattern;
use crate::output::item::{About, Chunk, Mark, OutputItem};
use crate::output::lost_packets::LostPackets;
use crate::output::queue::{Limits, OutputQueue};
use crate::output::writer::{RunInfo, Tally, Writer};
use crate::output::{Notice, OnLag, WriteFailure};
use crate::pipeline::outputs::{CHUNK, OutputReport};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Limit in bytes of an output's queue.
const CAPACITY: usize = 64 << 20;
/// Queued bytes from which a queue is crowded.
const CROWDED: usize = 8 * CHUNK;
/// Time for which a file's thread collects lines; a file must show a record within a hundred milliseconds.
const GATHER: Duration = Duration::from_millis(5);

/// Holds an output.
pub(super) struct Port {
    name: String,
    target: Target,
    tally: Arc<Mutex<Tally>>,
    /// Index of the group that makes its lines.
    pub group: usize,
    pub format: Format,
    pub is_file: bool,
    /// Whether it is still written to, as far as is known here.
    pub is_live: bool,
    /// Whether it usually takes lines at once.
    is_prompt: bool,
    pattern: Option<Pattern>,
    /// Moment from which records belong to another file.
    pub boundary: Micros,
    /// The run's counters when the file of the current period began.
    pub since: PacketCounts,
    /// Bytes of lines that are queued in one piece.
    pub chunk: usize,
}

enum Target {
    /// Written on the thread that makes the lines.
    Direct(Box<Writer>),
    /// Written by a thread of its own.
    Queued(Arc<OutputQueue<Writer>>),
    /// A temporary state between the two that is never observed.
    Moving,
}

impl Port {
    pub fn new(writer: Writer, group: usize, format: Format, is_file: bool) -> Port {
        let destination = writer.destination();
        Port {
            name: destination.name(),
            is_prompt: destination.is_prompt(),
            pattern: destination.pattern().cloned(),
            boundary: destination.boundary(),
            tally: writer.tally(),
            target: Target::Direct(Box::new(writer)),
            group,
            format,
            is_file,
            is_live: true,
            since: PacketCounts::default(),
            chunk: CHUNK,
        }
    }

    /// Gives the output a queue and a thread.
    pub fn start(&mut self, on_lag: OnLag, notify: &Arc<dyn Fn() + Send + Sync>) -> std::io::Result<()> {
        if let Target::Direct(writer) = std::mem::replace(&mut self.target, Target::Moving) {
            let gather = if self.is_file { GATHER } else { Duration::ZERO };
            let limits = Limits { capacity: CAPACITY, on_lag, gather, notify: Arc::clone(notify) };
            self.target = Target::Queued(OutputQueue::start("output", *writer, limits)?);
        }
        Ok(())
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn cancel_start(&mut self) {
        if let Target::Direct(writer) = &mut self.target {
            writer.cancel_start();
        }
    }

    pub fn set_run(&mut self, run: RunInfo) {
        if let Target::Direct(writer) = &mut self.target {
            writer.set_run(run);
        }
    }

    /// Submits lines; returns whether the output is still written to.
    pub fn lines(&mut self, text: &[u8], marks: &[Mark], about: &About) -> bool {
        match &mut self.target {
            Target::Direct(writer) => {
                writer.lines(text, marks, about);
                writer.is_live()
            }
            Target::Queued(queue) => {
                if !self.is_live {
                    return true;
                }
                if self.is_prompt {
                    let done = queue.at_once(|writer| (writer.lines_at_once(text, marks, about), writer.is_live()));
                    if let Some((true, is_live)) = done {
                        return is_live;
                    }
                }
                let chunk = self.chunk;
                let extend = |newest: &mut OutputItem| match newest {
                    OutputItem::Lines(lines) if lines.text.len() + text.len() <= chunk => {
                        lines.append(text, marks, about);
                        Some(text.len() + size_of_val(marks))
                    }
                    _ => None,
                };
                queue.push(extend, || {
                    OutputItem::Lines(Chunk { text: text.to_vec(), marks: marks.to_vec(), about: about.clone() })
                });
                true
            }
            Target::Moving => true,
        }
    }

    /// Submits an item other than lines.
    pub fn give(&mut self, item: OutputItem) {
        match &mut self.target {
            Target::Direct(writer) => writer.item(&item),
            Target::Queued(queue) => queue.push(|_| None, || item),
            Target::Moving => {}
        }
    }

    /// Records that the file of another period began.
    pub fn rotated(&mut self, at: Micros, counts: &PacketCounts) {
        self.since = *counts;
        self.boundary = match (&self.target, &self.pattern) {
            (Target::Direct(writer), _) => writer.destination().boundary(),
            (_, Some(pattern)) => pattern.boundary_after(at),
            (_, None) => Micros::MAX,
        };
    }

    pub fn tick(&mut self, now: Micros) {
        if let Target::Direct(writer) = &mut self.target {
            writer.tick_at(now);
        }
    }

    pub fn salvage(&mut self, text: &[u8], now: Micros) {
        match &mut self.target {
            Target::Direct(writer) => writer.salvage(text, now),
            Target::Queued(queue) => {
                // The complete lines take the usual path; the thread ends after the last item, in an orderly way or
                // not.
                let text = text.to_vec();
                queue.push(|_| None, || OutputItem::Salvage { text, now });
                queue.close();
            }
            Target::Moving => {}
        }
    }

    pub fn finish(&mut self, item: OutputItem) {
        self.give(item);
        if let Target::Queued(queue) = &self.target {
            queue.close();
        }
    }

    pub fn has_ended(&self) -> bool {
        match &self.target {
            Target::Queued(queue) => queue.has_ended(),
            _ => true,
        }
    }

    pub fn has_panicked(&self) -> bool {
        matches!(&self.target, Target::Queued(queue) if queue.has_panicked())
    }

    /// Abandons the output; only what it has written counts as written.
    pub fn abandon(&mut self, now: Micros, packets: u64) {
        if let Target::Queued(queue) = &self.target {
            drop(queue.abandon());
        }
        let name = &self.name;
        let failure = crate::model::exit::Failure::new(
            crate::model::exit::Exit::Output,
            format!("cannot write {name}: the system does not come back from a write (a disk or a mount that hangs?)"),
        );
        let mut tally = self.tally();
        let taken_to = tally.taken_to;
        if taken_to < packets {
            tally.lost.add(taken_to..packets);
            tally.gaps.push((now, now));
        }
        tally.failure.get_or_insert(WriteFailure::Unsaved(failure));
    }

    pub fn is_full(&self) -> bool {
        self.is_live && matches!(&self.target, Target::Queued(queue) if queue.is_full())
    }

    pub fn is_crowded(&self) -> bool {
        self.is_live && matches!(&self.target, Target::Queued(queue) if queue.weight() >= CROWDED)
    }

    pub fn failure(&self) -> Option<WriteFailure> {
        self.tally().failure.clone()
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.tally().notices)
    }

    /// Returns which of this many packets it did not write.
    pub fn lost(&self, packets: u64) -> LostPackets {
        let mut lost = {
            let tally = self.tally();
            let mut lost = tally.lost.clone();
            if tally.failure.is_some() {
                lost.add(tally.taken_to..packets);
            }
            lost
        };
        if let Target::Queued(queue) = &self.target {
            queue.inspect(|items| {
                for item in items {
                    if let OutputItem::Shed(shed) = item {
                        lost.add(shed.packets.clone());
                    }
                }
            });
        }
        lost
    }

    pub fn own_gaps(&self) -> Vec<(Micros, Micros)> {
        self.tally().gaps.clone()
    }

    pub fn bytes(&self) -> u64 {
        self.tally().bytes
    }

    pub fn report(&self) -> OutputReport {
        let queued = match &self.target {
            Target::Queued(queue) => queue.weight(),
            _ => 0,
        };
        let tally = self.tally();
        OutputReport { name: self.name.clone(), queued, written: tally.bytes, lost: tally.lost.count() }
    }
}
