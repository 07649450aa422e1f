//! Checks that there are enough file descriptors for a command that uses the network.

use crate::model::Failure;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Number of descriptors that one connection, its files and its timers need. Some libraries panic if one is refused.
const NEEDED: usize = 24;

/// Checks that as many files can be opened as a command with a connection needs.
///
/// # Errors
/// Exit 2, naming the limit to raise.
pub fn check() -> Result<(), Failure> {
    let mut refused = None;
    let opened = (0..NEEDED).map_while(|_| {
        let opened = open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        opened.map_err(|error| refused = Some(error)).ok()
    });
    let held: Vec<OwnedFd> = opened.collect();
    match refused {
        Some(Errno::MFILE | Errno::NFILE) => Err(Failure::usage(format!(
            "this process may open {} more files, and a connection with its files needs {NEEDED}: raise the limit \
             (ulimit -n 1024)",
            held.len()
        ))),
        // A missing /dev/null says nothing about the limit.
        _ => Ok(()),
    }
}
