//! Finds out where credentials come from, and reads them again at every attempt.

use super::file::Fifo;
use super::shape::{checked_token, checked_word, secret_parts};
use super::{Credentials, Login, Partner, claims, command, file};
use crate::folders;
use crate::model::{Exit, Failure, Micros};
use crate::redact::{Redactor, mask_client_id};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Minimum length of a token in bytes.
const SHORTEST_TOKEN: usize = 8;

/// Holds the environment variables: of this process, or given (in tests). Values are read on demand.
#[derive(Clone)]
pub struct Environment(Option<Arc<HashMap<String, OsString>>>);

impl Environment {
    /// Returns the environment of this process.
    pub fn process() -> Environment {
        Environment(None)
    }

    /// Creates an environment of these variables only.
    pub fn of<K: Into<String>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Environment {
        Environment(Some(Arc::new(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect())))
    }

    /// Returns a variable's value, or `None` if it is unset or empty. What is not UTF-8 becomes U+FFFD, which no
    /// address, name or token contains: such a value is refused, not ignored.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Returns a variable's value as a path, which may have any bytes, or `None` if it is unset or empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    fn value(&self, name: &str) -> Option<OsString> {
        let value = match &self.0 {
            Some(map) => map.get(name).cloned(),
            None => std::env::var_os(name),
        };
        value.filter(|value| !value.is_empty())
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// Returns the values that no message may ever show, whether or not a run reads them: people paste a token into
    /// the wrong variable. A value too short for a token may be an ordinary word, and becomes a secret only when it
    /// is read as one.
    pub fn secrets(&self) -> Vec<SecretString> {
        let values = crate::model::secrets::SECRET_VARIABLES.iter().filter_map(|name| self.secret(name));
        let file = self.path("DHAN_TOKEN_FILE").and_then(|path| file::glance(&path));
        values.chain(file).filter(is_long_enough).flat_map(|secret| secret_parts(&secret).collect::<Vec<_>>()).collect()
    }

    /// Returns whether a variable is set, even if empty.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        match &self.0 {
            Some(map) => map.contains_key(name),
            None => std::env::var_os(name).is_some(),
        }
    }
}

/// The command line's options for credentials. None takes a secret's value, because command lines are public.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Credentials")]
pub struct SourceOptions {
    /// Read the access token from FILE [env: DHAN_TOKEN_FILE]
    ///
    /// It is read again at every attempt to connect.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
    /// Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    ///
    /// It is run by sh -c, again at every attempt to connect, and gets 10 s and none of our secrets.
    #[arg(long, value_name = "CMD", value_hint = clap::ValueHint::CommandString)]
    pub token_command: Option<String>,
    /// The account's client id [env: DHAN_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Whether `--user-type` is `partner`, if it was given.
    #[arg(skip)]
    pub partner: Option<bool>,
}

/// Says where the token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// The output of a command, run by `sh -c`.
    Command(String),
    /// A file.
    File(PathBuf),
    /// `DHAN_ACCESS_TOKEN`.
    Environment,
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The command is not quoted: it may contain a password.
            TokenPlace::Command(_) => f.write_str("the token command"),
            TokenPlace::File(path) => write!(f, "the token file {path:?}"),
            TokenPlace::Environment => f.write_str("DHAN_ACCESS_TOKEN"),
        }
    }
}

/// Says what kind of problem credentials have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// There are none.
    Missing,
    /// They are empty, incomplete, too long, or contain white space or control characters.
    Malformed,
    /// The token's own expiry time has passed.
    Expired,
    /// The file cannot be read, or the command failed.
    Unreadable,
    /// The token belongs to another client id than the configured one.
    OtherAccount,
}

/// Says why there are no usable credentials. Never contains any part of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What is wrong, where, and what to do.
    pub message: String,
    /// Whether waiting can help: a file or a command may change, the environment cannot.
    pub can_change: bool,
}

