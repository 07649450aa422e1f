//! Runs the thread that reads keys and draws, at most 20 times a second.

use super::model::Model;
use super::terminal::{self, Terminal};
use super::ui::{Ui, UiAction};
use super::view::{self, Ambient};
use crate::clock;
use crate::model::{InstrumentKey, Micros, Segment};
use crate::pipeline::item::Event as RunEvent;
use crate::pipeline::observer::{Observer, Symbol};
use crate::protocol::feed::Packet;
use crate::record::control::Gap;
use crate::record::depth::Depth;
use crate::record::order::Order;
use ratatui::crossterm::event::{self, Event};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Minimum time between two frames.
const FRAME: Duration = Duration::from_millis(50);
/// Maximum time between two frames: ages grow even if no data comes.
const IDLE: Duration = Duration::from_millis(500);
/// Time that the thread has to leave the screen.
const LEAVE: Duration = Duration::from_millis(300);

/// Shares the model between the run that fills it and the thread that draws it.
#[derive(Clone, Default)]
pub struct SharedModel(Arc<Mutex<Model>>);

impl SharedModel {
    /// Locks the model; the other side waits meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for SharedModel {
    fn market(&mut self, instrument: InstrumentKey, symbol: &Symbol<'_>, packet: &Packet<'_>, recv: Micros) {
        self.lock().market(instrument, symbol, packet, recv);
    }

    fn depth(&mut self, instrument: InstrumentKey, symbol: &Symbol<'_>, depth: &Depth<'_>, recv: Micros) {
        self.lock().depth(instrument, symbol, depth, recv);
    }

    fn order(&mut self, order: &Order, recv: Micros) {
        self.lock().order(order, recv);
    }

    fn gap(&mut self, gap: &Gap) {
        self.lock().gap(gap);
    }

    fn event(&mut self, event: &RunEvent) {
        self.lock().event(event);
    }
}

/// Holds the parameters of a view.
pub struct Setup {
    /// What is shown: `market feed`, `depth 20`, …
    pub title: String,
    /// The first state of the user interface.
    pub ui: Ui,
    /// Returns a message about the market or the source at a time, if there is one.
    pub market: Box<dyn Fn(Micros) -> Option<String> + Send>,
    /// Returns whether the session of a segment is open at a time.
    pub is_open: Box<dyn Fn(Segment, Micros) -> bool + Send>,
    /// Whether the clock is that of the records, as in a replay.
    pub is_replay: bool,
    /// Whether colours may be used.
    pub color: bool,
    /// Carries out the user's requests, except those about the terminal.
    pub act: Box<dyn FnMut(UiAction) + Send>,
}

/// A running view; dropping it closes the view.
pub struct Screen {
    thread: Option<JoinHandle<io::Result<()>>>,
    ended: std::sync::mpsc::Receiver<()>,
    stop: Arc<AtomicBool>,
    on_leave: Option<OnLeave>,
}

/// Called when the terminal is restored, with the reason if something ended the view early.
pub type OnLeave = Box<dyn FnOnce(Option<ViewError>)>;

/// Says what ended a view early.
#[derive(Debug)]
pub enum ViewError {
    /// The terminal could not be read or written any more.
    Terminal(io::Error),
    /// A panic, which has been reported.
    Bug,
}

impl Screen {
    /// Shows the view until the run is over or the user quits.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn start(model: SharedModel, setup: Setup, on_leave: OnLeave) -> io::Result<Screen> {
        let flags = Flags { suspend: Arc::default(), resumed: Arc::default() };
        signal_hook::flag::register(SIGTSTP, Arc::clone(&flags.suspend))?;
        signal_hook::flag::register(SIGCONT, Arc::clone(&flags.resumed))?;
        let stop = Arc::new(AtomicBool::new(false));
        let terminal = Terminal::enter()?;
        let (say, ended) = std::sync::mpsc::channel();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("screen".to_owned()).spawn(move || {
            // Dropped in every case, also after a panic.
            let _say = say;
            let mut quit = Quit(setup.act);
            Loop {
                model,
                terminal,
                flags,
                stop: stopped,
                ui: setup.ui,
                page: 1,
                rate: Rate::default(),
                news: News::default(),
            }
            .run(&setup.title, &setup.market, &setup.is_open, setup.is_replay, setup.color, &mut quit)
        })?;
        Ok(Screen { thread: Some(thread), ended, stop, on_leave: Some(on_leave) })
    }

    /// Returns whether the thread still shows the view.
    pub fn is_shown(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A terminal that takes no text blocks the thread; then only the mode can be restored.
        let trouble = if self.ended.recv_timeout(LEAVE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = ratatui::crossterm::terminal::disable_raw_mode();
            None
        } else {
            match self.thread.take().map(JoinHandle::join) {
                Some(Err(_)) => Some(ViewError::Bug),
                Some(Ok(Err(error))) => Some(ViewError::Terminal(error)),
                Some(Ok(Ok(()))) | None => None,
            }
        };
        terminal::restore();
        if let Some(on_leave) = self.on_leave.take() {
            on_leave(trouble);
        }
    }
}

