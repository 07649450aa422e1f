//! What befalls a run.

mod instruments;
mod load;
mod orders;
mod output;
mod process;
mod secrets;
mod support;
mod time;
