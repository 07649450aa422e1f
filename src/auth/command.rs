//! Runs token commands with `sh -c`: ten seconds, without our secrets, and with all their processes ended afterwards.

use super::file;
use crate::redact::Redactor;
use futures_util::future::{Either, select};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::time::{sleep, timeout};

/// Time limit of a command.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// Interval at which its end is checked.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Time for which the output of a command that has ended is read, if another process still holds its pipe open.
const OUTPUT_LIMIT: Duration = Duration::from_millis(500);
/// Error text for a command that exceeded its time limit.
const GIVEN_UP: &str = "took longer than 10 s and was ended";
/// Minimum length in bytes of a word of stderr that is masked as a possible token.
const LEAST_TOKEN: usize = 16;
/// Limit in bytes of the stderr that is kept for the message.
const STDERR_LIMIT: usize = 4096;

/// A command in a process group of its own. Dropping it ends all its processes, unless it has ended by itself; that is
/// complete on return, because the program may end directly after it.
struct Running {
    child: Child,
    /// Whether it was waited for, so that its number may be reused.
    has_ended: bool,
}

impl Running {
    /// Waits for the end, and returns the exit status; ends a command that takes too long, and returns `None`.
    async fn end(&mut self) -> Option<ExitStatus> {
        let started = Instant::now();
        let mut is_late = false;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.has_ended = true;
                return (!is_late).then_some(status);
            }
            if !is_late && started.elapsed() >= COMMAND_LIMIT {
                is_late = true;
                self.kill();
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn kill(&self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            self.kill();
        }
    }
}

/// Runs a command that prints a secret, and returns its output; dropping the future ends it. Error texts follow the
/// words "the command".
///
/// # Errors
/// Says why it gave no secret.
pub async fn run(line: &str, redactor: &Redactor) -> Result<SecretString, String> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in crate::model::secrets::hidden_from_children() {
        command.env_remove(name);
    }
    let child = command.process_group(0).spawn();
    let mut child = child.map_err(|error| format!("cannot be run: {}", crate::model::io_words(&error)))?;
    let (stdout, stderr) = (child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from));
    let mut running = Running { child, has_ended: false };
    let (mut printed, mut complaint) = (Vec::new(), Vec::new());
    let reading = async {
        tokio::join!(read(stdout, &mut printed, file::TOKEN_LIMIT + 4096), read(stderr, &mut complaint, STDERR_LIMIT))
    };
    let status = match select(Box::pin(running.end()), Box::pin(reading)).await {
        Either::Left((status, reading)) => {
            let _ = timeout(OUTPUT_LIMIT, reading).await;
            status
        }
        Either::Right((_, end)) => end.await,
    };
    let status = status.ok_or(GIVEN_UP)?;
    let printed = file::secret_text(printed);
    if !status.success() {
        super::shape::secret_parts(&printed).for_each(|part| redactor.add(part));
        let complaint = crate::console::untrusted(&String::from_utf8_lossy(&complaint));
        let complaint = without_tokens(&redactor.mask(complaint.trim()));
        let ended = words(status);
        return Err(if complaint.is_empty() { ended } else { format!("{ended}: {complaint}") });
    }
    Ok(printed)
}

/// Reads a pipe to its end. Bytes beyond the limit are dropped, so that the command never blocks.
async fn read(pipe: Option<OwnedFd>, kept: &mut Vec<u8>, limit: usize) {
    let Some(mut pipe) = pipe.and_then(|pipe| Receiver::from_owned_fd(pipe).ok()) else { return };
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = pipe.read(&mut piece).await {
        let room = limit.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..n.min(room)]);
    }
}

/// Masks every word that could be a token. A command that fails may print the token only on stderr, and the redactor
/// does not know it then.
fn without_tokens(text: &str) -> String {
    let could_be = |word: &str| {
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+' | b'=' | b'~');
        core.len() >= LEAST_TOKEN && core.bytes().all(is_token) && core.bytes().any(|b| b.is_ascii_digit())
    };
    let pieces = text.split_inclusive([' ', '"', '\'', ':', ',', '=', '(', ')', '/']);
    pieces.fold(String::with_capacity(text.len()), |mut masked, piece| {
        let end = piece.trim_end_matches([' ', '"', '\'', ':', ',', '=', '(', ')', '/']).len();
        masked.push_str(if could_be(&piece[..end]) { "[redacted]" } else { &piece[..end] });
        masked.push_str(&piece[end..]);
        masked
    })
}

fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("failed with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_stderr_that_could_be_a_token_is_masked_and_prose_is_not() {
        for (text, shown) in [
            ("got q7Vx9zKp2mW4tR8yB3nL, exit", "got [redacted], exit"),
            ("token=q7Vx9zKp2mW4tR8yB3nL", "token=[redacted]"),
            ("Error: dhan/token is not in the password store.", "Error: dhan/token is not in the password store."),
            (
                "curl: (6) Could not resolve host: vault.example.org",
                "curl: (6) Could not resolve host: vault.example.org",
            ),
            ("", ""),
        ] {
            assert_eq!(without_tokens(text), shown);
        }
    }
}
