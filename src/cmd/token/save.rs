//! Runs `dhan token save`: stores a token that was made on web.dhan.co, from stdin into its file.

use super::client_id;
use crate::auth::{self, Environment, ist_minute};
use crate::cli::token::KeepArgs;
use crate::clock;
use crate::cmd::runtime;
use crate::console::{Console, untrusted};
use crate::model::{Exit, Failure};
use crate::redact::mask_client_id;
use crate::token::TokenFile;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use tokio::signal::unix::{SignalKind, signal};

/// Limit in bytes of the input; a token is shorter.
const LIMIT: u64 = 64 << 10;

/// Reads, checks and stores the token.
pub(super) fn run(args: &KeepArgs, environment: &Environment, console: &Console) -> Result<Exit, Failure> {
    let file = TokenFile::find(args.token_file.as_deref(), environment)?;
    let named = client_id(args, environment, console)?;
    let text = if io::stdin().is_terminal() { typed(console)? } else { piped()? };
    let redactor = console.redactor();
    auth::secret_parts(&text).for_each(|part| redactor.add(part));
    let refuse = |words: String| Failure::new(Exit::Credentials, format!("stdin {words}; nothing was written"));
    let token = auth::checked_token(&text).map_err(|words| refuse(words.to_owned()))?;
    redactor.add(token.clone());
    let claims = auth::claims(&token).unwrap_or_default();
    if let (Some(named), Some(owner)) = (&named, &claims.client_id)
        && named != owner
    {
        return Err(Failure::new(
            Exit::Account,
            format!(
                "the token is of the client id {}, but --client-id or DHAN_CLIENT_ID says {}; nothing was written",
                untrusted(&mask_client_id(owner)),
                mask_client_id(named)
            ),
        ));
    }
    if let Some(ends) = claims.expires_at.filter(|ends| *ends <= clock::now()) {
        return Err(refuse(format!(
            "holds a token that expired on {}: make a new one on web.dhan.co",
            ist_minute(ends)
        )));
    }
    file.store(&token)?;
    let until = match claims.expires_at {
        Some(ends) => format!("until {}", ist_minute(ends)),
        None => "which does not say when it ends".to_owned(),
    };
    console.info(format_args!("the token is in {:?}, {until}", file.path()));
    if claims.client_id.is_none() && named.is_none() {
        console.warn(super::NO_CLIENT_ID);
    }
    Ok(Exit::Done)
}

fn piped() -> Result<SecretString, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(LIMIT).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    Ok(auth::secret_text(bytes))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Exit::Credentials, format!("stdin cannot be read: {}", crate::model::io_words(error)))
}

/// Asks for the token on the terminal, without showing it.
fn typed(console: &Console) -> Result<SecretString, Failure> {
    let quiet = Quiet::begin();
    console.raw("Paste the access token from web.dhan.co and press Enter (nothing is shown): ");
    let (tell, told) = tokio::sync::oneshot::channel();
    let reader = std::thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().take(LIMIT).read_until(b'\n', &mut bytes);
        let _ = tell.send(read.map(|_| bytes));
    });
    reader.map_err(|error| unreadable(&error))?;
    let read: Result<_, Failure> = runtime()?.block_on(async {
        let listen = |kind| signal(kind).map_err(|error| unreadable(&error));
        let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(tokio::select! {
            read = told => Ok(read.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))),
            _ = interrupt.recv() => Err(signal_hook::consts::SIGINT),
            _ = terminate.recv() => Err(signal_hook::consts::SIGTERM),
        })
    });
    // Restored before anything else: a terminal without echo is useless.
    drop(quiet);
    console.raw("\n");
    match read? {
        Ok(read) => read.map(auth::secret_text).map_err(|error| unreadable(&error)),
        Err(signal) => {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            Err(Failure::new(Exit::Credentials, "no token was read; nothing was written"))
        }
    }
}

/// Turns off the terminal's echo until dropped.
struct Quiet(Option<Termios>);

impl Quiet {
    fn begin() -> Quiet {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut quiet) = before.clone() {
            quiet.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &quiet);
        }
        Quiet(before)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
