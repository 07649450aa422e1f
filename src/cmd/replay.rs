//! Runs `dhan replay`: captured frames pass through the pipeline of a live run, so that the output is the same.

use crate::capture::entry::{Entry, EntryIter};
use crate::capture::play::CaptureSession;
use crate::capture::{Part, Player};
use crate::cli::only;
use crate::cli::plan::{ReplayPlan, ShapePlan, Speed};
use crate::cmd::stream::outputs;
use crate::console::Console;
use crate::model::{Exit, Failure, Micros, PacketCounts, Stream};
use crate::output::{StopSignal, WriteFailure};
use crate::pipeline::item::Event;
use crate::pipeline::outputs::Outputs;
use crate::pipeline::stages::{Pipeline, Rules};

use crate::stream::Ended;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest sleep, so that signals are handled and files get their ticks.
const NAP: Duration = Duration::from_millis(50);
/// Time difference of frames below which there is no wait.
const CLOSE: Duration = Duration::from_millis(2);
/// Interval of the outputs' periodic work.
const TICK: Duration = Duration::from_secs(1);

/// Prints the content of the captures in order.
///
/// # Errors
/// Exit 2 if they hold different streams, or a stream that prints none of the wanted types; 9 if the output failed;
/// 11 if a file cannot be read or is damaged before its end, after everything undamaged has been printed.
pub fn run(plan: &ReplayPlan, console: &Console) -> Result<Ended, Failure> {
    run_with(plan, listened()?, &|_| {}, console).map(|replayed| replayed.ended)
}

/// Says how a replay ended.
pub(super) struct Replayed {
    /// How the run ended.
    pub ended: Ended,
    /// Whether the end of a capture is torn, as a kill leaves it.
    pub is_torn: bool,
}

/// Plays the captures like [`run`]; `prepare` gets every pipeline before its first frame, and `stop` ends the replay.
///
/// # Errors
/// The same as [`run`].
pub(super) fn run_with(
    plan: &ReplayPlan,
    stop: StopSignal,
    prepare: &dyn Fn(&mut Pipeline),
    console: &Console,
) -> Result<Replayed, Failure> {
    for warning in &plan.warnings {
        console.warn(warning);
    }
    let feed = agreed_feed(plan)?;
    let mut replay = Replay {
        plan,
        prepare,
        console,
        stop,
        feed,
        headers_told: false,
        remaining: plan.count,
        session: None,
        counts: PacketCounts::default(),
        broken: Vec::new(),
        is_torn: false,
        failure: None,
        is_done: false,
        ticked: Instant::now(),
    };
    for path in &plan.files {
        replay.file(path)?;
        if replay.is_done {
            break;
        }
    }
    let is_torn = replay.is_torn;
    Ok(Replayed { ended: replay.end()?, is_torn })
}

/// Listens to signals: the first ends the replay in order, the second at once.
pub(super) fn listened() -> Result<StopSignal, Failure> {
    let stop = StopSignal::default();
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The order matters: the default is checked before the flag is set.
        signal_hook::flag::register_conditional_default(signal, stop.flag())
            .and_then(|_| signal_hook::flag::register(signal, stop.flag()))
            .map_err(|error| Failure::new(Exit::Bug, format!("signals cannot be listened to: {}", error.kind())))?;
    }
    Ok(stop)
}

/// Opens a capture.
fn open(path: &Path) -> Result<Player<File>, Failure> {
    Player::open(path).map_err(|why| Failure::new(Exit::Data, format!("cannot read {}: {why}", path.display())))
}

/// Returns the stream that all files hold.
pub(super) fn agreed_feed(plan: &ReplayPlan) -> Result<Option<Stream>, Failure> {
    let mut first: Option<(Stream, &Path)> = None;
    for path in &plan.files {
        let mut player = open(path)?;
        let Ok(Some(Part::Session(session))) = player.next() else { continue };
        match first {
            None => first = Some((session.feed, path)),
            Some((feed, _)) if feed == session.feed => {}
            Some((feed, other)) => {
                return Err(Failure::usage(format!(
                    "{} holds {} and {} holds {}: replay them one at a time",
                    other.display(),
                    feed.name(),
                    path.display(),
                    session.feed.name()
                )));
            }
        }
    }
    Ok(first.map(|(feed, _)| feed))
}

struct Replay<'a> {
    plan: &'a ReplayPlan,
    prepare: &'a dyn Fn(&mut Pipeline),
    console: &'a Console,
    stop: StopSignal,
    feed: Option<Stream>,
    headers_told: bool,
    /// Number of records that may still be printed.
    remaining: Option<u64>,
    session: Option<Playing>,
    /// Packet counters of the sessions that are over.
    counts: PacketCounts,
    /// Names of damaged files.
    broken: Vec<String>,
    /// Whether the end of a file is torn, as a kill leaves it.
    is_torn: bool,
    failure: Option<WriteFailure>,
    /// Whether nothing more is to be printed.
    is_done: bool,
    ticked: Instant,
}

