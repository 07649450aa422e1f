//! What tests share: a way to run the program, and a TCP proxy with bad manners.

pub mod harness;
pub mod proxy;
