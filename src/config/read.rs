//! Reads the file into settings.

use super::{Setting, Settings, Value, check};
use crate::auth::Environment;
use crate::folders;
use clap::Command;
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Limit in bytes of the file.
const LARGEST: u64 = 64 << 10;
/// Maximum number of problems that are reported.
const MOST: usize = 20;

/// Maximum number of syntax errors reported: one mistake can cause several.
const MOST_ERRORS: usize = 5;

/// Holds the command line's options about the file, which are parsed before the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--no-config`.
    pub ignored: bool,
}

impl FileOptions {
    /// Searches a command line for the two options.
    pub fn of(line: &[OsString]) -> FileOptions {
        let mut options = FileOptions::default();
        let mut words = line.iter().skip(1).map(|word| word.to_string_lossy()).take_while(|word| word != "--");
        while let Some(word) = words.next() {
            match word.as_ref() {
                "--no-config" => options.ignored = true,
                "--profile" => options.profile = words.next().map(|name| name.into_owned()),
                _ => {
                    if let Some(name) = word.strip_prefix("--profile=") {
                        options.profile = Some(name.to_owned());
                    }
                }
            }
        }
        options
    }
}

/// Returns the path of the file: `$XDG_CONFIG_HOME/dhan/config.toml`, else `~/.config/dhan/config.toml`.
pub fn file_path(environment: &Environment) -> Option<PathBuf> {
    Some(folders::CONFIG.folder(|name| environment.path(name))?.join("config.toml"))
}

/// Reads and checks the file; returns its problems, one per line. `whole` returns the command line with all
/// subcommands, and is called only if there is a file.
pub fn load<'a>(
    options: &FileOptions,
    environment: &Environment,
    whole: impl FnOnce() -> &'a Command,
) -> (Option<Settings>, Vec<String>) {
    if options.ignored {
        return (None, Vec::new());
    }
    let profile = match (&options.profile, environment.text("DHAN_PROFILE")) {
        (Some(name), _) => Some((name.clone(), "--profile")),
        (None, named) => named.map(|name| (name, "DHAN_PROFILE")),
    };
    let missing = |place: String| match &profile {
        Some((name, by)) => (None, vec![format!("{by} {name:?}: {place}; write [profile.{name}] into it")]),
        None => (None, Vec::new()),
    };
    let Some(file) = file_path(environment) else {
        let words = "no file is read, since neither XDG_CONFIG_HOME nor HOME is set: set one";
        return (None, profile.map(|(name, by)| format!("{by} {name:?}: {words}")).into_iter().collect());
    };
    let text = match read(&file) {
        Ok(Some(text)) => text,
        Ok(None) => return missing(format!("there is no file {}", file.display())),
        Err(why) => {
            return (None, vec![format!("cannot read {}: {why}; mend it, or write --no-config", file.display())]);
        }
    };
    let (mut settings, mut problems) = parse(&file, &text, environment, whole());
    if let Some((name, by)) = &profile
        && !settings.profiles.contains(name)
    {
        let nearest = match check::nearest(name, settings.profiles.iter().map(String::as_str)) {
            Some(nearest) => format!("the nearest is {nearest:?}"),
            None => "it has none: write [profile.NAME] above its keys".to_owned(),
        };
        problems.push(format!("{by} {name:?}: {} has no such profile; {nearest}", file.display()));
    }
    settings
        .settings
        .retain(|setting| setting.profile.is_none() || setting.profile.as_ref() == profile.as_ref().map(|p| &p.0));
    settings.profile = profile;
    (Some(settings), problems)
}

/// Reads the file; returns `None` if there is none.
///
/// # Errors
/// Says why it cannot be read.
fn read(file: &Path) -> Result<Option<String>, String> {
    let words = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        kind => kind.to_string(),
    };
    match std::fs::metadata(file) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(words(error)),
        // A pipe could block.
        Ok(found) if !found.is_file() => return Err("it is no regular file".to_owned()),
        Ok(found) if found.len() > LARGEST => {
            return Err(format!("it has {} bytes, and {LARGEST} are read at most", found.len()));
        }
        Ok(_) => {}
    }
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(words)?;
    opened.take(LARGEST).read_to_string(&mut text).map_err(words)?;
    Ok(Some(text))
}

