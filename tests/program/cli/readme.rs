//! The README's examples run, its records match the schema, and its units and crontab lines work.
//!
//! Blocks marked ```` ```sh test ```` run in an empty folder, with an account of a simulated exchange. What a machine lacks
//! (`jq`, `duckdb`, `systemd-analyze`) is skipped, with a word.

use crate::cli::home::{Home, lacking};
use crate::support::{DHAN, both, skipped};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const README: &str = include_str!("../../../README.md");

/// Returns the fenced blocks whose opening line begins with `start`, each with the rest of that line.
pub fn blocks(start: &str) -> Vec<(&'static str, &'static str)> {
    let fence = format!("```{start}");
    let blocks = README.split("\n```").collect::<Vec<_>>();
    let opened = blocks.iter().skip(1).step_by(2).map(|block| block.split_once('\n').expect("a fence is a line"));
    opened.filter_map(|(mark, text)| Some((fence_rest(mark, &fence)?, text))).collect()
}

fn fence_rest<'a>(mark: &'a str, fence: &str) -> Option<&'a str> {
    let rest = mark.strip_prefix(&fence[3..])?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

#[test]
fn marked_examples_run_and_print_the_documented_output() {
    let examples = blocks("sh test");
    assert!(examples.len() >= 10, "the README has {} examples", examples.len());
    // Examples mostly wait, so they run in parallel.
    std::thread::scope(|scope| {
        for (_, block) in &examples {
            scope.spawn(move || {
                let home = Home::new();
                if let Some(lacking) = lacking(&home, block) {
                    return skipped(&format!("no {lacking} for: {}", block.lines().next().unwrap_or_default()));
                }
                let output = home.run(block);
                assert!(output.status.success(), "{:?}\n{block}\n{}", output.status.code(), both(&output));
                assert!(!output.stdout.is_empty(), "{block} prints nothing");
            });
        }
    });
}

