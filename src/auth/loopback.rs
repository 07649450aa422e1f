//! Finds out whether an address is on this host, so that a token may be sent there unencrypted.

use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::Duration;
use url::Host;

/// Time limit of a name look-up.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(3);

/// Says where a host's name leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Only to this host.
    Loopback,
    /// Also to another host.
    Elsewhere(IpAddr),
    /// To no known address.
    Unknown,
}

/// Looks up where a host is. A name is judged by its addresses and not by its text: a hosts file may map `localhost`
/// to any address.
pub(super) fn reach(host: &Host<&str>) -> Reach {
    match host {
        Host::Ipv4(ip) => of(&[IpAddr::V4(*ip)]),
        Host::Ipv6(ip) => of(&[IpAddr::V6(*ip)]),
        Host::Domain(name) => of(&look_up(name)),
    }
}

fn of(addresses: &[IpAddr]) -> Reach {
    match addresses.iter().find(|ip| !ip.to_canonical().is_loopback()) {
        Some(elsewhere) => Reach::Elsewhere(*elsewhere),
        None if addresses.is_empty() => Reach::Unknown,
        None => Reach::Loopback,
    }
}

/// Looks a name up with the system's resolver, on a thread that is abandoned if no name server answers.
fn look_up(name: &str) -> Vec<IpAddr> {
    let (answer, answered) = mpsc::channel();
    let name = name.to_owned();
    let thread = std::thread::Builder::new().name("dns".into()).spawn(move || {
        let found = (name.as_str(), 0).to_socket_addrs().map(|all| all.map(|a| a.ip()).collect());
        let _ = answer.send(found.unwrap_or_default());
    });
    thread.ok().and_then(|_| answered.recv_timeout(LOOK_UP_LIMIT).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_this_host_only_when_all_its_addresses_are() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(of(&[ip("127.0.0.1"), ip("::1")]), Reach::Loopback);
        assert_eq!(of(&[ip("::ffff:127.0.0.1")]), Reach::Loopback);
        assert_eq!(of(&[ip("127.0.0.1"), ip("192.0.2.1")]), Reach::Elsewhere(ip("192.0.2.1")));
        assert_eq!(of(&[ip("0.0.0.0")]), Reach::Elsewhere(ip("0.0.0.0")));
        assert_eq!(of(&[]), Reach::Unknown);
        assert_eq!(reach(&Host::Domain("localhost")), Reach::Loopback);
    }
}
