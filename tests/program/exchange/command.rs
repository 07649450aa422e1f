//! `dhan simulate` as a command.

use crate::support::{Home, Signal};
use std::net::{TcpListener, TcpStream};

#[test]
fn simulate_serves_until_sigterm_and_reports_an_address_in_use() {
    let home = Home::without_account();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = home.run(&["simulate", "--listen", &address]).exits(2);
    assert!(refused.err.contains(&address) && refused.err.contains("port 0"), "{}", refused.err);

    let server = home.start(&["simulate", "--seed", "3"]);
    server.says("DHAN_INSTRUMENTS_URL=");
    let said = server.err.text();
    let address = said.split("listens on ").nth(1).and_then(|rest| rest.split(';').next()).expect("an address");
    TcpStream::connect(address).expect("it listens");
    server.stop(Signal::TERM).exits(0);
}
