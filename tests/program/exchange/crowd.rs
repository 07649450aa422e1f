//! `dhan simulate` with many clients, and its messages about them.

use crate::support::{DHAN, PATIENCE};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Simulate {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    addr: String,
}

impl Simulate {
    /// Starts the simulator with a limit of descriptors.
    fn start(descriptors: u32, args: &[&str]) -> Simulate {
        let script = format!("ulimit -n {descriptors}; exec \"$0\" simulate \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, DHAN]).args(args);
        // The developer's own configuration must not change the test.
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("sh");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let addr = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).expect("readable") > 0, "the simulator ended early");
            if let Some(addr) = line.strip_prefix("DHAN_INSTRUMENTS_URL=http://") {
                break addr.trim().trim_end_matches("/master.csv").to_owned();
            }
        };
        Simulate { child, stderr, addr }
    }

    fn connect(&self) -> TcpStream {
        let tcp = TcpStream::connect(&self.addr).expect("it listens");
        tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        tcp
    }

    fn get(&self, path: &str) -> String {
        let mut tcp = self.connect();
        write!(tcp, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).expect("an answer in time");
        answer
    }

    /// Reads stderr to the next line that contains a word.
    fn line(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.stderr.read_line(&mut line).expect("readable") > 0,
                "stderr ended without a line that contains {word}"
            );
            if line.contains(word) {
                return line;
            }
        }
    }
}

impl Drop for Simulate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn incomplete_requests_do_not_hold_every_descriptor() {
    let simulate = Simulate::start(96, &[]);
    let half: Vec<_> = (0..300)
        .map(|_| {
            let mut tcp = simulate.connect();
            // The simulator may have closed it already.
            let _ = tcp.write_all(b"GET /feed?vers");
            tcp
        })
        .collect();
    assert!(simulate.get("/master.csv").starts_with("HTTP/1.1 200 OK"));
    drop(half);
}

#[test]
fn verbose_lines_name_connections_and_requests_and_never_a_token() {
    let mut simulate = Simulate::start(256, &["-vv"]);
    simulate.get("/detailed.csv");
    assert!(simulate.line("/detailed.csv").contains("200"));
    let address = format!("ws://{}/feed?version=2&token=S3CRET-T0KEN&clientId=1000000001&authType=2", simulate.addr);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        use futures_util::{SinkExt as _, StreamExt as _};
        let tcp = tokio::net::TcpStream::connect(&simulate.addr).await.expect("it listens");
        let (mut socket, _) = tokio_tungstenite::client_async(address, tcp).await.expect("an upgrade");
        let ask = r#"{"RequestCode":15,"InstrumentCount":1,"InstrumentList":[{"ExchangeSegment":"IDX_I","SecurityId":"13"}]}"#;
        socket.send(tokio_tungstenite::tungstenite::Message::text(ask)).await.expect("sent");
        tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time");
    });
    let mut messages = String::new();
    for word in ["opened", "******0001", "subscribes", "<- {", "-> ", "gone"] {
        messages += &simulate.line(word);
    }
    assert!(messages.contains("IDX_I:13"), "{messages}");
    assert!(!messages.contains("S3CRET"), "{messages}");
}