/// Quits the run, whatever ends the thread.
struct Quit(Box<dyn FnMut(UiAction) + Send>);

impl Drop for Quit {
    fn drop(&mut self) {
        (self.0)(UiAction::Quit);
    }
}

struct Flags {
    suspend: Arc<AtomicBool>,
    resumed: Arc<AtomicBool>,
}

struct Loop {
    model: SharedModel,
    terminal: Terminal,
    flags: Flags,
    stop: Arc<AtomicBool>,
    ui: Ui,
    page: usize,
    rate: Rate,
    news: News,
}

impl Loop {
    fn run(
        mut self,
        title: &str,
        market: &dyn Fn(Micros) -> Option<String>,
        is_open: &dyn Fn(Segment, Micros) -> bool,
        is_replay: bool,
        color: bool,
        quit: &mut Quit,
    ) -> io::Result<()> {
        let mut drawn: Option<(Instant, u64)> = None;
        let mut is_dirty = true;
        loop {
            if self.stop.load(Ordering::SeqCst) || (!is_replay && self.model.lock().is_over) {
                return Ok(());
            }
            let since = drawn.map_or(FRAME, |(at, _)| at.elapsed());
            if since >= FRAME {
                let model = self.model.lock();
                let changed = drawn.is_none_or(|(_, version)| version != model.version);
                if is_dirty || changed || since >= IDLE {
                    let now = if is_replay { model.last } else { clock::now() };
                    drop(model);
                    let market = market(now);
                    let is_open = |segment| is_open(segment, now);
                    let Loop { model, terminal, ui, page, rate, news, .. } = &mut self;
                    let mut version = 0;
                    terminal.draw(|frame| {
                        let model = model.lock();
                        version = model.version;
                        let ambient = Ambient {
                            now,
                            title,
                            market: market.as_deref(),
                            is_open: &is_open,
                            message: news.of(model.messages).then_some(model.message.as_deref()).flatten(),
                            rate: rate.of(model.packets),
                            color,
                            is_replay,
                        };
                        *page = view::draw(frame, &model, ui, &ambient);
                    })?;
                    drawn = Some((Instant::now(), version));
                    is_dirty = false;
                }
            }
            let wait = FRAME.saturating_sub(drawn.map_or(FRAME, |(at, _)| at.elapsed())).max(Duration::from_millis(5));
            let mut wait = Some(wait.max(if is_dirty { Duration::ZERO } else { Duration::from_millis(20) }));
            while poll(wait.take().unwrap_or_default())? {
                is_dirty = true;
                if let Event::Key(key) = event::read()? {
                    let action = self.ui.key(key, &self.model.lock(), self.page);
                    match action {
                        Some(UiAction::Quit) => return Ok(()),
                        Some(UiAction::Suspend) => self.terminal.suspend()?,
                        Some(UiAction::Redraw) => self.terminal.again()?,
                        Some(action) => (quit.0)(action),
                        None => {}
                    }
                }
            }
            if self.flags.suspend.swap(false, Ordering::SeqCst) {
                self.terminal.suspend()?;
                is_dirty = true;
            }
            if self.flags.resumed.swap(false, Ordering::SeqCst) {
                self.terminal.again()?;
                is_dirty = true;
            }
        }
    }
}

/// Returns whether a key was pressed or the terminal changed its size; a signal is neither.
fn poll(wait: Duration) -> io::Result<bool> {
    match event::poll(wait) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        polled => polled,
    }
}

/// Time for which a message is shown.
const NEWS: Duration = Duration::from_secs(30);

/// Tracks whether the last message is recent.
#[derive(Default)]
struct News(Option<(Instant, u64)>);

impl News {
    fn of(&mut self, messages: u64) -> bool {
        if self.0.is_none_or(|(_, seen)| seen != messages) {
            self.0 = Some((Instant::now(), messages));
        }
        self.0.is_some_and(|(at, _)| at.elapsed() < NEWS)
    }
}

/// Computes the packets a second over the last seconds.
#[derive(Default)]
struct Rate {
    since: Option<(Instant, u64)>,
    shown: f64,
}

impl Rate {
    fn of(&mut self, packets: u64) -> f64 {
        let (at, before) = *self.since.get_or_insert((Instant::now(), packets));
        let seconds = at.elapsed().as_secs_f64();
        if seconds >= 1.0 {
            self.shown = packets.saturating_sub(before) as f64 / seconds;
            self.since = Some((Instant::now(), packets));
        }
        self.shown
    }
}
