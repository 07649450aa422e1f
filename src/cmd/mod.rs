//! One file a subcommand, where the pieces are put together.

pub mod simulate;

use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
