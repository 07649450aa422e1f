//! Section 4 of the fault catalogue, and G04, G07, G08: sources of credentials, and masking.

use crate::support::proc::is_alive;
use crate::support::{SENTINEL, secrets, until};
use dhan::testing::auth::{
    CredentialError, CredentialSource, Credentials, Environment, Login, ProblemKind, SourceOptions, TokenPlace,
};
use dhan::testing::model::exit::{Exit, Failure};
use dhan::testing::model::{Micros, Stream};
use dhan::testing::redact::Redactor;
use secrecy::{ExposeSecret as _, SecretString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn source(options: SourceOptions, pairs: &[(&str, &str)]) -> CredentialSource {
    let environment = Environment::of(pairs.iter().copied());
    CredentialSource::new(options, environment, Redactor::default()).expect("good options")
}

fn of_file(path: &Path) -> CredentialSource {
    source(SourceOptions { token_file: Some(path.to_owned()), ..SourceOptions::default() }, &[("DHAN_CLIENT_ID", "7")])
}

fn of_command(line: &str) -> CredentialSource {
    let options = SourceOptions { token_command: Some(line.to_owned()), ..SourceOptions::default() };
    source(options, &[("DHAN_CLIENT_ID", "7")])
}

fn read(source: &CredentialSource) -> Result<Credentials, CredentialError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = runtime.block_on(source.read());
    if let Err(problem) = &result {
        secrets::assert_clean("a message", format!("{problem} {problem:?}").as_bytes());
        assert_eq!(Failure::from(problem.clone()).exit, Exit::Credentials);
    }
    result
}

fn token(source: &CredentialSource) -> String {
    read(source).expect("credentials").token.expose_secret().to_owned()
}

fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("token");
    std::fs::write(&path, bytes).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    path
}

#[test]
fn flags_override_the_environment_and_commands_override_files_and_values() {
    let flags = |file: bool, command: bool| SourceOptions {
        token_file: file.then(|| "/flag".into()),
        token_command: command.then(|| "flag".into()),
        ..SourceOptions::default()
    };
    let all = [("DHAN_TOKEN_COMMAND", "env"), ("DHAN_TOKEN_FILE", "/env"), ("DHAN_ACCESS_TOKEN", "t")];
    let place = |options, pairs: &[(&str, &str)]| source(options, pairs).place().cloned();
    assert_eq!(place(flags(true, true), &all), Some(TokenPlace::Command("flag".into())));
    assert_eq!(place(flags(true, false), &all), Some(TokenPlace::File("/flag".into())));
    assert_eq!(place(flags(false, false), &all), Some(TokenPlace::Command("env".into())));
    assert_eq!(place(flags(false, false), &all[1..]), Some(TokenPlace::File("/env".into())));
    assert_eq!(place(flags(false, false), &all[2..]), Some(TokenPlace::Environment));
    assert_eq!(place(flags(false, false), &[]), None);
    let id = SourceOptions { client_id: Some("flag".into()), ..SourceOptions::default() };
    assert_eq!(source(id, &[("DHAN_CLIENT_ID", "env")]).account_id().as_deref(), Some("flag"));
}

#[test]
fn g08_the_error_for_missing_credentials_names_every_place_and_variables_not_read() {
    let problem = read(&source(SourceOptions::default(), &[("CLIENT_ID", "1"), ("ACCESS_TOKEN", SENTINEL)]));
    let problem = problem.expect_err("missing");
    assert_eq!((problem.kind, problem.can_change), (ProblemKind::Missing, false));
    for word in
        ["--token-file", "--token-command", "--client-id", "DHAN_CLIENT_ID", "DHAN_ACCESS_TOKEN", "DHAN_TOKEN_FILE"]
    {
        assert!(problem.message.contains(word), "{word}: {problem}");
    }
    assert!(problem.message.contains("CLIENT_ID and ACCESS_TOKEN are set, but not read"), "{problem}");
    let only_id = read(&source(SourceOptions::default(), &[("DHAN_CLIENT_ID", "1000000001")])).expect_err("missing");
    assert!(only_id.message.contains("******0001") && !only_id.message.contains("1000000001"), "{only_id}");
}

