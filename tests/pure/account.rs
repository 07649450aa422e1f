//! The state on disk that the processes of an account share.

#![expect(clippy::print_stderr, reason = "a test that cannot run here says so")]

use dhan::testing::account::Account;
use dhan::testing::model::{Cause, CoolOffKind, Micros, Stream};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

/// 2026-11-23 09:15 IST.
const NOW: Micros = Micros::from_secs(1_795_405_500);
const SECOND: i64 = 1_000_000;

fn open(dir: &Path) -> Account {
    Account::open(Some(dir.join("dhan")), "1000000001")
}

#[test]
fn f08_the_sixth_socket_of_a_kind_is_refused_and_the_holders_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()), open(dir.path()));
    let mut places: Vec<_> = (0..5)
        .map(|i| if i % 2 == 0 { &one } else { &other }.take_place(Stream::Market, 7, NOW, false).unwrap())
        .collect();
    let full = other.take_place(Stream::Market, 7, NOW, false).unwrap_err();
    assert_eq!(full.holders.len(), 5);
    let message = full.to_string();
    assert!(
        message.contains(&std::process::id().to_string()) && message.contains("--ignore-socket-limit"),
        "{message}"
    );
    assert!(other.take_place(Stream::Market, 7, NOW, true).is_ok(), "told to ignore the limit");
    let sixth = other.take_place(Stream::Orders, 0, NOW, false).unwrap();
    assert!(
        sixth.warning().is_some_and(|words| words.contains("6 sockets")),
        "another kind has its own five, with a warning"
    );
    places.pop();
    assert!(one.take_place(Stream::Market, 7, NOW, false).is_ok(), "a place that is let go is free");
}

#[test]
fn after_an_805_all_streams_share_one_pool_of_places() {
    let dir = tempfile::tempdir().unwrap();
    let account = open(dir.path());
    let _places: Vec<_> = (0..5).map(|_| account.take_place(Stream::Market, 1, NOW, false).unwrap()).collect();
    account.cool_off(CoolOffKind::Displaced, 0, Duration::from_secs(60), NOW);
    let refused = open(dir.path()).take_place(Stream::DEPTH_20, 1, NOW.plus_us(61 * SECOND), false).unwrap_err();
    assert!(refused.one_pool && refused.holders.len() == 5);
}

#[test]
fn places_record_what_their_holders_stream() {
    let dir = tempfile::tempdir().unwrap();
    let account = open(dir.path());
    let mut place = account.take_place(Stream::DEPTH_20, 3, NOW, false).unwrap();
    place.set_instruments(41);
    let holders = open(dir.path()).holders();
    assert_eq!(holders.len(), 1);
    let holder = &holders[0];
    assert_eq!(
        (holder.pid, holder.kind, holder.instruments, holder.since),
        (std::process::id(), Stream::DEPTH_20, 41, NOW)
    );
    drop(place);
    assert_eq!(account.holders(), []);
}

#[test]
fn f10_the_connect_budget_is_shared_and_survives_restarts() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..10 {
        assert_eq!(open(dir.path()).admit(NOW), Ok(()), "each in a process of its own");
    }
    assert_eq!(open(dir.path()).admit(NOW), Err(Cause::Budget { wait: Duration::from_secs(6) }));
    assert_eq!(open(dir.path()).admit(NOW.plus_us(6 * SECOND)), Ok(()));
}

#[test]
fn a14_a_cool_off_binds_every_process_and_survives_restarts() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).cool_off(CoolOffKind::Throttled, 1, Duration::from_secs(120), NOW);
    let expected = Cause::CoolingOff { kind: CoolOffKind::Throttled, step: 1, wait: Duration::from_secs(20) };
    assert_eq!(open(dir.path()).admit(NOW.plus_us(100 * SECOND)), Err(expected));
    assert_eq!(open(dir.path()).admit(NOW.plus_us(120 * SECOND)), Ok(()));
    assert_eq!(open(dir.path()).cool_offs(NOW).len(), 1);
    // Another account is independent.
    let other = Account::open(Some(dir.path().join("dhan")), "1000000002");
    assert_eq!(other.admit(NOW), Ok(()));
}

