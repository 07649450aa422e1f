//! The program: its commands, its network, its behaviour as a process, and its simulator. One binary, so that tests that
//! wait run beside tests that compute.

mod cli;
mod exchange;
mod net;
mod process;
mod support;
