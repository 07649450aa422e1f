//! What befalls a run.

mod load;
mod orders;
mod output;
mod process;
mod secrets;
mod support;