#[test]
fn a14_damaged_and_future_state_blocks_nobody_and_is_one_warning() {
    for (content, damaged) in [
        ("", false),
        ("{", true),
        ("null", true),
        ("\u{0}\u{0}\u{0}", true),
        (r#"{"throttled":{"since_us":1795409000000000,"until_us":1795409060000000,"step":0}}"#, false),
        (r#"{"throttled":{"since_us":1795405400000000,"until_us":9995405500000000,"step":0}}"#, false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let account = open(dir.path());
        fs::write(account.folder().unwrap().join("cool-offs.json"), content).unwrap();
        fs::write(account.folder().unwrap().join("budget.json"), r#"{"full_at_us":9995405500000000}"#).unwrap();
        assert_eq!(account.admit(NOW), Ok(()), "{content:?}");
        assert_eq!(account.take_warnings().len(), usize::from(damaged), "{content:?}");
        assert_eq!(account.take_warnings(), [""; 0]);
        account.cool_off(CoolOffKind::Throttled, 0, Duration::from_secs(60), NOW);
        assert_ne!(open(dir.path()).admit(NOW), Ok(()), "and it is written anew: {content:?}");
    }
}

#[test]
fn unwritable_state_is_one_warning_and_the_process_keeps_its_own_budget() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join("file");
    fs::write(&in_the_way, "not a folder").unwrap();
    let account = Account::open(Some(in_the_way), "1000000001");
    assert_eq!(account.folder(), None);
    for _ in 0..10 {
        assert_eq!(account.admit(NOW), Ok(()));
    }
    assert!(matches!(account.admit(NOW), Err(Cause::Budget { .. })));
    account.cool_off(CoolOffKind::Displaced, 0, Duration::from_secs(60), NOW.plus_us(60 * SECOND));
    assert!(matches!(account.admit(NOW.plus_us(61 * SECOND)), Err(Cause::CoolingOff { .. })));
    assert!(account.take_place(Stream::Market, 1, NOW, false).is_ok());
    assert_eq!(account.take_warnings().len(), 1);
}

#[test]
fn state_is_readable_by_its_owner_only_and_file_names_hide_the_client_id() {
    let dir = tempfile::tempdir().unwrap();
    let account = open(dir.path());
    let _place = account.take_place(Stream::Market, 1, NOW, false).unwrap();
    assert_eq!(account.admit(NOW), Ok(()));
    account.cool_off(CoolOffKind::Throttled, 0, Duration::from_secs(60), NOW);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = account.folder().unwrap();
    assert_eq!((mode(&dir.path().join("dhan")), mode(folder)), (0o700, 0o700));
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{file:?}");
        assert!(!file.to_string_lossy().contains("1000000001"));
        assert!(!fs::read_to_string(file).unwrap().contains("1000000001"));
    }
}

#[test]
fn a_link_in_the_folder_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let account = open(dir.path());
    let precious = dir.path().join("precious");
    fs::write(&precious, "mine").unwrap();
    symlink(&precious, account.folder().unwrap().join("budget.json")).unwrap();
    assert_eq!(account.admit(NOW), Ok(()));
    assert_eq!(account.take_warnings().len(), 1);
    assert_eq!(fs::read_to_string(precious).unwrap(), "mine");
}

#[test]
fn a_place_is_free_after_its_holder_has_died() {
    // Another process takes the lock in the same way, and is killed.
    let dir = tempfile::tempdir().unwrap();
    let account = open(dir.path());
    let path = account.folder().unwrap().join("place-feed-1");
    fs::write(&path, "").unwrap();
    let Ok(mut holder) = std::process::Command::new("flock")
        .arg(&path)
        .args(["-c", "echo held; exec sleep 60"])
        .stdout(std::process::Stdio::piped())
        .spawn()
    else {
        eprintln!("skipped: no flock(1) here");
        return;
    };
    let mut said = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let four: Vec<_> = (0..4).map(|_| account.take_place(Stream::Market, 1, NOW, false).unwrap()).collect();
    assert!(account.take_place(Stream::Market, 1, NOW, false).is_err());
    // flock(1) waits for its child, which inherited the lock; both go by closing their pipe's process group.
    let pid = rustix::process::Pid::from_child(&holder);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", pid.as_raw_nonzero())).unwrap_or_default();
    for child in children.split_whitespace().filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?)) {
        let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(account.take_place(Stream::Market, 1, NOW, false).is_ok());
    drop(four);
}