/// Returns the settings of a text in all profiles, and its problems.
pub(super) fn parse(file: &Path, text: &str, environment: &Environment, whole: &Command) -> (Settings, Vec<String>) {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    let mut reader = Reader { ends, root: whole, settings: Vec::new(), problems: Vec::new(), profiles: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        reader.table(table.get_ref(), None, &mut Vec::new(), whole);
    }
    for error in errors.iter().take(MOST_ERRORS) {
        // The error's own text quotes the line, which may hold a secret.
        let span = error.span().unwrap_or_default();
        let words = error.message().lines().next().unwrap_or_default();
        let is_name = |text: &&str| text.len() < 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let key = text.get(span.clone()).filter(|_| words == "duplicate key").filter(is_name);
        let key = key.map_or_else(String::new, |key| format!(" {key:?}"));
        let advice = if is_bare_text(text.lines().nth(reader.line(span.start) - 1).unwrap_or_default()) {
            "; text needs quotes, as in mode = \"full\""
        } else {
            ""
        };
        reader.problem(span.start, &format!("this is not TOML: {words}{key}{advice}"));
    }
    let Reader { mut problems, settings, profiles, .. } = reader;
    let settings =
        Settings { file: file.to_owned(), profile: None, profiles, settings, environment: environment.clone() };
    problems.extend(check::values(&settings, whole));
    problems.sort_by_key(|(line, _)| *line);
    problems.dedup();
    problems.truncate(MOST);
    (settings, problems.into_iter().map(|(line, words)| format!("{} line {line}: {words}", file.display())).collect())
}

/// Returns whether the value in a line is text without quotes.
fn is_bare_text(line: &str) -> bool {
    let value = line.split_once('=').map(|(_, value)| value.trim_start());
    value.is_some_and(|value| value.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '~'))
}

