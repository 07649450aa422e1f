//! Shows the streams of a run as a full-screen view: `dhan watch`.
//!
//! * [`model`] – records in, the displayed state out; it knows neither the terminal nor the clock.
//! * [`ui`] – keys in; selection, sort order, filter and requests out.
//! * [`view`] – draws model and ui on a ratatui frame.
//! * [`terminal`] – raw mode and the alternate screen, and restoring the terminal in every case.
//! * [`out`] – writing to the terminal without waiting for it.
//! * [`ascii`] – for terminals that show nothing else.
//! * [`screen`] – the thread that reads keys and draws, at most 20 times a second.

pub mod ascii;
pub mod model;
mod numbers;
mod out;
pub mod screen;
mod spark;
pub mod terminal;
pub mod ui;
pub mod view;
