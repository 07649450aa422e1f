//! Runs the thread that reads keys and draws, at most 20 times a second.

use super::ascii;
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
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Minimum time between two frames.
const FRAME: Duration = Duration::from_millis(50);
/// Maximum time between two frames: ages grow even if no data comes.
const IDLE: Duration = Duration::from_millis(500);
/// Shortest wait for a key.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);
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

/// Returns a message about the markets of segments, or about the source, at a time.
pub type MarketWords = Box<dyn Fn(&BTreeSet<Segment>, Micros) -> Option<String> + Send>;

/// Holds the parameters of a view.
pub struct Setup {
    /// What is shown: `market feed`, `depth 20`, …
    pub title: String,
    /// The first state of the user interface.
    pub ui: Ui,
    /// Returns a message about the markets of these segments or about the source at a time, if there is one.
    pub market: MarketWords,
    /// Returns whether the session of a segment is open at a time.
    pub is_open: Box<dyn Fn(Segment, Micros) -> bool + Send>,
    /// Whether the clock is that of the records, as in a replay.
    pub is_replay: bool,
    /// Whether colours may be used.
    pub color: bool,
    /// Whether the terminal shows only ASCII.
    pub is_ascii: bool,
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
    pub fn start(model: SharedModel, mut setup: Setup, on_leave: OnLeave) -> io::Result<Screen> {
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
            let mut quit = Quit(std::mem::replace(&mut setup.act, Box::new(|_| {})));
            Loop {
                model,
                terminal,
                flags,
                stop: stopped,
                setup,
                page: 1,
                drawn: None,
                is_dirty: true,
                rate: Rate::default(),
                news: News::default(),
                segments: Default::default(),
            }
            .run(&mut quit)
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
        // The thread may wait for the rest of a key or a paste.
        let trouble = if self.ended.recv_timeout(LEAVE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
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
    setup: Setup,
    page: usize,
    /// Time of the last frame, and the model's version in it.
    drawn: Option<(Instant, u64)>,
    /// Whether a frame is due whatever the model's version is.
    is_dirty: bool,
    rate: Rate,
    news: News,
    /// The segments of the rows, and the arrangement of rows that they were taken from.
    segments: (u64, BTreeSet<Segment>),
}

impl Loop {
    fn run(mut self, quit: &mut Quit) -> io::Result<()> {
        loop {
            if self.stop.load(Ordering::SeqCst) || (!self.setup.is_replay && self.model.lock().is_over) {
                return Ok(());
            }
            let since = self.drawn.map_or(FRAME, |(at, _)| at.elapsed());
            // A terminal that does not take the last frame gets no other, while keys and signals work as ever.
            let takes_more = self.terminal.takes_more()?;
            if takes_more && since >= FRAME && self.is_due(since) {
                self.draw()?;
            }
            let wait = FRAME.saturating_sub(self.drawn.map_or(FRAME, |(at, _)| at.elapsed())).max(SHORTEST_WAIT);
            let mut wait = Some(match (takes_more, self.is_dirty) {
                (false, _) => SHORTEST_WAIT,
                (true, true) => wait,
                (true, false) => wait.max(Duration::from_millis(20)),
            });
            while poll(wait.take().unwrap_or_default())? {
                self.is_dirty = true;
                match event::read()? {
                    Event::Key(key) if self.key(key, quit)? => return Ok(()),
                    Event::Paste(text) => {
                        if let Err(ignored) = self.setup.ui.paste(&text) {
                            self.model.lock().set_message(ignored);
                        }
                    }
                    _ => {}
                }
            }
            if self.flags.suspend.swap(false, Ordering::SeqCst) {
                self.terminal.suspend()?;
                self.is_dirty = true;
            }
            if self.flags.resumed.swap(false, Ordering::SeqCst) {
                self.terminal.again()?;
                self.is_dirty = true;
            }
        }
    }

    fn is_due(&self, since: Duration) -> bool {
        let version = self.model.lock().version;
        self.is_dirty || since >= IDLE || self.drawn.is_none_or(|(_, drawn)| drawn != version)
    }

    fn draw(&mut self) -> io::Result<()> {
        let Loop {
            model, terminal, setup: Setup { ui, title, market, is_open, .. }, page, rate, news, segments, ..
        } = self;
        let (is_replay, color, is_ascii) = (self.setup.is_replay, self.setup.color, self.setup.is_ascii);
        let now = {
            let model = model.lock();
            if let Some(paused) = &mut ui.paused {
                paused.follow_rows(&model);
            }
            if segments.0 != model.arrangement {
                *segments = (model.arrangement, model.rows().iter().map(|row| row.instrument.segment).collect());
            }
            if is_replay { model.last } else { clock::now() }
        };
        let market = market(&segments.1, now);
        let mut version = 0;
        terminal.draw(|frame| {
            let model = model.lock();
            version = model.version;
            let message = model.message.as_deref().filter(|_| news.is_shown(model.messages)).map(one_line);
            let ambient = Ambient {
                now,
                title,
                market: market.as_deref(),
                is_open: &|segment| is_open(segment, now),
                message: message.as_deref(),
                rate: rate.of(model.packets),
                color,
                is_replay,
            };
            *page = view::draw(frame, &model, ui, &ambient);
            if is_ascii {
                ascii::replace(frame.buffer_mut());
            }
        })?;
        self.drawn = Some((Instant::now(), version));
        self.is_dirty = false;
        Ok(())
    }

    /// Handles a key; returns whether it ends the view.
    fn key(&mut self, key: KeyEvent, quit: &mut Quit) -> io::Result<bool> {
        let (action, messages) = {
            let model = self.model.lock();
            (self.setup.ui.key(key, &model, self.page), model.messages)
        };
        self.news.dismiss(messages, key.code == KeyCode::Esc);
        match action {
            Some(UiAction::Quit) => return Ok(true),
            Some(UiAction::Suspend) => self.terminal.suspend()?,
            Some(UiAction::Redraw) => self.terminal.again()?,
            Some(action) => (quit.0)(action),
            None => {}
        }
        Ok(false)
    }
}

/// Returns whether a key was pressed or the terminal changed its size; a signal is neither.
fn poll(wait: Duration) -> io::Result<bool> {
    match event::poll(wait) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        polled => polled,
    }
}

/// Returns a message of several lines as one.
fn one_line(message: &str) -> String {
    let mut line = String::new();
    for part in message.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if !line.is_empty() {
            line.push_str(if line.ends_with([':', ';', ',', '.']) { " " } else { "; " });
        }
        line.push_str(part);
    }
    line
}

