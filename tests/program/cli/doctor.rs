//! `dhan doctor`: its findings, its exit codes, masked secrets, and streams that it leaves undisturbed.

use crate::support::{CLIENT, Done, Home, SENTINEL, simulator};
use dhan::testing::account::{Account, SocketPlace};
use dhan::testing::model::CoolOffKind;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Response, SimConfig, SimHandle, Upgrade};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A home of its own, whose runs ask no real server.
struct Host {
    home: Home,
}

impl Host {
    /// Returns a host without credentials whose REST server is a closed port, so that no test reaches the real one.
    fn bare() -> Host {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Host { home: Home::without_account() }.with("DHAN_API_URL", &format!("http://{nobody}/v2"))
    }

    /// Returns a host with credentials that connects to a simulator.
    fn at(exchange: &SimHandle) -> Host {
        let mut host = Host::bare().with("DHAN_CLIENT_ID", CLIENT).with("DHAN_ACCESS_TOKEN", SENTINEL);
        host.home.point_at(exchange);
        host
    }

    fn with(mut self, name: &str, value: &str) -> Host {
        self.home.set(name, value);
        self
    }

    fn state(&self) -> PathBuf {
        self.home.path(".local/state/dhan")
    }

    fn account(&self) -> Account {
        Account::open(Some(self.state()), CLIENT)
    }

    fn run(&self, args: &[&str]) -> Done {
        let done = self.home.run(&[&["doctor"], args].concat());
        for text in [&done.out, &done.err] {
            assert!(!text.contains(CLIENT), "the complete client id is in: {text}");
        }
        done
    }

    fn diagnosis(&self, args: &[&str]) -> Diagnosis {
        let done = self.run(args);
        Diagnosis { code: done.code(), findings: done.records() }
    }
}

struct Diagnosis {
    code: i32,
    findings: Vec<Value>,
}

impl Diagnosis {
    /// Returns the findings of a check, and of a subject if one is given.
    fn of(&self, check: &str, subject: Option<&str>) -> Vec<&Value> {
        let is =
            |finding: &&Value| finding["check"] == check && subject.is_none_or(|subject| finding["subject"] == subject);
        self.findings.iter().filter(is).collect()
    }

    fn one(&self, check: &str, subject: Option<&str>) -> &Value {
        let found = self.of(check, subject);
        assert_eq!(found.len(), 1, "{check} {subject:?}: {:#?}", self.findings);
        found[0]
    }

    fn states(&self, check: &str) -> Vec<&str> {
        self.of(check, None).iter().map(|finding| finding["state"].as_str().unwrap()).collect()
    }
}

fn exchange() -> SimHandle {
    simulator(SimConfig::default())
}

#[test]
fn without_any_setup_every_check_is_reported_and_the_exit_code_is_that_of_credentials() {
    let host = Host::bare();
    let report = host.diagnosis(&[]);
    assert_eq!(report.code, 3);
    let keys: Vec<_> = report.findings[0].as_object().unwrap().keys().collect();
    for finding in &report.findings {
        assert_eq!(finding.as_object().unwrap().keys().collect::<Vec<_>>(), keys, "every key is always there");
    }
    let checks = [
        "credentials",
        "permissions",
        "core_dumps",
        "instruments",
        "state",
        "cool_off",
        "places",
        "stream",
        "token",
        "account",
        "quote",
        "endpoint",
        "clock",
    ];
    for check in checks {
        assert!(!report.of(check, None).is_empty(), "{check}");
    }
    for place in ["--token-command", "--token-file", "DHAN_TOKEN_COMMAND", "DHAN_TOKEN_FILE", "DHAN_ACCESS_TOKEN"] {
        assert_eq!(report.one("credentials", Some(place))["detail"], "not set");
    }
    assert_eq!(report.states("endpoint"), ["skipped"; 4]);
    assert_eq!(report.one("account", None)["exit"], 7, "the network is looked at all the same");
    assert!(!host.state().exists(), "there is no account to keep state of");
}

#[test]
fn a_good_account_passes_every_check_and_every_socket_is_closed() {
    let exchange = exchange();
    let host = Host::at(&exchange);
    let report = host.diagnosis(&["-vv"]);
    assert_eq!(report.code, 0, "{:#?}", report.findings);
    assert_eq!(report.one("account", None)["state"], "ok");
    assert_eq!(report.one("clock", None)["state"], "ok");
    assert_eq!(report.states("endpoint"), ["ok"; 4]);
    for finding in report.of("endpoint", None) {
        for timing in ["dns_us", "tcp_us", "answer_us"] {
            assert!(finding[timing].is_u64(), "{timing} {finding}");
        }
        assert!(finding["tls_us"].is_null());
    }
    for kind in Stream::ALL {
        assert!(
            exchange.wait(Duration::from_secs(10), |probe| probe.connections(kind).open == 0),
            "{kind:?} is left open"
        );
        assert_eq!(exchange.connections(kind).seen, 1);
    }
    assert!(exchange.texts().iter().all(|text| !text.text.contains("LoginReq")), "nobody logged in");
    assert!(host.account().holders().is_empty());
}