/// A session that is being played.
struct Playing {
    pipeline: Pipeline,
    pace: Option<Pace>,
    /// Latest time seen.
    last: Micros,
    /// Whether the live run had ended when the current data was received.
    live_ended: bool,
}

/// Computes when data received at a time is due.
struct Pace {
    times: u32,
    begun: Option<(Instant, Micros)>,
}

impl Replay<'_> {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let mut player = open(path)?;
        let mut broken = false;
        let name = path.display();
        let mut tell = |what: String| {
            broken = true;
            self.console.warn(format_args!("{name}: {what}"));
        };
        let mut told_orphans = false;
        loop {
            let part = player.next().map_err(|error| {
                Failure::new(Exit::Data, format!("cannot read {name}: {}", crate::model::io_words(&error)))
            });
            match part? {
                None => break,
                Some(Part::Session(session)) => {
                    told_orphans = false;
                    // The replay continues behind a run that was killed.
                    if let Some(playing) = self.session.take() {
                        self.cut_short(playing, path);
                    }
                    if self.feed.is_some_and(|feed| feed != session.feed) {
                        tell(format!("a run of another stream ({}) is left out", session.feed.name()));
                        told_orphans = true;
                        continue;
                    }
                    self.session = Some(self.begin(&session)?);
                }
                Some(Part::Entries(entries)) => match self.session.take() {
                    Some(playing) => {
                        if !self.entries(playing, entries) {
                            tell("a block ends in what is no entry; the rest of it is not printed".to_owned());
                        }
                    }
                    None if told_orphans => {}
                    None => {
                        told_orphans = true;
                        tell("frames of a run whose beginning is not there are not printed".to_owned());
                    }
                },
                Some(Part::Damaged(range)) => tell(format!(
                    "{} bytes from byte {} on are damaged; what was in them is not printed",
                    range.end - range.start,
                    range.start
                )),
                Some(Part::Missing { blocks }) => tell(format!("{blocks} blocks are missing")),
                // A kill leaves this behind, which is no damage.
                Some(Part::Torn(range)) => {
                    self.is_torn = true;
                    self.console.warn(format_args!(
                        "{name}: its last {} bytes, from byte {} on, are torn; what was in them is not printed",
                        range.end - range.start,
                        range.start
                    ));
                }
                Some(Part::Newer { version }) => {
                    told_orphans = true;
                    tell(format!("a run in format {version} is left out: a newer dhan wrote it"));
                }
            }
            if self.is_done || self.stop.is_stopped() {
                self.is_done = true;
                break;
            }
        }
        if broken {
            self.broken.push(path.display().to_string());
        }
        if let Some(playing) = self.session.take() {
            if self.is_done {
                self.finish(playing, None);
            } else {
                self.cut_short(playing, path);
            }
        }
        Ok(())
    }

    fn begin(&mut self, session: &CaptureSession) -> Result<Playing, Failure> {
        let feed = session.feed;
        self.feed = Some(feed);
        let shape = &self.shape(feed)?;
        let created = session.created;
        let mut opened = outputs::open_all(feed, &self.plan.outputs, shape, created, &self.stop, self.console)?;
        if std::mem::replace(&mut self.headers_told, true) {
            for spec in &mut opened.specs {
                spec.header = None;
            }
        }
        let mut outputs = Outputs::new(opened.specs, shape.time, self.console.clone());
        if let Some(size) = self.plan.outputs.rotate_size {
            outputs.rotate_near(size);
        }
        let mut pipeline = Pipeline::new(self.rules(feed, shape), outputs, created);
        (self.prepare)(&mut pipeline);
        for event in opened.found {
            pipeline.event(&event);
        }
        let pace = match self.plan.speed {
            Speed::Max => None,
            Speed::Times(times) => Some(Pace { times: times.max(1), begun: None }),
        };
        Ok(Playing { pipeline, pace, last: created, live_ended: false })
    }

    /// Returns what is printed of this stream: `--only` may name types of all streams, because only the capture says
    /// which one it holds.
    fn shape(&self, feed: Stream) -> Result<ShapePlan, Failure> {
        let mut shape = self.plan.shape.clone();
        if !shape.bars.is_empty() && feed != Stream::Market {
            return Err(Failure::usage(format!(
                "--bars are made of the market feed, and this capture holds {}: leave --bars out",
                feed.name()
            )));
        }
        if let Some(types) = &shape.only {
            shape.only = Some(only::printed(types, feed, self.plan.view).map_err(Failure::usage)?);
        }
        Ok(shape)
    }

    fn rules(&self, feed: Stream, shape: &ShapePlan) -> Rules {
        let ReplayPlan { view, top, events, show_client_id, .. } = self.plan;
        Rules {
            bars: shape.bars.clone(),
            gaps: shape.gaps,
            status_records: shape.status_records,
            count: self.remaining,
            only: shape.types(),
            view: *view,
            top: *top,
            events: *events,
            show_client_ids: *show_client_id,
            ..Rules::everything(feed)
        }
    }

    /// Plays a block; returns `false` if its entries are damaged.
    fn entries(&mut self, mut playing: Playing, entries: EntryIter<'_>) -> bool {
        let mut whole = true;
        for entry in entries {
            let Ok(entry) = entry else {
                whole = false;
                break;
            };
            // `--count` was reached. The live run's counters include what it received after its own end, so that is
            // played too if the live run ended here as well.
            if playing.pipeline.is_over() && !playing.live_ended {
                playing.live_ended = matches!(entry, Entry::Event(Event::End { .. }));
                self.is_done = true;
                if !playing.live_ended {
                    self.finish(playing, None);
                    return true;
                }
            }
            match entry {
                Entry::Frame(frame) => {
                    playing.last = frame.recv;
                    if playing.pace.is_some() {
                        self.wait(&mut playing, frame.recv);
                    }
                    playing.pipeline.frame(&frame);
                }
                Entry::Event(event) => {
                    playing.live_ended |= matches!(event, Event::End { .. });
                    playing.pipeline.event(&event);
                }
                Entry::Lagged(lagged) => playing.pipeline.lagged(lagged),
                Entry::EndsWithin { packets, reason } => {
                    playing.live_ended = true;
                    playing.pipeline.end_within_next(packets, &reason);
                }
                Entry::Once(wanted) => playing.pipeline.print_once(&wanted),
                Entry::Partner => playing.pipeline.show_client_ids(),
                Entry::Finish(finish) => {
                    self.finish(playing, Some(finish.at));
                    return true;
                }
                Entry::Other(_) => {}
            }
            if playing.pipeline.has_failed() {
                self.is_done = true;
                break;
            }
        }
        self.tick(&mut playing);
        // `--count` may be reached where the live run ended too; then its end is awaited.
        self.is_done &= playing.pipeline.has_failed();
        self.session = Some(playing);
        whole
    }

    fn tick(&mut self, playing: &mut Playing) {
        if self.ticked.elapsed() >= TICK {
            self.ticked = Instant::now();
            playing.pipeline.tick(playing.last);
        }
    }

    /// Waits until a frame is due.
    fn wait(&mut self, playing: &mut Playing, recv: Micros) {
        let Some(pace) = &mut playing.pace else { return };
        let (begun, first) = *pace.begun.get_or_insert((Instant::now(), recv));
        let after = recv.since(first) / pace.times;
        let mut flushed = false;
        while let Some(left) = after.checked_sub(begun.elapsed()).filter(|left| *left > CLOSE)
            && !self.stop.is_stopped()
        {
            if !std::mem::replace(&mut flushed, true) {
                playing.pipeline.flush();
            }
            std::thread::sleep(left.min(NAP));
            self.tick(playing);
        }
    }

    /// Ends a session whose run was killed, so that its end is unknown.
    fn cut_short(&mut self, mut playing: Playing, path: &Path) {
        self.console.warn(format_args!("{}: a run in it has no orderly end: it was killed", path.display()));
        let at = playing.last;
        playing.pipeline.event(&Event::End { reason: "killed".to_owned(), at });
        self.finish(playing, None);
    }

    fn finish(&mut self, mut playing: Playing, at: Option<Micros>) {
        if !playing.pipeline.is_over() {
            let reason = "signal".to_owned();
            playing.pipeline.event(&Event::End { reason, at: playing.last });
        }
        if let Some(left) = &mut self.remaining {
            *left = left.saturating_sub(playing.pipeline.printed_count());
            self.is_done |= *left == 0;
        }
        let summary = playing.pipeline.finish(at.unwrap_or(playing.last));
        self.counts = self.counts.plus(&summary.counts);
        if summary.failure.is_some() {
            self.is_done = true;
        }
        self.failure = self.failure.take().or(summary.failure);
    }

    fn end(self) -> Result<Ended, Failure> {
        if self.failure == Some(WriteFailure::ReaderGone) {
            return Ok(Ended::ReaderGone);
        }
        self.console.info(self.counts);
        if let Some(WriteFailure::Failed(failure) | WriteFailure::Unsaved(failure)) = self.failure {
            return Err(failure);
        }
        if self.broken.is_empty() {
            return Ok(Ended::Exit(Exit::Done));
        }
        let files = self.broken.join(", ");
        Err(Failure::new(Exit::Data, format!("not whole: {files}; everything that is whole was printed")))
    }
}