#[test]
fn example_records_match_the_schema() {
    let home = Home::new();
    let lines: String = blocks("json").iter().map(|(_, text)| format!("{text}\n")).collect();
    home.write("work/examples.ndjson", &lines, 0o644);
    let output = home.run("dhan verify examples.ndjson || [ $? = 13 ]");
    assert!(output.status.success(), "{}", both(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("a summary");
    assert_eq!((&summary["damaged"], &summary["torn_bytes"]), (&0.into(), &0.into()), "{summary}");
    assert!(lines.lines().count() >= 3, "the README shows records");
}

/// Runs the five commands of the unattended section in a home, and returns the folder of the units.
fn set_up(home: &Home) -> PathBuf {
    let [(_, commands)] = blocks("sh unattended")[..] else { panic!("one block of commands") };
    assert_eq!(commands.trim().lines().count(), 5, "five commands");
    home.write("bin/sudo", "#!/bin/sh\nexec \"$@\"\n", 0o755);
    home.write("bin/useradd", "#!/bin/sh\n", 0o755);
    home.write("bin/systemctl", "#!/bin/sh\necho \"$*\" >>../systemctl.said\n", 0o755);
    let ask = "#!/bin/sh\ncase \"$*\" in *pin*) echo 864209;; *totp*) echo QZ7XK2MNV4TBWJ5HRDYCP3LSGA6EUFIO;; esac\n";
    home.write("bin/systemd-ask-password", ask, 0o755);
    let root = home.dir.path().display().to_string();
    fs::create_dir_all(home.path("usr/local/bin")).unwrap();
    let here = ["/usr/local/bin/dhan", "/etc/dhan", "/etc/systemd/system"];
    let commands = here.iter().fold(commands.to_owned(), |text, place| text.replace(place, &format!("{root}{place}")));
    let output = home.run(&commands);
    assert!(output.status.success(), "{}", both(&output));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("864209"), "{}", both(&output));
    let units = home.path("etc/systemd/system");
    assert_eq!(fs::read_dir(&units).unwrap().count(), 4);
    assert!(
        fs::read_to_string(home.path("systemctl.said"))
            .unwrap()
            .contains("enable --now dhan-token.timer dhan-feed.timer")
    );
    for secret in ["pin", "totp"] {
        let mode = fs::metadata(home.path(&format!("etc/dhan/{secret}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    units
}

/// Returns the values of a key in a unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_unattended_commands_make_units_that_systemd_accepts_as_hardened() {
    let home = Home::new();
    let folder = set_up(&home);
    if !home.run("command -v systemd-analyze").status.success() {
        return skipped("no systemd-analyze here");
    }
    let mut names = String::new();
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap().replace("/usr/local/bin/dhan", DHAN);
        fs::write(entry.path(), text).unwrap();
        names += &format!(" {:?}", entry.path());
    }
    let output = home.run(&format!("systemd-analyze verify --man=no {names}"));
    assert!(output.status.success() && both(&output).is_empty(), "{}", both(&output));
    for (name, time) in [("dhan-token", "08:45"), ("dhan-feed", "09:05")] {
        let unit = fs::read_to_string(folder.join(format!("{name}.timer"))).unwrap();
        let calendar = format!("Mon..Fri {time} Asia/Kolkata");
        assert_eq!(values(&unit, "OnCalendar"), [calendar.as_str()]);
        let output = home.run(&format!("systemd-analyze calendar '{calendar}'"));
        assert!(output.status.success(), "{}", both(&output));
        let service = folder.join(format!("{name}.service"));
        let output = home.run(&format!("systemd-analyze security --offline=true --threshold=29 {service:?}"));
        assert!(output.status.success(), "exposure of {name}: {}", both(&output));
    }
}

#[test]
fn the_unattended_services_make_a_token_and_a_complete_file() {
    let home = Home::new();
    let folder = set_up(&home);
    let root = home.dir.path().display().to_string();
    fs::create_dir_all(home.path("var/lib/dhan")).unwrap();
    let run = |name: &str| {
        let unit = fs::read_to_string(folder.join(format!("{name}.service"))).unwrap();
        fs::create_dir_all(home.path("credentials")).unwrap();
        for credential in values(&unit, "LoadCredential") {
            let (id, source) = credential.split_once(':').unwrap();
            fs::copy(home.path(source.trim_start_matches('/')), home.path(&format!("credentials/{id}"))).unwrap();
        }
        let environment = fs::read_to_string(home.path("etc/dhan/env")).unwrap();
        let environment = format!("{} {}", environment.trim(), values(&unit, "Environment")[0]);
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
        let line = format!("unset DHAN_TOKEN_FILE; {environment} {}", values(&unit, "ExecStart")[0])
            .replace("/usr/local/bin/dhan", DHAN)
            .replace("%d", &format!("{root}/credentials"))
            .replace("/etc/dhan", &format!("{root}/etc/dhan"))
            .replace("/var/lib/dhan", &format!("{root}/var/lib/dhan"))
            .replace("--until 15:30", &format!("--until {end}"));
        let output = home.run(&line);
        assert!(output.status.success(), "{line}\n{}", both(&output));
        assert!(output.stdout.is_empty() && !both(&output).contains("864209"), "{}", both(&output));
        unit
    };
    let unit = run("dhan-token");
    assert_eq!(
        (values(&unit, "Type"), values(&unit, "RestartPreventExitStatus")),
        (vec!["oneshot"], vec!["1 2 3 4 5 8 9 10 12"])
    );
    let mode = fs::metadata(home.path("var/lib/dhan/token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let unit = run("dhan-feed");
    assert_eq!(
        (values(&unit, "Type"), values(&unit, "RestartPreventExitStatus")),
        (vec!["notify"], vec!["2 3 4 5 7 14"])
    );
    assert!(!values(&unit, "WatchdogSec").is_empty());
    let output = home.run(&format!("cd {root}/var/lib/dhan && dhan verify *.ndjson.zst"));
    assert!(output.status.success(), "{}", both(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["verdict"], &summary["instruments"]), (&"ok".into(), &2.into()), "{summary}");
}

/// Runs a line of a service or crontab in a home, and checks the file it leaves.
fn line_leaves_a_whole_file(home: &Home, line: &str) {
    home.write("watchlist", "# indices\nIDX_I:13\nNSE_EQ:2885@quote\n", 0o644);
    home.write("token", "any", 0o600);
    let output = home.run(&home.here(line));
    assert!(output.status.success(), "{line}\n{}", both(&output));
    assert!(output.stdout.is_empty(), "cron would mail this: {}", both(&output));
    let output = home.run("dhan verify *.ndjson.zst && ls *.ndjson.zst");
    assert!(output.status.success(), "{line}\n{}", both(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let summary: Value = serde_json::from_str(text.lines().next().expect("a summary")).unwrap();
    assert_eq!((&summary["verdict"], &summary["instruments"]), (&"ok".into(), &2.into()), "{summary}");
    let name = text.lines().last().unwrap();
    assert!(name.len() == "2026-01-26.ndjson.zst".len() && name.starts_with("20"), "{name}");
}

#[test]
fn the_recording_command_of_the_readme_records_a_day() {
    let [(_, command)] = blocks("sh day")[..] else { panic!("one command that records a day") };
    let home = Home::new();
    home.write("work/watchlist", "IDX_I:13\nNSE_EQ:2885@quote\n", 0o644);
    let output = home.run(&home.here(command));
    assert!(output.status.success(), "{command}\n{}", both(&output));
    let output = home.run("dhan verify day-*.ndjson.zst day.dcap");
    assert!(output.status.success(), "{}", both(&output));
}

#[test]
fn crontab_lines_run_and_name_the_same_minute_in_utc_and_ist() {
    let [(_, lines)] = blocks("cron")[..] else { panic!("one block of crontab lines") };
    let lines: Vec<_> = lines.lines().map(|line| line.split_once("  ").expect("a time and a command")).collect();
    let [(utc, command), (ist, same)] = lines[..] else { panic!("a line for UTC, a line for IST") };
    assert_eq!(command, same);
    assert!(!command.contains('%'), "cron ends a command at a bare %");
    let minute = |time: &str| {
        let fields: Vec<_> = time.split(' ').collect();
        assert_eq!(fields[2..], ["*", "*", "1-5"], "{time}");
        fields[1].parse::<u32>().unwrap() * 60 + fields[0].parse::<u32>().unwrap()
    };
    assert_eq!((minute(ist), minute(utc) + 330), (9 * 60 + 5, 9 * 60 + 5));
    line_leaves_a_whole_file(&Home::new(), command);
}

#[test]
fn every_variable_and_every_exit_code_is_documented() {
    fn read(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => read(&entry.path(), text),
                false => *text += &fs::read_to_string(entry.path()).unwrap(),
            }
        }
    }
    let mut sources = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let name = |rest: &str| {
        rest.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_').next().unwrap().to_owned()
    };
    let read: BTreeSet<_> = sources.split("\"DHAN_").skip(1).map(name).filter(|n| !n.is_empty()).collect();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/dhan.1")).expect("the manual page");
    let documented: BTreeSet<_> = page.split("DHAN_").skip(1).map(name).filter(|n| !n.is_empty()).collect();
    let missing: Vec<_> =
        read.difference(&documented).filter(|name| !name.starts_with("TEST_") && **name != "WS_").collect();
    assert!(read.len() > 10 && missing.is_empty(), "not in dhan(1): {missing:?}");
    let table = README.split("## Exit codes").nth(1).unwrap().split("\n## ").next().unwrap();
    let codes: Vec<_> =
        table.lines().filter_map(|l| l.strip_prefix("| ")?.split(' ').next()?.parse::<u8>().ok()).collect();
    assert_eq!(codes, (0..=14).collect::<Vec<_>>());
}