impl CredentialError {
    /// Creates an error that waiting cannot cure.
    fn lasting(kind: ProblemKind, message: String) -> CredentialError {
        CredentialError { kind, message, can_change: false }
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Failure {
        let exit = if error.kind == ProblemKind::OtherAccount { Exit::Account } else { Exit::Credentials };
        Failure::new(exit, error.message)
    }
}

/// Holds where credentials come from; their values are read again at every attempt. Cheap to clone.
#[derive(Clone)]
pub struct CredentialSource {
    place: Option<TokenPlace>,
    client_id: Option<String>,
    client_id_is_typed: bool,
    partner: bool,
    environment: Environment,
    redactor: Redactor,
    fifo: Fifo,
}

impl fmt::Debug for CredentialSource {
    /// Shows only the place of the token: neither the environment nor a command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_ref().map(ToString::to_string);
        f.debug_struct("CredentialSource")
            .field("place", &place)
            .field("partner", &self.partner)
            .finish_non_exhaustive()
    }
}

impl CredentialSource {
    /// Decides where to look: a flag wins over the environment, a command over a file over a value. Every secret is
    /// registered with `redactor` before it is used.
    ///
    /// # Errors
    /// Returns a usage error for a `DHAN_WS_USER_TYPE` other than `self` or `partner`.
    pub fn new(
        options: SourceOptions,
        environment: Environment,
        redactor: Redactor,
    ) -> Result<CredentialSource, Failure> {
        let file = TokenPlace::File;
        let usual = || default_token_file(&environment).filter(|path| path.exists());
        let place = options
            .token_command
            .map(TokenPlace::Command)
            .or(options.token_file.map(file))
            .or_else(|| environment.text("DHAN_TOKEN_COMMAND").map(TokenPlace::Command))
            .or_else(|| environment.path("DHAN_TOKEN_FILE").map(file))
            .or_else(|| environment.is_set("DHAN_ACCESS_TOKEN").then_some(TokenPlace::Environment))
            .or_else(|| usual().map(file));
        let partner = match (options.partner, environment.text("DHAN_WS_USER_TYPE")) {
            (Some(partner), _) => partner,
            (None, None) => false,
            (None, Some(word)) if word.trim().eq_ignore_ascii_case("self") => false,
            (None, Some(word)) if word.trim().eq_ignore_ascii_case("partner") => true,
            (None, Some(word)) => {
                let word = crate::console::untrusted(&word);
                return Err(Failure::usage(format!(
                    "DHAN_WS_USER_TYPE is {word:?}; it may be \"self\" or \"partner\""
                )));
            }
        };
        let client_id_is_typed = options.client_id.is_some();
        let client_id = options.client_id.or_else(|| environment.text("DHAN_CLIENT_ID"));
        let client_id = client_id.map(|id| id.trim().to_owned());
        // Before a list is read or a name looked up, because the token file may be given there by mistake.
        let named = place.as_ref().and_then(TokenPlace::path).and_then(file::glance);
        let named = named.filter(is_long_enough);
        environment
            .secrets()
            .into_iter()
            .chain(named.iter().flat_map(secret_parts))
            .for_each(|secret| redactor.add(secret));
        // Registered before anything is sent, because a server may repeat it.
        for id in [client_id.clone(), environment.text("DHAN_PARTNER_ID")].into_iter().flatten() {
            redactor.add_client_id(id.trim());
        }
        Ok(CredentialSource {
            place,
            client_id,
            client_id_is_typed,
            partner,
            environment,
            redactor,
            fifo: Fifo::default(),
        })
    }

    /// Returns where the token comes from, if there is a place.
    pub fn place(&self) -> Option<&TokenPlace> {
        self.place.as_ref()
    }

    /// Returns whether orders are requested as a partner.
    pub fn is_partner(&self) -> bool {
        self.partner
    }

    /// Returns the client id (or the partner id) as far as it is known without reading a token.
    pub fn account_id(&self) -> Option<String> {
        if self.partner { self.environment.text("DHAN_PARTNER_ID") } else { self.client_id.clone() }
    }

    /// Returns whether waiting can help if the credentials are refused: a file or a command can change.
    pub fn can_change(&self) -> bool {
        !self.partner && matches!(self.place, Some(TokenPlace::Command(_) | TokenPlace::File(_)))
    }

    /// Returns a warning if other users can read the token file; to be printed once at the start.
    pub fn permission_warning(&self) -> Option<String> {
        match &self.place {
            Some(TokenPlace::File(path)) => file::permission_warning("token file", path),
            _ => None,
        }
    }

