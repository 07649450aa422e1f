//! `dhan simulate` as a command.
//!
//! The test sends SIGTERM to its own process.

use crate::support::until;
use clap::Parser;
use dhan::testing::cli::simulate::SimulateArgs;
use dhan::testing::console::{Console, ConsoleConfig, LogLevel};
use dhan::testing::model::exit::Exit;
use std::net::{TcpListener, TcpStream};
use std::thread;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: SimulateArgs,
}

fn quiet() -> Console {
    Console::new(ConsoleConfig { level: LogLevel::Error, ..ConsoleConfig::default() })
}

#[test]
fn simulate_serves_until_sigterm_and_reports_an_address_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let args = || Cli::parse_from(["simulate", "--listen", &address, "--seed", "3"]).args;

    let failure = dhan::testing::cmd::simulate::run(&args(), &quiet()).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.message.contains(&address) && failure.message.contains("port 0"), "{failure}");

    drop(taken);
    let serving = args();
    let server = thread::spawn(move || dhan::testing::cmd::simulate::run(&serving, &quiet()));
    until("the simulator listens", || {
        assert!(!server.is_finished(), "the simulator has ended");
        TcpStream::connect(&address).is_ok()
    });
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(server.join().unwrap(), Ok(Exit::Done));
    assert!(TcpStream::connect(&address).is_err(), "it still listens");
}
