//! `dhan relay` in front of the simulator.

use crate::exchange::sockets::{Socket, message, quick, subscribe};
use crate::support::{self, PATIENCE, Signal, records, signal, simulator, stderr, stdout};
use dhan::testing::model::{InstrumentKey, Segment, Stream};
use dhan::testing::protocol::feed::{self, Packet};
use dhan::testing::protocol::{Mode, depth, encode, request};
use dhan::testing::simulator::{ClientSubscription, Cut, SimConfig, SimHandle};
use futures_util::{SinkExt as _, StreamExt as _};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);
const HDFC: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
const OPTION: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 45_678);
const TOKEN: &str = "UPSTREAM-T0KEN";

struct Relay {
    child: Child,
    stderr: Option<BufReader<ChildStderr>>,
    environment: Vec<(String, String)>,
    home: tempfile::TempDir,
}

fn dhan(home: &std::path::Path) -> Command {
    let mut command = support::dhan(&[]);
    command.env("XDG_STATE_HOME", home).env("XDG_CACHE_HOME", home);
    command.env("XDG_CONFIG_HOME", home).env("HOME", home).env("DHAN_CLIENT_ID", "1000000001");
    command
}

impl Relay {
    fn start(sim: &SimHandle, args: &[&str]) -> Relay {
        let home = tempfile::tempdir().expect("a folder");
        let token_file = home.path().join("token");
        std::fs::write(&token_file, TOKEN).expect("written");
        std::fs::set_permissions(&token_file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
        let mut command = dhan(home.path());
        command.args(["relay", "--listen", "127.0.0.1:0", "-v", "--token-file"]).arg(&token_file).args(args);
        let mut child = command.envs(sim.environment()).stderr(Stdio::piped()).spawn().expect("dhan");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut environment = Vec::new();
        while environment.len() < 4 {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).expect("readable") > 0, "the relay ended");
            if let Some((name, value)) = line.trim().split_once('=').filter(|(name, _)| name.starts_with("DHAN_")) {
                environment.push((name.to_owned(), value.to_owned()));
            }
        }
        Relay { child, stderr: Some(stderr), environment, home }
    }

    fn url(&self, name: &str) -> &str {
        &self.environment.iter().find(|(other, _)| other == name).expect("named").1
    }

    fn authority(&self) -> String {
        let url = self.url("DHAN_WS_MARKET_FEED_URL");
        url.trim_start_matches("ws://").split('/').next().expect("an authority").to_owned()
    }

    async fn connect(&self, target: &str, header: bool) -> Result<Socket, Error> {
        let tcp = TcpStream::connect(self.authority()).await.expect("the relay listens");
        let mut request = format!("ws://{}{target}", self.authority()).into_client_request().expect("an address");
        if header {
            request.headers_mut().insert("Dhan-Relay", "1".parse().expect("a value"));
        }
        tokio_tungstenite::client_async(request, tcp).await.map(|(socket, _)| socket)
    }

    async fn feed(&self) -> Socket {
        self.connect(FEED, false).await.expect("an upgrade")
    }

    /// Starts `dhan feed` connected to the relay.
    fn dhan_feed(&self, args: &[&str]) -> Child {
        let mut command = dhan(&self.home.path().join("client"));
        command.env("DHAN_ACCESS_TOKEN", "any").envs(self.environment.clone()).arg("feed").args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dhan")
    }

    /// Stops the relay, and returns the rest of its stderr.
    fn stop(mut self) -> String {
        signal(&self.child, Signal::TERM);
        let mut log = String::new();
        self.stderr.take().expect("once").read_to_string(&mut log).expect("text");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0), "{log}");
        assert!(!log.contains(TOKEN), "{log}");
        log
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const FEED: &str = "/feed?version=2&token=S3CRET-CLIENT&clientId=1&authType=2";

/// Reads until a packet of a code comes, and returns every code up to it.
async fn until_code(socket: &mut Socket, code: u8) -> Vec<u8> {
    let mut codes = Vec::new();
    while codes.last() != Some(&code) {
        codes.push(message(socket).await.expect("more packets")[0]);
        assert!(codes.len() < 2_000, "no code {code}");
    }
    codes
}

