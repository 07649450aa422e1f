//! Tests that need neither a process nor a socket: bytes, records, sessions, the account's files, and the sources.

mod account;
mod architecture;
mod encoder;
mod fuzz_corpus;
mod golden;
mod orders;
mod orders_read_only;
mod protocol;
mod records;
mod session;
mod verify;
mod version;
mod world;
