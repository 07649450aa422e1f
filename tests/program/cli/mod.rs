//! The command line program, one module for each command or theme.

mod bars;
mod capture;
mod commands;
mod completions;
mod config;
mod console;
mod day;
mod doctor;
mod feed;
mod home;
mod instruments;
mod instruments_real;
mod manual;
mod readme;
mod recipes;
mod schema;
mod vectors;
