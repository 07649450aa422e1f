//! Checks that there are enough file descriptors for a command that uses the network.

use crate::model::exit::Failure;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, dup};
use std::os::fd::OwnedFd;

/// Number of descriptors that one connection, its files and its timers need. Some libraries panic if one is refused.
const NEEDED: usize = 24;

/// Checks that as many files can be opened as a command with a connection needs.
///
/// # Errors
/// Exit 2, naming the limit to raise.
pub fn check() -> Result<(), Failure> {
    let mut held: Vec<OwnedFd> = Vec::with_capacity(NEEDED);
    let begun = open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let mut next = begun;
    while let Ok(fd) = next {
        held.push(fd);
        if held.len() == NEEDED {
            return Ok(());
        }
        next = dup(&held[0]);
    }
    match next {
        Err(Errno::MFILE | Errno::NFILE) => Err(Failure::usage(format!(
            "this process may open {} more files, and a connection with its files needs {NEEDED}: raise the limit \
             (ulimit -n 1024)",
            held.len()
        ))),
        // A missing /dev/null says nothing about the limit.
        _ => Ok(()),
    }
}
