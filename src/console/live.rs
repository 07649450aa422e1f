//! A terminal for live lines and progress bars, whose drawings take the way of all messages.

use super::out::{Out, Piece};
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// What a progress bar draws on. Nothing of it reaches stderr before it is flushed.
#[derive(Debug)]
pub(super) struct Terminal {
    out: Arc<Out>,
    drawing: Mutex<String>,
}

impl Terminal {
    pub fn new(out: Arc<Out>) -> Terminal {
        Terminal { out, drawing: Mutex::default() }
    }

    fn draw(&self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let mut drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        drawing.write_fmt(text).map_err(io::Error::other)
    }

    /// Moves the cursor; by nothing is no move, which the terminal's own language cannot say.
    fn move_by(&self, n: usize, way: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.draw(format_args!("\x1b[{n}{way}")) }
    }
}

impl indicatif::TermLike for Terminal {
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
            self.out.write(drawing.into_bytes(), Piece::Drawing);
        }
        Ok(())
    }
}
