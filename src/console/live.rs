//! Provides a terminal for live lines and progress bars whose drawings pass through the message printer.

use super::out::{OutputKind, StderrWriter};
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Collects the drawing of a progress bar; nothing reaches stderr before it is flushed.
#[derive(Debug)]
pub(super) struct DrawTarget {
    out: Arc<StderrWriter>,
    drawing: Mutex<String>,
}

impl DrawTarget {
    pub fn new(out: Arc<StderrWriter>) -> DrawTarget {
        DrawTarget { out, drawing: Mutex::default() }
    }

    fn draw(&self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let mut drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        drawing.write_fmt(text).map_err(io::Error::other)
    }

    /// Moves the cursor. Zero is skipped, because a terminal reads a count of 0 as 1.
    fn move_by(&self, n: usize, way: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.draw(format_args!("\x1b[{n}{way}")) }
    }
}

impl indicatif::TermLike for DrawTarget {
    fn width(&self) -> u16 {
        rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| if size.ws_col == 0 { 80 } else { size.ws_col })
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(format_args!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(format_args!("{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let drawing = std::mem::take(&mut *self.drawing.lock().unwrap_or_else(PoisonError::into_inner));
        if !drawing.is_empty() {
            self.out.write(drawing.into_bytes(), OutputKind::Drawing);
        }
        Ok(())
    }
}
