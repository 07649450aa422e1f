//! Opens what a plan names as its outputs, before anything connects.

use crate::capture::{self, Recorder};
use crate::cli::plan::{OutputPlan, OutputTarget, OutputsPlan, ShapePlan, StreamPlan};
use crate::clock::now_us;
use crate::console::Console;
use crate::format::csv;
use crate::format::encoder::{Format, Style};
use crate::model::Stream;
use crate::model::exit::Failure;
use crate::output::StopSignal;
use crate::output::file::{FileSink, FileSpec};
use crate::output::stdout::StdoutSink;
use crate::pipeline::item::{Event, GapReason};
use crate::pipeline::outputs::OutputSpec;
use crate::record::RecordType;
use std::path::Path;

/// Outputs that are ready.
pub(crate) struct Opened {
    pub specs: Vec<OutputSpec>,
    /// Gaps of runs that were killed.
    pub found: Vec<Event>,
}

/// Opens the outputs of a stream.
pub(super) fn open(plan: &StreamPlan, stop: &StopSignal, console: &Console) -> Result<Opened, Failure> {
    open_all(plan.feed(), &plan.outputs, &plan.shape, now_us(), stop, console)
}

/// Opens the capture of a stream. A gap that a killed run left is told once, however many files it left torn.
pub(super) fn open_capture(
    path: &Path,
    plan: &StreamPlan,
    found: &mut Vec<Event>,
    stop: &StopSignal,
    console: &Console,
) -> Result<Recorder, Failure> {
    let now_us = now_us();
    let opened = capture::open(path, plan.feed(), plan.outputs.disk_wait, stop, now_us, console)?;
    if let Some(restarted) = opened.restarted.filter(|_| found.is_empty()) {
        found.push(Event::Gap {
            conn: 0,
            reason: GapReason::Restarted,
            detail: Some(restarted.detail),
            from_us: restarted.from_us,
            to_us: now_us,
            dropped: None,
        });
    }
    Ok(opened.recorder)
}

/// Opens these outputs for records of a feed, the first of them received at `now_us` or later.
pub(crate) fn open_all(
    feed: Stream,
    outputs: &OutputsPlan,
    shape: &ShapePlan,
    now_us: i64,
    stop: &StopSignal,
    console: &Console,
) -> Result<Opened, Failure> {
    let mut opened = Opened { specs: Vec::new(), found: Vec::new() };
    for OutputPlan { target, format } in &outputs.targets {
        let (columns, header) = csv::layout(printed_types(feed, shape), shape.time);
        let style = Style { format: *format, time: shape.time, columns };
        let header = (*format == Format::Csv).then_some(header);
        match target {
            OutputTarget::Stdout => opened.specs.push(OutputSpec {
                destination: Box::new(StdoutSink::open(outputs.disk_wait, stop.clone(), console)?),
                style,
                header,
                is_file: false,
            }),
            OutputTarget::Pattern(pattern) => {
                let spec = FileSpec {
                    pattern: pattern.clone(),
                    format: *format,
                    csv_header: header.map(String::into_bytes),
                    rotate_size: outputs.rotate_size,
                    mode: if feed == Stream::Orders { 0o600 } else { 0o644 },
                    on_rotate: outputs.on_rotate.clone(),
                    disk_wait: outputs.disk_wait,
                    stop: stop.clone(),
                };
                let file = FileSink::open(spec, now_us, console)?;
                for restarted in file.restarted {
                    opened.found.push(Event::Gap {
                        conn: 0,
                        reason: GapReason::Restarted,
                        detail: Some(restarted.detail),
                        from_us: restarted.from_us,
                        to_us: now_us,
                        dropped: None,
                    });
                }
                opened.specs.push(OutputSpec { destination: Box::new(file.sink), style, header: None, is_file: true });
            }
        }
    }
    Ok(opened)
}

/// Returns the types of record that a stream prints.
fn printed_types(stream: Stream, shape: &ShapePlan) -> &[RecordType] {
    shape.only.as_deref().unwrap_or(RecordType::of_stream(stream))
}
