//! The simulator's market feed, read by a plain websocket client.

use crate::exchange::sockets::{Socket, message, quick, subscribe};
use crate::support::{PATIENCE, flooding, simulator};
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::feed::{self, Packet};
use dhan::testing::protocol::{Mode, request};
use dhan::testing::simulator::{
    BadToken, Cut, Fault, KNOWN, OverLimit, Response, SimConfig, SimHandle, Simulator, Stacking, Upgrade,
};
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);
const HDFC: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
const OPTION: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 45_678);

async fn start(config: SimConfig) -> SimHandle {
    Simulator::start(config).await.expect("the simulator starts")
}

async fn try_connect(sim: &SimHandle, path: &str) -> Result<Socket, Error> {
    let tcp = TcpStream::connect(sim.addr()).await.expect("the simulator listens");
    let request = format!("ws://{}{path}", sim.addr()).into_client_request().expect("an address");
    tokio_tungstenite::client_async(request, tcp).await.map(|(socket, _)| socket)
}

async fn connect(sim: &SimHandle, path: &str) -> Socket {
    try_connect(sim, path).await.expect("an upgrade")
}

const FEED: &str = "/?version=2&token=abc&clientId=1000000001&authType=2";

/// Returns the bytes of packets with the last trade times zeroed.
async fn packets(socket: &mut Socket, count: usize) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while packets.len() < count {
        let message = message(socket).await.expect("more packets");
        let mut rest = message.as_slice();
        for packet in feed::packets(&message) {
            let (header, _) = packet.expect("whole packets");
            let (bytes, after) = rest.split_at(usize::from(header.len));
            let mut bytes = bytes.to_vec();
            match header.code {
                feed::code::TICKER => bytes[12..16].fill(0),
                feed::code::QUOTE | feed::code::FULL => bytes[14..18].fill(0),
                _ => {}
            }
            packets.push(bytes);
            rest = after;
        }
    }
    packets.truncate(count);
    packets
}

#[tokio::test]
async fn the_same_seed_gives_the_same_packets_in_the_same_order() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let sim = start(SimConfig { seed, ..quick() }).await;
        let mut socket = connect(&sim, FEED).await;
        // One write, so that no packet comes between the two requests.
        for (mode, instruments) in [(Mode::Quote, [NIFTY, OPTION]), (Mode::Full, [HDFC, OPTION])] {
            let text = request::list(mode.subscribe(), &instruments);
            socket.feed(Message::text(text)).await.expect("queued");
        }
        socket.flush().await.expect("sent");
        runs.push(packets(&mut socket, 150).await);
    }
    assert!(runs[0] == runs[1], "seed 7 gave two different runs");
    assert!(runs[0] != runs[2], "seeds 7 and 8 gave the same run");
}

#[tokio::test]
async fn a_subscription_starts_with_a_snapshot_the_previous_close_and_open_interest() {
    let sim = start(SimConfig { stacking: Stacking::Never, ..quick() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Quote, &[OPTION]).await;
    let first: Vec<u8> = packets(&mut socket, 3).await.iter().map(|packet| packet[0]).collect();
    assert_eq!(first, [feed::code::QUOTE, feed::code::PREV_CLOSE, feed::code::OI]);
}

#[tokio::test]
async fn volume_never_falls_and_bids_stay_below_asks() {
    let sim = start(quick()).await;
    let mut socket = connect(&sim, "/feed?version=2&token=t&clientId=1&authType=2").await;
    subscribe(&mut socket, Mode::Full, &[HDFC, OPTION]).await;
    let mut volumes = [0; 2];
    for bytes in packets(&mut socket, 200).await {
        let Some(Ok((header, Packet::Full(full)))) = feed::packets(&bytes).next() else { continue };
        let volume = &mut volumes[usize::from(header.instrument == OPTION)];
        assert!(full.volume() >= *volume);
        *volume = full.volume();
        let best = full.levels()[0];
        assert!(best.bid().price < best.ask().price);
    }
    assert!(volumes.iter().all(|volume| *volume > 0));
}

#[tokio::test]
async fn last_trade_times_are_the_clock_shifted_to_indian_time() {
    let sim = start(quick()).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    let bytes = message(&mut socket).await.expect("a ticker");
    let Some(Ok((_, Packet::Ticker(ticker)))) = feed::packets(&bytes).next() else { panic!("{bytes:?}") };
    let lag = dhan::testing::clock::now().seconds() - feed::utc(ticker.ltt_raw()).expect("traded");
    assert!((-1..=60).contains(&lag), "{lag} s");
}

#[tokio::test]
async fn full_mode_sends_nothing_for_an_index_and_the_other_instruments_go_on() {
    let sim = start(quick()).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Full, &[NIFTY, HDFC]).await;
    for bytes in packets(&mut socket, 60).await {
        assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().unwrap()), HDFC.security_id);
    }
}

