//! The simulator's order socket and REST answers, read by plain clients.

use crate::support::PATIENCE;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{BadToken, Casing, Response, SimConfig, SimHandle, Simulator};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

type Socket = WebSocketStream<TcpStream>;

const SELF: &str = r#"{"LoginReq":{"MsgCode":42,"ClientId":"1000000007","Token":"abc"},"UserType":"SELF"}"#;
const PARTNER: &str = r#"{"LoginReq":{"MsgCode":"42","ClientId":"p1"},"UserType":"PARTNER","Secret":"s"}"#;

async fn start(config: SimConfig) -> SimHandle {
    Simulator::start(SimConfig { rate: Some(500.0), ..config }).await.expect("the simulator starts")
}

async fn connect(sim: &SimHandle) -> Socket {
    let tcp = TcpStream::connect(sim.addr()).await.expect("the simulator listens");
    let request = sim.url(Stream::Orders).into_client_request().expect("an address");
    tokio_tungstenite::client_async(request, tcp).await.expect("an upgrade").0
}

async fn next(socket: &mut Socket) -> Option<Message> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("a message in time") {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => return Some(message),
            Some(Err(_)) | None => return None,
        }
    }
}

async fn data(socket: &mut Socket) -> Value {
    let Some(Message::Text(text)) = next(socket).await else { panic!("no text") };
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["Type"], "order_alert");
    value["Data"].take()
}

