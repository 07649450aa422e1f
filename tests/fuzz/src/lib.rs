//! What every fuzz target does with its bytes: a parser is fed, and what must hold whatever the bytes are is asserted.
//!
//! `fuzz_targets/NAME.rs` calls `NAME::run`; `tests/pure/fuzz_corpus.rs` runs the same functions over the kept corpora with the
//! stable toolchain.

pub mod capture;
pub mod claims;
pub mod control;
pub mod depth;
pub mod feed;
pub mod http;
pub mod master_index;
pub mod master_rows;
pub mod mend;
pub mod numbers;
pub mod orders;
pub mod pipeline;
pub mod redaction;
pub mod session;
pub mod take;
pub mod verify;
pub mod words;

/// A target's body.
pub type Body = fn(&[u8]);

/// Every target by its name.
pub const ALL: [(&str, Body); 16] = [
    ("capture", capture::run),
    ("claims", claims::run),
    ("control", control::run),
    ("depth", depth::run),
    ("feed", feed::run),
    ("http", http::run),
    ("master_index", master_index::run),
    ("master_rows", master_rows::run),
    ("mend", mend::run),
    ("numbers", numbers::run),
    ("orders", orders::run),
    ("pipeline", pipeline::run),
    ("redaction", redaction::run),
    ("session", session::run),
    ("verify", verify::run),
    ("words", words::run),
];