#[tokio::test]
async fn some_messages_hold_several_packets() {
    let sim = start(quick()).await;
    let mut socket = connect(&sim, FEED).await;
    let keys: Vec<_> = KNOWN.iter().map(|(key, _)| *key).collect();
    subscribe(&mut socket, Mode::Ticker, &keys).await;
    let mut sizes = [0, 0];
    for _ in 0..200 {
        let message = message(&mut socket).await.expect("a message");
        sizes[usize::from(feed::packets(&message).count() > 1)] += 1;
    }
    assert!(sizes[0] > sizes[1] && sizes[1] > 0, "{sizes:?}");
}

#[tokio::test]
async fn unsubscribed_instruments_send_nothing_and_code_12_closes() {
    let sim = start(quick()).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY, HDFC]).await;
    socket.send(Message::text(request::list(Mode::Ticker.unsubscribe(), &[NIFTY]))).await.unwrap();
    assert!(sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::Market).len() == 1).await);
    subscribe(&mut socket, Mode::Quote, &[HDFC]).await;
    let all = packets(&mut socket, 100).await;
    let after_quote = all.iter().skip_while(|packet| packet[0] != feed::code::QUOTE);
    assert!(after_quote.clone().count() > 20);
    assert!(after_quote.into_iter().all(|packet| packet[4] == 0x35), "NIFTY still ticks");

    socket.send(Message::binary(vec![12; 83])).await.unwrap();
    socket.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    socket.send(Message::text(request::disconnect())).await.unwrap();
    let code = loop {
        match socket.next().await {
            Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, Some(1000));
    let seen = sim.connection(0).unwrap();
    assert_eq!((seen.binary_received.len(), sim.texts_of(0).len()), (1, 5));
}

#[tokio::test]
async fn a_sixth_socket_closes_the_oldest_with_805() {
    let sim = start(quick()).await;
    let mut sockets = Vec::new();
    for _ in 0..6 {
        sockets.push(connect(&sim, FEED).await);
    }
    let bytes = message(&mut sockets[0]).await.expect("a packet before the end");
    let Some(Ok((_, Packet::Disconnect(packet)))) = feed::packets(&bytes).next() else { panic!("{bytes:?}") };
    assert_eq!(packet.reason_raw(), 805);
    assert_eq!(message(&mut sockets[0]).await, None);
    for socket in &mut sockets[1..] {
        subscribe(socket, Mode::Ticker, &[NIFTY]).await;
        assert!(message(socket).await.is_some());
    }
    // Another account has its own five.
    let mut other = connect(&sim, "/feed?version=2&token=abc&clientId=2&authType=2").await;
    subscribe(&mut other, Mode::Ticker, &[NIFTY]).await;
    assert!(message(&mut other).await.is_some());
    assert!(message(&mut sockets[1]).await.is_some());
}

#[tokio::test]
async fn too_many_instruments_are_804_or_ignored() {
    let many: Vec<_> = (1..=101).map(|id| InstrumentKey::new(Segment::NSE_EQ, id)).collect();
    let sim = start(quick()).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &many).await;
    let bytes = message(&mut socket).await.expect("a disconnect");
    let Some(Ok((_, Packet::Disconnect(packet)))) = feed::packets(&bytes).next() else { panic!("{bytes:?}") };
    assert_eq!(packet.reason_raw(), 804);

    let sim = start(SimConfig { over_limit: OverLimit::Ignore, ..quick() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &many).await;
    subscribe(&mut socket, Mode::Quote, &[HDFC]).await;
    assert_eq!(packets(&mut socket, 1).await[0][0], feed::code::QUOTE);
}

