//! `-o nats://…` against a real nats-server: kills, a full stream, no permission.

use crate::support::{Home, Run, Signal, count_lines, simulator_of, skipped, wait};
use async_nats::jetstream::{self, stream};
use dhan::testing::simulator::{Probe, SimConfig};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A nats-server with its files in the test's home.
struct Server {
    child: Child,
    port: u16,
    folder: std::path::PathBuf,
    config: &'static str,
}

impl Server {
    /// Starts a server; `None` if nats-server is not installed, which CI does.
    fn start(home: &Home, config: &'static str) -> Option<Server> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = home.path("nats");
        std::fs::create_dir_all(&folder).unwrap();
        match Server::spawn(&folder, port, config) {
            Ok(child) => {
                let server = Server { child, port, folder, config };
                server.is_up();
                Some(server)
            }
            Err(_) if std::env::var_os("CI").is_some() => panic!("no nats-server, and CI must not skip this"),
            Err(_) => {
                skipped("no nats-server here");
                None
            }
        }
    }

    fn spawn(folder: &std::path::Path, port: u16, config: &str) -> std::io::Result<Child> {
        let file = folder.join("config");
        let store = folder.join("store");
        let text = format!("listen: 127.0.0.1:{port}\njetstream {{ store_dir: {store:?} }}\n{config}");
        std::fs::write(&file, text).unwrap();
        Command::new("nats-server").arg("-c").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    }

