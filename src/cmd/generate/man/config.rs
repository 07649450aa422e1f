//! Makes `dhan-config(5)`: the file of defaults, and the keys from each command's options.

use super::roff::{Roff, Span};
use super::text::sections;
use clap::{Arg, Command};

/// The description of the file.
const TEXT: &str = include_str!("config.txt");

/// Returns the page for the options of these commands.
pub fn page(root: &Command) -> String {
    let mut page = Roff::new("dhan-config", 5, "defaults of options");
    let (before, after): (Vec<_>, Vec<_>) = sections(TEXT).into_iter().partition(|section| !section.is_examples());
    before.iter().for_each(|section| section.write(&mut page));
    page.heading("KEYS");
    page.paragraph("The manual page of a command says what its options mean.");
    let top = keys(root).replace('.', ", and all that follow.");
    page.tagged(&[Span::Plain("at the top, for every command")], &top);
    add(root, "", &mut page);
    after.iter().for_each(|section| section.write(&mut page));
    page.heading("FILES");
    page.tagged(&[Span::Italic("~/.config/dhan/config.toml")], "The file.");
    page.heading("SEE ALSO");
    page.references(&["dhan", "dhan-config", "dhan-feed"].map(|name| (name.to_owned(), 1)));
    page.finish()
}

fn add(command: &Command, path: &str, page: &mut Roff) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let path = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path}.{}", sub.get_name()) };
        let keys = keys(sub);
        if !keys.is_empty() {
            page.tagged(&[Span::Bold(&format!("[{path}]"))], &keys);
        }
        add(sub, &path, page);
    }
}

/// Returns the keys that a command's own options make.
fn keys(command: &Command) -> String {
    let is_key = |arg: &&Arg| !["help", "version", "profile", "no-config"].contains(&arg.get_long().unwrap_or("help"));
    let is_here = |arg: &&Arg| !arg.is_global_set() || command.get_name() == "dhan";
    let longs = command.get_arguments().filter(is_key).filter(is_here).filter_map(Arg::get_long);
    let longs: Vec<_> = longs.collect();
    if longs.is_empty() { String::new() } else { longs.join(", ") + "." }
}