/// Time for which a message is shown if no key is pressed.
const NEWS: Duration = Duration::from_secs(15);
/// Time for which a message is shown whatever is typed, except Esc.
const LEGIBLE: Duration = Duration::from_secs(1);

/// Tracks whether the last message is still shown.
#[derive(Default)]
struct News {
    /// Since when a message is shown, and its number.
    since: Option<(Instant, u64)>,
    /// Number of the message that a key removed.
    dismissed: u64,
}

impl News {
    /// Returns whether the last of so many messages is shown.
    fn is_shown(&mut self, messages: u64) -> bool {
        let (at, _) = match self.since {
            Some(since) if since.1 == messages => since,
            _ => *self.since.insert((Instant::now(), messages)),
        };
        messages > self.dismissed && at.elapsed() < NEWS
    }

    /// Removes the last of so many messages, because a key was pressed.
    fn dismiss(&mut self, messages: u64, is_escape: bool) {
        let is_legible = self.since.is_some_and(|(at, shown)| shown == messages && at.elapsed() >= LEGIBLE);
        if is_escape || is_legible {
            self.dismissed = messages;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_with_escape_at_once_and_with_any_key_once_it_could_be_read() {
        let mut news = News::default();
        assert!(!news.is_shown(0), "there is none yet");
        assert!(news.is_shown(1));
        news.dismiss(1, false);
        assert!(news.is_shown(1), "the key was pressed before it could be read");
        news.dismiss(1, true);
        assert!(!news.is_shown(1) && news.is_shown(2));
        news.since = news.since.map(|(at, number)| (at - LEGIBLE, number));
        news.dismiss(2, false);
        assert!(!news.is_shown(2) && news.is_shown(3));
        news.since = news.since.map(|(at, number)| (at - NEWS, number));
        assert!(!news.is_shown(3), "it is old");
    }

    #[test]
    fn the_lines_of_a_message_stay_apart_in_one_line() {
        let message = "\"FOOBAR\" is not in the instrument master\nnothing is changed";
        assert_eq!(one_line(message), "\"FOOBAR\" is not in the instrument master; nothing is changed");
        assert_eq!(one_line("2 problems:\n  one\n  two\n"), "2 problems: one; two");
    }
}
