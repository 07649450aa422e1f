//! Section L of the fault catalogue: the order feed, and depth with losses.

use crate::support::{Home, Signal, records, simulator, subscribed, wait};
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Cut, SimConfig, Upgrade};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Starts a simulator whose orders change only when the test advances them.
fn quiet_account() -> dhan::testing::simulator::SimHandle {
    simulator(SimConfig { order_life: false, ..SimConfig::default() })
}

#[test]
fn l01_a_quiet_account_is_reported_neither_as_live_nor_as_refused() {
    let ping_every = Some(std::time::Duration::from_millis(100));
    let sim = simulator(SimConfig { order_life: false, ping_every, ..SimConfig::default() });
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["orders", "--status-records", "-vv"]));
    wait("the login and the book", || (!sim.texts().is_empty() && !sim.http_requests().is_empty()).then_some(()));
    // The server is connected and sends no order.
    let id = subscribed(&sim, Stream::Orders, 0);
    wait("pongs", || (sim.connection(id)?.pongs_received >= 10).then_some(()));
    let ended = running.stop(Signal::INT).exits(0);
    let events: Vec<_> = records(&ended.out).iter().map(|status| status["event"].clone()).collect();
    assert!(events.contains(&"requested".into()), "{events:?}");
    assert!(!events.contains(&"live".into()), "nothing was seen: {events:?}");
    for claim in ["authenticated", "logged in", "subscribed", "refused", "invalid"] {
        assert!(!ended.err.contains(claim), "{claim}: {}", ended.err);
    }
    assert_eq!(sim.connections(Stream::Orders).seen, 1);
}

/// Returns the number and status of every order on the server.
fn book(sim: &dhan::testing::simulator::Probe) -> BTreeMap<String, String> {
    let mut stream = TcpStream::connect(sim.addr()).unwrap();
    let token = "any";
    write!(stream, "GET /v2/orders HTTP/1.1\r\nHost: x\r\naccess-token: {token}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let rows: Vec<Value> = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["orderId"]), text(&row["orderStatus"]))).collect()
}

#[test]
fn l02_orders_that_changed_during_a_gap_are_printed_after_it_and_never_go_back() {
    let sim = quiet_account();
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["orders"]));
    let id = subscribed(&sim, Stream::Orders, 0);
    wait("the login", || (!sim.texts_of(id).is_empty()).then_some(()));
    sim.advance_orders(10);
    running.prints(5);
    sim.every_upgrade(Upgrade::Reset);
    sim.cut_all(Cut::Reset);
    wait("the cut", || (sim.connections(Stream::Orders).open == 0).then_some(()));
    sim.advance_orders(60);
    sim.every_upgrade(Upgrade::Accept);
    let after = book(&sim);
    wait("every order's last state", || {
        let text = running.out.text();
        let complete = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut last = BTreeMap::new();
        for order in records(complete).iter().filter(|record| record["type"] == "order") {
            last.insert(order["order_no"].as_str()?.to_owned(), order["status"].as_str()?.to_owned());
        }
        (last == after).then_some(())
    });
    let ended = running.stop(Signal::INT).exits(0);
    let records = records(&ended.out);
    let gap = records.iter().position(|record| record["type"] == "gap").expect("a gap record");
    assert_eq!(records[gap]["reason"], "disconnected");
    let over = ["TRADED", "CANCELLED", "REJECTED", "EXPIRED"];
    let mut ended_as = BTreeMap::new();
    for order in records.iter().filter(|record| record["type"] == "order") {
        let (number, status) = (order["order_no"].as_str().unwrap(), order["status"].as_str().unwrap());
        if let Some(end) = ended_as.get(number) {
            assert_eq!(*end, status, "order {number} was over and came back");
        }
        if over.contains(&status) {
            ended_as.insert(number, status);
        }
    }
    // L06: the program sent only GET requests.
    assert!(sim.http_requests().iter().all(|request| request.method == "GET"));
    assert_eq!(sim.texts().len(), sim.connections(Stream::Orders).seen, "a login each, and nothing else was sent");
}

#[test]
fn client_ids_are_complete_for_partners_and_masked_for_own_accounts() {
    for (user_type, shown) in [("self", "******4321"), ("partner", "1000004321")] {
        let sim = quiet_account();
        let home = Home::new();
        let mut command = home.dhan(&sim, &["orders"]);
        command.env("DHAN_WS_USER_TYPE", user_type);
        command.env("DHAN_PARTNER_ID", "P1").env("DHAN_PARTNER_SECRET", crate::support::secrets::OPAQUE);
        let running = home.start(command);
        let id = subscribed(&sim, Stream::Orders, 0);
        wait("the login", || (!sim.texts_of(id).is_empty()).then_some(()));
        sim.send_text(id, r#"{"Type":"order_alert","Data":{"orderNo":"1","clientId":"1000004321"}}"#);
        running.prints(1);
        let ended = running.stop(Signal::INT).exits(0);
        assert_eq!(records(&ended.out)[0]["client_id"], shown, "{user_type}");
    }
}

#[test]
fn l04_depth_sides_before_and_after_a_loss_are_never_paired() {
    let sim = simulator(SimConfig { rate: Some(400.0), ..SimConfig::default() });
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["depth", "NSE_EQ:2885", "NSE_EQ:1333"]));
    running.prints(30);
    for seen in 2..4 {
        sim.cut_all(Cut::Reset);
        wait("the reconnect", || (sim.connections(Stream::DEPTH_20).seen >= seen).then_some(()));
        let lines = running.out.lines();
        running.prints(lines + 30);
    }
    let ended = running.stop(Signal::INT).exits(0);
    let [received, written, filtered, dropped, malformed, gaps] = ended.counts();
    assert_eq!((dropped, malformed, gaps), (0, 0, 2), "{received} = {written} + {filtered}");
    for depth in records(&ended.out).iter().filter(|record| record["type"] == "depth") {
        let (bid, ask) = (depth["best_bid"].as_f64().unwrap(), depth["best_ask"].as_f64().unwrap());
        assert!(bid < ask, "a book of two times: {depth}");
    }
}
