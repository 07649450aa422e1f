//! `dhan generate`: completions and manual pages, from the same definitions as `--help`, and units for systemd.

mod man;
mod systemd;

use crate::cli::args::{Cli, GenerateArgs, Generated, Shell};
use crate::cli::{lazy, out};
use crate::cmd::told;
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use anyhow::Context as _;
use std::path::Path;

/// A file that is generated: its name, and its text without a date or a version of the day.
type Page = (String, String);

/// Prints, writes or compares.
///
/// # Errors
/// Exit 1 when a check finds a difference, naming the command that mends it; exit 9 when a file cannot be written.
pub fn run(args: &GenerateArgs, console: &Console) -> Result<Exit, Failure> {
    let (kind, pages, dir, check) = match &args.what {
        Generated::Completions { shell, dir, check } => {
            if shell.is_none() && dir.is_none() {
                return Err(Failure::usage(
                    "which shell? write dhan generate completions bash, zsh or fish, or --dir DIR for all",
                ));
            }
            let shells = shell.map_or_else(|| vec![Shell::Bash, Shell::Zsh, Shell::Fish], |shell| vec![shell]);
            ("completions", shells.into_iter().map(completions).collect::<Vec<_>>(), dir, *check)
        }
        Generated::Systemd { dir } => {
            let (program, warning) = systemd::program();
            if let Some(warning) = warning {
                console.warn(warning);
            }
            let mut units = systemd::units(&program);
            if dir.is_none() {
                // Printed in one go: a line says where each begins.
                units.iter_mut().for_each(|(name, text)| *text = format!("# {name}\n{text}\n"));
            }
            ("systemd", units, dir, false)
        }
        Generated::Man { page, dir, check } => {
            let mut pages = man().map_err(told(Exit::Bug))?;
            if page.is_some() || dir.is_none() {
                let name = page.as_ref().map_or_else(|| "dhan.1".to_owned(), |page| format!("dhan-{page}.1"));
                let known: Vec<_> = pages.iter().map(|(name, _)| name.clone()).collect();
                pages.retain(|(known, _)| *known == name);
                if pages.is_empty() {
                    return Err(Failure::usage(format!("there is no page {name:?}: there are {}", known.join(", "))));
                }
            }
            ("man", pages, dir, *check)
        }
    };
    match dir {
        None => pages.iter().try_for_each(|(_, text)| out::print(text))?,
        Some(dir) if check => compare(kind, dir, &pages)?,
        Some(dir) => pages.iter().try_for_each(|page| write(dir, page)).map_err(told(Exit::Output))?,
    }
    Ok(Exit::Done)
}

fn completions(shell: Shell) -> Page {
    let (name, shell) = match shell {
        Shell::Bash => ("dhan.bash", clap_complete::Shell::Bash),
        Shell::Zsh => ("_dhan", clap_complete::Shell::Zsh),
        Shell::Fish => ("dhan.fish", clap_complete::Shell::Fish),
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut lazy::whole::<Cli>(), "dhan", &mut text);
    (name.to_owned(), with_instruments(name, &String::from_utf8_lossy(&text)))
}

/// Adds instruments from the cache to a completion script, for the commands that take them.
fn with_instruments(name: &str, script: &str) -> String {
    match name {
        "dhan.bash" => format!("{script}{}", include_str!("generate/completions/dhan.bash")),
        "dhan.fish" => format!("{script}{}", include_str!("generate/completions/dhan.fish")),
        _ => {
            // A function must stand before the end of the script, which runs the completion.
            let first = "autoload -U is-at-least\n";
            let added = format!("{first}{}", include_str!("generate/completions/dhan.zsh"));
            let instrument = |line: &str| {
                let takes = ["'*::specs -- ", "'*::symbols -- ", "':spec -- "].iter().any(|arg| line.starts_with(arg));
                if takes { line.replace(":_default'", ":_dhan_instruments'") } else { line.to_owned() }
            };
            script.replacen(first, &added, 1).split_inclusive('\n').map(instrument).collect()
        }
    }
}

fn man() -> anyhow::Result<Vec<Page>> {
    // A page is the same wherever it is made: it names no commit and no target.
    let mut root = lazy::whole::<Cli>().disable_help_subcommand(true).long_version(None);
    root.build();
    let mut pages = Vec::new();
    page(&root, "dhan", &mut pages)?;
    Ok(pages)
}

fn page(command: &clap::Command, name: &str, pages: &mut Vec<Page>) -> anyhow::Result<()> {
    // The program's name with its spaces stays in the synopsis; the page's own name has dashes.
    let shown = command.clone().display_name(name.to_owned());
    let rendered = clap_mangen::Man::new(shown).title(name.to_owned()).date("").manual("dhan");
    let mut text = Vec::new();
    rendered.render(&mut text).with_context(|| format!("cannot make {name}.1"))?;
    pages.push((format!("{name}.1"), man::tidy(&String::from_utf8_lossy(&text))));
    command.get_subcommands().try_for_each(|sub| page(sub, &format!("{name}-{}", sub.get_name()), pages))
}

fn write(dir: &Path, (name, text): &Page) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let path = dir.join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn compare(kind: &str, dir: &Path, pages: &[Page]) -> Result<(), Failure> {
    let stale = |(name, text): &&Page| std::fs::read_to_string(dir.join(name)).ok().as_ref() != Some(text);
    let names: Vec<_> = pages.iter().filter(stale).map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let dir = dir.display();
    Err(Failure::new(
        Exit::Bug,
        format!("stale in {dir}: {}\nwrite them anew with: cargo run -- generate {kind} --dir {dir}", names.join(", ")),
    ))
}
