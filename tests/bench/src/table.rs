//! The table: dhan against its peers, each line one interleaved run.

use crate::load::{Kind, Load, Pace};
use crate::measure::{Cost, Reader, client, interleaved, median, quantile, run as run_process};
use crate::peers;
use crate::program::{Program, SOUGHT};
use std::path::Path;
use std::process::Command;

/// Enough that no start counts.
const PACKETS: u64 = 1_000_000;

fn blast(kind: Kind) -> Load {
    Load { kind, instruments: 100, packets: PACKETS, sockets: 1, pace: Pace::Blast }
}

type Case<'a> = (&'a str, Box<dyn FnMut() -> Cost + 'a>);

fn cpu(costs: &[Cost]) -> f64 {
    median(&costs.iter().map(|cost| cost.cpu).collect::<Vec<_>>())
}

/// The median over the rounds of what one case costs by the other in the same round: a machine that slows down slows both.
fn paired(case: &[Cost], other: &[Cost]) -> f64 {
    median(&case.iter().zip(other).map(|(case, other)| case.cpu / other.cpu).collect::<Vec<_>>())
}

fn say(work: &str, against: &str, measured: f64, most: f64, aim: f64) {
    println!("| {work} | {against} | {measured:.2} | {most:.2} | {aim:.2} |");
}

pub fn run(rounds: usize, only: &str) {
    let program = Program::ready();
    println!("\n## dhan and its peers\n");
    println!("| work | against | measured | at most | aim for |\n|---|---|---|---|---|");
    let wanted = |row: &str| only.is_empty() || only == row;
    if wanted("market") {
        market(&program, rounds);
    }
    if wanted("age") {
        ages(&program, rounds);
    }
    if wanted("memory") {
        memory(&program);
    }
    if wanted("find") {
        find(&program, rounds * 3);
    }
    if wanted("help") {
        help(&program, rounds * 3);
    }
}

fn market(program: &Program, rounds: usize) {
    let [quote, full] = [Kind::Quote, Kind::Full].map(blast);
    let (quote, full) = (&quote, &full);
    let peer =
        |load: &Load, name: &'static str| client(load, Reader::Fast, |url| peers::command(name, url, load.packets));
    let ours = |load: &Load, more: &'static [&str]| {
        let cost = client(load, Reader::Fast, |url| program.feed(url, load, more));
        let header = u64::from(more.contains(&"csv"));
        assert_eq!(cost.lines, load.packets + header, "every packet is a line");
        cost
    };
    let captured = Captured::of(program);
    let mut cases: Vec<Case<'_>> = vec![
        ("full, dhan", Box::new(|| ours(full, &[]))),
        ("full, drain", Box::new(|| peer(full, "drain"))),
        ("full, dhan-rs", Box::new(|| peer(full, "dhan-rs"))),
        ("full, dhan, CSV", Box::new(|| ours(full, &["--format", "csv"]))),
        ("quote, dhan", Box::new(|| ours(quote, &[]))),
        ("quote, drain", Box::new(|| peer(quote, "drain"))),
        ("quote, dhan-rs", Box::new(|| peer(quote, "dhan-rs"))),
        ("full, dhan replay", Box::new(|| captured.replay(program))),
    ];
    let results = interleaved(rounds, &mut cases);
    let each: Vec<f64> = results.iter().map(|costs| cpu(costs) / PACKETS as f64).collect();
    for ((name, _), (ns, costs)) in cases.iter().zip(each.iter().zip(&results)) {
        let of = |q: f64| quantile(&costs.iter().map(|c| c.cpu / PACKETS as f64).collect::<Vec<_>>(), q);
        eprintln!("{name}: {ns:.0} ns ({:.0}..{:.0}), wall {:.0} ns", of(0.0), of(1.0), costs[0].wall / PACKETS as f64);
    }
    let [full, full_drain, full_rs, csv, quote, quote_drain, quote_rs, replay] = &results[..] else { return };
    say("full", "dhan-rs + serde_json + BufWriter", paired(full, full_rs), 0.38, 0.25);
    say("quote", "the same", paired(quote, quote_rs), 0.50, 0.33);
    say("full", "bare tokio-tungstenite drain", paired(full, full_drain), 5.0, 3.0);
    say("full, µs more than the drain", "–", (each[0] - each[1]) / 1e3, 0.6, 0.4);
    eprintln!("quote, dhan: {:.2} times its drain", paired(quote, quote_drain));
    say("full as CSV", "its own NDJSON", paired(csv, full), 1.0, 0.7);
    say("`dhan replay` of a capture of fulls", "dhan-rs live", paired(replay, full_rs), 0.33, 0.18);
    python(each[0]);
}

/// A capture of fulls, to be replayed.
struct Captured {
    folder: tempfile::TempDir,
}

impl Captured {
    fn of(program: &Program) -> Captured {
        let captured = Captured { folder: tempfile::tempdir().expect("a temporary folder") };
        let load = blast(Kind::Full);
        client(&load, Reader::Fast, |url| program.feed(url, &load, &["--capture", &captured.file()]));
        captured
    }

    fn file(&self) -> String {
        self.folder.path().join("fulls.dcap").to_string_lossy().into_owned()
    }

    fn replay(&self, program: &Program) -> Cost {
        let cost = run_process(&mut program.command(&["replay", "-q", &self.file()]), Reader::Fast);
        assert!(cost.lines >= PACKETS, "every packet is a line");
        cost
    }
}

