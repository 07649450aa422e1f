//! `dhan watch`: the streams of a run as a full-screen view.
//!
//! * [`model`] – records in, the state that is shown out; it knows neither the terminal nor the clock.
//! * [`ui`] – keys in, what is selected, sorted, filtered and asked for out.
//! * [`view`] – model and ui onto a ratatui frame.
//! * [`terminal`] – raw mode and the alternate screen, and leaving both whatever happens.
//! * [`screen`] – the thread that reads keys and draws, at most 20 times a second.

pub mod model;
mod numbers;
pub mod screen;
mod spark;
pub mod terminal;
pub mod ui;
pub mod view;
