//! The program from outside: its commands, its network, its behaviour as a process, and its simulator as other clients
//! see it. One binary, so that tests that wait run beside tests that compute.

mod cli;
mod exchange;
mod net;
mod process;
mod support;