    /// Reads the credentials, on a thread of its own if that can take time. Dropping the future ends a running
    /// command.
    ///
    /// # Errors
    /// Says what is wrong with them; see [`CredentialError`].
    pub async fn read(&self) -> Result<Credentials, CredentialError> {
        match self.read_described().await {
            (_, Some(problem)) => Err(problem),
            (Some(credentials), None) => Ok(credentials),
            (None, None) => Err(self.missing()),
        }
    }

    /// Reads the credentials and their problem: a token that must not be used can still be described. Its client id
    /// is empty if none is known.
    pub async fn read_described(&self) -> (Option<Credentials>, Option<CredentialError>) {
        let (token, claims) = match self.read_token().await {
            Ok(read) => read,
            Err(problem) => return (None, Some(problem)),
        };
        let owner = claims.client_id.clone();
        let judged = self.judge(claims);
        let client_id = judged.as_ref().ok().cloned().or(owner).or_else(|| self.client_id.clone());
        (Some(Credentials { client_id: client_id.unwrap_or_default(), token }), judged.err())
    }

    /// Reads a token and checks its form.
    async fn read_token(&self) -> Result<(SecretString, super::Claims), CredentialError> {
        self.checked_client_id()?;
        let Some(place) = &self.place else { return Err(self.missing()) };
        let raw = match place {
            TokenPlace::Environment => {
                Ok(self.environment.secret("DHAN_ACCESS_TOKEN").unwrap_or_else(|| SecretString::from("")))
            }
            TokenPlace::File(path) => file::read_on_thread(path.clone(), self.fifo.clone()).await,
            TokenPlace::Command(line) => command::run(line, &self.redactor).await,
        };
        let raw = raw.map_err(|words| self.problem(ProblemKind::Unreadable, words))?;
        secret_parts(&raw).for_each(|part| self.redactor.add(part));
        let token = checked_token(&raw).map_err(|words| self.problem(ProblemKind::Malformed, words))?;
        self.redactor.add(token.clone());
        let claims = claims(&token).unwrap_or_default();
        if let Some(owner) = &claims.client_id {
            self.redactor.add_client_id(owner);
        }
        Ok((token, claims))
    }

    fn problem(&self, kind: ProblemKind, words: impl fmt::Display) -> CredentialError {
        let place = self.place.as_ref().map(ToString::to_string).unwrap_or_default();
        CredentialError { kind, message: format!("{place} {words}"), can_change: self.can_change() }
    }

    /// Checks a token by its claims, and returns the client id to use with it.
    fn judge(&self, claims: super::Claims) -> Result<String, CredentialError> {
        let client_id = self.checked_client_id()?;
        if let Some(expires) = claims.expires_at
            && expires <= crate::clock::now()
        {
            let words = format!("holds a token that expired on {}: make a new one on web.dhan.co", ist_minute(expires));
            return Err(self.problem(ProblemKind::Expired, words));
        }
        match (client_id.as_deref(), claims.client_id) {
            (Some(named), Some(owner)) if named != owner => {
                let (owner, named) = (mask_client_id(&crate::console::untrusted(&owner)), mask_client_id(named));
                let words = format!(
                    "holds a token of the client id {owner}, but {} says {named}: name the token's own client id, or \
                     leave the client id out",
                    self.client_id_place()
                );
                Err(self.problem(ProblemKind::OtherAccount, words))
            }
            (Some(named), _) => Ok(named.to_owned()),
            (None, Some(owner)) => checked_word(&owner).map(str::to_owned).map_err(|words| {
                self.problem(ProblemKind::Malformed, format_args!("holds a token whose client id {words}"))
            }),
            (None, None) => Err(self.missing()),
        }
    }

