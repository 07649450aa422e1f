//! The simulator from a client's side.

mod command;
mod crowd;
mod depth;
mod market;
mod official_client;
mod orders;
mod relay;
mod sockets;
