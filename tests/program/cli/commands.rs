//! The command line from outside.

use std::process::{Command, Output, Stdio};

fn dhan(line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dhan"));
    command.args(line).env_clear().env("RUST_BACKTRACE", "1").stdin(Stdio::null());
    command.output().expect("dhan runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn usage_errors_are_2_on_stderr_and_leave_stdout_empty() {
    for line in [&["feed"][..], &["nonsense"], &["feed", "IDX_I:13", "--mode", "x"], &["feed", "--levels", "20"]] {
        let output = dhan(line);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{line:?}");
        assert!(!output.stderr.is_empty() && !said(&output).contains("backtrace"), "{line:?}");
    }
}

#[test]
fn help_and_version_are_0_on_stdout_and_show_no_environment_value() {
    for line in [&["--help"][..], &["--version"], &["feed", "--help"], &["orders", "-h"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhan"));
        let secret = "sentinel-7f3a";
        for name in ["DHAN_ACCESS_TOKEN", "DHAN_TOKEN_FILE", "DHAN_TOKEN_COMMAND", "DHAN_CLIENT_ID"] {
            command.env(name, secret);
        }
        let output = command.args(line).output().expect("dhan runs");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{line:?}");
        assert!(!output.stdout.is_empty() && !String::from_utf8_lossy(&output.stdout).contains(secret), "{line:?}");
    }
}

#[test]
fn an_option_of_another_command_is_told_where_it_belongs() {
    assert!(said(&dhan(&["feed", "IDX_I:13", "--view", "book"])).contains("dhan depth"));
}

#[test]
fn a_token_on_the_command_line_is_refused_without_repeating_it() {
    let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3ODAwMDAwMDB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    let output = dhan(&["feed", "--token", token]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!said(&output).contains("eyJ") && said(&output).contains("command line"));
}

#[test]
fn an_until_that_has_passed_connects_nowhere_and_is_no_failure() {
    let output = dhan(&["feed", "IDX_I:13", "--until", "2020-01-01T00:00:00Z"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(said(&output).contains("has passed"));
    let quiet = dhan(&["feed", "IDX_I:13", "--until", "2020-01-01T00:00:00Z", "-q"]);
    assert!(quiet.status.success() && said(&quiet).contains("has passed"), "it is said with -q too: {}", said(&quiet));
}

#[test]
fn generated_files_are_fresh() {
    for kind in ["completions", "man"] {
        let dir = format!("{}/{kind}", env!("CARGO_MANIFEST_DIR"));
        let output = dhan(&["generate", kind, "--dir", &dir, "--check"]);
        assert!(output.status.success(), "{}", said(&output));
    }
}

#[test]
fn a_dry_run_of_orders_shows_the_login_without_anything_secret() {
    let output = dhan(&["orders", "--dry-run"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let login = r#"{"LoginReq":{"MsgCode":42,"ClientId":"[redacted]","Token":"[redacted]"},"UserType":"SELF"}"#;
    assert!(output.status.success() && text.contains(login), "{text}{}", said(&output));
}

#[test]
fn a_dry_run_of_orders_shows_the_book_that_a_run_would_ask_for() {
    let asked = "get: https://api.dhan.co/v2/orders\nheader: access-token: [redacted]\n";
    for (line, asks) in [
        (&["orders", "--dry-run"][..], true),
        (&["orders", "--dry-run", "--no-snapshot"], false),
        (&["orders", "--dry-run", "--user-type", "partner"], false),
    ] {
        let output = dhan(line);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            (output.status.success(), text.contains(asked), text.contains("get:")),
            (true, asks, asks),
            "{text}"
        );
    }
}

#[test]
fn a_dry_run_says_what_would_be_sent_and_sends_nothing() {
    let output = dhan(&["feed", "--demo", "--dry-run", "--mode", "full", "NSE_EQ:2885"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("connect 1:"), "{text}{}", said(&output));
    assert!(text.contains(r#""RequestCode":21"#) && text.contains(r#""SecurityId":"2885""#), "{text}");
}

#[test]
fn the_version_names_the_build_and_its_short_form_the_number_alone() {
    let number = env!("CARGO_PKG_VERSION");
    let print = |option: &str| String::from_utf8_lossy(&dhan(&[option]).stdout).into_owned();
    assert_eq!(print("-V"), format!("dhan {number}\n"));
    let long = print("--version");
    let built = long.strip_prefix(&format!("dhan {number} (")).and_then(|rest| rest.strip_suffix(")\n"));
    let (from, target) = built.and_then(|built| built.rsplit_once(", ")).expect("a commit or what stands for it");
    assert!(target.starts_with(std::env::consts::ARCH) && target.contains(std::env::consts::OS), "{long}");
    assert_eq!(from == "debug build", cfg!(debug_assertions), "{long}");
}

#[test]
fn help_that_cannot_be_printed_is_9_and_no_mistake_of_the_user_s() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = Command::new(env!("CARGO_BIN_EXE_dhan")).arg("--help").stdout(full).output().expect("dhan runs");
    assert_eq!(output.status.code(), Some(9), "{}", said(&output));
}

#[test]
fn a_variable_that_is_not_utf_8_is_refused_and_not_taken_for_unset() {
    use std::os::unix::ffi::OsStrExt as _;
    for (name, code) in [
        ("DHAN_WS_MARKET_FEED_URL", 2),
        ("DHAN_API_URL", 2),
        ("DHAN_PROFILE", 2),
        ("DHAN_CLIENT_ID", 3),
        ("DHAN_ACCESS_TOKEN", 3),
        ("DHAN_TOKEN_FILE", 3),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhan"));
        command.env_clear().env("HOME", "/dev/null").env("DHAN_CLIENT_ID", "1").env("DHAN_ACCESS_TOKEN", "any");
        command.env(name, std::ffi::OsStr::from_bytes(b"\xff")).stdin(Stdio::null());
        // Without a mistake to find, nothing listens there.
        let url = ["--url", "ws://127.0.0.1:1"];
        let line = ["feed", "IDX_I:13", "--max-outage", "0", "--auth-wait", "0s"];
        let output = command.args(line).args(url.iter().filter(|_| code == 3)).output().expect("dhan runs");
        assert_eq!(output.status.code(), Some(code), "{name}: {}", said(&output));
        assert!(!said(&output).contains("is empty") && !said(&output).contains("connection refused"), "{name}");
    }
}

#[test]
fn a_name_of_a_list_that_is_nowhere_is_told_with_its_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list");
    std::fs::write(&list, "IDX_I:13\n# a comment\nNOWHERE\n").expect("written");
    let list = list.to_str().expect("text");
    let output = dhan(&["feed", "--demo", "-n", "1", "-i", list]);
    assert_eq!(output.status.code(), Some(14));
    assert!(said(&output).contains(&format!("{list}:3: \"NOWHERE\"")), "{}", said(&output));
    let output = dhan(&["feed", "--demo", "-n", "1", "-i", list, "--skip-missing"]);
    assert!(output.status.success() && said(&output).contains(&format!("{list}:3: ")), "{}", said(&output));
}

#[test]
fn a_token_without_a_client_id_is_still_a_token() {
    let show = |line: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dhan"));
        command.env_clear().env("DHAN_ACCESS_TOKEN", "opaque-token").stdin(Stdio::null()).args(["token", "show"]);
        command.args(line).output().expect("dhan runs")
    };
    let output = show(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("DHAN_CLIENT_ID"), "{}", said(&output));
    assert_eq!(show(&["--check"]).status.code(), Some(3), "Dhan cannot be asked about it");
}

#[test]
fn a_relay_without_credentials_that_could_still_come_is_3_before_it_listens() {
    let output = dhan(&["relay", "--listen", "127.0.0.1:0"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{}", said(&output));
    assert!(!said(&output).contains("listens"), "{}", said(&output));
}

#[test]
fn a_chain_record_that_only_names_counts_as_a_record() {
    let output = dhan(&["feed", "--demo", "--chain", "NIFTY,strikes=1", "--only", "chain", "-n", "1", "-d", "60s"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), text.lines().count()), (Some(0), 1), "{}", said(&output));
    assert!(text.starts_with("{\"type\":\"chain\""), "{text}");
    assert!(said(&output).contains("received"), "{}", said(&output));
}