    /// Returns the name of the place that the client id came from.
    fn client_id_place(&self) -> &'static str {
        if self.client_id_is_typed { "--client-id" } else { "DHAN_CLIENT_ID" }
    }

    /// Reads the order socket's login: the account's credentials, or the partner's.
    ///
    /// # Errors
    /// The same as [`read`](CredentialSource::read).
    pub async fn read_login(&self) -> Result<Login, CredentialError> {
        if !self.partner {
            return self.read().await.map(Login::Own);
        }
        let missing = |name: &str| {
            let words = format!("{name} is not set; a partner needs DHAN_PARTNER_ID and DHAN_PARTNER_SECRET");
            CredentialError::lasting(ProblemKind::Missing, words)
        };
        let id = self.environment.text("DHAN_PARTNER_ID").ok_or_else(|| missing("DHAN_PARTNER_ID"))?;
        let raw = self.environment.secret("DHAN_PARTNER_SECRET").ok_or_else(|| missing("DHAN_PARTNER_SECRET"))?;
        self.redactor.add(raw.clone());
        let malformed =
            |name: &str, words: &str| CredentialError::lasting(ProblemKind::Malformed, format!("{name} {words}"));
        let id = checked_word(&id).map_err(|words| malformed("DHAN_PARTNER_ID", words))?.to_owned();
        let secret = checked_word(raw.expose_secret()).map_err(|words| malformed("DHAN_PARTNER_SECRET", words))?;
        let secret = SecretString::from(secret);
        self.redactor.add(secret.clone());
        Ok(Login::Partner(Partner { id, secret }))
    }

    fn checked_client_id(&self) -> Result<Option<String>, CredentialError> {
        let Some(id) = &self.client_id else { return Ok(None) };
        let plain = |id: &str| if id.is_ascii() { Ok(Some(id.to_owned())) } else { Err("is no plain ASCII text") };
        checked_word(id).and_then(plain).map_err(|words| {
            let words = format!("the client id ({}) {words}", self.client_id_place());
            CredentialError::lasting(ProblemKind::Missing, words)
        })
    }

    /// Returns a problem whose message names every place that was searched.
    fn missing(&self) -> CredentialError {
        let token = match &self.place {
            Some(place) => format!("  token: {place}"),
            None => {
                let usual = match default_token_file(&self.environment) {
                    Some(path) => format!(", and there is no file {path:?}"),
                    None => String::new(),
                };
                format!(
                    "  token: none in --token-command, --token-file, DHAN_TOKEN_COMMAND, DHAN_TOKEN_FILE, \
                     DHAN_ACCESS_TOKEN{usual}"
                )
            }
        };
        let id = match (&self.client_id, &self.place) {
            (Some(id), _) => format!("  client id: {}", mask_client_id(id)),
            (None, Some(_)) => {
                "  client id: none in --client-id, DHAN_CLIENT_ID, and the token does not name one".to_owned()
            }
            (None, None) => "  client id: none in --client-id, DHAN_CLIENT_ID".to_owned(),
        };
        let mut message = format!("no complete credentials:\n{token}\n{id}");
        let seed: Vec<&str> =
            ["CLIENT_ID", "ACCESS_TOKEN"].into_iter().filter(|name| self.environment.is_set(name)).collect();
        if !seed.is_empty() {
            message.push_str(&format!(
                "\n{} {} set, but not read, since {} may be another broker's: set DHAN_CLIENT_ID and DHAN_ACCESS_TOKEN",
                seed.join(" and "),
                if seed.len() == 1 { "is" } else { "are" },
                if seed.len() == 1 { "it" } else { "they" },
            ));
        }
        message.push_str(
            "\nMake a token on web.dhan.co and hand it to dhan token save. Without an account: dhan feed --demo",
        );
        CredentialError::lasting(ProblemKind::Missing, message)
    }
}

fn is_long_enough(secret: &SecretString) -> bool {
    secret.expose_secret().trim().len() >= SHORTEST_TOKEN
}

/// Returns the file that is read if no option and no variable names another: `$XDG_CONFIG_HOME/dhan/token`, else
/// `~/.config/dhan/token`.
pub fn default_token_file(environment: &Environment) -> Option<PathBuf> {
    Some(folders::CONFIG.folder(|name| environment.path(name))?.join("token"))
}

impl Credentials {
    /// Returns a warning if the token's `exp` lies before the planned end.
    pub fn expiry_warning(&self, until: Micros) -> Option<String> {
        let expires = self.claims()?.expires_at?;
        (expires < until).then(|| {
            format!("the access token expires on {}, before the planned end: renew it by then", ist_minute(expires))
        })
    }
}

/// Returns a time in India for people, to the minute.
pub fn ist_minute(at: Micros) -> String {
    let civil = crate::clock::ist_civil(at);
    format!("{} at {:02}:{:02} IST", civil.date(), civil.hour(), civil.minute())
}

/// Describes the place for `doctor`.
impl TokenPlace {
    /// Returns the path, if the place is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            TokenPlace::File(path) => Some(path),
            _ => None,
        }
    }
}
