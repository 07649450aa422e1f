//! Tokens: requested, renewed, stored, and never printed. With a virtual clock in this process, and with the program.

use crate::support::{Home, Signal, simulator, wait};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dhan::testing::auth::{ApiBase, Environment};
use dhan::testing::console::Console;
use dhan::testing::model::exit::{Exit, Failure};
use dhan::testing::model::{Micros, Stream};
use dhan::testing::net::Resolver;
use dhan::testing::net::tls::LazyTls;
use dhan::testing::rest;
use dhan::testing::simulator::{Probe, Response, SimConfig, SimHandle, TokenRules};
use dhan::testing::token::{Calls, Done, InputOptions, Inputs, Maker, Seed, Timing, TokenFile};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const ID: &str = "1000000001";
const PIN: &str = "864209";
/// A TOTP secret. It is nobody's.
const SEED: &str = "QZ7XK2MNV4TBWJ5HRDYCP3LSGA6EUFIO";
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// A Monday, 08:45 in India, later than any clock of a test machine.
const MONDAY: i64 = 1_985_915_700 * SECOND;

/// A clock that moves only when the test advances it.
#[derive(Clone)]
struct Virtual(Arc<AtomicI64>);

impl Virtual {
    fn at(us: i64) -> Virtual {
        Virtual(Arc::new(AtomicI64::new(us)))
    }

    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn pass(&self, us: i64) {
        self.0.fetch_add(us, Ordering::Relaxed);
    }

    fn timing(&self) -> Timing {
        let (clock, pause) = (self.clone(), self.clone());
        Timing::of(
            move || Micros::new(clock.now()),
            move |wait| {
                pause.pass(i64::try_from(wait.as_micros()).unwrap());
                std::future::ready(()).boxed()
            },
        )
    }
}

/// Starts a simulator that checks PIN and TOTP codes by this clock.
fn strict(clock: &Virtual) -> SimHandle {
    let seed = Seed::parse(&SecretString::from(SEED)).unwrap_or_else(|words| panic!("{words}"));
    let at = clock.clone();
    let tokens = TokenRules {
        now: Arc::new(move || Micros::new(at.now())),
        pin: Some(PIN.to_owned()),
        totp: Some(Arc::new(move |now| seed.password(now).expose_secret().to_owned())),
    };
    simulator(SimConfig { tokens, rate: Some(200.0), ..SimConfig::default() })
}

