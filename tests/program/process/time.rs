//! Section J of the fault catalogue: clocks that jump, time zones.

use crate::support::{Home, simulator_of, skipped, subscribed, wait};
use dhan::testing::clock::{ist_civil, now};
use dhan::testing::model::Stream;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Returns the path of libfaketime, from Debian's `faketime` or PyPI's `libfaketime`.
fn faketime() -> Option<PathBuf> {
    let named = std::env::var_os("LIBFAKETIME").map(PathBuf::from);
    let debian = ["x86_64", "aarch64"].map(|cpu| format!("/usr/lib/{cpu}-linux-gnu/faketime/libfaketime.so.1"));
    let find = "import libfaketime, glob; \
                print(glob.glob(libfaketime.__path__[0] + '/**/libfaketime.so.1', recursive=True)[0])";
    let python = Command::new("python3").args(["-c", find]).output().ok();
    let python = python.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    named.into_iter().chain(debian.map(PathBuf::from)).chain(python).find(|path| path.is_file())
}

#[test]
fn j01_a_clock_jump_ends_no_connection_and_a_jump_back_is_reported() {
    let Some(library) = faketime() else { return skipped("no libfaketime") };
    let sim = simulator_of(200.0);
    let home = Home::new();
    let set = |offset: &str| {
        fs::write(home.path("clock.new"), offset).unwrap();
        fs::rename(home.path("clock.new"), home.path("clock")).unwrap();
    };
    set("+0");
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "--until", "2060-01-01T00:00:00+05:30"]);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", home.path("clock"));
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let running = home.start(command);
    running.prints(20);
    for offset in ["-1h", "+1h", "+10y", "-50y", "+0"] {
        set(offset);
        let lines = running.out.lines();
        running.prints(lines + 60);
    }
    assert_eq!(sim.connections(Stream::Market).seen, 1, "no jump is a reason to reconnect");
    // Timers ignore the wall clock; `--until` follows it.
    set("+40y");
    let ended = running.end().exits(0);
    let records: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<_> = records.iter().map(|record| record["recv_us"].as_i64().unwrap()).collect();
    assert!(times.windows(2).all(|two| two[0] < two[1]), "recv_us grows whatever the clock does");
    let back: Vec<_> = records.iter().filter(|record| record["reason"] == "clock").collect();
    // The clock goes back twice, to -1h and from +10y: later records are held at the last printed time.
    assert_eq!(back.len(), 2, "{back:?}");
    let [received, written, _, dropped, malformed, gaps] = ended.counts();
    assert_eq!((dropped + malformed, gaps), (0, 2), "received {received}, written {written}");
}

#[test]
fn j02_the_hosts_time_zone_changes_no_file_name_and_no_until() {
    let sim = simulator_of(500.0);
    for zone in ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "junk", ":/no/such/zone", ""] {
        let home = Home::new();
        let name = || format!("t-{}.ndjson", ist_civil(now()).strftime("%F-%H"));
        let before = name();
        let pattern = ["feed", "NSE_EQ:2885", "-o", "t-{date}-{hour}.ndjson", "-o", "-", "--time", "iso", "-n", "5"];
        let mut command = home.dhan(&sim, &pattern);
        command.env("TZ", zone);
        let ended = home.run(command).exits(0);
        assert!([before, name()].iter().any(|name| home.path(name).exists()), "{zone}");
        let line: Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
        let recv = line["recv"].as_str().unwrap();
        let hour = ist_civil(now()).strftime("%FT").to_string();
        assert!(recv.ends_with("+05:30") && (recv.starts_with(&hour) || recv.contains("T00:")), "{zone}: {recv}");
        // A time of day is Indian time, whatever the zone of the host.
        let mut until = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "1", "--until"]);
        until.arg(ist_civil(now() + Duration::from_secs(120)).strftime("%H:%M").to_string()).env("TZ", zone);
        if !ist_civil(now()).strftime("%H:%M").to_string().starts_with("23:5") {
            assert_eq!(home.run(until).exits(0).out.lines().count(), 1, "{zone}");
        }
    }
}

#[test]
fn j02_a_fresh_start_needs_no_zone_files() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let allowed = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/usr/share/zoneinfo"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return skipped("zone files cannot be hidden here");
    }
    let mut command = home.bare("unshare");
    let script = "mount -t tmpfs none /usr/share/zoneinfo && exec \"$@\"";
    command.args(["-rm", "sh", "-c", script, "sh", crate::support::DHAN]).envs(sim.environment());
    command.args(["feed", "NSE_EQ:2885", "-o", "t-{date}.ndjson", "-n", "5"]).env("TZ", "America/New_York");
    let running = home.start(command);
    let _ = subscribed(&sim, Stream::Market, 1);
    let days = [now(), now() + Duration::from_secs(60)].map(|at| format!("t-{}.ndjson", ist_civil(at).date()));
    running.end().exits(0);
    wait("the file", || days.iter().any(|day| home.path(day).exists()).then_some(()));
}