/// The official client, where it is installed.
fn python(full: f64) {
    let load = Load { packets: 10_000, ..blast(Kind::Full) };
    let python = std::env::var("DHAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python).args(["-c", "import dhanhq"]).stderr(std::process::Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("| official Python client, full | dhan | not installed (`pip install dhanhq`) | 70 | 110 |");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("official_client.py");
    let costs: Vec<f64> = (0..3)
        .map(|_| {
            let cost = |load: &Load| {
                client(load, Reader::Fast, |url| {
                    let mut command = Command::new(&python);
                    command.arg(&script).args([url, &load.packets.to_string()]);
                    command
                })
                .cpu
            };
            // The interpreter's start is no record's cost.
            let few = Load { packets: 10, ..load.clone() };
            (cost(&load) - cost(&few)) / (load.packets - few.packets) as f64
        })
        .collect();
    let times = median(&costs) / full;
    println!("| official Python client, full | dhan | {times:.0} times | 70 times | 110 times |");
}

/// How old a line is when its reader sees it, at 1 000 packets a second.
fn ages(program: &Program, rounds: usize) {
    let load = &Load { kind: Kind::Full, instruments: 100, packets: 2_500, sockets: 1, pace: Pace::PerSecond(1_000) };
    let mut cases: Vec<Case<'_>> = vec![
        ("age, dhan", Box::new(|| client(load, Reader::Ages, |url| program.feed(url, load, &[])))),
        (
            "age, flushing client",
            Box::new(|| client(load, Reader::Ages, |url| peers::command("dhan-rs-flushing", url, load.packets))),
        ),
    ];
    let results = interleaved(rounds, &mut cases);
    let at = |costs: &[Cost], q: f64| {
        // The first packets of a run wait for a client that is still waking up.
        median(&costs.iter().map(|cost| quantile(&cost.ages[200.min(cost.ages.len())..], q)).collect::<Vec<_>>())
    };
    for ((name, _), costs) in cases.iter().zip(&results) {
        eprintln!(
            "{name}: p50 {:.0} µs, p99 {:.0} µs, max {:.0} µs, {:.1} µs CPU a record",
            at(costs, 0.5),
            at(costs, 0.99),
            at(costs, 1.0),
            cpu(costs) / load.packets as f64 / 1e3
        );
    }
    let (ours, theirs) = (&results[0], &results[1]);
    say(
        "age of a line at 1 000/s, p50",
        "a client that flushes every record",
        at(ours, 0.5) / at(theirs, 0.5),
        1.25,
        1.0,
    );
    say("age of a line at 1 000/s, p99", "the same", at(ours, 0.99) / at(theirs, 0.99), 1.5, 1.1);
}

fn memory(program: &Program) {
    for (instruments, sockets, most, aim) in [(5_000, 1, 16.0, 8.0), (25_000, 5, 32.0, 16.0)] {
        let load = Load { kind: Kind::Full, instruments, packets: 100_000, sockets, pace: Pace::PerSecond(20_000) };
        let cost = client(&load, Reader::Fast, |url| program.feed(url, &load, &[]));
        let mib = cost.peak_kib as f64 / 1024.0;
        println!("| peak memory, {instruments} instruments, 20 000/s | – | {mib:.1} MiB | {most} MiB | {aim} MiB |");
    }
}

fn find(program: &Program, rounds: usize) {
    if !Command::new("rg").arg("--version").output().is_ok_and(|out| out.status.success()) {
        println!("| `dhan instruments find`, warm | `rg` | ripgrep is not installed | 0.40 | 0.20 |");
        return;
    }
    let csv = program.master();
    let line = format!(",{SOUGHT},");
    let mut cases: Vec<Case<'_>> = vec![
        (
            "find",
            Box::new(|| run_process(&mut program.command(&["instruments", "find", SOUGHT, "--offline"]), Reader::Fast)),
        ),
        (
            "rg",
            Box::new(|| {
                let mut rg = Command::new("rg");
                rg.args(["--no-config", "-F", "-m1", &line]).arg(&csv);
                run_process(&mut rg, Reader::Fast)
            }),
        ),
    ];
    let results = interleaved(rounds, &mut cases);
    assert!(results.iter().flatten().all(|cost| cost.lines == 1), "both find it");
    eprintln!("find: {:.2} ms, rg: {:.2} ms", cpu(&results[0]) / 1e6, cpu(&results[1]) / 1e6);
    say(
        "`dhan instruments find`, warm, exact",
        "`rg` for the line in the CSV",
        cpu(&results[0]) / cpu(&results[1]),
        0.40,
        0.20,
    );
}

fn help(program: &Program, rounds: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("hello.rs");
    std::fs::write(&source, "fn main() { println!(\"hello\"); }").expect("a program");
    let hello = folder.path().join("hello");
    let built = Command::new("rustc").args(["-O", "-o"]).arg(&hello).arg(&source).status();
    assert!(built.is_ok_and(|status| status.success()), "a program that prints one line");
    let mut cases: Vec<Case<'_>> = vec![
        ("help", Box::new(|| run_process(&mut program.command(&["--help"]), Reader::Fast))),
        ("hello", Box::new(|| run_process(&mut Command::new(&hello), Reader::Fast))),
    ];
    let results = interleaved(rounds, &mut cases);
    eprintln!("help: {:.2} ms, hello: {:.2} ms", cpu(&results[0]) / 1e6, cpu(&results[1]) / 1e6);
    say("`dhan --help`", "a Rust program that prints one line", cpu(&results[0]) / cpu(&results[1]), 2.0, 1.5);
}
