//! What needs no process and no socket: bytes, records, sessions, files of the account, and the sources themselves.

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