struct Reader<'a> {
    /// Where lines end.
    ends: Vec<usize>,
    root: &'a Command,
    settings: Vec<Setting>,
    problems: Vec<(usize, String)>,
    profiles: Vec<String>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < at)
    }

    fn problem(&mut self, at: usize, words: &str) {
        let line = self.line(at);
        self.problems.push((line, words.to_owned()));
    }

    fn table(&mut self, table: &DeTable<'_>, profile: Option<&str>, path: &mut Vec<String>, command: &Command) {
        for (key, value) in table {
            if self.problems.len() >= MOST {
                return;
            }
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            let is_table = value.get_ref().is_table();
            if name == "profile" && path.is_empty() && profile.is_none() {
                self.profiles(at, value);
            } else if let Some(advice) = secret(name).filter(|_| !is_table) {
                self.problem(at, &format!("{name}: no key holds a secret; {advice}"));
            } else if let (DeValue::Table(inner), Some(sub)) = (value.get_ref(), command.find_subcommand(name)) {
                path.push(name.to_owned());
                self.table(inner, profile, path, sub);
                path.pop();
            } else if is_table {
                let names = command.get_subcommands().map(Command::get_name);
                let words = match check::options(self.root, path).any(|arg| arg.get_long() == Some(name)) {
                    true => format!("{name} is an option, not a command: write {name} = …"),
                    false => format!("there is no command {name:?}{}", nearest_words(name, names)),
                };
                self.problem(at, &words);
            } else if !check::options(self.root, path).any(|arg| arg.get_long() == Some(name)) {
                let words = self.unknown(name, path, command);
                self.problem(at, &words);
            } else {
                self.setting(name, at, value, profile, path);
            }
        }
    }

    /// Returns the problem of a key that no command of its table has.
    fn unknown(&self, name: &str, path: &[String], command: &Command) -> String {
        if command.find_subcommand(name).is_some() {
            return format!(
                "{name} is a command: write [{}] above its keys",
                [path, &[name.to_owned()]].concat().join(".")
            );
        }
        if ["help", "version", "profile", "no-config"].contains(&name) {
            return format!("{name} is for the command line only");
        }
        let of = if path.is_empty() { String::new() } else { format!(" of dhan {}", path.join(" ")) };
        let others = self.root.get_subcommands().filter(|sub| check::option(sub, name).is_some());
        let others: Vec<_> = others.map(|sub| format!("dhan {}", sub.get_name())).collect();
        if !others.is_empty() {
            return format!("there is no option {name:?}{of}; it is one of {}", others.join(", "));
        }
        let mut letters = name.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && let Some(arg) = check::options(self.root, path).find(|arg| arg.get_short() == Some(letter))
        {
            let long = arg.get_long().unwrap_or_default();
            return format!("there is no option {name:?}{of}; the keys are the long names: write {long}");
        }
        let names = check::options(self.root, path).filter_map(|arg| arg.get_long());
        format!("there is no option {name:?}{of}{}", nearest_words(name, names))
    }

    fn profiles(&mut self, at: usize, value: &Spanned<DeValue<'_>>) {
        let DeValue::Table(profiles) = value.get_ref() else {
            self.problem(at, "profile is a table: write [profile.NAME], and choose it with --profile or DHAN_PROFILE");
            return;
        };
        for (name, value) in profiles {
            let DeValue::Table(inner) = value.get_ref() else {
                let words = format!("profile {0:?} is a table: write [profile.{0}] above its keys", name.get_ref());
                self.problem(name.span().start, &words);
                continue;
            };
            self.profiles.push(name.get_ref().to_string());
            let root = self.root;
            self.table(inner, Some(name.get_ref()), &mut Vec::new(), root);
        }
    }

    fn setting(&mut self, name: &str, at: usize, value: &Spanned<DeValue<'_>>, profile: Option<&str>, path: &[String]) {
        let (values, is_list) = match value.get_ref() {
            DeValue::Array(array) => {
                (array.iter().map(|item| scalar(item.get_ref())).collect::<Option<Vec<_>>>(), true)
            }
            value => (scalar(value).map(|value| vec![value]), false),
        };
        let Some(values) = values else {
            self.problem(at, &format!("{name} takes text, numbers, true or false, not tables or lists of lists"));
            return;
        };
        let holds = |secret: fn(&str) -> bool| values.iter().any(|value| secret(&value.text()));
        if holds(|text| crate::redact::find_jwt(text.as_bytes()).is_some()) {
            let words = format!("{name} holds an access token: put it into a file, and name that with token-file");
            return self.problem(at, &words);
        }
        if holds(|text| text.to_ascii_lowercase().contains("otpauth://")) {
            let words = format!("{name} holds a TOTP secret: put it into a file, and name that with totp-file");
            return self.problem(at, &words);
        }
        let line = self.line(at);
        self.settings.push(Setting {
            profile: profile.map(str::to_owned),
            command: path.to_vec(),
            key: name.to_owned(),
            values,
            is_list,
            line,
        });
    }
}

fn scalar(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        // Options read decimal numbers only.
        DeValue::Integer(number) => Value::Number(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |n| n.to_string()),
        ),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Boolean(on) => Value::Switch(*on),
        DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}

fn nearest_words<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    check::nearest(name, names).map_or_else(String::new, |nearest| format!("; the nearest is {nearest}"))
}

/// Returns what to write instead of a key that would hold a secret.
fn secret(key: &str) -> Option<String> {
    let key = key.to_ascii_lowercase().replace('_', "-");
    // The variable's name is what people know.
    let (what, option) = match key.strip_prefix("dhan-").unwrap_or(&key) {
        "access-token" | "jwt" | "password" | "secret" => ("it", "token-file"),
        "token" => ("the access token", "token-file"),
        "pin" => ("it", "pin-file"),
        "totp" | "totp-secret" => ("it", "totp-file"),
        "client-token" => ("it", "client-token-file"),
        "partner-secret" => return Some("give it in the environment as DHAN_PARTNER_SECRET".to_owned()),
        _ => return None,
    };
    Some(format!("put {what} into a file that only you can read, and name that with {option}"))
}
