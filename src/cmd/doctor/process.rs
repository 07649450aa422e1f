//! Checks whether other processes are `dhan`, and asks them to end.

use crate::doctor::judge::Process;
use rustix::process::{Pid, Signal};
use std::time::Duration;

/// Returns what runs under a process id now, judged by its name: a `dhan` reveals no more to other processes.
pub(super) fn look(pid: u32) -> Process {
    let Some(number) = raw(pid) else { return Process::Gone };
    if matches!(rustix::process::test_kill_process(number), Err(rustix::io::Errno::SRCH)) {
        return Process::Gone;
    }
    match name(pid) {
        Some(name) if name.starts_with("dhan") => Process::Dhan,
        Some(name) => Process::Other(name),
        None => Process::Gone,
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(target_os = "linux")]
fn name(pid: u32) -> Option<String> {
    Some(std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned())
}

#[cfg(not(target_os = "linux"))]
fn name(pid: u32) -> Option<String> {
    let output = std::process::Command::new("ps").args(["-o", "comm=", "-p", &pid.to_string()]).output().ok()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let name = path.rsplit('/').next()?.to_owned();
    (!name.is_empty()).then_some(name)
}

/// Says how ending a process went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EndResult {
    /// It has ended.
    Ended,
    /// It was asked to end, and is still running.
    Stays,
    /// It was not asked, for this reason.
    Not(String),
}

/// Asks every process to end (SIGTERM), and waits for all of them together.
pub(super) fn end(pids: &[u32], timeout: Duration) -> Vec<(u32, EndResult)> {
    let requested: Vec<_> = pids.iter().map(|&pid| (pid, ask(pid))).collect();
    let deadline = std::time::Instant::now() + timeout;
    let waited = requested.into_iter().map(|(pid, requested)| {
        let outcome = match requested {
            Ok(handle) if handle.has_ended_by(deadline) => EndResult::Ended,
            Ok(_) => EndResult::Stays,
            Err(words) => EndResult::Not(words),
        };
        (pid, outcome)
    });
    waited.collect()
}

fn ask(pid: u32) -> Result<Handle, String> {
    let gone = || format!("there is no pid {pid}");
    // Held before it is checked, so that the number cannot be reused in between.
    let handle = Handle::open(raw(pid).ok_or_else(gone)?).ok_or_else(gone)?;
    match look(pid) {
        Process::Dhan => {}
        Process::Other(name) => return Err(format!("pid {pid} is {:?}, not a dhan", crate::console::untrusted(&name))),
        Process::Gone => return Err(gone()),
    }
    handle.terminate().map_err(|error| format!("pid {pid} cannot be signalled: {}", error.kind()))?;
    Ok(handle)
}

/// Holds a process, so that its number is not reused, if the system supports that.
struct Handle {
    #[cfg(target_os = "linux")]
    fd: std::os::fd::OwnedFd,
    #[cfg(not(target_os = "linux"))]
    pid: Pid,
}

#[cfg(target_os = "linux")]
impl Handle {
    fn open(pid: Pid) -> Option<Handle> {
        let fd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?;
        Some(Handle { fd })
    }

    fn terminate(&self) -> std::io::Result<()> {
        Ok(rustix::process::pidfd_send_signal(&self.fd, Signal::TERM)?)
    }

    fn has_ended_by(&self, deadline: std::time::Instant) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let timeout = Timespec::try_from(left).ok();
            let mut watched = [PollFd::new(&self.fd, PollFlags::IN)];
            match poll(&mut watched, timeout.as_ref()) {
                Ok(ready) => return ready > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Handle {
    fn open(pid: Pid) -> Option<Handle> {
        Some(Handle { pid })
    }

    fn terminate(&self) -> std::io::Result<()> {
        Ok(rustix::process::kill_process(self.pid, Signal::TERM)?)
    }

    fn has_ended_by(&self, deadline: std::time::Instant) -> bool {
        while rustix::process::test_kill_process(self.pid).is_ok() {
            if std::time::Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}
