//! Runs `dhan generate`: completions and manual pages from the same definitions as `--help`, and units for systemd.

mod man;
mod systemd;

use crate::cli::args::{Cli, GenerateArgs, Generated, Shell};
use crate::cli::{lazy, out};
use crate::cmd::exit_with;
use crate::console::Console;
use crate::model::{Exit, Failure};
use anyhow::Context as _;
use clap::ValueEnum as _;
use clap_complete::Generator;
use std::path::Path;

/// A generated file: its name, and its text without a build date or version.
type Page = (String, String);

/// Prints, writes or compares.
///
/// # Errors
/// Exit 1 if a check finds a difference, naming the command that updates the files; exit 9 if a file cannot be
/// written.
pub fn run(args: &GenerateArgs, console: &Console) -> Result<Exit, Failure> {
    let (kind, pages, dir, check) = match &args.what {
        Generated::Completions { shell, dir, check } => {
            if shell.is_none() && dir.is_none() {
                return Err(Failure::usage(
                    "no shell is named: write dhan generate completions bash, zsh, fish, powershell or nushell, or --dir DIR for all",
                ));
            }
            let shells = shell.as_ref().map_or(Shell::value_variants(), std::slice::from_ref);
            ("completions", shells.iter().copied().map(completions).collect::<Vec<_>>(), dir, *check)
        }
        Generated::Systemd { dir } => {
            let (program, warning) = systemd::program();
            if let Some(warning) = warning {
                console.warn(warning);
            }
            let mut units = systemd::units(&program);
            if dir.is_none() {
                // Printed together: a line says where each begins.
                units.iter_mut().for_each(|(name, text)| *text = format!("# {name}\n{text}\n"));
            }
            ("systemd", units, dir, false)
        }
        Generated::Man { page, dir, check } => {
            let mut pages = man::pages();
            if page.is_some() || dir.is_none() {
                let name = page.as_ref().map_or_else(|| "dhan.".to_owned(), |page| format!("dhan-{page}."));
                let known: Vec<_> = pages.iter().map(|(name, _)| name.clone()).collect();
                // Where a command and a file have one name, the page of the command is meant.
                let found = pages.iter().position(|(known, _)| known.starts_with(&name));
                pages = found.map(|at| vec![pages.swap_remove(at)]).unwrap_or_default();
                if pages.is_empty() {
                    return Err(Failure::usage(format!(
                        "there is no page {:?}: there are {}",
                        page.as_deref().unwrap_or_default(),
                        known.join(", ")
                    )));
                }
            }
            ("man", pages, dir, *check)
        }
    };
    match dir {
        None => pages.iter().try_for_each(|(_, text)| out::print(text))?,
        Some(dir) if check => compare(kind, dir, &pages)?,
        Some(dir) => pages.iter().try_for_each(|page| write(dir, page)).map_err(exit_with(Exit::Output))?,
    }
    Ok(Exit::Done)
}

fn completions(shell: Shell) -> Page {
    use clap_complete::shells::{Bash, Fish, PowerShell, Zsh};
    let (name, generator): (_, &dyn Generator) = match shell {
        Shell::Bash => ("dhan.bash", &Bash),
        Shell::Zsh => ("_dhan", &Zsh),
        Shell::Fish => ("dhan.fish", &Fish),
        Shell::Pwsh => ("dhan.ps1", &PowerShell),
        Shell::Nushell => ("dhan.nu", &clap_complete_nushell::Nushell),
    };
    let (mut command, mut text) = (lazy::whole::<Cli>().bin_name("dhan"), Vec::new());
    command.build();
    generator.generate(&command, &mut text);
    (name.to_owned(), with_instruments(shell, &String::from_utf8_lossy(&text)))
}

/// Adds instruments from the cache to a completion script, for the commands that take them.
fn with_instruments(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => format!("{script}{}", include_str!("completions/dhan.bash")),
        Shell::Fish => format!("{script}{}", include_str!("completions/dhan.fish")),
        Shell::Zsh => {
            // A function must precede the end of the script, which runs the completion.
            let first = "autoload -U is-at-least\n";
            let added = format!("{first}{}", include_str!("completions/dhan.zsh"));
            let instrument = |line: &str| {
                let takes = ["'*::specs -- ", "'*::symbols -- ", "':spec -- "].iter().any(|arg| line.starts_with(arg));
                if takes { line.replace(":_default'", ":_dhan_instruments'") } else { line.to_owned() }
            };
            script.replacen(first, &added, 1).split_inclusive('\n').map(instrument).collect()
        }
        Shell::Nushell => {
            // Commands of a module may use what stands above them.
            let first = "module completions {\n";
            let added = format!("{first}{}", include_str!("completions/dhan.nu"));
            let instrument = |line: &str| {
                let takes = ["...specs: string", "...symbols: string", "spec: string"];
                match takes.iter().find(|arg| line.trim_start().starts_with(**arg)) {
                    Some(arg) => line.replacen(arg, &format!("{arg}@\"nu-complete dhan instruments\""), 1),
                    None => line.to_owned(),
                }
            };
            script.replacen(first, &added, 1).split_inclusive('\n').map(instrument).collect()
        }
        Shell::Pwsh => {
            // What is added to the suggestions must precede their filter, which ends the script.
            let last = "    $completions.Where{";
            script.replacen(last, &format!("{}{last}", include_str!("completions/dhan.ps1")), 1)
        }
    }
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
