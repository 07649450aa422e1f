//! Returns where a server can be reached, and the environment variables that point `dhan` at it.

use crate::model::Stream;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns the address at which a client on this host reaches a server: loopback if the server listens on all
/// addresses, because nobody can connect to the unspecified address.
pub(crate) fn reached_at(mut addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    addr
}

/// Returns the variables that hold the addresses of the four streams.
pub(crate) fn stream_variables(url: impl Fn(Stream) -> String) -> Vec<(&'static str, String)> {
    vec![
        ("DHAN_WS_MARKET_FEED_URL", url(Stream::Market)),
        ("DHAN_WS_MARKET_DEPTH_URL", url(Stream::DEPTH_20)),
        ("DHAN_WS_MARKET_DEPTH_200_URL", url(Stream::DEPTH_200)),
        ("DHAN_WS_ORDER_URL", url(Stream::Orders)),
    ]
}