/// Writes PIN and TOTP secret into files of a home.
fn secrets(home: &Home) {
    for (name, text) in [("pin", PIN), ("totp", SEED)] {
        let path = home.path(name);
        fs::write(&path, format!("{text}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn maker(home: &Home, sim: &Probe, clock: &Virtual) -> Maker {
    let environment = Environment::of(sim.environment());
    of(home, &environment, clock)
}

fn of(home: &Home, environment: &Environment, clock: &Virtual) -> Maker {
    let (tls, resolver, console) = (LazyTls::new(None).unwrap(), Resolver::default(), Console::default());
    let api = ApiBase::resolve(environment).unwrap();
    let auth = ApiBase::resolve_auth(environment).unwrap();
    let file = |name: &str| Some(home.path(name));
    let inputs = InputOptions { pin_file: file("pin"), totp_file: file("totp"), ..InputOptions::default() };
    Maker {
        file: TokenFile::find(Some(&home.path("token")), environment).unwrap(),
        client_id: Some(ID.to_owned()),
        inputs: Inputs::new(inputs, environment, &console.redactor()),
        calls: Calls::new(api.clone(), auth, &tls, &resolver).unwrap(),
        rest: rest::Client::new(api, &tls, &resolver, console.redactor()).unwrap(),
        state_dir: Some(home.path("state")),
        timing: clock.timing(),
        console,
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Returns the end of the Indian day of a morning.
fn midnight(morning: i64) -> i64 {
    morning + (15 * 3_600 + 15 * 60) * SECOND
}

fn ensure(maker: &Maker, clock: &Virtual) -> Result<Done, Failure> {
    run(maker.ensure(Micros::new(midnight(clock.now()))))
}

/// Returns the number of requests to a path.
fn asked(sim: &Probe, path: &str) -> usize {
    sim.http_requests().iter().filter(|request| request.path.ends_with(path)).count()
}

const MINT: &str = "/app/generateAccessToken";
const RENEW: &str = "/RenewToken";

fn token(home: &Home) -> String {
    fs::read_to_string(home.path("token")).unwrap().trim().to_owned()
}

fn jwt(expires: i64, kind: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(r#"{{"exp":{},"tokenConsumerType":"{kind}","dhanClientId":"{ID}"}}"#, expires / SECOND);
    format!("{}.{}.bm90LXNpZ25lZA", part(r#"{"alg":"HS512"}"#), part(&claims))
}

fn put(home: &Home, token: &str) {
    fs::write(home.path("token"), format!("{token}\n")).unwrap();
    fs::set_permissions(home.path("token"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn ensure_makes_a_token_each_morning_of_a_week_and_a_stream_uses_each() {
    let clock = Virtual::at(MONDAY);
    let sim = strict(&clock);
    let home = Home::new();
    secrets(&home);
    let maker = maker(&home, &sim, &clock);
    assert_eq!(ensure(&maker, &clock), Ok(Done::Made));
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "ticks.ndjson", "--token-file", "token"]);
    command.env_remove("DHAN_ACCESS_TOKEN").env_remove("DHAN_CLIENT_ID");
    let running = home.start(command);
    let streams_with = |token: &str| {
        wait("a stream with the token of the day", || {
            let open = sim.open(Stream::Market).into_iter().find(|seen| seen.packets_sent > 0)?;
            (open.request.query_value("token").as_deref() == Some(token)).then_some(())
        });
    };
    streams_with(&token(&home));
    let mut replaced = 0;
    for day in 1..5 {
        clock.pass(MONDAY + day * DAY - clock.now());
        let (before, tries) = (token(&home), asked(&sim, MINT));
        if day == 2 {
            fs::write(home.path("pin"), "111111\n").unwrap();
            let failure = ensure(&maker, &clock).expect_err("refused");
            assert_eq!(failure.exit, Exit::Credentials);
            for words in ["Invalid Pin", "the PIN file", &format!("{:?}", home.path("pin"))] {
                assert!(failure.message.contains(words), "{words}: {failure}");
            }
            assert!(!failure.message.contains("111111"), "{failure}");
            assert_eq!((asked(&sim, MINT), token(&home)), (tries + 1, before), "one try, and the old token stays");
            secrets(&home);
            continue;
        }
        assert_eq!(ensure(&maker, &clock), Ok(Done::Made));
        assert_eq!(asked(&sim, MINT), tries + 1);
        assert_ne!(token(&home), before);
        streams_with(&token(&home));
        replaced += 1;
        // A valid token is not requested again.
        let requests = sim.http_requests().len();
        assert_eq!(ensure(&maker, &clock), Ok(Done::StillValid));
        assert_eq!(sim.http_requests().len(), requests);
    }
    let ended = running.stop(Signal::INT).exits(0);
    let text = home.text("ticks.ndjson");
    let gaps: Vec<serde_json::Value> =
        text.lines().filter(|line| line.contains("\"gap\"")).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(gaps.len(), replaced, "{}", ended.err);
    for gap in gaps {
        let lasted = gap["to_us"].as_i64().unwrap() - gap["from_us"].as_i64().unwrap();
        assert!(gap["reason"] == "disconnected" && lasted < 10 * SECOND, "{gap}");
    }
}

#[test]
fn a_wrong_clock_or_a_network_outage_requests_no_token() {
    let clock = Virtual::at(MONDAY);
    let sim = strict(&clock);
    let home = Home::new();
    secrets(&home);
    for (off, word) in [(600, "ahead of"), (-600, "behind")] {
        let wrong = Virtual::at(clock.now() + off * SECOND);
        let failure = ensure(&maker(&home, &sim, &wrong), &wrong).expect_err("refused");
        assert_eq!(failure.exit, Exit::Credentials);
        assert!(failure.message.contains(word) && failure.message.contains("timedatectl"), "{failure}");
    }
    let near = Virtual::at(clock.now() + 29 * SECOND);
    assert_eq!(asked(&sim, MINT), 0);
    // A clock that is off by half a minute is accepted, but this simulator refuses its code.
    let _ = ensure(&maker(&home, &sim, &near), &near);
    assert_eq!(asked(&sim, MINT), 1);

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}");
    let environment = Environment::of([("DHAN_API_URL", url.as_str()), ("DHAN_AUTH_URL", url.as_str())]);
    let home = Home::new();
    secrets(&home);
    let began = clock.now();
    let failure = ensure(&of(&home, &environment, &clock), &clock).expect_err("nobody there");
    assert_eq!(failure.exit, Exit::Network, "{failure}");
    assert_eq!((clock.now() - began) / SECOND, 10, "tried for 10 s");
    assert!(!home.path("token").exists() && !home.path(".token.dhan-new").exists());
}

#[test]
fn a_totp_code_in_its_last_seconds_waits_for_the_next() {
    let clock = Virtual::at(MONDAY + 28 * SECOND);
    assert_eq!(MONDAY % (30 * SECOND), 0);
    let sim = strict(&clock);
    let home = Home::new();
    secrets(&home);
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::Made));
    assert_eq!(clock.now(), MONDAY + 30 * SECOND);
}

#[test]
fn refused_token_requests_have_their_own_exit_code_and_keep_the_old_token() {
    let html = Response { status: 200, headers: Vec::new(), body: b"<html>Sign in to the airport</html>".to_vec() };
    let error = |words: &str| Response::json(200, &format!(r#"{{"status":"error","message":"{words}"}}"#));
    for (answer, exit, words) in [
        (html, Exit::Protocol, "a web page"),
        (Response::status(302).header("Location", "http://example.org/"), Exit::Refused, "never followed"),
        (Response::status(404), Exit::Refused, "is the address right?"),
        (Response::status(502), Exit::Network, "HTTP 502"),
        (error("Invalid TOTP"), Exit::Credentials, "the TOTP secret file"),
        (error(&format!("Invalid Pin {PIN}")), Exit::Credentials, "Invalid Pin [redacted]"),
        (error("Account locked"), Exit::Credentials, "the PIN file"),
        (Response::json(200, "{}"), Exit::Protocol, "no accessToken"),
        (Response::json(200, r#"{"accessToken":"two words"}"#), Exit::Protocol, "white space"),
    ] {
        let clock = Virtual::at(MONDAY);
        let sim = strict(&clock);
        sim.answer(MINT, answer.header("Date", "x"));
        let home = Home::new();
        secrets(&home);
        put(&home, &jwt(MONDAY - SECOND, "APP"));
        let before = token(&home);
        let failure = ensure(&maker(&home, &sim, &clock), &clock).expect_err(words);
        assert_eq!(failure.exit, exit, "{failure}");
        assert!(failure.message.contains(words) && !failure.message.contains(PIN), "{words}: {failure}");
        assert_eq!((asked(&sim, MINT), token(&home)), (1, before), "{words}");
    }
}

#[test]
fn the_two_minutes_between_token_requests_are_shared_across_processes() {
    let clock = Virtual::at(MONDAY);
    let sim = strict(&clock);
    let home = Home::new();
    secrets(&home);
    assert_eq!(run(maker(&home, &sim, &clock).mint()), Ok(Done::Made));
    // Another process finds the attempt on disk.
    clock.pass(10 * SECOND);
    assert_eq!(run(maker(&home, &sim, &clock).mint()), Ok(Done::Made));
    assert!(clock.now() - MONDAY >= 130 * SECOND);
    assert_eq!(asked(&sim, MINT), 2, "the server had nothing to refuse");

    // Another host made a token, which only the server knows.
    let other = Home::new();
    secrets(&other);
    let before = clock.now();
    assert_eq!(run(maker(&other, &sim, &clock).mint()), Ok(Done::Made));
    assert!(clock.now() - before >= 130 * SECOND);
    assert_eq!(asked(&sim, MINT), 4);
    sim.answer(
        MINT,
        Response::json(200, r#"{"status":"error","message":"Token can be generated once every 2 minutes."}"#),
    );
    clock.pass(600 * SECOND);
    let failure = run(maker(&other, &sim, &clock).mint()).expect_err("refused twice");
    assert_eq!((failure.exit, asked(&sim, MINT)), (Exit::Refused, 6), "{failure}");
}

#[test]
fn a_web_token_is_renewed_and_an_app_token_is_never_sent_for_renewal() {
    let clock = Virtual::at(MONDAY);
    let sim = strict(&clock);
    let home = Home::new();
    secrets(&home);
    put(&home, &jwt(MONDAY + 3_600 * SECOND, "SELF"));
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::Renewed));
    assert_eq!((asked(&sim, RENEW), asked(&sim, MINT)), (1, 0));
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::StillValid));

    put(&home, &jwt(MONDAY + 3_600 * SECOND, "APP"));
    let failure = run(maker(&home, &sim, &clock).renew()).expect_err("an APP token");
    assert!(failure.exit == Exit::Credentials && failure.message.contains("nothing was sent"), "{failure}");
    put(&home, &jwt(MONDAY - 3_600 * SECOND, "SELF"));
    let failure = run(maker(&home, &sim, &clock).renew()).expect_err("an expired token");
    assert!(failure.exit == Exit::Credentials && failure.message.contains("has expired"), "{failure}");
    assert_eq!(asked(&sim, RENEW), 1);

    let words =
        r#"{"errorType":"x","errorCode":"DH-905","errorMessage":"Renewal of token not allowed for this token type"}"#;
    sim.answer(RENEW, Response::json(500, words));
    put(&home, &jwt(MONDAY + 3_600 * SECOND, "SELF"));
    let failure = ensure(&maker(&home, &sim, &clock), &clock).expect_err("refused");
    assert!(failure.exit == Exit::Credentials && failure.message.contains("not allowed"), "{failure}");
    assert_eq!((asked(&sim, RENEW), asked(&sim, MINT)), (2, 0), "one refusal ends it");
}

#[test]
fn a_run_recovers_a_token_that_a_killed_run_had_not_put_into_place() {
    let clock = Virtual::at(MONDAY);
    let sim = strict(&clock);
    let home = Home::new();
    secrets(&home);
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::Made));
    let first = token(&home);
    // Killed with the token beside the file: it is put into place without a request.
    clock.pass(DAY);
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::Made));
    let second = token(&home);
    fs::write(home.path(".token.dhan-new"), format!("{second}\n")).unwrap();
    put(&home, &first);
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::StillValid));
    assert_eq!((token(&home), asked(&sim, MINT)), (second.clone(), 2));

    // Killed earlier: the token in the file looks valid, and the server is asked whether it is.
    let state = wait("the account's state", || {
        let folder = fs::read_dir(home.path("state")).ok()?.flatten().find(|entry| entry.path().is_dir())?;
        Some(folder.path().join("token.json"))
    });
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    assert_eq!(kept["is_open"], false);
    let killed = |is_open: bool| {
        let text = format!(r#"{{"last_try_us":{},"is_open":{is_open}}}"#, kept["last_try_us"]);
        fs::write(&state, text).unwrap();
    };
    killed(true);
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::StillValid), "it is alive after all");
    put(&home, &jwt(midnight(clock.now()) + DAY, "APP"));
    killed(true);
    assert_eq!(ensure(&maker(&home, &sim, &clock), &clock), Ok(Done::Made), "dead, so another is made");
    assert_ne!(token(&home), second);
}

