//! Reports the state of a run to the service manager (`NOTIFY_SOCKET`, as `sd_notify` does).

use crate::model::Stream;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Time after which a run counts as ready without data while the market is closed.
const CLOSED: Duration = Duration::from_secs(10);

/// Sends messages to the service manager.
#[derive(Debug)]
pub struct Notifier {
    socket: UnixDatagram,
    watchdog: Option<Duration>,
    is_ready: bool,
    status: String,
}

/// Describes the state of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// The stream.
    pub stream: Stream,
    /// Number of live connections.
    pub live: usize,
    /// Number of connections that have sent all their requests, live or not.
    pub requested: usize,
    /// Number of all connections.
    pub sockets: usize,
    /// Whether the market is open.
    pub is_open: bool,
    /// Time since the run began.
    pub up: Duration,
    /// One line for people.
    pub status: String,
}

impl RunState {
    /// Returns whether the service is ready: data arrives on every connection, or none can be expected.
    pub fn is_ready(&self) -> bool {
        let all = |count: usize| self.sockets > 0 && count >= self.sockets;
        let waited = self.up >= CLOSED;
        // An account without orders sends nothing, whether or not the market is open.
        all(self.live) || (waited && (!self.is_open || (self.stream == Stream::Orders && all(self.requested))))
    }
}

impl Notifier {
    /// Returns a notifier if a service manager started this process.
    pub fn from_env() -> Option<Notifier> {
        let path = std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty())?;
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        // A watchdog that is meant for a parent process is ignored.
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|us| *us > 0 && is_ours).map(Duration::from_micros);
        Notifier::connect(&path, watchdog).ok()
    }

    /// Connects to the socket of a path, or of an abstract name that begins with `@`. It never waits.
    fn connect(path: &OsStr, watchdog: Option<Duration>) -> io::Result<Notifier> {
        let socket = UnixDatagram::unbound()?;
        match path.as_bytes().split_first() {
            #[cfg(target_os = "linux")]
            Some((b'@', name)) => {
                use std::os::linux::net::SocketAddrExt as _;
                socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)?;
            }
            _ => socket.connect(path)?,
        }
        socket.set_nonblocking(true)?;
        Ok(Notifier { socket, watchdog, is_ready: false, status: String::new() })
    }

    /// Returns the interval at which [`Notifier::report_alive`] must be called: half of the manager's watchdog time.
    pub fn alive_interval(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| (watchdog / 2).max(Duration::from_millis(1)))
    }

    /// Reports that the loop that reads the sockets is running.
    pub fn report_alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// Reports once that the run is ready, and its state whenever it changed.
    pub fn report(&mut self, state: &RunState) {
        if !self.is_ready && state.is_ready() {
            self.is_ready = true;
            self.send("READY=1");
        }
        if self.status != state.status {
            self.status.clone_from(&state.status);
            self.send(&format!("STATUS={}", self.status.replace('\n', " ")));
        }
    }

    /// Reports that the run is stopping.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Errors are ignored: the run does not depend on the manager.
    fn send(&self, text: &str) {
        let _ = self.socket.send(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;

    fn state() -> RunState {
        RunState {
            stream: Stream::Market,
            live: 0,
            requested: 0,
            sockets: 2,
            is_open: true,
            up: Duration::from_secs(60),
            status: "1 of 2 live".to_owned(),
        }
    }

    #[test]
    fn a_run_is_ready_with_data_or_where_none_can_be_expected() {
        assert!(!state().is_ready());
        assert!(!RunState { live: 1, ..state() }.is_ready());
        assert!(RunState { live: 2, ..state() }.is_ready());
        assert!(!RunState { sockets: 0, ..state() }.is_ready());
        let closed = RunState { is_open: false, ..state() };
        assert!(closed.is_ready());
        assert!(!RunState { up: Duration::from_secs(9), ..closed }.is_ready());
        let orders = RunState { stream: Stream::Orders, requested: 2, ..state() };
        assert!(orders.is_ready());
        assert!(!RunState { requested: 1, ..orders }.is_ready());
        assert!(!RunState { requested: 2, ..state() }.is_ready());
    }

    #[test]
    fn both_kinds_of_addresses_are_told_in_order_and_a_deaf_manager_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let name = format!("dhan-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let listeners = [
            (UnixDatagram::bind(&path).unwrap(), path.as_os_str().to_owned()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}").into()),
        ];
        for (listener, address) in listeners {
            let mut notifier = Notifier::connect(&address, Some(Duration::from_secs(4))).unwrap();
            assert_eq!(notifier.alive_interval(), Some(Duration::from_secs(2)));
            notifier.report(&state());
            notifier.report(&RunState { live: 2, ..state() });
            notifier.report(&RunState { live: 2, status: "2 of\n2 live".to_owned(), ..state() });
            notifier.report_alive();
            notifier.stopping();
            let mut messages = Vec::new();
            let mut buffer = [0; 256];
            for _ in 0..5 {
                let len = listener.recv(&mut buffer).unwrap();
                messages.push(String::from_utf8_lossy(&buffer[..len]).into_owned());
            }
            assert_eq!(messages, ["STATUS=1 of 2 live", "READY=1", "STATUS=2 of 2 live", "WATCHDOG=1", "STOPPING=1"]);
            (0..10_000).for_each(|_| notifier.report_alive());
            drop(listener);
            notifier.report_alive();
        }
    }
}
