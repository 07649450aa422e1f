//! The simulator's depth sockets, read by a plain websocket client.

use crate::exchange::sockets::{Socket, message};
use crate::support::PATIENCE;
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::DisconnectReason;
use dhan::testing::protocol::depth::{Levels, Packet, Side, packets};
use dhan::testing::protocol::request::{RequestCode, list, single};
use dhan::testing::simulator::{
    Cut, Depth200Path, DepthUnsubscribe, DisconnectLayout, SimConfig, SimHandle, Simulator,
};
use futures_util::{SinkExt as _, StreamExt as _};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const HDFC: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
const OPTION: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 45_678);
const BSE: InstrumentKey = InstrumentKey::new(Segment::BSE_EQ, 500_325);

async fn start(config: SimConfig) -> SimHandle {
    Simulator::start(SimConfig { rate: Some(1_000.0), ..config }).await.expect("the simulator starts")
}

async fn connect(sim: &SimHandle, path: &str) -> Socket {
    let tcp = TcpStream::connect(sim.addr()).await.expect("the simulator listens");
    let address = format!("ws://{}/{path}?token=abc&clientId=1&authType=2", sim.addr());
    let request = address.into_client_request().expect("an address");
    tokio_tungstenite::client_async(request, tcp).await.expect("an upgrade").0
}

async fn ask(socket: &mut Socket, text: String) {
    socket.send(Message::text(text)).await.expect("sent");
}

#[tokio::test]
async fn twenty_levels_come_in_multiples_of_332_stacked_and_split() {
    let sim = start(SimConfig::default()).await;
    let mut socket = connect(&sim, "twentydepth").await;
    // A segment without depth sends nothing.
    ask(&mut socket, list(RequestCode::SUBSCRIBE_DEPTH, &[HDFC, OPTION, BSE])).await;
    let (mut sizes, mut starts, mut seen, mut sequence) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), 0..);
    for _ in 0..300 {
        let bytes = message(&mut socket).await.expect("a message");
        assert_eq!(bytes.len() % 332, 0);
        sizes.insert(bytes.len() / 332);
        for (i, packet) in packets(&bytes, Levels::Twenty).enumerate() {
            let Ok(Packet::Side(side)) = packet else { panic!("{packet:?}") };
            assert_eq!(side.rows().len(), 20);
            assert_eq!(Some(side.word), sequence.next(), "the sequence counts from 0");
            seen.insert(side.instrument);
            if i == 0 {
                starts.insert(side.side.name());
            }
        }
    }
    assert!(sizes.contains(&2) && sizes.contains(&4) && sizes.contains(&6), "{sizes:?}");
    assert!(sizes.iter().any(|packets| packets % 2 == 1), "no pair was ever split: {sizes:?}");
    assert_eq!(starts, BTreeSet::from(["ask", "bid"]));
    assert_eq!(seen, BTreeSet::from([HDFC, OPTION]));
}

#[tokio::test]
async fn two_hundred_levels_vary_on_both_paths_and_in_both_shapes() {
    for path in ["twohundreddepth", ""] {
        for text in [single(RequestCode::SUBSCRIBE_DEPTH, HDFC), list(RequestCode::SUBSCRIBE_DEPTH, &[HDFC])] {
            let sim = start(SimConfig::default()).await;
            let mut socket = connect(&sim, path).await;
            ask(&mut socket, text).await;
            let mut counts = BTreeSet::new();
            for _ in 0..30 {
                let bytes = message(&mut socket).await.expect("a message");
                for packet in packets(&bytes, Levels::TwoHundred) {
                    let Ok(Packet::Side(side)) = packet else { panic!("{packet:?}") };
                    assert_eq!(side.rows().len(), side.word as usize);
                    let rows: Vec<_> = side.rows().map(|row| row.price).collect();
                    assert!(rows.windows(2).all(|w| if side.side == Side::Bid { w[0] > w[1] } else { w[0] < w[1] }));
                    counts.insert(side.word);
                }
            }
            assert!(counts.contains(&200) && counts.len() > 3, "{counts:?}");
            assert_eq!(sim.connections(Stream::DEPTH_200).seen, 1);
        }
    }
}

#[tokio::test]
async fn one_instrument_too_many_is_804() {
    for (path, levels, most) in [("twentydepth", Levels::Twenty, 50), ("twohundreddepth", Levels::TwoHundred, 1)] {
        let sim = start(SimConfig::default()).await;
        let mut socket = connect(&sim, path).await;
        let many: Vec<_> = (1..=most).map(|id| InstrumentKey::new(Segment::NSE_EQ, id)).collect();
        ask(&mut socket, list(RequestCode::SUBSCRIBE_DEPTH, &many)).await;
        assert!(
            sim.wait_async(PATIENCE, |sim| sim.open(Stream::DEPTH_20).len() + sim.open(Stream::DEPTH_200).len() == 1)
                .await
        );
        ask(&mut socket, single(RequestCode::SUBSCRIBE_DEPTH, OPTION)).await;
        let reason = loop {
            let bytes = message(&mut socket).await.expect("a disconnect");
            if let Some(Ok(Packet::Disconnect(reason))) = packets(&bytes, levels).last() {
                break reason;
            }
        };
        assert_eq!(reason, DisconnectReason(804));
    }
}