    fn is_up(&self) {
        wait("the server", || std::net::TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    /// Kills the server and starts it again.
    fn kill_and_start(&mut self, pause: Duration) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::thread::sleep(pause);
        self.child = Server::spawn(&self.folder, self.port, self.config).unwrap();
        self.is_up();
    }

    fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn ask<T>(&self, ask: impl AsyncFnOnce(jetstream::Context) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = async_nats::connect(self.address()).await.unwrap();
            ask(jetstream::new(client)).await
        })
    }

    fn make(&self, config: stream::Config) {
        self.ask(async |jetstream| drop(jetstream.create_stream(config).await.unwrap()));
    }

    /// Returns the subject and the record of every message of a stream.
    fn messages(&self, name: &str) -> Vec<(String, Value)> {
        self.ask(async |jetstream| {
            let mut stream = jetstream.get_stream(name).await.unwrap();
            let state = stream.info().await.unwrap().state.clone();
            let mut all = Vec::new();
            for sequence in state.first_sequence..=state.last_sequence {
                let message = stream.get_raw_message(sequence).await.unwrap();
                all.push((message.subject.to_string(), serde_json::from_slice(&message.payload).unwrap()));
            }
            all
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(home: &Home, broker: &Probe, args: &[&str]) -> crate::support::Done {
    start(home, broker, args).end()
}

fn start(home: &Home, broker: &Probe, args: &[&str]) -> Run {
    home.start(home.dhan(broker, args))
}

#[test]
fn every_record_is_one_message_on_the_subject_of_its_instrument() {
    let home = Home::new();
    let Some(server) = Server::start(&home, "") else { return };
    let broker = simulator_of(200.0);
    let output = format!("{}/md.{{type}}.{{segment}}.{{symbol}}", server.address());
    let args = ["feed", "NSE_EQ:2885", "IDX_I:13", "-n", "40", "-o", "-", "-o", &output, "--nats-stream", "MD"];
    let ended = run(&home, &broker.probe(), &args).exits(0);
    let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut messages = server.messages("MD");
    let (subject, end) = messages.pop().unwrap();
    assert_eq!((subject.as_str(), end["written"].as_u64()), ("md.end._._", Some(40)));
    assert_eq!(messages.iter().map(|(_, record)| record.clone()).collect::<Vec<_>>(), lines);
    for (subject, record) in messages {
        let symbol = record["symbol"].as_str().unwrap_or("_");
        let [kind, segment] = ["type", "segment"].map(|key| record[key].as_str().unwrap());
        assert_eq!(subject, format!("md.{kind}.{segment}.{symbol}"));
    }
}

#[test]
fn a_nats_server_killed_three_times_has_each_record_once_in_order() {
    let _alone = crate::support::heavy();
    let home = Home::new();
    let Some(mut server) = Server::start(&home, "") else { return };
    let broker = simulator_of(1_000.0);
    let output = server.address();
    let args =
        ["feed", "-m", "full", "NSE_EQ:2885", "NSE_EQ:1333", "IDX_I:13@quote", "-o", "out.ndjson", "-o", &output];
    let running = start(&home, &broker.probe(), &[&args[..], &["--nats-stream", "T", "-n", "6000"]].concat());
    for pause in [0, 300, 1_000] {
        let so_far = count_lines(&home.path("out.ndjson"));
        wait("more records", || (count_lines(&home.path("out.ndjson")) > so_far + 600).then_some(()));
        server.kill_and_start(Duration::from_millis(pause));
    }
    running.says("acknowledges again");
    let books = running.end().exits(0).counts();
    assert_eq!((books[1], books[3]), (6_000, 0), "{books:?}");
    let written: Vec<Value> = home.text("out.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages = server.messages("T");
    let times: Vec<_> = messages.iter().map(|(_, record)| record["recv_us"].as_i64().unwrap()).collect();
    assert_eq!(times.iter().collect::<HashSet<_>>().len(), messages.len(), "a record is there twice");
    assert_eq!(messages.len(), written.len());
    let mut by_subject: HashMap<&str, i64> = HashMap::new();
    for (subject, record) in &messages {
        let time = record["recv_us"].as_i64().unwrap();
        let before = by_subject.insert(subject, time).unwrap_or(0);
        assert!(before < time, "{subject}: {time} comes after {before}");
    }
}

#[test]
fn a_full_nats_stream_is_retried_and_refused_messages_are_counted_as_dropped() {
    let home = Home::new();
    let Some(server) = Server::start(&home, "") else { return };
    let config = stream::Config {
        name: "FULL".to_owned(),
        subjects: vec!["dhan.>".to_owned()],
        max_messages: 10,
        discard: stream::DiscardPolicy::New,
        ..stream::Config::default()
    };
    server.make(config);
    let broker = simulator_of(200.0);
    let running = start(&home, &broker.probe(), &["feed", "NSE_EQ:2885", "-o", &server.address()]);
    running.says("records wait and are published again");
    let ended = running.stops_soon(Signal::TERM).exits(0);
    let [received, written, filtered, dropped, malformed, _] = ended.counts();
    assert_eq!((written, received), (10, written + filtered + dropped + malformed), "{}", ended.err);
    assert!(dropped > 0, "{}", ended.err);
    assert_eq!(server.messages("FULL").len(), 10);
}

#[test]
fn a_nats_output_that_takes_no_messages_is_exit_9_before_any_connection_to_dhan() {
    let home = Home::new();
    let rules = "authorization { users = [{ user: a, password: b, permissions: { publish: [\"$JS.API.>\", \"_INBOX.>\"] } }] }\nno_auth_user: a";
    let Some(server) = Server::start(&home, rules) else { return };
    let broker = crate::support::simulator(SimConfig::default());
    let address = server.address();
    let refused = |output: &str, code: i32, words: &str| {
        let ended = run(&home, &broker.probe(), &["feed", "NSE_EQ:2885", "-n", "1", "-o", output]);
        assert!(ended.err.contains(words) && !ended.err.contains("received "), "{words}: {}", ended.err);
        ended.exits(code);
    };
    refused(&address, 9, "ermissions");
    drop(server);
    refused(&address, 9, "cannot connect");
    refused("nats://me:secret@127.0.0.1/x", 2, "--nats-creds");
    let Some(server) = Server::start(&home, "") else { return };
    refused(&server.address(), 9, "no stream takes");
}
