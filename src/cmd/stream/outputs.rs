//! Opens the outputs of a plan before anything connects.

use crate::capture::{self, Recorder};
use crate::cli::plan::{OutputPlan, OutputTarget, OutputsPlan, ShapePlan, StreamPlan};
use crate::clock;
use crate::console::Console;
use crate::format::csv;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Format, Style};
use crate::model::{Failure, Micros, Stream};
use crate::output::StopSignal;
use crate::output::file::{FileSink, FileSpec, Pattern, Restarted, TypedFiles};
#[cfg(feature = "nats")]
use crate::output::nats::NatsSink;
use crate::output::stdout::StdoutSink;
use crate::pipeline::item::{Event, GapReason};
use crate::pipeline::outputs::OutputSpec;
use crate::record::RecordType;
use std::path::Path;

/// Holds opened outputs.
pub(crate) struct OpenedOutputs {
    pub specs: Vec<OutputSpec>,
    /// Gaps of killed runs.
    pub found: Vec<Event>,
}

/// Opens the outputs of a stream.
pub(super) fn open(plan: &StreamPlan, stop: &StopSignal, console: &Console) -> Result<OpenedOutputs, Failure> {
    open_all(plan.feed(), &plan.outputs, &plan.shape, clock::now(), stop, console)
}

/// Opens the capture of a stream. A killed run's gap is reported once, however many files it left torn.
pub(super) fn open_capture(
    path: &Path,
    plan: &StreamPlan,
    found: &mut Vec<Event>,
    stop: &StopSignal,
    console: &Console,
) -> Result<Recorder, Failure> {
    let now = clock::now();
    let opened = capture::open(path, plan.feed(), plan.outputs.disk_wait, stop, now, console)?;
    let restarted = opened.restarted.filter(|_| found.is_empty());
    found.extend(restarted.map(|restarted| gap(restarted.from, restarted.detail, now)));
    Ok(opened.recorder)
}

/// Opens these outputs for records of a stream that are received at `now` or later.
pub(crate) fn open_all(
    feed: Stream,
    outputs: &OutputsPlan,
    shape: &ShapePlan,
    now: Micros,
    stop: &StopSignal,
    console: &Console,
) -> Result<OpenedOutputs, Failure> {
    let mut opened = OpenedOutputs { specs: Vec::new(), found: Vec::new() };
    let mut killed = Vec::new();
    for plan in &outputs.targets {
        match open_one(feed, plan, outputs, shape, now, stop, console) {
            Ok((spec, restarted)) => {
                opened.specs.push(spec);
                killed.extend(restarted);
            }
            Err(failure) => {
                // The outputs that were opened before are restored.
                opened.specs.iter_mut().for_each(|spec| spec.destination.cancel_start());
                return Err(failure);
            }
        }
    }
    // A kill is one gap, however many files it left torn.
    if let Some(from) = killed.iter().map(|restarted| restarted.from).min() {
        let detail = killed.into_iter().map(|restarted| restarted.detail).collect::<Vec<_>>().join("; ");
        opened.found.push(gap(from, detail, now));
    }
    Ok(opened)
}

/// Returns the gap that a killed run left.
fn gap(from: Micros, detail: String, now: Micros) -> Event {
    Event::Gap { conn: 0, reason: GapReason::Restarted, detail: Some(detail), from, to: now, dropped: None }
}

fn open_one(
    feed: Stream,
    plan: &OutputPlan,
    outputs: &OutputsPlan,
    shape: &ShapePlan,
    now: Micros,
    stop: &StopSignal,
    console: &Console,
) -> Result<(OutputSpec, Vec<Restarted>), Failure> {
    let types = printed_types(feed, shape);
    let (columns, header) = csv::layout(types, shape.time);
    let format = plan.format;
    let style = Style { format, time: shape.time, columns };
    let header = (format == Format::Csv).then_some(header);
    #[cfg(feature = "nats")]
    if let OutputTarget::Nats(target) = &plan.target {
        let destination = Box::new(NatsSink::open((**target).clone(), stop.clone(), console)?);
        return Ok((OutputSpec { destination, style, header: None, is_file: true }, Vec::new()));
    }
    let OutputTarget::Pattern(pattern) = &plan.target else {
        let destination = Box::new(StdoutSink::open(outputs.disk_wait, stop.clone(), console)?);
        return Ok((OutputSpec { destination, style, header, is_file: false }, Vec::new()));
    };
    let spec = FileSpec {
        pattern: pattern.clone(),
        format,
        csv_header: header.map(String::into_bytes),
        rotate_size: outputs.rotate_size,
        mode: if feed == Stream::Orders { 0o600 } else { 0o644 },
        on_rotate: outputs.on_rotate.clone(),
        disk_wait: outputs.disk_wait,
        stop: stop.clone(),
    };
    if Pattern::parse(pattern)?.has_type() {
        let header = |kind: &RecordType| csv::layout(&[*kind], shape.time).1.into_bytes();
        let headers = types.iter().map(|kind| (kind.name(), header(kind))).collect();
        let lines_are_packets = !matches!(feed, Stream::Depth(_));
        let (files, restarted) = TypedFiles::open(spec, headers, lines_are_packets, now, console)?;
        let style = Style { columns: CsvColumns::Own, ..style };
        return Ok((OutputSpec { destination: Box::new(files), style, header: None, is_file: true }, restarted));
    }
    let file = FileSink::open(spec, now, console)?;
    Ok((OutputSpec { destination: Box::new(file.sink), style, header: None, is_file: true }, file.restarted))
}

/// Returns the types of record that a stream prints.
fn printed_types(stream: Stream, shape: &ShapePlan) -> &[RecordType] {
    shape.only.as_deref().unwrap_or(RecordType::of_stream(stream))
}
