//! Runs `dhan watch`: a stream or a capture as a full-screen view.

use super::{replay, stream};
use crate::cli::plan::{ReplayPlan, Speed, StreamPlan, StreamSource};
use crate::cli::planner::PlanContext;
use crate::cli::watch::{WatchArgs, WatchPlan, plan};
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::model::{Levels, Stream};
use crate::pipeline::stages::Pipeline;
use crate::session::Market;
use crate::stream::{EarlyStop, Ended};
use crate::watch::ascii;
use crate::watch::screen::{Screen, Setup, SharedModel, ViewError};
use crate::watch::ui::{self, Ui, UiAction};
use std::cell::Cell;
use std::io::{self, IsTerminal as _};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

/// Shows a plan until the user quits or the run ends.
///
/// # Errors
/// The same as the commands that stream; a usage error if there is no terminal.
pub fn run(args: &WatchArgs, context: &mut PlanContext<'_>, color: bool, console: &Console) -> Result<Ended, Failure> {
    let early = EarlyStop::listen(console);
    let is_dumb = context.environment.text("TERM").is_some_and(|term| term == "dumb");
    let looks = Looks { color, is_ascii: ascii::is_wanted(&context.environment) };
    let what = plan(args, context)?;
    let missing = match (io::stdin().is_terminal(), io::stdout().is_terminal()) {
        (true, true) if is_dumb => Some("a terminal that can be drawn on, and TERM is dumb"),
        (true, true) => None,
        (false, false) => Some("a terminal, and neither stdin nor stdout is one"),
        (false, true) => Some("a terminal on stdin, since it reads keys"),
        (true, false) => Some("a terminal on stdout"),
    };
    if let Some(missing) = missing {
        return Err(Failure::usage(format!("dhan watch needs {missing}; the same as records: {}", args.as_records())));
    }
    match what {
        WatchPlan::Stream(plan) => streamed(*plan, early, looks, console),
        WatchPlan::Replay(plan) => {
            // From now on a signal must not end the process before the terminal is restored.
            early.set_open();
            replayed(&plan, looks, console)
        }
    }
}

/// Says what the terminal can show.
#[derive(Clone, Copy)]
struct Looks {
    color: bool,
    is_ascii: bool,
}

fn streamed(plan: StreamPlan, early: EarlyStop, looks: Looks, console: &Console) -> Result<Ended, Failure> {
    let model = SharedModel::default();
    let view_error = ViewErrorCell::default();
    let (name, screen) = named(plan.feed());
    let is_demo = matches!(plan.source, StreamSource::Demo { .. });
    let title = if is_demo { format!("{name}, simulated") } else { name.to_owned() };
    let observer = model.clone();
    let (say, seen) = (console.clone(), Rc::clone(&view_error));
    let show = move |controls: stream::Controls| {
        let calendar = controls.calendar;
        let hours = calendar.clone();
        let lines = controls.lines;
        let setup = Setup {
            title,
            ui: Ui::new(screen, screen == ui::ScreenKind::Table),
            market: Box::new(
                move |segments, now| {
                    if is_demo { None } else { calendar.closed_words(segments.iter().copied(), now) }
                },
            ),
            is_open: Box::new(move |segment, now| is_demo || hours.is_open(Market::of(segment).into(), now)),
            is_replay: false,
            color: looks.color,
            is_ascii: looks.is_ascii,
            act: Box::new(move |action| {
                let line = match action {
                    UiAction::Quit => "quit".to_owned(),
                    UiAction::Add(specs) => format!("sub {specs}"),
                    UiAction::Drop(instrument) => format!("unsub {instrument}"),
                    UiAction::Full(instrument) => format!("sub {instrument}@full"),
                    UiAction::NotFull(instrument) => format!("unsub {instrument}@full"),
                    UiAction::Suspend | UiAction::Redraw => return,
                };
                lines(line);
            }),
        };
        shown(model, setup, seen, &say)
    };
    let view = stream::View { observer: Box::new(observer), show: Box::new(show) };
    outcome(stream::run(plan, early, console, Some(view)), &view_error)
}

