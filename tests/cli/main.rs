//! The binary from outside, a module a theme.

mod bars;
mod capture;
mod commands;
mod completions;
mod config;
mod console;
mod day;
mod doctor;
mod feed;
#[path = "../support/harness/mod.rs"]
mod harness;
mod home;
mod instruments;
mod instruments_real;
mod manual;
#[path = "../support/proxy.rs"]
mod proxy;
mod readme;
mod recipes;
mod schema;
mod vectors;