#[tokio::test]
async fn clients_share_one_subscription_in_the_richest_mode_and_get_a_snapshot_from_memory() {
    let sim = simulator(quick());
    let relay = Relay::start(&sim, &[]);
    let mut ticker = relay.feed().await;
    subscribe(&mut ticker, Mode::Ticker, &[OPTION, NIFTY]).await;
    until_code(&mut ticker, feed::code::TICKER).await;
    let mut full = relay.feed().await;
    subscribe(&mut full, Mode::Full, &[OPTION, NIFTY]).await;
    let codes = until_code(&mut full, feed::code::FULL).await;
    assert!(codes.iter().all(|code| *code != feed::code::TICKER), "a full client gets tickers: {codes:?}");
    // The relay has one socket upstream, with each instrument once in the richest mode.
    let wanted = [
        ClientSubscription { instrument: NIFTY, mode: Some(Mode::Ticker) },
        ClientSubscription { instrument: OPTION, mode: Some(Mode::Full) },
    ];
    assert!(
        sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::Market).into_iter().eq(wanted)).await,
        "{:?}",
        sim.subscriptions(Stream::Market)
    );
    assert_eq!(sim.connections(Stream::Market).seen, 1);
    // The first client gets its own mode only.
    for _ in 0..100 {
        let bytes = message(&mut ticker).await.expect("a message");
        assert_eq!(feed::packets(&bytes).count(), 1, "a packet a message: Dhan's client reads the first only");
        assert!(matches!(bytes[0], feed::code::TICKER | feed::code::PREV_CLOSE), "{bytes:?}");
    }
    // The exchange is silent, and a new client still gets a snapshot.
    sim.set_muted(true);
    let mut quote = relay.feed().await;
    subscribe(&mut quote, Mode::Quote, &[OPTION]).await;
    let mut first = Vec::new();
    while first.len() < 3 {
        first.push(message(&mut quote).await.expect("from memory")[0]);
    }
    assert_eq!(first, [feed::code::QUOTE, feed::code::PREV_CLOSE, feed::code::OI]);
    let log = relay.stop();
    assert!(!log.contains("S3CRET-CLIENT"), "{log}");
    let is_timed = |line: &str| {
        line.as_bytes().get(2) == Some(&b':') && line.get(8..).is_some_and(|rest| rest.starts_with(" dhan: "))
    };
    assert!(log.lines().all(is_timed), "a server's messages begin with the time: {log}");
}

#[tokio::test]
async fn a_quote_made_from_a_full_packet_equals_the_quote_of_that_moment() {
    let sim = simulator(quick());
    let relay = Relay::start(&sim, &[]);
    let mut both = relay.feed().await;
    subscribe(&mut both, Mode::Full, &[HDFC]).await;
    until_code(&mut both, feed::code::FULL).await;
    subscribe(&mut both, Mode::Quote, &[HDFC]).await;
    until_code(&mut both, feed::code::QUOTE).await;
    let mut quote: Option<Vec<u8>> = None;
    for _ in 0..100 {
        let bytes = message(&mut both).await.expect("a message");
        match (feed::packets(&bytes).next(), &quote) {
            (Some(Ok((_, Packet::Quote(_)))), _) => quote = Some(bytes),
            (Some(Ok((_, Packet::Full(full)))), Some(before)) => {
                let Some(Ok((_, Packet::Quote(narrow)))) = feed::packets(before).next() else { panic!() };
                assert_eq!((narrow.ltp(), narrow.volume()), (full.ltp(), full.volume()));
                assert_eq!((narrow.day_open(), narrow.day_low()), (full.day_open(), full.day_low()));
            }
            _ => {}
        }
    }
    assert!(quote.is_some());
}

#[tokio::test]
async fn bad_clients_do_not_disturb_others_and_only_the_client_over_its_limit_is_refused() {
    let sim = simulator(SimConfig { rate: Some(2_000.0), ..SimConfig::default() });
    let relay = Relay::start(&sim, &[]);
    let mut good = relay.feed().await;
    subscribe(&mut good, Mode::Full, &[HDFC]).await;
    // One client never reads, one sends nothing, one sends garbage, one subscribes too many instruments.
    let mut deaf = relay.feed().await;
    subscribe(&mut deaf, Mode::Full, &[HDFC]).await;
    let _silent = relay.feed().await;
    let mut garbage = TcpStream::connect(relay.authority()).await.expect("the relay listens");
    tokio::io::AsyncWriteExt::write_all(&mut garbage, &[0xff; 300]).await.expect("sent");
    let mut garbled = relay.feed().await;
    tokio::io::AsyncWriteExt::write_all(garbled.get_mut(), &[0xff; 300]).await.expect("sent");
    assert_eq!(message(&mut garbled).await, None);
    let mut greedy = relay.feed().await;
    let many: Vec<_> = (1..=101).map(|id| InstrumentKey::new(Segment::NSE_EQ, id)).collect();
    subscribe(&mut greedy, Mode::Ticker, &many).await;
    let bytes = message(&mut greedy).await.expect("a disconnect");
    let Some(Ok((_, Packet::Disconnect(packet)))) = feed::packets(&bytes).next() else { panic!("{bytes:?}") };
    assert_eq!(packet.reason_raw(), 804);
    assert_eq!(message(&mut greedy).await, None);
    for _ in 0..1_000 {
        assert!(message(&mut good).await.is_some());
    }
    assert_eq!(sim.subscriptions(Stream::Market).len(), 1);
    drop(deaf);
    relay.stop();
}

