//! Readers of `/proc/PID`.

/// Returns a line of `/proc/PID/status` in kB, or a count; 0 if it cannot be read.
pub fn status_figure(pid: u32, name: &str) -> u64 {
    status_line(pid, name).split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// Returns the greatest resident memory a process has had, in MiB.
pub fn peak_mib(pid: u32) -> u64 {
    status_figure(pid, "VmHWM") / 1024
}

/// Whether a process has a handler for a signal.
pub fn is_caught(pid: u32, signal: rustix::process::Signal) -> bool {
    u64::from_str_radix(status_line(pid, "SigCgt").trim(), 16)
        .is_ok_and(|caught| caught >> (signal.as_raw() - 1) & 1 == 1)
}

/// Whether a process exists and is not a zombie.
pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

/// Counts the open file descriptors of a process.
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

fn status_line(pid: u32, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_default().to_owned()
}