fn replayed(plan: &ReplayPlan, looks: Looks, console: &Console) -> Result<Ended, Failure> {
    let model = SharedModel::default();
    let (name, screen) = named(replay::agreed_feed(plan)?.unwrap_or(Stream::Market));
    let stop = replay::listened()?;
    let file =
        plan.files.first().map(|file| crate::console::untrusted(&file.display().to_string())).unwrap_or_default();
    let speed = match plan.speed {
        Speed::Max => "as fast as it can be read".to_owned(),
        Speed::Times(times) => format!("at {times}x"),
    };
    let quit = stop.clone();
    let (shown_file, end) = (file.clone(), Arc::new(OnceLock::new()));
    let shown_end = Arc::clone(&end);
    let setup = Setup {
        title: name.to_owned(),
        ui: Ui::new(screen, false),
        market: Box::new(move |_, _| match shown_end.get() {
            Some(end) => Some(format!("{end}; q quits")),
            None => Some(format!("replay of {shown_file} {speed}")),
        }),
        // The times are those of the capture.
        is_open: Box::new(|_, _| true),
        is_replay: true,
        color: looks.color,
        is_ascii: looks.is_ascii,
        act: Box::new(move |action| {
            if action == UiAction::Quit {
                quit.stop()
            }
        }),
    };
    let view_error = ViewErrorCell::default();
    let screen = shown(model.clone(), setup, Rc::clone(&view_error), console)?;
    let observed = model.clone();
    let observe = |pipeline: &mut Pipeline| pipeline.observe_with(Box::new(observed.clone()));
    let replayed = replay::run_with(plan, stop.clone(), &observe, console);
    // The last screen stays, also when the recording cannot be played any further.
    let _ = end.set(match &replayed {
        Ok(replayed) if replayed.is_torn => format!("the recording {file} is torn here"),
        Ok(_) => format!("the recording {file} ends here"),
        Err(failure) => failure.message.clone(),
    });
    model.lock().version += 1;
    while screen.is_shown() && !stop.is_stopped() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    drop(screen);
    outcome(replayed.map(|replayed| replayed.ended), &view_error)
}

/// Returns the title of a stream's view, and its first screen.
fn named(stream: Stream) -> (&'static str, ui::ScreenKind) {
    match stream {
        Stream::Market => ("market feed", ui::ScreenKind::Table),
        Stream::Depth(Levels::Twenty) => ("20 levels", ui::ScreenKind::Depth),
        Stream::Depth(Levels::TwoHundred) => ("200 levels", ui::ScreenKind::Depth),
        Stream::Orders => ("orders", ui::ScreenKind::Orders),
    }
}

/// The error that ended a view before its run, set when the view closes.
type ViewErrorCell = Rc<Cell<Option<ViewError>>>;

/// Shows the view; messages for people are shown in it until it closes.
fn shown(model: SharedModel, setup: Setup, view_error: ViewErrorCell, console: &Console) -> Result<Screen, Failure> {
    let messages = model.clone();
    console.divert(Box::new(move |message| messages.lock().set_message(message)));
    let left = console.clone();
    let on_leave = move |trouble| {
        left.end_diversion();
        view_error.set(trouble);
    };
    Screen::start(model, setup, Box::new(on_leave)).map_err(|error| {
        console.end_diversion();
        Failure::usage(format!("the terminal cannot be drawn on: {error}"))
    })
}

/// Returns the result of a run whose view may have ended first.
fn outcome(ended: Result<Ended, Failure>, view_error: &ViewErrorCell) -> Result<Ended, Failure> {
    match view_error.take() {
        _ if ended.is_err() => ended,
        None => ended,
        Some(ViewError::Bug) => Ok(Ended::Exit(Exit::Bug)),
        Some(ViewError::Terminal(error)) => {
            Err(Failure::new(Exit::Output, format!("the terminal cannot be used any more: {error}")))
        }
    }
}