#[test]
fn an_upstream_cut_is_a_gap_for_dhan_clients_and_a_new_token_is_used() {
    let sim = simulator(quick());
    let relay = Relay::start(&sim, &[]);
    let client = relay.dhan_feed(&["NSE_EQ:1333@quote", "--count", "600"]);
    let other = relay.dhan_feed(&["NSE_EQ:1333", "--count", "600"]);
    let sent = |sim: &SimHandle| sim.open(Stream::Market).first().map_or(0, |seen| seen.packets_sent);
    assert!(sim.wait(PATIENCE, |_| sent(&sim) > 50));
    std::fs::write(relay.home.path().join("token"), "REPLACED-T0KEN").expect("written");
    sim.refuse_token(TOKEN);
    sim.cut_all(Cut::Reset);
    assert!(sim.wait(PATIENCE, |sim| sim.connections(Stream::Market).seen > 1));
    for child in [client, other] {
        let output = child.wait_with_output().expect("it ends");
        let stderr = stderr(&output);
        assert!(output.status.success(), "{stderr}");
        let all = records(&stdout(&output));
        let gaps: Vec<_> = all.iter().filter(|record| record["type"] == "gap").collect();
        assert_eq!(gaps.len(), 1, "{gaps:?} {stderr}");
        assert_eq!(gaps[0]["reason"], "disconnected");
        assert!(gaps[0]["detail"].as_str().is_some_and(|detail| detail.contains("upstream")), "{}", gaps[0]);
        let closing = stderr.lines().rev().find(|line| line.contains("received ")).expect("a closing line");
        let figures: Vec<u64> =
            closing.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).rev().take(6).collect();
        let [gaps, malformed, dropped, filtered, written, received] = figures[..] else { panic!("{closing}") };
        assert_eq!(received, written + filtered + dropped + malformed, "{closing}");
        assert_eq!((gaps, dropped, malformed), (1, 0, 0), "{closing}");
    }
    let tokens: Vec<_> = sim.all().iter().filter_map(|seen| seen.request.query_value("token")).collect();
    assert_eq!(
        (tokens.first().map(String::as_str), tokens.last().map(String::as_str)),
        (Some(TOKEN), Some("REPLACED-T0KEN"))
    );
    assert_eq!(sim.connections(Stream::Market).peak, 1);
    relay.stop();
}

