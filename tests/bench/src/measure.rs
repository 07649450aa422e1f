//! Runs client processes and takes their CPU time from the operating system's books.

use crate::load::{self, Load, Server};
use nix::sys::resource::{UsageWho, getrusage};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run cost.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    /// User and system time of the process, ns.
    pub cpu: f64,
    /// Wall-clock time, ns.
    pub wall: f64,
    /// Lines it printed.
    pub lines: u64,
    /// Peak memory, KiB.
    pub peak_kib: u64,
    /// Age of every line when it was read, µs.
    pub ages: Vec<f64>,
}

/// User and system time of all children that were waited for, ns.
fn children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the process's books");
    [usage.user_time(), usage.system_time()].iter().map(|t| t.tv_sec() as f64 * 1e9 + t.tv_usec() as f64 * 1e3).sum()
}

/// User and system time of this process, ns.
pub fn own() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("a clock");
    time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
}

/// What reads the client's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Reads 64 KiB at a time and counts lines.
    Fast,
    /// Reads at most this many bytes a second.
    Slow(u64),
    /// Takes the age of every line from the stamp in its volume.
    Ages,
}

/// Runs one process to its end. One at a time: the books are those of all children together.
pub fn run(command: &mut Command, reader: Reader) -> Cost {
    let (before, start) = (children(), Instant::now());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
        panic!("{command:?} cannot be run: {error}");
    });
    let mut out = child.stdout.take().expect("a pipe");
    let reading = std::thread::spawn(move || {
        let (mut lines, mut ages, mut buffer, mut rest) = (0u64, Vec::new(), vec![0u8; 64 * 1024], Vec::new());
        let started = Instant::now();
        let mut total = 0u64;
        while let Ok(n @ 1..) = out.read(&mut buffer) {
            let now = load::stamp();
            lines += memchr_count(&buffer[..n]);
            total += n as u64;
            match reader {
                Reader::Fast => {}
                Reader::Slow(rate) => {
                    let due = Duration::from_secs_f64(total as f64 / rate as f64);
                    std::thread::sleep(due.saturating_sub(started.elapsed()));
                }
                Reader::Ages => {
                    rest.extend_from_slice(&buffer[..n]);
                    let whole = rest.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
                    for line in rest[..whole].split(|b| *b == b'\n') {
                        ages.extend(volume(line).map(|sent| load::age(sent, now)));
                    }
                    rest.drain(..whole);
                }
            }
        }
        (lines, ages)
    });
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kib = 0;
    while child.try_wait().expect("a child").is_none() {
        peak_kib = peak(&status).unwrap_or(peak_kib).max(peak_kib);
        std::thread::sleep(Duration::from_millis(5));
    }
    let wall = start.elapsed().as_nanos() as f64;
    let (lines, ages) = reading.join().expect("the reader");
    Cost { cpu: children() - before, wall, lines, peak_kib, ages }
}

fn memchr_count(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}

fn peak(status: &std::path::Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn volume(line: &[u8]) -> Option<u32> {
    const KEY: &[u8] = b"\"volume\":";
    let at = line.windows(KEY.len()).position(|part| part == KEY)? + KEY.len();
    let digits = line[at..].iter().take_while(|b| b.is_ascii_digit());
    Some(digits.fold(0u64, |sum, b| sum * 10 + u64::from(b - b'0')) as u32)
}

/// Runs a client of a server that sends a load; `make` gets the server's address.
pub fn client(load: &Load, reader: Reader, make: impl FnOnce(&str) -> Command) -> Cost {
    let server = Server::start(load.clone());
    let cost = run(&mut make(&format!("ws://127.0.0.1:{}/", server.port)), reader);
    server.join();
    cost
}

pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() as f64 - 1.0) * q).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Runs every case once a round, forwards and backwards in turn (ABC, CBA, …).
pub fn interleaved<T>(rounds: usize, cases: &mut [(&str, Box<dyn FnMut() -> T + '_>)]) -> Vec<Vec<T>> {
    let mut results: Vec<Vec<T>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let count = cases.len();
        for i in 0..count {
            let i = if round % 2 == 0 { i } else { count - 1 - i };
            eprint!("\r\x1b[Kround {} of {rounds}: {}", round + 1, cases[i].0);
            results[i].push((cases[i].1)());
        }
    }
    eprint!("\r\x1b[K");
    results
}