#[tokio::test]
async fn pings_go_both_ways_and_a_mute_client_is_closed() {
    let config = SimConfig {
        ping_every: Some(Duration::from_millis(20)),
        idle_limit: Some(Duration::from_millis(300)),
        ..quick()
    };
    let sim = start(config).await;
    let mut socket = connect(&sim, FEED).await;
    socket.send(Message::Ping("f".into())).await.unwrap();
    let (mut pings, mut pong) = (0, None);
    while pings < 3 || pong.is_none() {
        match tokio::time::timeout(PATIENCE, socket.next()).await.unwrap() {
            Some(Ok(Message::Ping(_))) => pings += 1,
            Some(Ok(Message::Pong(payload))) => pong = Some(payload),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pong.as_deref(), Some(&b"f"[..]));
    assert!(sim.wait_async(PATIENCE, |sim| sim.connection(0).unwrap().pings_received == 1).await);
    // From here on the client neither reads nor pongs.
    assert!(sim.wait_async(PATIENCE, |sim| sim.connections(Stream::Market).open == 0).await);
}

#[tokio::test]
async fn bad_tokens_are_refused_as_configured() {
    // Empty: the upgrade succeeds, the first request is answered with a reset.
    let sim = start(quick()).await;
    let mut socket = connect(&sim, "/feed?version=2&token=&clientId=1&authType=2").await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert!(matches!(socket.next().await, Some(Err(Error::Protocol(_) | Error::Io(_)))));

    let refused = vec!["abc".to_owned()];
    let config =
        SimConfig { bad_token: BadToken::Disconnect(807), refused_tokens: refused.clone(), ..SimConfig::default() };
    let sim = start(config).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    let bytes = message(&mut socket).await.expect("a disconnect");
    let Some(Ok((_, Packet::Disconnect(packet)))) = feed::packets(&bytes).next() else { panic!("{bytes:?}") };
    assert_eq!(packet.reason_raw(), 807);
    sim.allow_token("abc");
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert_eq!(packets(&mut socket, 1).await[0][0], feed::code::TICKER);

    let config = SimConfig { bad_token: BadToken::Http(401), refused_tokens: refused, ..SimConfig::default() };
    let sim = start(config).await;
    assert!(matches!(try_connect(&sim, FEED).await, Err(Error::Http(response)) if response.status() == 401));
}

#[tokio::test]
async fn upgrades_can_be_refused_with_headers_redirected_or_reset() {
    let sim = start(quick()).await;
    sim.next_upgrade(Upgrade::Answer(Response::status(429).header("Retry-After", "7")));
    sim.next_upgrade(Upgrade::Answer(Response::status(302).header("Location", "ws://example.invalid/")));
    sim.next_upgrade(Upgrade::Reset);
    sim.next_upgrade(Upgrade::AcceptThenReset);
    let Err(Error::Http(response)) = try_connect(&sim, FEED).await else { panic!("not refused") };
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    let Err(Error::Http(response)) = try_connect(&sim, FEED).await else { panic!("not redirected") };
    assert_eq!(response.headers()["location"], "ws://example.invalid/");
    assert!(try_connect(&sim, FEED).await.is_err());
    let mut socket = connect(&sim, FEED).await;
    assert_eq!(message(&mut socket).await, None);
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert!(message(&mut socket).await.is_some());
    assert_eq!(sim.upgrades().len(), 5);
    assert_eq!(sim.upgrades()[0].1.query_value("token").as_deref(), Some("abc"));
}

#[tokio::test]
async fn cuts_mutes_and_stalls_follow_their_calls() {
    let sim = start(quick()).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert!(message(&mut socket).await.is_some());
    sim.cut_all(Cut::Reset);
    while message(&mut socket).await.is_some() {}

    for (cut, expected) in [(Cut::Close(1012), Some(1012)), (Cut::Fin, None)] {
        let mut socket = connect(&sim, FEED).await;
        subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
        assert!(message(&mut socket).await.is_some());
        sim.cut_all(cut);
        let code = loop {
            match tokio::time::timeout(PATIENCE, socket.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        };
        assert_eq!(code, expected, "{cut:?}");
    }

    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert!(message(&mut socket).await.is_some());
    sim.set_muted(true);
    // The simulator may not have noticed yet that the cut connections are gone.
    assert!(sim.wait_async(PATIENCE, |sim| sim.open(Stream::Market).len() == 1).await);
    let id = sim.open(Stream::Market)[0].id;
    sim.send(id, &b"\x32\x0a\x00\x00\x00\x00\x00\x00\x27\x03"[..]);
    while message(&mut socket).await.expect("the bytes that were commanded")[0] != feed::code::DISCONNECT {}
    socket.send(Message::Ping("x".into())).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Pong(_)))), "muted sockets still pong");
    sim.set_muted(false);
    assert!(message(&mut socket).await.is_some());

    sim.set_stalled(true);
    subscribe(&mut socket, Mode::Quote, &[HDFC]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sim.texts_of(id).len(), 1, "a stalled socket reads nothing");
    sim.set_stalled(false);
    assert!(sim.wait_async(PATIENCE, |sim| sim.texts_of(id).len() == 2).await);
}