#[test]
fn the_table_fits_80_columns_and_masks_secrets() {
    let exchange = exchange();
    let done = Host::at(&exchange).run(&["--format", "table"]);
    let text = done.exits(0).out;
    assert!(text.starts_with("Nothing failed; ") && text.contains("******0001") && !text.contains('{'), "{text}");
    for part in
        ["\nMarkets\n  NSE and BSE cash, F&O and indices\n    the market is ", "\n  ok       quote        IDX_I:13: "]
    {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    let done = Host::bare().run(&["--format", "table"]);
    let text = done.exits(3).out;
    assert!(text.contains("exit code 3\n\nFailed\n  access token\n"), "{text}");
    assert!(text.contains("Make a token on web.dhan.co") && text.contains("    → Look at the network"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_token_file_from_the_configuration_is_reported_with_its_line() {
    let host = Host::bare();
    let folder = host.home.path(".config/dhan");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "\ntoken-file = \"~/t\"\n").unwrap();
    let report = |args: &[&str]| {
        host.diagnosis(&[&["--offline"], args].concat()).one("credentials", Some("--token-file"))["detail"].clone()
    };
    let path = host.home.path("t");
    assert_eq!(report(&[]), format!("set, the file {path:?}, by line 2 of config.toml"));
    assert_eq!(report(&["--token-file", "/x"]), "set, the file \"/x\"");
    assert_eq!(report(&["--no-config"]), "not set");
}

#[test]
fn format_ndjson_prints_records_on_a_terminal_too() {
    let host = Host::bare();
    let records = |args: &[&str]| {
        let mut findings = host.diagnosis(args).findings;
        findings.iter_mut().for_each(|finding| finding["until_us"] = Value::Null);
        findings
    };
    assert_eq!(records(&["--offline", "--json"]), records(&["--offline"]));
    assert_eq!(records(&["--offline", "--json"]), records(&["--offline", "--format", "ndjson"]));
    assert_eq!(host.run(&["--json", "--format", "table"]).status.code(), Some(2));
}

#[test]
fn a_quote_is_requested_and_its_refusal_is_reported_beside_a_good_profile() {
    let exchange = exchange();
    let host = Host::at(&exchange);
    let report = host.diagnosis(&[]);
    let quote = report.one("quote", Some("IDX_I:13"));
    assert!(quote["detail"].as_str().unwrap().starts_with("the last price is "), "{quote}");
    assert!(quote["answer_us"].is_u64(), "{quote}");
    let asked: Vec<_> =
        exchange.http_requests().into_iter().filter(|request| request.path.ends_with("/marketfeed/ltp")).collect();
    assert_eq!((asked.len(), asked[0].method.as_str()), (1, "POST"));
    assert_eq!(asked[0].header("client-id"), Some(CLIENT));

    let refusal = r#"{"status":"failed","data":{"806":"Data APIs not Subscribed"}}"#;
    exchange.answer("/marketfeed/ltp", Response::json(401, refusal));
    let report = host.diagnosis(&[]);
    assert_eq!((report.code, report.one("account", None)["state"].as_str()), (4, Some("ok")), "{:#?}", report.findings);
    let detail = report.one("quote", None)["detail"].as_str().unwrap();
    assert!(detail.contains("806") && detail.contains("an outage of Dhan's"), "{detail}");
    let view = host.run(&["--format", "table"]).out;
    assert!(view.contains("Failed\n  quote: IDX_I:13\n") && view.contains("→ See on web.dhan.co"), "{view}");
}

#[test]
fn an_expired_token_is_sent_once_and_to_no_endpoint() {
    let exchange = simulator(SimConfig { refuse_every_token: true, ..SimConfig::default() });
    let report = Host::at(&exchange).diagnosis(&[]);
    assert_eq!(report.code, 3);
    assert_eq!(report.one("account", None)["http_status"], 401);
    assert_eq!((report.states("endpoint"), report.states("quote")), (vec!["skipped"; 4], vec!["skipped"]));
    assert!(exchange.upgrades().is_empty());
}

#[test]
fn an_inactive_data_plan_is_exit_4() {
    let exchange = exchange();
    let profile = r#"{"dhanClientId":"1000000001","tokenValidity":"30/03/2027 15:37","dataPlan":"Deactive"}"#;
    exchange.answer("/profile", Response::json(200, profile));
    let report = Host::at(&exchange).diagnosis(&[]);
    assert_eq!((report.code, &report.one("account", None)["exit"]), (4, &Value::from(4)));
}

#[test]
fn a_429_starts_a_cool_off_and_later_runs_send_nothing() {
    let exchange = exchange();
    exchange.every_upgrade(Upgrade::Answer(Response::status(429)));
    let host = Host::at(&exchange);
    let report = host.diagnosis(&[]);
    assert_eq!(report.code, 7);
    assert!(report.of("endpoint", None).iter().any(|finding| finding["http_status"] == 429));
    let asked = exchange.upgrades().len();
    let report = host.diagnosis(&[]);
    assert_eq!((report.code, report.states("endpoint")), (0, vec!["skipped"; 4]));
    assert_eq!(report.one("cool_off", Some("429"))["state"], "warn");
    assert_eq!(exchange.upgrades().len(), asked, "nobody connected while the account rests");
}

#[test]
fn a_cool_off_of_another_process_is_reported() {
    let exchange = exchange();
    let host = Host::at(&exchange);
    host.account().cool_off(CoolOffKind::Displaced, 0, Duration::from_secs(50), dhan::testing::clock::now());
    let report = host.diagnosis(&[]);
    let cool_off = report.one("cool_off", Some("805"));
    assert!(cool_off["until_us"].is_i64() && report.states("endpoint") == ["skipped"; 4], "{:#?}", report.findings);
    assert_eq!(exchange.tcp_accepted(), 1 + 1, "the profile and the clock, and no socket");
}

#[test]
fn doctor_opens_one_socket_at_a_time_and_none_when_every_place_is_taken() {
    let exchange = exchange();
    let host = Host::at(&exchange);
    let account = host.account();
    let place = |kind| account.take_place(kind, 7, dhan::testing::clock::now(), false).unwrap();
    let mut held: Vec<SocketPlace> = (0..4).map(|_| place(Stream::Market)).collect();
    let report = host.diagnosis(&[]);
    assert_eq!((report.code, report.states("endpoint")), (0, vec!["ok"; 4]));
    let peak: usize = Stream::ALL.map(|kind| exchange.connections(kind).peak).into_iter().max().unwrap();
    assert_eq!(peak, 1);
    held.push(place(Stream::Market));
    let seen = exchange.upgrades().len();
    let report = host.diagnosis(&[]);
    assert_eq!((report.code, report.states("endpoint")), (6, vec!["skipped"; 4]));
    assert_eq!((&report.one("places", Some("feed"))["held"], exchange.upgrades().len()), (&Value::from(5), seen));
    let streams = report.of("stream", Some("feed"));
    assert_eq!(streams.len(), 5);
    assert_eq!((&streams[0]["pid"], &streams[0]["instruments"]), (&Value::from(std::process::id()), &Value::from(7)));
}

/// Starts a process with a name of its own that sleeps until it is killed.
fn sleeper(host: &Host, name: &str) -> Child {
    let sleep = ["/bin/sleep", "/usr/bin/sleep"].into_iter().find(|path| std::path::Path::new(path).exists()).unwrap();
    let path = host.home.path(name);
    std::fs::copy(sleep, &path).unwrap();
    Command::new(&path).arg("600").spawn().unwrap()
}

/// Takes a place and records another process as its holder.
fn held_by(host: &Host, kind: Stream, pid: u32) -> SocketPlace {
    let account = host.account();
    let place = account.take_place(kind, 3, dhan::testing::clock::now(), false).unwrap();
    let file = account.folder().unwrap().join(format!("place-{kind}-1"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&format!("\"pid\":{}", std::process::id()), &format!("\"pid\":{pid}"))).unwrap();
    place
}

#[test]
fn stop_ends_streams_and_no_process_that_is_not_dhan() {
    let host = Host::bare().with("DHAN_CLIENT_ID", CLIENT);
    assert_eq!(host.diagnosis(&["--stop"]).code, 0, "nothing to stop is no failure");
    let (mut stream, mut innocent) = (sleeper(&host, "dhan"), sleeper(&host, "editor"));
    let _feed = held_by(&host, Stream::Market, stream.id());
    let _orders = held_by(&host, Stream::Orders, innocent.id());
    let report = host.diagnosis(&["--stop"]);
    let ended = stream.wait().unwrap();
    let spared = innocent.try_wait().unwrap();
    innocent.kill().unwrap();
    innocent.wait().unwrap();
    assert_eq!(ended.signal(), Some(15));
    assert_eq!(spared, None, "it still ran");
    assert_eq!(report.findings.len(), 2);
    assert_eq!((&report.one("stream", Some("feed"))["state"], report.code), (&Value::from("ok"), 6));
    let orders = report.one("stream", Some("orders"));
    assert!(orders["detail"].as_str().unwrap().contains("not a dhan"), "{orders}");
}

#[test]
fn a_stream_of_a_dead_process_is_not_reported_as_running() {
    let host = Host::bare().with("DHAN_CLIENT_ID", CLIENT);
    let mut short = sleeper(&host, "dhan");
    short.kill().unwrap();
    short.wait().unwrap();
    let _feed = held_by(&host, Stream::Market, short.id());
    let report = host.diagnosis(&["--offline"]);
    assert_eq!(report.one("stream", Some("feed"))["state"], "warn");
}

#[test]
fn files_are_checked_for_damage_and_permissions() {
    let host = Host::bare().with("DHAN_CLIENT_ID", CLIENT);
    let token = host.home.path("token.secret");
    std::fs::write(&token, SENTINEL).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let cache = host.home.path(".cache/dhan");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("compact.master"), "not a master").unwrap();
    let report = host.diagnosis(&["--offline", "--token-file", token.to_str().unwrap()]);
    let file = report.one("permissions", Some("token file"));
    assert_eq!((&file["state"], &file["mode"]), (&Value::from("warn"), &Value::from("0644")));
    assert_eq!(report.one("permissions", Some("account"))["mode"], "0700");
    assert_eq!(report.one("token", Some("file"))["state"], "ok");
    assert_eq!((report.code, &report.one("instruments", Some("compact"))["exit"]), (11, &Value::from(11)));
    assert_eq!(report.one("core_dumps", None)["state"], "ok");
}

#[test]
fn a_failing_token_command_is_reported_with_its_output_masked() {
    let host = Host::bare().with("DHAN_CLIENT_ID", CLIENT);
    let command = format!("echo {SENTINEL}; echo {SENTINEL} >&2; exit 4");
    let report = host.with("DHAN_TOKEN_COMMAND", &command).diagnosis(&["--offline", "-vv"]);
    assert_eq!(report.code, 3);
    assert!(report.one("token", Some("command"))["detail"].as_str().unwrap().contains("exit code 4"));
}

#[test]
fn an_untrusted_certificate_is_exit_8_and_ca_file_trusts_it() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .unwrap();
    let exchange = simulator(SimConfig { tls: Some(Arc::new(tls)), ..SimConfig::default() });
    let host = Host::at(&exchange);
    let other = CertificateParams::new(vec!["other".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pem = host.home.path("ca.pem");
    std::fs::write(&pem, other.pem()).unwrap();
    let report = host.diagnosis(&["--ca-file", pem.to_str().unwrap()]);
    assert_eq!((report.code, report.states("endpoint")), (8, vec!["fail"; 4]), "{:#?}", report.findings);
    std::fs::write(&pem, authority.pem()).unwrap();
    let report = host.diagnosis(&["--ca-file", pem.to_str().unwrap()]);
    assert_eq!((report.code, report.states("endpoint")), (0, vec!["ok"; 4]), "{:#?}", report.findings);
    assert!(report.of("endpoint", None).iter().all(|finding| finding["tls_us"].is_u64()));
}

#[test]
fn an_endpoint_that_accepts_and_resets_fails_the_check() {
    let exchange = exchange();
    exchange.every_upgrade(Upgrade::AcceptThenReset);
    let report = Host::at(&exchange).diagnosis(&[]);
    assert_eq!((report.code, report.states("endpoint")), (7, vec!["fail"; 4]), "{:#?}", report.findings);
    let words = report.one("endpoint", Some("feed"))["detail"].as_str().unwrap();
    assert!(words.contains("missing data plan"), "{words}");
}

#[test]
fn a_running_feed_is_reported_and_stop_ends_it_with_exit_0() {
    use std::io::{BufRead as _, BufReader};
    let exchange = exchange();
    let host = Host::at(&exchange);
    let mut feed = host.home.command(&["feed", "IDX_I:13", "IDX_I:25", "-q"]);
    let mut feed = feed.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(feed.stdout.take().unwrap()).lines();
    assert!(lines.next().is_some(), "it streams");
    // The pipe is read, so that a full one does not block the stream.
    let reader = std::thread::spawn(move || lines.count());
    let report = host.diagnosis(&["--offline"]);
    let stream = report.one("stream", Some("feed"));
    assert_eq!((&stream["state"], &stream["pid"]), (&Value::from("ok"), &Value::from(feed.id())));
    assert_eq!((&stream["instruments"], report.code), (&Value::from(2), 0));
    let report = host.diagnosis(&["--stop"]);
    assert_eq!((report.code, &report.one("stream", Some("feed"))["state"]), (0, &Value::from("ok")));
    assert_eq!(feed.wait().unwrap().code(), Some(0), "a stream that is report to stop has not failed");
    reader.join().unwrap();
}