#[test]
fn g04_a_byte_order_mark_and_blanks_around_a_token_are_removed_at_every_read() {
    let folder = tempfile::tempdir().expect("a folder");
    for around in [["", ""], ["", "\n"], ["", "\r\n"], ["\u{feff}", "\r\n"], [" \n\t", " \n\n"]] {
        let path = file(&folder, format!("{}{SENTINEL}{}", around[0], around[1]).as_bytes());
        assert_eq!(token(&of_file(&path)), SENTINEL, "{around:?}");
    }
    let path = file(&folder, b"opaque-token-1\n");
    let source = of_file(&path);
    let first = read(&source).expect("credentials");
    assert_eq!(first.token.expose_secret(), "opaque-token-1");
    assert_eq!(read(&source).expect("credentials").fingerprint(), first.fingerprint());
    std::fs::write(&path, "opaque-token-2").expect("written");
    assert_eq!(token(&source), "opaque-token-2");
    assert_ne!(read(&source).expect("credentials").fingerprint(), first.fingerprint());
}

#[test]
fn g04_partly_written_and_invalid_files_are_different_errors_without_their_content() {
    let folder = tempfile::tempdir().expect("a folder");
    let two_lines = format!("{SENTINEL}\n{SENTINEL}");
    let large = SENTINEL.repeat((2 << 20) / SENTINEL.len());
    let half = SENTINEL.rfind('.').expect("a dot");
    let cases: [(&[u8], &str); 8] = [
        (b"", "is empty"),
        (b" \r\n", "is empty"),
        (two_lines.as_bytes(), "white space"),
        (b"abc\x07def", "control characters"),
        (b"\xff\xfe\x00abc", "control characters"),
        (large.as_bytes(), "16 KiB"),
        (&SENTINEL.as_bytes()[..30], "half-written"),
        (&SENTINEL.as_bytes()[..=half], "half-written"),
    ];
    for (bytes, words) in cases {
        let problem = read(&of_file(&file(&folder, bytes))).expect_err("malformed");
        assert_eq!((problem.kind, problem.can_change), (ProblemKind::Malformed, true), "{problem}");
        assert!(problem.message.contains(words) && problem.message.contains("token"), "{problem}");
    }
}

#[test]
fn g04_folders_devices_missing_files_and_pipes_without_a_writer_do_not_hang() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("none");
    for (path, words) in
        [(folder.path(), "folder"), (missing.as_path(), "does not exist"), (Path::new("/dev/zero"), "neither")]
    {
        let problem = read(&of_file(path)).expect_err("unreadable");
        assert_eq!((problem.kind, problem.can_change), (ProblemKind::Unreadable, true));
        assert!(problem.message.contains(words), "{problem}");
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(file(&folder, SENTINEL.as_bytes()), &link).expect("linked");
    assert_eq!(token(&of_file(&link)), SENTINEL);
}

#[test]
fn g04_a_pipe_is_read_once_and_its_token_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).expect("a pipe");
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || std::fs::write(path, format!("{SENTINEL}\n")).expect("written"))
    };
    let source = of_file(&path);
    assert_eq!(token(&source), SENTINEL);
    writer.join().expect("the writer ended");
    assert!(source.permission_warning().is_none(), "a pipe is nobody's file");
}

#[test]
fn s07_a_token_file_readable_by_others_is_a_warning_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, SENTINEL.as_bytes());
    assert_eq!(of_file(&path).permission_warning(), None);
    for mode in [0o644, 0o640, 0o604, 0o620] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        let warning = of_file(&path).permission_warning().expect("a warning");
        assert!(warning.contains("chmod 600") && warning.contains(&format!("{mode:04o}")), "{warning}");
    }
}

