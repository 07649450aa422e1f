//! Where a server is reached, and the environment that points `dhan` at it.

use super::Kind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns where a client on this host reaches a server: one that listens everywhere does so on loopback too, and the
/// address of "everywhere" is nobody's to connect to.
pub(crate) fn reached_at(mut addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    addr
}

/// Returns the variables that name the addresses of the four streams.
pub(crate) fn stream_variables(url: impl Fn(Kind) -> String) -> Vec<(&'static str, String)> {
    vec![
        ("DHAN_WS_MARKET_FEED_URL", url(Kind::Feed)),
        ("DHAN_WS_MARKET_DEPTH_URL", url(Kind::Depth20)),
        ("DHAN_WS_MARKET_DEPTH_200_URL", url(Kind::Depth200)),
        ("DHAN_WS_ORDER_URL", url(Kind::Orders)),
    ]
}