/// Fails if a secret is in the text, plain or in a usual encoding.
#[track_caller]
fn assert_none_of(secrets: &[&str], place: &str, text: &[u8]) {
    for secret in secrets {
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        for form in [(*secret).to_owned(), secret.to_lowercase(), STANDARD.encode(secret), hex] {
            assert!(memchr::memmem::find(text, form.as_bytes()).is_none(), "{place} holds a secret");
        }
    }
}

/// Returns `dhan token …` with an account in a home.
fn command(home: &Home, sim: &Probe, args: &[&str]) -> Command {
    let mut command = home.command(&[]);
    command.envs(sim.environment()).arg("token").args(args).env_remove("DHAN_ACCESS_TOKEN");
    command.env("DHAN_CLIENT_ID", ID).env("DHAN_TOKEN_FILE", home.path("token"));
    command.env("DHAN_PIN_FILE", home.path("pin")).env("DHAN_TOTP_FILE", home.path("totp"));
    command
}

#[test]
fn six_processes_at_once_request_one_token_and_leave_no_secret() {
    let sim = simulator(SimConfig::default());
    let home = Home::new();
    secrets(&home);
    let running: Vec<_> = (0..6)
        .map(|_| {
            let mut command = command(&home, &sim, &["ensure", "-vv", "--pin-command", "env >>pin.env; cat pin"]);
            command.env("DHAN_PARTNER_SECRET", SEED);
            home.start(command)
        })
        .collect();
    let cmdlines: Vec<_> = running.iter().map(|run| fs::read(format!("/proc/{}/cmdline", run.pid()))).collect();
    let ended: Vec<_> = running.into_iter().map(|run| run.end().exits(0)).collect();
    assert_eq!(asked(&sim, MINT), 1);
    let token = token(&home);
    let mode = fs::metadata(home.path("token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secrets = [PIN, SEED, token.as_str(), &token[token.len() - 20..]];
    for (run, cmdline) in ended.iter().zip(cmdlines) {
        assert_none_of(&secrets, "stdout", run.out.as_bytes());
        assert_none_of(&secrets, "stderr", run.err.as_bytes());
        assert_none_of(&secrets, "a command line", &cmdline.unwrap_or_default());
    }
    let environment = home.text("pin.env");
    assert!(environment.contains("HOME=") && !environment.contains("DHAN_TOTP_FILE"), "{environment}");
    assert_none_of(&secrets, "a child's environment", environment.as_bytes());
    let mut folders = vec![home.path(".")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            match entry.file_name().and_then(|name| name.to_str()) {
                _ if entry.is_dir() => folders.push(entry),
                Some("token" | "pin" | "totp") => {}
                _ => assert_none_of(&secrets[1..], &entry.display().to_string(), &fs::read(&entry).unwrap()),
            }
        }
    }
}

#[test]
fn token_save_show_and_check_never_print_the_token() {
    let sim = simulator(SimConfig::default());
    let home = Home::new();
    let token = jwt(dhan::testing::clock::now().get() + DAY, "SELF");
    let save = |text: String| {
        fs::write(home.path("pasted.secret"), text).unwrap();
        let mut command = command(&home, &sim, &["save"]);
        command.stdin(fs::File::open(home.path("pasted.secret")).unwrap());
        home.run(command)
    };
    for (text, words) in [
        (format!("\"{token}\""), "has quotes"),
        (format!("DHAN_ACCESS_TOKEN={token}"), "behind the ="),
        (format!("{{\"accessToken\":\"{token}\"}}"), "holds JSON"),
        (String::new(), "is empty"),
        (jwt(SECOND, "SELF"), "expired"),
    ] {
        let ended = save(text).exits(3);
        assert!(ended.err.contains(words) && ended.err.contains("nothing was written"), "{}", ended.err);
        assert!(!home.path("token").exists());
    }
    save(format!("{token}\r\n")).exits(0);
    assert_eq!(fs::read_to_string(home.path("token")).unwrap(), format!("{token}\n"));
    let shown = home.run(command(&home, &sim, &["show", "--check"])).exits(0);
    for words in ["******0001", "SELF", "in 23h 5", "alive"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    assert!(!shown.out.contains("eyJ") && !shown.out.contains(ID) && !shown.err.contains("eyJ"), "{}", shown.out);
    put(&home, &jwt(SECOND, "SELF"));
    let shown = home.run(command(&home, &sim, &["show"])).exits(3);
    assert!(shown.out.contains(" ago") && shown.err.contains("expired"), "{}{}", shown.out, shown.err);
    let mut other = command(&home, &sim, &["show"]);
    other.env("DHAN_CLIENT_ID", "1000000002");
    put(&home, &token);
    let shown = home.run(other).exits(4);
    assert!(shown.err.contains("******0001") && shown.err.contains("******0002"), "{}", shown.err);
    fs::remove_file(home.path("token")).unwrap();
    home.run(command(&home, &sim, &["show"])).exits(3);
}

#[test]
fn every_problem_with_the_inputs_of_a_token_is_in_one_message_before_any_connection() {
    let sim = simulator(SimConfig::default());
    let home = Home::new();
    let secret_as_file = |name: &str| PathBuf::from(if name == "pin" { PIN } else { SEED });
    let mut missing = command(&home, &sim, &["ensure"]);
    missing.env_remove("DHAN_PIN_FILE").env_remove("DHAN_TOTP_FILE").env("DHAN_PIN", PIN);
    let mut pasted = command(&home, &sim, &["mint"]);
    pasted.env("DHAN_PIN_FILE", secret_as_file("pin")).env("DHAN_TOTP_FILE", secret_as_file("totp"));
    let absent = command(&home, &sim, &["mint"]);
    for (command, words) in [
        (missing, ["--pin-file", "--totp-command", "DHAN_PIN is set, but not read"]),
        (pasted, ["the PIN file [redacted]", "the TOTP secret file [redacted]", "does not exist"]),
        (absent, ["2 problems", "the PIN file", "does not exist"]),
    ] {
        let ended = home.run(command).exits(3);
        for word in words {
            assert!(ended.err.contains(word), "{word}: {}", ended.err);
        }
        assert_none_of(&[PIN, SEED], "stderr", ended.err.as_bytes());
    }
    home.run(command(&home, &sim, &["ensure", "--for", "25h"])).exits(2);
    assert_eq!(sim.tcp_accepted(), 0);
}
