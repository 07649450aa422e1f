//! Runs the user's command for finished files.

use crate::console::Console;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts `sh -c COMMAND` with the path in `$1` without waiting for it, in a process group of its own so that Ctrl-C
/// does not reach it.
pub fn start(command: &str, finished: &Path, console: &Console) {
    let mut child = Command::new("sh");
    child.arg("-c").arg(command).arg("dhan").arg(finished).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    for name in crate::model::secrets::hidden_from_children() {
        child.env_remove(name);
    }
    match child.spawn() {
        Ok(mut child) => {
            let (console, command) = (console.clone(), command.to_owned());
            // A thread collects its exit status, or it would remain a zombie; the program's end does not wait for
            // that.
            let waiter = std::thread::Builder::new().name("on-rotate".into()).spawn(move || match child.wait() {
                Ok(status) if !status.success() => {
                    console.warn(format_args!("--on-rotate {command:?} ended with {status}"));
                }
                _ => {}
            });
            drop(waiter);
        }
        Err(error) => console.warn(format_args!("--on-rotate {command:?} could not be started: {error}")),
    }
}
