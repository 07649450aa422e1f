//! The network: sockets on loopback, servers that violate the protocol, and a token that no message may contain. The names
//! of tests begin with the ids of the rows of the fault catalogue.

mod authority;
mod connecting;
mod faults;
mod proxies;
mod rest;
mod sockets;
mod support;
mod tls;
