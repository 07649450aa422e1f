//! The `dhan` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dhan::run()
}
