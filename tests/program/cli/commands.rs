//! The command line: usage errors, help, version and dry runs.

use crate::support::{self, stderr, stdout};
use std::process::Output;

fn dhan(line: &[&str]) -> Output {
    support::dhan(line).env("RUST_BACKTRACE", "1").output().expect("dhan runs")
}

#[test]
fn usage_errors_are_exit_2_on_stderr_with_an_empty_stdout() {
    for line in [&["feed"][..], &["nonsense"], &["feed", "IDX_I:13", "--mode", "x"], &["feed", "--levels", "20"]] {
        let output = dhan(line);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{line:?}");
        assert!(!output.stderr.is_empty() && !stderr(&output).contains("backtrace"), "{line:?}");
    }
}

#[test]
fn help_and_version_are_exit_0_on_stdout_and_show_no_environment_value() {
    for line in [&["--help"][..], &["--version"], &["feed", "--help"], &["orders", "-h"]] {
        let mut command = support::dhan(line);
        let secret = "sentinel-7f3a";
        for name in ["DHAN_ACCESS_TOKEN", "DHAN_TOKEN_FILE", "DHAN_TOKEN_COMMAND", "DHAN_CLIENT_ID"] {
            command.env(name, secret);
        }
        let output = command.output().expect("dhan runs");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{line:?}");
        assert!(!output.stdout.is_empty() && !stdout(&output).contains(secret), "{line:?}");
    }
}

#[test]
fn an_option_of_another_command_is_refused_with_the_command_that_has_it() {
    assert!(stderr(&dhan(&["feed", "IDX_I:13", "--view", "book"])).contains("dhan depth"));
}

#[test]
fn a_token_on_the_command_line_is_refused_without_repeating_it() {
    let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3ODAwMDAwMDB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    let output = dhan(&["feed", "--token", token]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("eyJ") && stderr(&output).contains("command line"));
}