#[tokio::test]
async fn reset_after_sends_exactly_that_many_packets() {
    for limit in [0, 1, 100] {
        let sim = start(SimConfig { faults: vec![Fault::ResetAfter(limit)], ..quick() }).await;
        let mut socket = connect(&sim, FEED).await;
        subscribe(&mut socket, Mode::Quote, &[HDFC, OPTION]).await;
        let mut received = 0;
        while let Some(bytes) = message(&mut socket).await {
            received += feed::packets(&bytes).filter(Result::is_ok).count() as u64;
        }
        assert_eq!(received, limit);
    }
}

#[tokio::test]
async fn configured_faults_affect_every_connection() {
    let sim = start(SimConfig { faults: vec![Fault::Http(503)], ..quick() }).await;
    assert!(matches!(try_connect(&sim, FEED).await, Err(Error::Http(response)) if response.status() == 503));

    let sim = start(SimConfig { faults: vec![Fault::Disconnect(806)], ..quick() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert_eq!(message(&mut socket).await.expect("a packet")[8..], 806_u16.to_le_bytes());

    let sim = start(SimConfig { faults: vec![Fault::Truncate, Fault::Garbage], ..quick() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY, HDFC]).await;
    let (mut good, mut bad) = (0, 0);
    for _ in 0..200 {
        let message = message(&mut socket).await.expect("it goes on");
        assert_ne!(message[0], feed::code::DISCONNECT);
        for packet in feed::packets(&message) {
            *if packet.is_ok() { &mut good } else { &mut bad } += 1;
        }
    }
    assert!(good > 100 && bad > 10, "{good} good, {bad} bad");

    let sim = start(SimConfig { faults: vec![Fault::Close(4001)], ..quick() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert!(message(&mut socket).await.is_some(), "the first request is answered");
    while message(&mut socket).await.is_some() {}
    assert!(sim.wait_async(PATIENCE, |sim| sim.connections(Stream::Market).open == 0).await);
}

#[tokio::test]
async fn a_client_that_never_reads_can_be_cut() {
    let sim = start(SimConfig { rate: Some(1e6), ..SimConfig::default() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Full, &[HDFC]).await;
    let stuck = async {
        loop {
            let before = sim.connection(0).unwrap().packets_sent;
            tokio::time::sleep(Duration::from_millis(300)).await;
            if before > 0 && sim.connection(0).unwrap().packets_sent == before {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, stuck).await.expect("buffers fill");
    sim.cut_all(Cut::Reset);
    assert!(sim.wait_async(PATIENCE, |sim| sim.connections(Stream::Market).open == 0).await);
}

#[test]
fn a_blast_sends_exactly_the_configured_packets() {
    const PACKETS: u64 = 100_003;
    let sim = simulator(flooding(PACKETS, 7));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut socket = connect(&sim, FEED).await;
        subscribe(&mut socket, Mode::Quote, &[HDFC, NIFTY]).await;
        let mut received = 0;
        while received < PACKETS {
            let message = message(&mut socket).await.expect("a message");
            received += feed::packets(&message).filter(Result::is_ok).count() as u64;
        }
        assert_eq!(received, PACKETS);
        assert!(sim.wait_async(PATIENCE, |sim| sim.connection(0).unwrap().packets_sent == PACKETS).await);
    });
}

#[tokio::test]
async fn tls_is_used_with_a_tls_configuration() {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = signed.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let sim = start(SimConfig { tls: Some(std::sync::Arc::new(tls)), ..quick() }).await;
    assert!(sim.url(Stream::Market).starts_with("wss://") && sim.http_url("v2").starts_with("https://"));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(sim.addr()).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let tls = tokio_rustls::TlsConnector::from(std::sync::Arc::new(client)).connect(name, tcp).await.unwrap();
    let request = format!("wss://localhost{FEED}").into_client_request().unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, tls).await.unwrap();
    socket.send(Message::text(request::list(Mode::Ticker.subscribe(), &[NIFTY]))).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Binary(_)))));
}

/// Frames that a test provides.
struct Script;

impl dhan::testing::simulator::FrameSource for Script {
    fn frames(&self, kind: Stream) -> Box<dyn Iterator<Item = dhan::testing::simulator::SourceFrame> + Send> {
        let after = |ms, bytes: &'static [u8]| dhan::testing::simulator::SourceFrame {
            after: Duration::from_millis(ms),
            bytes: bytes.into(),
        };
        match kind {
            Stream::Market => Box::new([after(0, b"one"), after(30, b"two"), after(30, b"three")].into_iter()),
            _ => Box::new(std::iter::empty()),
        }
    }
}

