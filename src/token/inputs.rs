//! Reads PIN and TOTP secret from a file or a command, never from a command line, and never as a value from the
//! environment.
//!
//! A PIN has four to six digits, too few to search every message for: `2026` in a date would be masked, and the mask
//! would reveal the PIN. It is kept out of messages by construction: it is only put into the one request, no error of
//! the HTTP client is shown, and an answer is searched for it before it is shown. The TOTP secret is long enough for
//! the redactor and is registered there.

use super::otp::Seed;
use crate::auth::{self, Environment};
use crate::model::{Exit, Failure};
use crate::redact::Redactor;
use secrecy::{ExposeSecret as _, SecretString};
use std::path::{Path, PathBuf};

/// The command line's options for PIN and TOTP secret.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct InputOptions {
    /// Read the account's PIN from FILE [env: DHAN_PIN_FILE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub pin_file: Option<PathBuf>,
    /// Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]
    ///
    /// It is run by sh -c, and gets 10 s.
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString)]
    pub pin_command: Option<String>,
    /// Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]
    ///
    /// The secret is Base32, or an otpauth:// address.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub totp_file: Option<PathBuf>,
    /// Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]
    ///
    /// It is run by sh -c, and gets 10 s.
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString)]
    pub totp_command: Option<String>,
}

enum Place {
    File(PathBuf),
    Command(String),
}

/// Says where one of the two secrets comes from.
struct Input {
    /// Its name for people.
    what: &'static str,
    /// Prefix of its options and variables.
    word: &'static str,
    place: Option<Place>,
    redactor: Redactor,
}

/// Says where PIN and TOTP secret come from.
pub struct Inputs {
    pin: Input,
    totp: Input,
}

impl Inputs {
    /// Decides where to look: a flag wins over the environment, a command over a file.
    pub fn new(options: InputOptions, environment: &Environment, redactor: &Redactor) -> Inputs {
        let input = |what, word: &'static str, command: Option<String>, file: Option<PathBuf>| {
            let variable = |kind: &str| format!("DHAN_{}_{kind}", word.to_ascii_uppercase());
            let place = command
                .map(Place::Command)
                .or(file.map(Place::File))
                .or_else(|| environment.text(&variable("COMMAND")).map(Place::Command))
                .or_else(|| environment.path(&variable("FILE")).map(Place::File));
            Input { what, word, place, redactor: redactor.clone() }
        };
        Inputs {
            pin: input("PIN", "pin", options.pin_command, options.pin_file),
            totp: input("TOTP secret", "totp", options.totp_command, options.totp_file),
        }
    }

    /// Returns warnings about files that other users can read.
    pub fn warnings(&self) -> Vec<String> {
        let file = |input: &Input| match &input.place {
            Some(Place::File(path)) => auth::permission_warning(&format!("{} file", input.what), path),
            _ => None,
        };
        [&self.pin, &self.totp].into_iter().filter_map(file).collect()
    }

    /// Returns the names of both places, for messages.
    pub fn names(&self) -> [String; 2] {
        [self.pin.name(), self.totp.name()]
    }

    /// Reads both secrets.
    ///
    /// # Errors
    /// Exit 3: says what is missing or malformed, of both in one message, and what to do.
    pub async fn read(&self) -> Result<(SecretString, Seed), Failure> {
        let pin = self.pin.read().await.and_then(|text| pin(&text).map_err(|words| self.pin.wrong(&words)));
        let seed = self.totp.read().await.and_then(|text| Seed::parse(&text).map_err(|words| self.totp.wrong(&words)));
        if let Ok(seed) = &seed {
            self.totp.redactor.add(seed.spelling().clone());
        }
        match (pin, seed) {
            (Ok(pin), Ok(seed)) => Ok((pin, seed)),
            (Err(words), Ok(_)) | (Ok(_), Err(words)) => Err(Failure::new(Exit::Credentials, words)),
            (Err(one), Err(other)) => Err(Failure::new(Exit::Credentials, format!("2 problems:\n  {one}\n  {other}"))),
        }
    }
}

impl Input {
    fn name(&self) -> String {
        match &self.place {
            Some(Place::File(path)) => format!("the {} file {}", self.what, shown(path)),
            // The command is not quoted: it may contain a password.
            Some(Place::Command(_)) => format!("the {} command", self.what),
            None => format!("the {}", self.what),
        }
    }

    fn wrong(&self, words: &str) -> String {
        format!("{} {words}", self.name())
    }

    async fn read(&self) -> Result<SecretString, String> {
        let read = match &self.place {
            None => {
                let variable = self.word.to_ascii_uppercase();
                return Err(format!(
                    "a token cannot be made without the {}: name its file with --{word}-file (DHAN_{variable}_FILE) or \
                     a command that prints it with --{word}-command (DHAN_{variable}_COMMAND)",
                    self.what,
                    word = self.word
                ));
            }
            Some(Place::File(path)) => auth::read_file(path.clone()).await,
            Some(Place::Command(line)) => auth::run_command(line, &self.redactor).await,
        };
        read.map_err(|words| self.wrong(&words))
    }
}

/// Returns a path for messages: people may write the secret itself instead of its file.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_pin = !text.is_empty() && digits == text.len();
    let is_seed =
        text.len() >= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'='));
    if is_pin || is_seed || text.to_ascii_lowercase().contains("otpauth") {
        return "[redacted] (write the secret into a file, and name that)".to_owned();
    }
    format!("{path:?}")
}

/// Returns the PIN without the text that editors put around it.
fn pin(text: &SecretString) -> Result<SecretString, String> {
    let text = text.expose_secret();
    let word = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    match word.len() {
        0 => Err("is empty: write the PIN of your Dhan account".to_owned()),
        4..=8 if word.bytes().all(|b| b.is_ascii_digit()) => Ok(SecretString::from(word)),
        _ => Err(
            "holds something else than a PIN of 4 to 8 digits: write the digits alone, without quotes and without a \
                  name before them"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_digits_and_what_is_none_is_told_without_repeating_it() {
        for text in ["123456", " 123456\r\n", "\u{feff}123456\n"] {
            assert_eq!(pin(&SecretString::from(text)).expect("a PIN").expose_secret(), "123456");
        }
        for text in ["", "\n", "\"123456\"", "PIN=123456", "12 34 56", "123", "123456789", "१२३४५६"] {
            let error = pin(&SecretString::from(text)).expect_err("none");
            assert!(!error.contains("123"), "{error}");
        }
    }

    #[test]
    fn a_secret_that_stands_where_a_file_is_named_is_not_shown() {
        for text in ["123456", "GEZDGNBVGY3TQOJQ", "gezd gnbv gy3t qojq", "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ"] {
            assert!(shown(Path::new(text)).starts_with("[redacted]"), "{text}");
        }
        assert_eq!(shown(Path::new("/etc/dhan/pin")), "\"/etc/dhan/pin\"");
    }
}
