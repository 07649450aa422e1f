//! The simulator and the relay, read by other clients.

mod command;
mod crowd;
mod depth;
mod market;
mod official_client;
mod orders;
mod relay;
mod sockets;