#[test]
fn until_a_time_in_the_past_connects_nowhere_and_is_exit_0() {
    let output = dhan(&["feed", "IDX_I:13", "--until", "2020-01-01T00:00:00Z"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(stderr(&output).contains("has passed"));
    let quiet = dhan(&["feed", "IDX_I:13", "--until", "2020-01-01T00:00:00Z", "-q"]);
    assert!(
        quiet.status.success() && stderr(&quiet).contains("has passed"),
        "it is said with -q too: {}",
        stderr(&quiet)
    );
}

#[test]
fn generated_files_are_fresh() {
    for kind in ["completions", "man"] {
        let dir = format!("{}/{kind}", env!("CARGO_MANIFEST_DIR"));
        let output = dhan(&["generate", kind, "--dir", &dir, "--check"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_dry_run_of_orders_shows_the_login_with_the_token_masked() {
    let output = dhan(&["orders", "--dry-run"]);
    let text = stdout(&output);
    let login = r#"{"LoginReq":{"MsgCode":42,"ClientId":"[redacted]","Token":"[redacted]"},"UserType":"SELF"}"#;
    assert!(output.status.success() && text.contains(login), "{text}{}", stderr(&output));
}

#[test]
fn a_dry_run_of_orders_shows_the_request_for_the_order_snapshot() {
    let asked = "get: https://api.dhan.co/v2/orders\nheader: access-token: [redacted]\n";
    for (line, asks) in [
        (&["orders", "--dry-run"][..], true),
        (&["orders", "--dry-run", "--no-snapshot"], false),
        (&["orders", "--dry-run", "--user-type", "partner"], false),
    ] {
        let output = dhan(line);
        let text = stdout(&output);
        assert_eq!(
            (output.status.success(), text.contains(asked), text.contains("get:")),
            (true, asks, asks),
            "{text}"
        );
    }
}

#[test]
fn a_dry_run_prints_the_requests_and_sends_nothing() {
    let output = dhan(&["feed", "--demo", "--dry-run", "--mode", "full", "NSE_EQ:2885"]);
    let text = stdout(&output);
    assert!(output.status.success() && text.contains("connect 1:"), "{text}{}", stderr(&output));
    assert!(text.contains(r#""RequestCode":21"#) && text.contains(r#""SecurityId":"2885""#), "{text}");
}

#[test]
fn version_names_the_build_and_its_short_form_only_the_number() {
    let number = env!("CARGO_PKG_VERSION");
    let print = |option: &str| stdout(&dhan(&[option]));
    assert_eq!(print("-V"), format!("dhan {number}\n"));
    let long = print("--version");
    let built = long.strip_prefix(&format!("dhan {number} (")).and_then(|rest| rest.strip_suffix(")\n"));
    let (from, target) = built.and_then(|built| built.rsplit_once(", ")).expect("a commit or what stands for it");
    assert!(target.starts_with(std::env::consts::ARCH) && target.contains(std::env::consts::OS), "{long}");
    assert_eq!(from == "debug build", cfg!(debug_assertions), "{long}");
}

#[test]
fn help_on_a_full_disk_is_exit_9() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = support::dhan(&["--help"]).stdout(full).output().expect("dhan runs");
    assert_eq!(output.status.code(), Some(9), "{}", stderr(&output));
}

#[test]
fn a_variable_that_is_not_utf_8_is_an_error() {
    use std::os::unix::ffi::OsStrExt as _;
    for (name, code) in [
        ("DHAN_WS_MARKET_FEED_URL", 2),
        ("DHAN_API_URL", 2),
        ("DHAN_PROFILE", 2),
        ("DHAN_CLIENT_ID", 3),
        ("DHAN_ACCESS_TOKEN", 3),
        ("DHAN_TOKEN_FILE", 3),
    ] {
        let mut command = support::dhan(&[]);
        command.env("HOME", "/dev/null").env("DHAN_CLIENT_ID", "1").env("DHAN_ACCESS_TOKEN", "any");
        command.env(name, std::ffi::OsStr::from_bytes(b"\xff"));
        // No server listens at this address.
        let url = ["--url", "ws://127.0.0.1:1"];
        let line = ["feed", "IDX_I:13", "--max-outage", "0", "--auth-wait", "0s"];
        let output = command.args(line).args(url.iter().filter(|_| code == 3)).output().expect("dhan runs");
        assert_eq!(output.status.code(), Some(code), "{name}: {}", stderr(&output));
        assert!(!stderr(&output).contains("is empty") && !stderr(&output).contains("connection refused"), "{name}");
    }
}

#[test]
fn an_unknown_name_in_a_list_is_reported_with_its_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list");
    std::fs::write(&list, "IDX_I:13\n# a comment\nNOWHERE\n").expect("written");
    let list = list.to_str().expect("text");
    let output = dhan(&["feed", "--demo", "-n", "1", "-i", list]);
    assert_eq!(output.status.code(), Some(14));
    assert!(stderr(&output).contains(&format!("{list}:3: \"NOWHERE\"")), "{}", stderr(&output));
    let output = dhan(&["feed", "--demo", "-n", "1", "-i", list, "--skip-missing"]);
    assert!(output.status.success() && stderr(&output).contains(&format!("{list}:3: ")), "{}", stderr(&output));
}

#[test]
fn token_show_accepts_a_token_without_a_client_id() {
    let show = |line: &[&str]| {
        let mut command = support::dhan(&["token", "show"]);
        command.env("DHAN_ACCESS_TOKEN", "opaque-token").args(line).output().expect("dhan runs")
    };
    let output = show(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("DHAN_CLIENT_ID"), "{}", stderr(&output));
    assert_eq!(show(&["--check"]).status.code(), Some(3), "Dhan cannot be asked about it");
}

#[test]
fn a_relay_without_credentials_is_exit_3_before_it_listens() {
    let output = dhan(&["relay", "--listen", "127.0.0.1:0"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{}", stderr(&output));
    assert!(!stderr(&output).contains("listens"), "{}", stderr(&output));
}

#[test]
fn a_chain_record_that_only_names_counts_as_a_record() {
    let output = dhan(&["feed", "--demo", "--chain", "NIFTY,strikes=1", "--only", "chain", "-n", "1", "-d", "60s"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), text.lines().count()), (Some(0), 1), "{}", stderr(&output));
    assert!(text.starts_with("{\"type\":\"chain\""), "{text}");
    assert!(stderr(&output).contains("received"), "{}", stderr(&output));
}
