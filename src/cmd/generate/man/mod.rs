//! Makes the manual pages: one for each command, and those of the file formats.

mod command;
mod config;
mod records;
mod roff;
mod shared;
mod text;

use crate::cli::args::Cli;
use crate::cli::lazy;
use clap::Command;

/// Date of the pages: it changes with their content, not with the day they are made.
const DATE: &str = "2026-11-29";

/// The page of captures, which is written by hand.
const CAPTURE: &str = include_str!("../../../../man/dhan-capture.5");

/// Returns all pages, each with the name of its file. `dhan.1` is the first.
pub fn pages() -> Vec<(String, String)> {
    // Pages are the same wherever they are made, so they name no commit and no target.
    let mut root = lazy::whole::<Cli>().disable_help_subcommand(true).long_version(None);
    root.build();
    let mut pages = Vec::new();
    add(&root, "dhan", &mut pages);
    pages.push(("dhan-config.5".to_owned(), config::page(&root)));
    pages.push(("dhan-records.5".to_owned(), records::page()));
    pages.push(("dhan-capture.5".to_owned(), CAPTURE.to_owned()));
    pages
}

fn add(command: &Command, name: &str, pages: &mut Vec<(String, String)>) {
    pages.push((format!("{name}.1"), command::page(command, name)));
    let below = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    below.for_each(|sub| add(sub, &format!("{name}-{}", sub.get_name()), pages));
}
