//! Makes the manual page of a command from the definitions that `--help` prints.

use super::roff::{Roff, Span};
use super::shared::Shared;
use super::text::{Section, sections};
use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

/// Returns the page of a command, whose name has dashes: `dhan-token-save`.
pub fn page(command: &Command, name: &str) -> String {
    let about = command.get_about().map(StyledStr::to_string).unwrap_or_default();
    let mut page = Roff::new(name, 1, &about);
    let mut texts = sections(&command.get_after_long_help().map(StyledStr::to_string).unwrap_or_default());
    let examples = texts.pop_if(|section| section.is_examples());
    if name == "dhan" {
        // The tables at the end of its help have sections of their own here.
        texts.clear();
    }
    page.heading("SYNOPSIS");
    synopsis(command, &mut page);
    page.heading("DESCRIPTION");
    description(command, &about, &mut page);
    texts.iter().for_each(|section| section.write(&mut page));
    let has_options = command.get_arguments().any(|arg| !arg.is_hide_set());
    if has_options {
        page.heading("OPTIONS");
        options(command, &mut page);
    }
    let below: Vec<_> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).collect();
    if !below.is_empty() {
        page.heading("COMMANDS");
        for sub in below {
            let about = sub.get_about().map(StyledStr::to_string).unwrap_or_default();
            page.tagged(&[Span::Bold(&format!("{name}-{}", sub.get_name())), Span::Plain("(1)")], &sentence(&about));
        }
    }
    examples.iter().for_each(|section: &Section| section.write(&mut page));
    Shared::of(name).write(command, name, &mut page);
    page.finish()
}

/// Writes the synopses of a command, one per line.
fn synopsis(command: &Command, page: &mut Roff) {
    let usage = command.clone().render_usage().to_string();
    let lines: Vec<_> = usage.trim_start_matches("Usage:").lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let spans: Vec<_> = lines.iter().map(|line| line.split_inclusive(' ').map(word).collect()).collect();
    page.lines(&spans);
}

fn word(word: &str) -> Span<'_> {
    match word.contains(['<', '[']) {
        true => Span::Italic(word),
        false => Span::Bold(word),
    }
}

fn description(command: &Command, about: &str, page: &mut Roff) {
    let long = command.get_long_about().map(StyledStr::to_string).unwrap_or_default();
    let paragraphs: Vec<_> = long.split("\n\n").filter(|text| !text.trim().is_empty()).collect();
    match paragraphs[..] {
        // The first one repeats the line with the name.
        [_, ref rest @ ..] if !rest.is_empty() => rest.iter().for_each(|text| page.paragraph(text)),
        _ => page.paragraph(&sentence(about)),
    }
}

/// Writes the options, those without a heading first.
fn options(command: &Command, page: &mut Roff) {
    let mut headings: Vec<Option<&str>> = vec![None];
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    for heading in headings {
        if let Some(heading) = heading {
            page.subheading(heading);
        }
        let here = |arg: &&Arg| arg.get_help_heading() == heading && !arg.is_hide_set();
        let (positional, named): (Vec<_>, Vec<_>) =
            command.get_arguments().filter(here).partition(|a| a.is_positional());
        positional.into_iter().chain(named).for_each(|arg| option(arg, page));
    }
}

fn option(arg: &Arg, page: &mut Roff) {
    let takes = arg.get_action().takes_values();
    let value = match arg.get_value_names() {
        Some(names) if takes => names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    let (short, long) = (arg.get_short().map(|c| format!("-{c}")), arg.get_long().map(|long| format!("--{long}")));
    let mut tag = Vec::new();
    if let Some(short) = &short {
        tag.extend([Span::Bold(short), Span::Plain(", ")]);
    }
    match &long {
        None => {
            tag.push(Span::Italic(&value));
            if matches!(arg.get_action(), ArgAction::Append) {
                tag.push(Span::Plain(" ..."));
            }
        }
        Some(long) => {
            tag.push(Span::Bold(long));
            match (arg.is_require_equals_set(), value.is_empty()) {
                (true, _) => tag.extend([Span::Plain("[="), Span::Italic(&value), Span::Plain("]")]),
                (false, false) => tag.extend([Span::Plain(" "), Span::Italic(&value)]),
                (false, true) => {}
            }
        }
    }
    page.tagged(&tag, &meaning(arg, takes));
}

/// Returns what an option does, with its values and its default, in sentences.
fn meaning(arg: &Arg, takes: bool) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(StyledStr::to_string).unwrap_or_default();
    let mut text: Vec<_> = help.split("\n\n").map(sentence).collect();
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes && !values.is_empty() && !arg.is_hide_possible_values_set() {
        text.push(format!("The values are {}.", values.join(", ")));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !defaults.is_empty() {
        text.push(format!("The default is {}.", defaults.join(", ")));
    }
    text.join(" ")
}

/// Returns a text with the end of a sentence.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '?', '!', ':']) || text.is_empty() { text.to_owned() } else { format!("{text}.") }
}
