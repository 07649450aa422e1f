//! One file a subcommand, where the pieces are put together.

pub mod simulate;
pub mod stream;

use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