#[tokio::test]
async fn depth_and_order_streams_are_shared_too() {
    let sim = simulator(SimConfig { order_life: false, ..quick() });
    let relay = Relay::start(&sim, &[]);
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut orders = relay.connect("/orders", false).await.expect("an upgrade");
        let login = r#"{"LoginReq":{"MsgCode":42,"ClientId":"7","Token":"S3CRET-CLIENT"},"UserType":"SELF"}"#;
        orders.send(Message::text(login)).await.expect("sent");
        clients.push(orders);
    }
    assert!(sim.wait_async(PATIENCE, |sim| sim.texts().iter().any(|text| text.kind == Stream::Orders)).await);
    // Both are logged in: one thread answered their upgrades in turn.
    let mut third = relay.connect("/twentydepth?token=x&clientId=1&authType=2", false).await.expect("an upgrade");
    let ask = request::list(request::RequestCode::SUBSCRIBE_DEPTH, &[HDFC]);
    third.send(Message::text(ask.clone())).await.expect("sent");
    let bytes = message(&mut third).await.expect("depth");
    assert_eq!(bytes.len() % 332, 0);
    let mut fourth = relay.connect("/twentydepth?token=x&clientId=1&authType=2", false).await.expect("an upgrade");
    fourth.send(Message::text(ask)).await.expect("sent");
    assert!(message(&mut fourth).await.is_some());
    assert_eq!(sim.subscriptions(Stream::DEPTH_20).len(), 1);
    sim.advance_orders(3);
    for orders in &mut clients {
        let mut texts = 0;
        while texts < 3 {
            match tokio::time::timeout(PATIENCE, orders.next()).await.expect("in time") {
                Some(Ok(Message::Text(text))) => {
                    assert!(text.contains("order_alert"), "{text}");
                    texts += 1;
                }
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    let logins: Vec<_> = sim.texts().into_iter().filter(|text| text.kind == Stream::Orders).collect();
    assert_eq!(logins.len(), 1, "one login upstream");
    assert!(logins[0].text.contains(TOKEN) && !logins[0].text.contains("S3CRET"));
    relay.stop();
}

#[tokio::test]
async fn clients_must_send_the_configured_token() {
    let sim = simulator(quick());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clients");
    std::fs::write(&file, "sesame\n").expect("written");
    let relay = Relay::start(&sim, &["--client-token-file", file.to_str().expect("text")]);
    assert!(matches!(relay.connect(FEED, false).await, Err(Error::Http(answer)) if answer.status() == 401));
    let mut socket = relay.connect(&FEED.replace("S3CRET-CLIENT", "sesame"), false).await.expect("an upgrade");
    subscribe(&mut socket, Mode::Ticker, &[HDFC]).await;
    assert!(message(&mut socket).await.is_some());
    assert!(!relay.stop().contains("sesame"));
}

/// Returns about 330 kB of messages of one depth side, numbered by their quantities.
fn sides(from: u32) -> Vec<u8> {
    let mut frame = Vec::new();
    for qty in from..from + SIDES {
        let row = depth::Row { price: 100.0, qty, orders: 1 };
        encode::depth_side(&mut frame, HDFC, depth::Side::Bid, qty, &[row; 20]);
    }
    frame
}

const SIDES: u32 = 1_000;

#[tokio::test]
async fn a_client_that_never_reads_is_cut_after_64_mib_and_others_lose_nothing() {
    let sim = simulator(SimConfig { rate: Some(0.0), ..SimConfig::default() });
    let relay = Relay::start(&sim, &[]);
    let target = "/twentydepth?token=x&clientId=1&authType=2";
    let ask = request::list(request::RequestCode::SUBSCRIBE_DEPTH, &[HDFC]);
    let (mut good, mut deaf) = (
        relay.connect(target, false).await.expect("an upgrade"),
        relay.connect(target, false).await.expect("an upgrade"),
    );
    for socket in [&mut good, &mut deaf] {
        socket.send(Message::text(ask.clone())).await.expect("sent");
    }
    assert!(sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::DEPTH_20).len() == 1).await);
    let upstream = sim.open(Stream::DEPTH_20)[0].id;
    // The exchange's own packets come first.
    let mut next = 1_000_000_000;
    let packet = sides(0).len() / SIDES as usize;
    for _ in 0..(90 << 20) / (packet * SIDES as usize) {
        sim.send(upstream, sides(next));
        let end = next + SIDES;
        while next < end {
            let bytes = message(&mut good).await.expect("a message");
            for side in bytes.chunks(packet) {
                let qty = u32::from_le_bytes(side[20..24].try_into().expect("four bytes"));
                assert!(qty == next || qty < 1_000_000_000, "{qty} instead of {next}");
                next += u32::from(qty == next);
            }
        }
    }
    // The client that was cut reads what it was sent first, and then the end.
    let mut found = 0;
    while let Some(bytes) = message(&mut deaf).await {
        found += bytes.len();
    }
    assert!(found < 64 << 20, "{found}");
    assert!(relay.stop().contains("client 2 read too slowly"));
}

