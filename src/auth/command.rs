//! Runs token commands with `sh -c`: ten seconds, without our secrets, and with all their processes ended afterwards.

use super::file;
use crate::redact::Redactor;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time limit of a command.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// Interval at which its end is checked.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Error text for a command that exceeded its time limit.
const GIVEN_UP: &str = "took longer than 10 s and was ended";
/// Minimum length in bytes of a word of stderr that is masked as a possible token.
const LEAST_TOKEN: usize = 16;
/// Limit in bytes of the stderr that is kept for the message.
const STDERR_LIMIT: usize = 4096;

/// Work on a thread that its owner can stop; stopping ends every process that the work started.
#[derive(Default)]
pub(super) struct Work(Mutex<State>);

#[derive(Default)]
struct State {
    stopped: bool,
    /// The process group of a running command that was not waited for yet, so that its number cannot be reused.
    group: Option<Pid>,
}

impl Work {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a command in a process group of its own, unless the work was stopped.
    fn spawn(&self, command: &mut Command) -> Option<std::io::Result<Child>> {
        let mut state = self.state();
        if state.stopped {
            return None;
        }
        let child = command.process_group(0).spawn();
        state.group = child.as_ref().ok().map(Pid::from_child);
        Some(child)
    }

    /// Returns the command's exit status, once it has ended by itself.
    fn ended(&self, child: &mut Child) -> Option<ExitStatus> {
        let mut state = self.state();
        let status = child.try_wait().ok().flatten()?;
        state.group = None;
        Some(status)
    }

    /// Ends the running command with all its processes, and prevents further ones. It is complete on return, because
    /// the program may end directly after it.
    fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        if let Some(group) = state.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs blocking work on a thread of its own; dropping the future ends what it has started. The runtime's pool is not
/// used, because the runtime waits for it at the end.
pub(super) async fn on_thread<F>(work: F) -> Result<SecretString, String>
where
    F: FnOnce(&Work) -> Result<SecretString, String> + Send + 'static,
{
    struct StopOnDrop(Arc<Work>);
    impl Drop for StopOnDrop {
        fn drop(&mut self) {
            self.0.stop();
        }
    }
    let owner = StopOnDrop(Arc::default());
    let state = Arc::clone(&owner.0);
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("credentials".into()).spawn(move || {
        let _ = tell.send(work(&state));
    });
    if thread.is_err() {
        return Err("cannot be read: no thread could be started".to_owned());
    }
    let result = told.await.unwrap_or_else(|_| Err("cannot be read: the reading thread failed".to_owned()));
    drop(owner);
    result
}

/// Runs a command and returns its output. Error texts follow the words "the token command".
pub(super) fn run(line: &str, work: &Work, redactor: &Redactor) -> Result<SecretString, String> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in crate::model::secrets::hidden_from_children() {
        command.env_remove(name);
    }
    let child = work.spawn(&mut command).ok_or(GIVEN_UP)?;
    let mut child = child.map_err(|error| format!("cannot be run: {}", crate::model::io_words(&error)))?;
    let stdout = Output::of(child.stdout.take(), file::TOKEN_LIMIT + 4096);
    let stderr = Output::of(child.stderr.take(), STDERR_LIMIT);
    let deadline = Instant::now() + COMMAND_LIMIT;
    let status = loop {
        if let Some(status) = work.ended(&mut child) {
            break status;
        }
        if Instant::now() >= deadline {
            work.stop();
            let _ = child.wait();
            return Err(GIVEN_UP.to_owned());
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let printed = file::text(stdout.take());
    if !status.success() {
        super::shape::secret_parts(&printed).for_each(|part| redactor.add(part));
        let stderr_text = stderr.take();
        let stderr_text = crate::console::untrusted(&String::from_utf8_lossy(&stderr_text));
        let stderr_text = without_tokens(&redactor.mask(stderr_text.trim()));
        let ended = words(status);
        return Err(if stderr_text.is_empty() { ended } else { format!("{ended}: {stderr_text}") });
    }
    Ok(printed)
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

/// Reads the output of a child as it comes; bytes beyond the limit are read and dropped, so that the child never
/// blocks.
struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Closed when everything was read.
    reading: mpsc::Receiver<()>,
}

impl Output {
    fn of(stream: Option<impl Read + Send + 'static>, limit: usize) -> Output {
        let (until_read, reading) = mpsc::channel();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&kept);
        let _ = std::thread::Builder::new().name("token command".into()).spawn(move || {
            let _until_read: mpsc::Sender<()> = until_read;
            let Some(mut stream) = stream else { return };
            let mut piece = [0; 4096];
            while let Ok(n) = stream.read(&mut piece) {
                if n == 0 {
                    break;
                }
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                let room = limit.saturating_sub(all.len());
                all.extend_from_slice(&piece[..n.min(room)]);
            }
        });
        Output { kept, reading }
    }

    /// Returns all output. If a process of the command still holds the pipe open, returns what has arrived so far.
    fn take(self) -> Vec<u8> {
        let _ = self.reading.recv_timeout(Duration::from_millis(500));
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
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