/// Sends a GET request, and returns status and body.
async fn get(sim: &SimHandle, path: &str, headers: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut tcp = TcpStream::connect(sim.addr()).await.unwrap();
    tcp.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn order_updates_agree_with_the_order_book() {
    let sim = start(SimConfig::default()).await;
    let mut socket = connect(&sim).await;
    socket.send(Message::text(SELF)).await.unwrap();
    // Some clients log in twice.
    socket.send(Message::text(SELF)).await.unwrap();
    let (mut statuses, mut last) = (BTreeSet::new(), BTreeMap::new());
    let mut parts = 0;
    for _ in 0..60 {
        let order = data(&mut socket).await;
        assert_eq!((&order["clientId"], &order["exchange"]), (&"1000000007".into(), &"NSE".into()));
        statuses.insert(order["status"].as_str().unwrap().to_owned());
        let traded = order["tradedQty"].as_u64().unwrap_or(0);
        parts += usize::from(traded > 0 && traded < order["quantity"].as_u64().unwrap());
        last.insert(order["orderNo"].as_str().unwrap().to_owned(), traded);
    }
    let expected = ["Cancelled", "Pending", "Rejected", "Traded", "Transit"];
    assert!(statuses.iter().eq(expected.iter()), "{statuses:?}");
    assert!(parts > 0);
    sim.set_muted(true);
    let (status, body) = get(&sim, "/v2/orders", "access-token: abc\r\n").await;
    assert_eq!(status, 200);
    let book: Vec<Value> = serde_json::from_str(&body).unwrap();
    let traded: BTreeMap<_, _> =
        book.iter().map(|o| (o["orderId"].as_str().unwrap().to_owned(), o["filledQty"].as_u64().unwrap())).collect();
    for (order, quantity) in &last {
        // Updates that were under way may have changed the order book meanwhile.
        assert!(traded[order] >= *quantity, "{order}");
    }
}

#[tokio::test]
async fn two_sockets_of_an_account_get_the_same_updates() {
    let sim = start(SimConfig { order_life: false, ..SimConfig::default() }).await;
    let (mut first, mut second) = (connect(&sim).await, connect(&sim).await);
    for (number, socket) in [&mut first, &mut second].into_iter().enumerate() {
        socket.send(Message::text(SELF)).await.unwrap();
        assert!(sim.wait_async(PATIENCE, |sim| sim.texts().len() > number).await);
    }
    sim.advance_orders(20);
    for _ in 0..20 {
        assert_eq!(data(&mut first).await, data(&mut second).await);
    }
    sim.broadcast_text(Stream::Orders, r#"{"Data":{"orderNo":"9"},"Type":"order_alert"}"#);
    assert_eq!(data(&mut first).await["orderNo"], "9");
}

#[tokio::test]
async fn a_login_gets_no_answer_and_no_earlier_updates() {
    let sim = start(SimConfig { order_life: false, ..SimConfig::default() }).await;
    sim.advance_orders(3);
    let mut socket = connect(&sim).await;
    socket.send(Message::text(PARTNER)).await.unwrap();
    assert!(sim.wait_async(PATIENCE, |sim| sim.connection(0).unwrap().client_id.as_deref() == Some("p1")).await);
    sim.advance_orders(1);
    let order = data(&mut socket).await;
    assert_eq!(order["clientId"], "1000000001");
    let (_, body) = get(&sim, "/orders", "access-token: s\r\n").await;
    assert!(serde_json::from_str::<Vec<Value>>(&body).unwrap().len() <= 4);
}

#[tokio::test]
async fn a_refused_login_ends_in_each_configured_form() {
    for (policy, expected) in [
        (BadToken::Reset, None),
        (BadToken::Disconnect(807), Some(Message::binary(&b"\x32\x0a\0\0\0\0\0\0\x27\x03"[..]))),
    ] {
        let config = SimConfig { bad_token: policy, refuse_every_token: true, ..SimConfig::default() };
        let sim = start(config).await;
        let mut socket = connect(&sim).await;
        socket.send(Message::text(SELF)).await.unwrap();
        assert_eq!(next(&mut socket).await, expected, "{policy:?}");
    }
    let config = SimConfig { bad_token: BadToken::Close(1008), refuse_every_token: true, ..SimConfig::default() };
    let sim = start(config).await;
    let mut socket = connect(&sim).await;
    socket.send(Message::text(SELF)).await.unwrap();
    let Some(Message::Close(Some(frame))) = next(&mut socket).await else { panic!("no close frame") };
    assert_eq!(u16::from(frame.code), 1008);
}

#[tokio::test]
async fn order_keys_come_in_each_configured_casing() {
    for (casing, present, absent) in [
        (Casing::Camel, vec!["\"orderNo\":"], vec!["\"OrderNo\":"]),
        (Casing::Pascal, vec!["\"OrderNo\":"], vec!["\"orderNo\":", "\"refLtp\":"]),
        (Casing::Mixed, vec!["\"OrderNo\":", "\"refLtp\":", "\"RefLtp\":"], vec!["\"orderNo\":"]),
    ] {
        let sim = start(SimConfig { casing, ..SimConfig::default() }).await;
        let mut socket = connect(&sim).await;
        socket.send(Message::text(SELF)).await.unwrap();
        let Some(Message::Text(text)) = next(&mut socket).await else { panic!("no text") };
        assert!(present.iter().all(|key| text.contains(key)), "{casing:?}: {text}");
        assert!(!absent.iter().any(|key| text.contains(key)), "{casing:?}: {text}");
        assert!(text.starts_with("{\"Data\":{") && text.ends_with(",\"Type\":\"order_alert\"}"));
        assert_eq!(
            text.matches("\"Remarks\":").count(),
            match casing {
                Casing::Camel => 0,
                Casing::Pascal => 1,
                Casing::Mixed => 2,
            }
        );
    }
}

#[tokio::test]
async fn rest_answers_reads_and_refuses_everything_else() {
    let sim = start(SimConfig { refused_tokens: vec!["dead".to_owned()], ..SimConfig::default() }).await;
    let (status, body) = get(&sim, "/v2/profile", "access-token: live\r\ndhanClientId: 77\r\n").await;
    let profile: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &profile["dhanClientId"], &profile["dataPlan"]), (200, &"77".into(), &"Active".into()));
    for headers in ["", "access-token: dead\r\n"] {
        let (status, body) = get(&sim, "/profile", headers).await;
        assert_eq!(status, 401);
        assert!(body.contains("DH-901"));
    }
    assert_eq!(get(&sim, "/v2/nothing", "").await.0, 404);
    sim.answer("/profile", Response::json(429, "{}"));
    assert_eq!(get(&sim, "/v2/profile", "access-token: live\r\n").await.0, 429);
    sim.answer_as_usual("/profile");
    assert_eq!(get(&sim, "/v2/profile", "access-token: live\r\n").await.0, 200);

    let (status, csv) = get(&sim, "/master.csv", "").await;
    assert_eq!(status, 200);
    assert!(csv.lines().any(|row| row.starts_with("NSE,E,2885,EQUITY,0,RELIANCE,")));
    assert_eq!(sim.http_requests().len(), 7);
}