#[tokio::test]
async fn clients_survive_an_805_of_the_relay_and_a_client_without_pongs_is_closed() {
    /// The relay waits a minute until it takes its place back; a silent client is closed after two thirds of it.
    const MINUTES: Duration = Duration::from_secs(150);
    let sim = simulator(quick());
    let relay = Relay::start(&sim, &[]);
    let client = relay.dhan_feed(&["NSE_EQ:1333@quote"]);
    let mut raw = relay.feed().await;
    subscribe(&mut raw, Mode::Quote, &[HDFC]).await;
    until_code(&mut raw, feed::code::QUOTE).await;
    let mut silent = relay.feed().await;
    // Five sockets of the same account: the relay's is the oldest of six.
    let address =
        sim.environment().into_iter().find(|(name, _)| *name == "DHAN_WS_MARKET_FEED_URL").expect("an address");
    let authority = address.1.trim_start_matches("ws://").split('/').next().expect("an authority").to_owned();
    let mut others = Vec::new();
    for _ in 0..5 {
        let tcp = TcpStream::connect(&authority).await.expect("the simulator listens");
        let target = format!("ws://{authority}/feed?version=2&token=theirs&clientId=1000000001&authType=2");
        others.push(tokio_tungstenite::client_async(target, tcp).await.expect("an upgrade").0);
    }
    let is_out = |sim: &SimHandle| sim.all().iter().any(|seen| seen.kind == Stream::Market && seen.closed.is_some());
    assert!(sim.wait_async(PATIENCE, |_| is_out(&sim)).await);
    let back = tokio::time::timeout(MINUTES, async {
        // The client's library answers the relay's pings.
        let mut count = 0;
        while sim.connections(Stream::Market).seen < 7 || count < 50 {
            match raw.next().await {
                Some(Ok(Message::Binary(_))) if sim.connections(Stream::Market).seen == 7 => count += 1,
                Some(Ok(_)) => {}
                other => panic!("the client is cut: {other:?}"),
            }
        }
    });
    back.await.expect("the relay takes its place back");
    let tcp = silent.get_mut();
    let ended = async { while tokio::io::AsyncReadExt::read(tcp, &mut [0; 1_024]).await.is_ok_and(|n| n > 0) {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("the silent client was closed");
    signal(&client, Signal::TERM);
    let output = client.wait_with_output().expect("it ends");
    let stderr = stderr(&output);
    assert!(output.status.success(), "{stderr}");
    let gaps: Vec<_> = records(&stdout(&output)).into_iter().filter(|record| record["type"] == "gap").collect();
    assert_eq!(gaps.len(), 1, "{gaps:?} {stderr}");
    assert!(gaps[0]["detail"].as_str().is_some_and(|detail| detail.contains("upstream")), "{}", gaps[0]);
    let log = relay.stop();
    assert!(log.contains("805"), "{log}");
}

#[tokio::test]
async fn control_lines_hold_and_list_instruments_and_end_the_relay() {
    let sim = simulator(quick());
    let folder = tempfile::tempdir().expect("a folder");
    let lines = folder.path().join("control");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &lines,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a FIFO");
    let mut relay = Relay::start(&sim, &["--control", lines.to_str().expect("text")]);
    let say = |line: &str| std::fs::write(&lines, format!("{line}\n")).expect("somebody reads");
    say("sub NSE_EQ:1333@full IDX_I:13");
    assert!(sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::Market).len() == 2).await);
    let sent = |sim: &SimHandle| sim.open(Stream::Market).first().map_or(0, |seen| seen.packets_sent);
    assert!(sim.wait_async(PATIENCE, |_| sent(&sim) > 50).await);
    // A new client gets a snapshot from memory while the market is silent.
    sim.set_muted(true);
    let mut client = relay.feed().await;
    subscribe(&mut client, Mode::Quote, &[HDFC]).await;
    until_code(&mut client, feed::code::QUOTE).await;
    say("buy NSE_EQ:1333");
    say("unsub NSE_EQ:1333");
    say("list");
    say("quit");
    let mut log = String::new();
    relay.stderr.take().expect("once").read_to_string(&mut log).expect("text");
    assert_eq!(relay.child.wait().expect("it ends").code(), Some(0), "{log}");
    for words in [
        "\"buy\" is no command",
        "held: IDX_I:13@ticker",
        "upstream: NSE_EQ:1333@full",
        "client 1: feed, 1 instruments",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(!log.contains("held: NSE_EQ:1333"), "{log}");
}

#[test]
fn an_address_beyond_loopback_or_in_use_is_exit_2() {
    let home = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    for (listen, words) in [("0.0.0.0:7777", "loopback"), (&taken, "another program listens there")] {
        let mut command = dhan(home.path());
        let output = command.args(["relay", "--demo", "--listen", listen]).output().expect("dhan");
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn the_official_client_streams_through_the_relay() {
    let sim = simulator(SimConfig { rate: Some(2_000.0), ..SimConfig::default() });
    let relay = Relay::start(&sim, &[]);
    let address = format!("ws://{}", relay.authority());
    let specs = ["0:13:15", "1:1333:17", "1:2885:21"];
    let Some(printed) = super::official_client::run("feed", &address, &specs) else { return };
    let types: std::collections::BTreeSet<_> = printed.iter().filter_map(|line| line["type"].as_str()).collect();
    assert!(types.contains("Ticker Data") && types.contains("Quote Data") && types.contains("Full Data"), "{types:?}");
}