#[test]
fn an_expired_token_is_an_error_and_an_early_expiry_is_a_warning() {
    use base64::Engine as _;
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let of = |exp: i64| format!("{}.{}.c2ln", part("{}"), part(&format!(r#"{{"exp":{exp}}}"#)));
    let folder = tempfile::tempdir().expect("a folder");
    let problem = read(&of_file(&file(&folder, of(1_700_000_000).as_bytes()))).expect_err("expired");
    assert_eq!((problem.kind, problem.can_change), (ProblemKind::Expired, true));
    assert!(problem.message.contains("2023-11-15 at 03:43 IST"), "{problem}");
    let good = read(&of_file(&file(&folder, of(32_503_680_000).as_bytes()))).expect("credentials");
    let end = 32_503_680_000_000_000;
    assert_eq!(good.expiry_warning(Micros::new(end)), None);
    assert!(good.expiry_warning(Micros::new(end + 1)).is_some_and(|w| w.contains("before the planned end")));
}

/// Returns a JWT with these claims and no valid signature.
fn jwt(claims: &str) -> String {
    use base64::Engine as _;
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", part(r#"{"alg":"HS512"}"#), part(claims))
}

#[test]
fn the_client_id_is_read_from_the_token_if_nothing_else_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, jwt(r#"{"dhanClientId":"1000000001"}"#).as_bytes());
    let options = || SourceOptions { token_file: Some(path.clone()), ..SourceOptions::default() };
    assert_eq!(read(&source(options(), &[])).expect("credentials").client_id, "1000000001");
    std::fs::write(&path, "an-opaque-token").expect("written");
    let problem = read(&source(options(), &[])).expect_err("nobody's");
    assert_eq!((problem.kind, problem.can_change), (ProblemKind::Missing, false));
    assert!(problem.message.contains("the token does not name one"), "{problem}");
}

#[test]
fn a_token_of_another_client_id_ends_the_run_with_4_and_both_are_masked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, jwt(r#"{"dhanClientId":"1000000001"}"#).as_bytes());
    let options = SourceOptions { token_file: Some(path), ..SourceOptions::default() };
    let source = source(options, &[("DHAN_CLIENT_ID", "1000000002")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let problem = runtime.block_on(source.read()).expect_err("two accounts");
    assert_eq!(Failure::from(problem.clone()).exit, Exit::Account);
    for word in ["******0001", "******0002", "DHAN_CLIENT_ID"] {
        assert!(problem.message.contains(word), "{problem}");
    }
    assert!(!problem.message.contains("100000000"), "{problem}");
}

#[test]
fn the_default_token_file_is_read_if_nothing_else_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().to_str().expect("text");
    let config = folder.path().join(".config/dhan");
    std::fs::create_dir_all(&config).expect("made");
    let path = config.join("token");
    assert_eq!(source(SourceOptions::default(), &[("HOME", home)]).place(), None);
    std::fs::write(&path, SENTINEL).expect("written");
    let found = source(SourceOptions::default(), &[("HOME", home), ("DHAN_CLIENT_ID", "7")]);
    assert_eq!(found.place(), Some(&TokenPlace::File(path.clone())));
    assert_eq!(token(&found), SENTINEL);
    let by_xdg = [("HOME", "/nowhere"), ("XDG_CONFIG_HOME", config.parent().and_then(Path::to_str).expect("text"))];
    assert_eq!(source(SourceOptions::default(), &by_xdg).place(), Some(&TokenPlace::File(path)));
    let all = [("HOME", home), ("DHAN_ACCESS_TOKEN", SENTINEL)];
    assert_eq!(source(SourceOptions::default(), &all).place(), Some(&TokenPlace::Environment));
}

#[test]
fn g07_a_token_command_prints_a_token_or_fails_with_masked_output() {
    assert_eq!(token(&of_command(&format!("echo {SENTINEL}; echo noise >&2"))), SENTINEL);
    // The program does not wait for a background process that keeps the pipe open.
    assert_eq!(token(&of_command("echo opaque; sleep 5 &")), "opaque");
    let problem = read(&of_command("echo q7Vx9zKp2mW4tR8yB3nL >&2; exit 3")).expect_err("failed");
    assert!(problem.message.contains("exit code 3: [redacted]"), "an opaque token on stderr only: {problem}");
    let problem =
        read(&of_command(&format!("echo {SENTINEL} >&2; printf '\\033[2J' >&2; exit 3"))).expect_err("failed");
    assert_eq!(problem.kind, ProblemKind::Unreadable);
    assert!(problem.message.contains("exit code 3: [redacted]") && !problem.message.contains('\u{1b}'), "{problem}");
    assert_eq!(read(&of_command("true")).expect_err("empty").kind, ProblemKind::Malformed);
    assert!(read(&of_command("kill -9 $$")).expect_err("killed").message.contains("signal 9"));
    // Output longer than any token does not block.
    assert_eq!(read(&of_command("yes | head -c 5000000")).expect_err("large").kind, ProblemKind::Malformed);
}

#[test]
fn g07_a_cancelled_token_command_ends_with_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("pids");
    let source = of_command(&format!("sleep 60 & echo $! $$ > {}.new; mv {0}.new {0}; wait", note.display()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let wait_for_note = async {
            while !note.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = source.read() => panic!("the command never ends by itself"),
            () = wait_for_note => {}
        }
    });
    for pid in std::fs::read_to_string(&note).expect("a note").split_whitespace() {
        until(&format!("process {pid} ends"), || !is_alive(pid));
    }
}

#[test]
fn partner_credentials_come_from_two_variables_of_their_own() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pairs =
        [("DHAN_WS_USER_TYPE", "PARTNER"), ("DHAN_PARTNER_ID", "p1"), ("DHAN_PARTNER_SECRET", "partner-secret-xyz")];
    let source = source(SourceOptions::default(), &pairs);
    let Ok(Login::Partner(partner)) = runtime.block_on(source.read_login()) else { panic!("a partner") };
    assert_eq!((partner.id.as_str(), partner.secret.expose_secret()), ("p1", "partner-secret-xyz"));
    for missing in 1..3 {
        let mut some = pairs.to_vec();
        let (name, _) = some.remove(missing);
        let source =
            CredentialSource::new(SourceOptions::default(), Environment::of(some), Redactor::default()).expect("good");
        let problem = runtime.block_on(source.read_login()).expect_err("missing");
        assert!(problem.message.starts_with(name), "{problem}");
    }
    let wrong = Environment::of([("DHAN_WS_USER_TYPE", "boss")]);
    let failure = CredentialSource::new(SourceOptions::default(), wrong, Redactor::default()).expect_err("refused");
    assert!(failure.exit == Exit::Usage && failure.message.contains("\"boss\""), "{failure}");
}

#[test]
fn s01_addresses_credentials_and_logins_print_without_secrets() {
    let credentials = Credentials { client_id: "1000000001".into(), token: SecretString::from(SENTINEL) };
    let none = Environment::of::<String, String>([]);
    for endpoint in Stream::ALL {
        let base = endpoint.resolve(None, &none).expect("a default");
        let address = base.address(&credentials);
        let shown = format!("{address} {address:?} {base:?}");
        secrets::assert_clean("a message", shown.as_bytes());
        assert!(!shown.contains("1000000001"), "{shown}");
    }
    let address = Stream::Market.resolve(None, &none).expect("a default").address(&credentials);
    let shown = "wss://api-feed.dhan.co/?version=2&token=[redacted]&clientId=******0001&authType=2";
    assert_eq!(address.to_string(), shown);
    secrets::assert_clean("a message", format!("{credentials:?} {:?}", Login::Own(credentials.clone())).as_bytes());
}

#[test]
fn s10_a_token_is_sent_unencrypted_to_loopback_only() {
    let none = Environment::of::<String, String>([]);
    for bad in [
        "ws://dhan.co/",
        "ws://127.0.0.1.evil.example/",
        "ws://localhost.evil.example/",
        "ws://localhost@evil.example/",
        "ws://evil.example\\@127.0.0.1/",
        "ws://128.0.0.1/",
        "ws://[::2]/",
        "ws://0.0.0.0/",
        "http://127.0.0.1/",
        "wss://user:secret@dhan.co/",
        "wss://",
        "dhan.co",
        "wss://dhan.co/#fragment",
    ] {
        let bad = format!("{bad}?token={SENTINEL}");
        let failure = Stream::Market.resolve(Some(&bad), &none).expect_err(&bad);
        assert_eq!(failure.exit, Exit::Usage);
        secrets::assert_clean("a message", failure.message.as_bytes());
        assert!(!failure.message.contains("user:secret"), "{failure}");
    }
    for good in
        ["ws://127.0.0.1:1/x", "ws://127.9.9.9/", "ws://[::1]:1/", "ws://LOCALHOST:1/", "wss://proxy.example/x?y=1"]
    {
        assert!(Stream::Market.resolve(Some(good), &none).is_ok(), "{good}");
    }
    let env = Environment::of([("DHAN_WS_ORDER_URL", "ws://evil.example/")]);
    let failure = Stream::Orders.resolve(None, &env).expect_err("refused");
    assert!(
        failure.message.contains("DHAN_WS_ORDER_URL") && failure.message.contains("ws://evil.example/"),
        "{failure}"
    );
}

#[test]
fn depth_200_has_an_alternative_path_only_without_an_address_of_the_user() {
    let none = Environment::of::<String, String>([]);
    let base = Stream::DEPTH_200.resolve(None, &none).expect("a default");
    let credentials = Credentials { client_id: "1000000001".into(), token: SecretString::from("t") };
    let other = base.alternative().expect("the root").address(&credentials).to_string();
    assert_eq!(other, "wss://full-depth-api.dhan.co/twohundreddepth?token=[redacted]&clientId=******0001&authType=2");
    let named = Stream::DEPTH_200.resolve(Some("wss://h/twohundreddepth"), &none).expect("good");
    assert!(named.alternative().is_none());
    assert!(Stream::DEPTH_20.resolve(None, &none).expect("a default").alternative().is_none());
}

#[test]
fn s08_a_hardened_process_dumps_no_core_and_cannot_be_traced() {
    dhan::testing::auth::harden();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    #[cfg(target_os = "linux")]
    assert_eq!(rustix::process::dumpable_behavior().expect("readable"), rustix::process::DumpableBehavior::NotDumpable);
}

/// The variable that marks the second run of this test binary.
const SECOND_RUN: &str = "DHAN_TEST_SECOND_RUN";

/// Runs one test of this binary again with the sentinel in its environment, and returns its output.
fn second_run(test: &str, prepare: impl FnOnce(&mut std::process::Command)) -> std::process::Output {
    let me = std::env::current_exe().expect("this program");
    let mut command = std::process::Command::new(me);
    command.args(["--exact", &format!("process::redaction::{test}"), "--nocapture"]).env(SECOND_RUN, "1");
    command.env("DHAN_ACCESS_TOKEN", SENTINEL).env("DHAN_PARTNER_SECRET", SENTINEL).env("DHAN_CLIENT_ID", "7");
    prepare(&mut command);
    command.output().expect("it ran")
}

fn is_second_run() -> bool {
    std::env::var_os(SECOND_RUN).is_some()
}

#[test]
fn s06_a_token_command_gets_no_secrets_of_dhan() {
    if is_second_run() {
        let options = SourceOptions {
            token_command: Some("env | grep -c -e DHAN_ACCESS_TOKEN -e DHAN_PARTNER_SECRET -e eyJ".into()),
            ..SourceOptions::default()
        };
        let source = CredentialSource::new(options, Environment::process(), Redactor::default()).expect("good options");
        // grep finds nothing and exits with 1.
        let problem = read(&source).expect_err("nothing found");
        assert!(problem.message.contains("exit code 1"), "{problem}");
        return;
    }
    let run = second_run("s06_a_token_command_gets_no_secrets_of_dhan", |_| {});
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    assert!(String::from_utf8_lossy(&run.stdout).contains("1 passed"));
}

#[test]
fn s08_an_abort_with_a_token_in_memory_leaves_no_core() {
    use std::os::unix::process::ExitStatusExt as _;
    if is_second_run() {
        dhan::testing::auth::harden();
        let source = CredentialSource::new(SourceOptions::default(), Environment::process(), Redactor::default());
        let held = read(&source.expect("good options")).expect("credentials");
        assert_eq!(held.token.expose_secret(), SENTINEL);
        std::process::abort();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = second_run("s08_an_abort_with_a_token_in_memory_leaves_no_core", |command| {
        command.current_dir(folder.path());
    });
    assert!(run.status.signal().is_some() && !run.status.core_dumped(), "{:?}", run.status);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn s15_a_panic_is_reported_once_without_the_token_it_quotes() {
    if is_second_run() {
        let console = dhan::testing::console::Console::default();
        console.keep_secret(SecretString::from(SENTINEL));
        dhan::testing::console::install_panic_hook(&console);
        let caught = std::panic::catch_unwind(|| panic!("cannot parse {SENTINEL}\u{1b}[2J\nand more"));
        assert!(caught.is_err());
        return;
    }
    let run = second_run("s15_a_panic_is_reported_once_without_the_token_it_quotes", |command| {
        command.env("RUST_BACKTRACE", "full");
    });
    let messages = String::from_utf8(run.stderr).expect("text");
    secrets::assert_clean("a message", messages.as_bytes());
    assert!(
        messages.contains("panicked at tests/program/process/redaction.rs")
            && messages.contains("cannot parse [redacted] and more"),
        "{messages}"
    );
    assert!(!messages.contains('\u{1b}') && messages.matches("panicked").count() == 1, "{messages}");
}

#[test]
fn s03_the_log_lines_of_foreign_crates_are_compiled_out() {
    // The websocket crate logs every frame at level trace, including the order login.
    assert_eq!(log::STATIC_MAX_LEVEL, log::LevelFilter::Off);
}
