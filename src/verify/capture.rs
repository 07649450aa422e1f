//! Checks a capture: that it is complete, and that the records which a replay prints are valid.

use super::{FileContext, Findings, ndjson};
use crate::capture::entry::{Entry, EntryIter};
use crate::capture::{Part, Player};
use crate::console::Console;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Format, Style};
use crate::format::time::TimeStyle;
use crate::model::{Micros, Stream};
use crate::output::{Destination, Unwritten, WriteFailure};

use crate::pipeline::outputs::{OutputSpec, Outputs};
use crate::pipeline::stages::{Pipeline, Rules};
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads a capture to its end. `file` shows whether a process is writing it.
///
/// # Errors
/// Returns errors of reading.
pub fn check<R: Read>(player: &mut Player<R>, file: &File) -> io::Result<(Findings, FileContext)> {
    let lines = Lines::default();
    let mut run: Option<Pipeline> = None;
    let (mut pid, mut finished, mut torn_bytes) = (None, false, 0);
    while let Some(part) = player.next()? {
        match part {
            Part::Session(session) => {
                // A run without an orderly end leaves no `end` record.
                if let Some(mut killed) = run.take() {
                    killed.flush();
                }
                (pid, finished) = (Some(session.pid), false);
                run = Some(pipeline(session.feed, &lines, session.created));
            }
            Part::Entries(entries) => match run.take() {
                Some(pipeline) => {
                    let (rest, is_complete) = play(pipeline, entries);
                    finished = rest.is_none();
                    run = rest;
                    if !is_complete {
                        lines.damage("a block ends in what is no entry");
                    }
                }
                None => lines.damage("frames of a run whose beginning is not there"),
            },
            Part::Damaged(range) => {
                lines.damage(&format!("{} bytes from byte {} on are damaged", range.end - range.start, range.start));
            }
            Part::Missing { blocks } => lines.damage(&format!("{blocks} blocks are missing")),
            Part::Newer { version } => lines.damage(&format!("a run in format {version}, which is not known")),
            Part::Torn(range) => torn_bytes = range.end - range.start,
        }
    }
    if let Some(mut pipeline) = run {
        pipeline.flush();
    }
    // Tested only if a process may be writing, so that no new writer is kept out.
    let written = !finished && matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock));
    let context = FileContext {
        marked: written,
        writer_pid: pid.filter(|_| written),
        torn_bytes: if written { 0 } else { torn_bytes },
        no_end_records: false,
    };
    Ok((lines.take(), context))
}

/// Plays a block; returns `None` instead of the pipeline if the run ended in it.
fn play(mut pipeline: Pipeline, entries: EntryIter<'_>) -> (Option<Pipeline>, bool) {
    for entry in entries {
        match entry {
            Ok(Entry::Frame(frame)) => pipeline.frame(&frame),
            Ok(Entry::Event(event)) => pipeline.event(&event),
            Ok(Entry::Lagged(lagged)) => pipeline.lagged(lagged),
            Ok(Entry::EndsWithin { packets, reason }) => pipeline.end_within_next(packets, &reason),
            Ok(Entry::Once(wanted)) => pipeline.print_once(&wanted),
            Ok(Entry::Partner) => pipeline.show_client_ids(),
            Ok(Entry::Finish(finish)) => {
                pipeline.finish(finish.at);
                return (None, true);
            }
            Ok(Entry::Other(_)) => {}
            Err(_) => return (Some(pipeline), false),
        }
    }
    (Some(pipeline), true)
}

fn pipeline(feed: Stream, lines: &Lines, created: Micros) -> Pipeline {
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
    let destination = Box::new(lines.clone());
    let spec = OutputSpec { destination, style, header: None, is_file: true };
    // No record is shown to people, so control records go among the others.
    let outputs = Outputs::new(vec![spec], TimeStyle::Epoch, Console::default());
    Pipeline::new(Rules::everything(feed), outputs, created)
}

/// Checks what a replay would print instead of keeping it.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<ndjson::NdjsonCheck>>);

impl Lines {
    fn damage(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).damage(what);
    }

    fn take(&self) -> Findings {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).done()
    }
}

impl Destination for Lines {
    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let mut check = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = lines;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            check.line(&rest[..end]);
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        let _ = self.write(end_line.unwrap_or_default());
        Ok(())
    }

    fn bytes_written(&self) -> u64 {
        0
    }
}
