//! The network from outside: real sockets on loopback, servers with bad manners, and a sentinel token that may turn up
//! nowhere. Rows of the fault catalogue are named by their id.

mod authority;
mod connecting;
mod faults;
mod proxies;
mod rest;
mod sockets;
mod support;
mod tls;
