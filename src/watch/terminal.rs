//! Switches to raw mode and the alternate screen, and restores the terminal in every case. Drawing never waits for the
//! terminal.

use super::out::{self, TerminalOut};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use signal_hook::consts::SIGQUIT;
use std::io::{self, Write as _};
use std::sync::Once;
use std::time::Duration;

/// Time that the terminal has to take the bytes that restore it.
const RESTORE: Duration = Duration::from_millis(100);

/// A terminal that shows the view; dropping it restores the terminal.
pub struct Terminal {
    screen: ratatui::Terminal<CrosstermBackend<TerminalOut>>,
    out: TerminalOut,
}

impl Terminal {
    /// Switches the terminal to the view. From now on a panic of any thread restores it before it is reported, and
    /// SIGQUIT restores it before it ends the process.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn enter() -> io::Result<Terminal> {
        restore_before_panics();
        restore_before_sigquit()?;
        let out = TerminalOut::open();
        let screen = ratatui::Terminal::new(CrosstermBackend::new(out.clone()))?;
        let mut terminal = Terminal { screen, out };
        terminal.show()?;
        Ok(terminal)
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.screen.draw(draw).map(drop)
    }

    /// Sends what the terminal did not take yet; returns whether it has everything, so that a frame may be drawn.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn takes_more(&mut self) -> io::Result<bool> {
        self.out.flush()?;
        Ok(self.out.is_empty())
    }

    /// Stops the process like Ctrl-Z, with the terminal restored, and shows the view again when it continues.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
        self.again()
    }

    /// Shows the view again after another program used the terminal.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn again(&mut self) -> io::Result<()> {
        // The shell may have set its own mode, which the terminal library does not know of.
        let _ = disable_raw_mode();
        self.show()?;
        let size = self.screen.size()?;
        self.screen.resize(size.into())
    }

    fn show(&mut self) -> io::Result<()> {
        out::set_held(true);
        let shown = enable_raw_mode()
            .and_then(|()| queue!(self.out, EnterAlternateScreen, EnableBracketedPaste))
            .and_then(|()| self.out.flush());
        if shown.is_err() {
            restore();
        }
        shown
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal if the view is shown, as far as it takes the bytes: cooked mode, the normal screen, a cursor,
/// unmarked pastes.
pub fn restore() {
    if out::set_held(false) {
        // The mode comes first: setting it never waits, while a stopped terminal takes no text.
        let _ = disable_raw_mode();
        let mut bytes = Vec::new();
        let _ = queue!(bytes, DisableBracketedPaste, LeaveAlternateScreen, Show);
        out::write_within(&bytes, RESTORE);
    }
}

fn restore_before_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
        }));
    });
}

/// Makes SIGQUIT restore the terminal. The process then dies by it, also after the view is closed.
fn restore_before_sigquit() -> io::Result<()> {
    static ONCE: Once = Once::new();
    let mut started = Ok(());
    ONCE.call_once(|| {
        started = signal_hook::iterator::Signals::new([SIGQUIT]).and_then(|mut signals| {
            let wait = move || {
                for signal in signals.forever() {
                    restore();
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            };
            std::thread::Builder::new().name("sigquit".to_owned()).spawn(wait).map(drop)
        });
    });
    started
}
