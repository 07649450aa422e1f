//! Switches to raw mode and the alternate screen, and restores the terminal in every case.

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use std::io::{self, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal shows the view; it is restored only once.
static IS_ENTERED: AtomicBool = AtomicBool::new(false);

/// A terminal that shows the view; dropping it restores the terminal.
pub struct Terminal(ratatui::Terminal<CrosstermBackend<Stdout>>);

impl Terminal {
    /// Switches the terminal to the view. From now on a panic of any thread restores it before it is reported.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn enter() -> io::Result<Terminal> {
        restore_before_panics();
        let terminal = Terminal(ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?);
        enter()?;
        Ok(terminal)
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// Returns the terminal's error.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.0.draw(draw).map(drop)
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
        enter()?;
        let size = self.0.size()?;
        self.0.resize(size.into())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    IS_ENTERED.store(true, Ordering::SeqCst);
    let entered = enable_raw_mode().and_then(|()| execute!(io::stdout(), EnterAlternateScreen));
    if entered.is_err() {
        restore();
    }
    entered
}

/// Restores the terminal if the view is shown: cooked mode, the normal screen, a cursor.
pub fn restore() {
    if IS_ENTERED.swap(false, Ordering::SeqCst) {
        // The mode comes first: setting it never waits, while a stopped terminal takes no text.
        let _ = disable_raw_mode();
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}

fn restore_before_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
        }));
    });
}