#[tokio::test]
async fn a_frame_source_replaces_generated_prices_and_the_socket_stays_open_after_it() {
    let source: std::sync::Arc<dyn dhan::testing::simulator::FrameSource> = std::sync::Arc::new(Script);
    let sim = start(SimConfig { source: Some(source), ..quick() }).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    for expected in [&b"one"[..], b"two", b"three"] {
        assert_eq!(message(&mut socket).await.as_deref(), Some(expected));
    }
    socket.send(Message::Ping("still there".into())).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Pong(_)))));
    // Every connection gets the frames from the start.
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Quote, &[HDFC]).await;
    assert_eq!(message(&mut socket).await.as_deref(), Some(&b"one"[..]));
}

#[tokio::test]
async fn upgrades_beyond_a_budget_are_429_and_raw_answers_are_possible() {
    let config = SimConfig { upgrade_budget: Some((2, Duration::from_secs(600))), ..quick() };
    let sim = start(config).await;
    let _first = connect(&sim, FEED).await;
    sim.next_upgrade(Upgrade::Raw(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()));
    assert!(try_connect(&sim, FEED).await.is_err());
    let _second = connect(&sim, FEED).await;
    assert!(matches!(try_connect(&sim, FEED).await, Err(Error::Http(response)) if response.status() == 429));
}

#[tokio::test]
async fn a_connection_can_be_reset_once_between_two_requests() {
    let sim = start(quick()).await;
    sim.reset_at_request(2);
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Ticker, &[NIFTY]).await;
    assert!(message(&mut socket).await.is_some());
    subscribe(&mut socket, Mode::Ticker, &[HDFC]).await;
    while message(&mut socket).await.is_some() {}
    let mut socket = connect(&sim, FEED).await;
    for mode in [Mode::Ticker, Mode::Quote, Mode::Full] {
        subscribe(&mut socket, mode, &[HDFC]).await;
    }
    assert!(sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::Market).len() == 3).await);
}

#[tokio::test]
async fn the_urls_of_a_simulator_on_every_address_are_on_loopback() {
    for (listen, host) in [("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "[::1]"), ("127.0.0.1:0", "127.0.0.1")] {
        let config = SimConfig { listen: listen.parse().expect("an address"), ..quick() };
        // Not every machine has IPv6.
        let Ok(sim) = Simulator::start(config).await else { continue };
        for (name, value) in sim.environment() {
            let address = url::Url::parse(&value).expect("an address");
            assert_eq!(address.host_str(), Some(host), "{name}={value}");
            assert_eq!(address.port(), Some(sim.addr().port()), "{name}={value}");
        }
    }
}

#[tokio::test]
async fn a_closed_market_sends_one_snapshot_of_the_last_session_then_only_pings() {
    let config = SimConfig {
        faults: vec![Fault::Closed],
        stacking: Stacking::Never,
        ping_every: Some(Duration::from_millis(20)),
        ..quick()
    };
    let sim = start(config).await;
    let mut socket = connect(&sim, FEED).await;
    subscribe(&mut socket, Mode::Full, &[HDFC, OPTION]).await;
    let mut full = 0;
    for _ in 0..4 {
        let bytes = message(&mut socket).await.expect("a snapshot");
        if let Some(Ok((_, Packet::Full(packet)))) = feed::packets(&bytes).next() {
            full += 1;
            let ltt = feed::utc(packet.ltt_raw()).expect("traded");
            assert_eq!((ltt + 19_800) % 86_400, (15 * 60 + 30) * 60 - 1, "traded in the last second of a session");
        }
    }
    assert_eq!(full, 2);
    for _ in 0..3 {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("a closed market sends {other:?}"),
        }
    }
}

#[tokio::test]
async fn requests_that_dhan_answers_with_400_get_400() {
    let sim = start(quick()).await;
    for path in ["/feed?version=2&token=abc&clientId=1", "/", "/feed", "/?version=2&clientId=1&authType=2"] {
        let refused = try_connect(&sim, path).await;
        assert!(matches!(&refused, Err(Error::Http(answer)) if answer.status() == 400), "{path}: {refused:?}");
    }
    // A request line without a path is written by hand.
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut tcp = TcpStream::connect(sim.addr()).await.expect("the simulator listens");
    let head = "GET ?version=2&token=abc&clientId=1&authType=2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n                Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    tcp.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