#[tokio::test]
async fn depth_disconnects_come_in_the_configured_layout() {
    for (layout, length) in [(DisconnectLayout::A, 14), (DisconnectLayout::B, 12), (DisconnectLayout::C, 10)] {
        let sim = start(SimConfig { disconnect_layout: layout, ..SimConfig::default() }).await;
        let mut socket = connect(&sim, "twentydepth").await;
        assert!(sim.wait_async(PATIENCE, |sim| sim.connections(Stream::DEPTH_20).open == 1).await);
        sim.cut_all(Cut::Disconnect(807));
        let bytes = message(&mut socket).await.expect("a packet");
        assert_eq!(bytes.len(), length);
        let packet = packets(&bytes, Levels::Twenty).next();
        assert_eq!(packet, Some(Ok(Packet::Disconnect(DisconnectReason(807)))));
        assert_eq!(message(&mut socket).await, None);
    }
}

#[tokio::test]
async fn the_code_that_unsubscribes_is_configurable() {
    let (documented, alternate) = (RequestCode::UNSUBSCRIBE_DEPTH, RequestCode::UNSUBSCRIBE_DEPTH_ALTERNATE);
    for (which, deaf_to, heeds) in [
        (DepthUnsubscribe::Both, None, documented),
        (DepthUnsubscribe::Both, None, alternate),
        (DepthUnsubscribe::Only24, Some(alternate), documented),
        (DepthUnsubscribe::Only25, Some(documented), alternate),
    ] {
        let sim = start(SimConfig { depth_unsubscribe: which, ..SimConfig::default() }).await;
        let mut socket = connect(&sim, "twentydepth").await;
        ask(&mut socket, list(RequestCode::SUBSCRIBE_DEPTH, &[HDFC, OPTION])).await;
        if let Some(code) = deaf_to {
            ask(&mut socket, list(code, &[HDFC])).await;
            assert!(sim.wait_async(PATIENCE, |sim| sim.texts().len() == 2).await);
            ask(&mut socket, list(RequestCode::SUBSCRIBE_DEPTH, &[HDFC])).await;
            assert!(sim.wait_async(PATIENCE, |sim| sim.texts().len() == 3).await);
            assert_eq!(sim.subscriptions(Stream::DEPTH_20).len(), 2, "{which:?} heeded {code:?}");
        }
        ask(&mut socket, list(heeds, &[HDFC])).await;
        assert!(
            sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::DEPTH_20).len() == 1).await,
            "{which:?} {heeds:?}"
        );
    }
}

#[tokio::test]
async fn an_unsupported_path_is_reset_without_a_frame() {
    for (policy, path, works) in [
        (Depth200Path::Root, "twohundreddepth", false),
        (Depth200Path::Root, "", true),
        (Depth200Path::Neither, "", false),
    ] {
        let sim = start(SimConfig { depth_200_path: policy, ..SimConfig::default() }).await;
        let mut socket = connect(&sim, path).await;
        ask(&mut socket, single(RequestCode::SUBSCRIBE_DEPTH, HDFC)).await;
        assert_eq!(message(&mut socket).await.is_some(), works, "{policy:?} {path}");
    }
}

/// Counts the packets of an instrument until only another instrument's packets come.
async fn following(socket: &mut Socket, instrument: InstrumentKey) -> u32 {
    let (mut following, mut others) = (0, 0);
    while others < 400 {
        let bytes = message(socket).await.expect("a message");
        for packet in packets(&bytes, Levels::Twenty) {
            let Ok(Packet::Side(side)) = packet else { panic!("{packet:?}") };
            (following, others) =
                if side.instrument == instrument { (following + 1, 0) } else { (following, others + 1) };
        }
    }
    following
}

#[tokio::test]
async fn by_default_code_25_unsubscribes_with_late_packets_and_24_does_nothing() {
    let sim = start(SimConfig { rate: Some(5_000.0), ..SimConfig::default() }).await;
    let mut socket = connect(&sim, "twentydepth").await;
    ask(&mut socket, list(RequestCode::SUBSCRIBE_DEPTH, &[HDFC, OPTION])).await;
    ask(&mut socket, list(RequestCode::UNSUBSCRIBE_DEPTH, &[HDFC])).await;
    assert!(sim.wait_async(PATIENCE, |sim| sim.texts().len() == 2).await);
    assert_eq!(sim.subscriptions(Stream::DEPTH_20).len(), 2, "24 unsubscribed");
    ask(&mut socket, list(RequestCode::UNSUBSCRIBE_DEPTH_ALTERNATE, &[HDFC])).await;
    assert!(sim.wait_async(PATIENCE, |sim| sim.subscriptions(Stream::DEPTH_20).len() == 1).await);
    let following = following(&mut socket, HDFC).await;
    assert!(following >= 13, "{following} ghosts");
}

#[tokio::test]
async fn the_200_level_socket_sends_no_pings_and_answers_them_unless_configured_otherwise() {
    for pongs in [true, false] {
        let config = SimConfig {
            ping_every: Some(Duration::from_millis(5)),
            pongs_on_200: pongs,
            rate: Some(100.0),
            ..SimConfig::default()
        };
        let sim = start(config).await;
        let mut socket = connect(&sim, "").await;
        socket.send(Message::Ping("x".into())).await.expect("sent");
        ask(&mut socket, single(RequestCode::SUBSCRIBE_DEPTH, HDFC)).await;
        let (mut data, mut answered) = (0, false);
        while data < 20 {
            match tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time") {
                Some(Ok(Message::Binary(_))) => data += 1,
                Some(Ok(Message::Pong(_))) => answered = true,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(answered, pongs);
    }
}
