//! Token commands: `sh -c`, ten seconds, none of our secrets, and nothing of theirs left behind.

use super::{SECRET_VARIABLES, file};
use crate::redact::Redactor;
use secrecy::SecretString;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a command gets.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// How often its end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How much of its stderr is kept for the message.
const STDERR_LIMIT: usize = 4096;

/// Runs blocking work on a thread of its own; it is told to stop when the future is dropped. Not the runtime's pool:
/// that one is waited for at the end.
pub(super) async fn on_thread<F>(work: F) -> Result<SecretString, String>
where
    F: FnOnce(&AtomicBool) -> Result<SecretString, String> + Send + 'static,
{
    struct StopOnDrop(Arc<AtomicBool>);
    impl Drop for StopOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = StopOnDrop(Arc::default());
    let flag = Arc::clone(&stop.0);
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("credentials".into()).spawn(move || {
        let _ = tell.send(work(&flag));
    });
    if thread.is_err() {
        return Err("cannot be read: no thread could be started".to_owned());
    }
    let result = told.await.unwrap_or_else(|_| Err("cannot be read: the reading thread failed".to_owned()));
    drop(stop);
    result
}

/// Runs a command and returns what it printed. Errors are words that go behind "the token command".
pub(super) fn run(line: &str, stop: &AtomicBool, redactor: &Redactor) -> Result<SecretString, String> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that all of it can be ended.
    command.process_group(0);
    for name in SECRET_VARIABLES {
        command.env_remove(name);
    }
    let child = command.spawn().map_err(|error| format!("cannot be run: {}", crate::transport::io_words(&error)))?;
    let mut group = Group { child, ended: false };
    let stdout = Output::of(group.child.stdout.take(), file::TOKEN_LIMIT + 4096);
    let stderr = Output::of(group.child.stderr.take(), STDERR_LIMIT);
    let deadline = Instant::now() + COMMAND_LIMIT;
    let status = loop {
        if let Ok(Some(status)) = group.child.try_wait() {
            group.ended = true;
            break status;
        }
        if stop.load(Ordering::Relaxed) || Instant::now() >= deadline {
            return Err("took longer than 10 s and was ended".to_owned());
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let printed = file::text(stdout.take());
    if !status.success() {
        redactor.add(printed);
        let said = stderr.take();
        let said = crate::console::untrusted(&String::from_utf8_lossy(&said));
        let said = redactor.mask(said.trim()).into_owned();
        let ended = words(status);
        return Err(if said.is_empty() { ended } else { format!("{ended}: {said}") });
    }
    Ok(printed)
}

fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("failed with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "failed".to_owned(),
    }
}

/// What a child prints, read as it comes; more than the limit is read and dropped, so that the child never blocks.
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

    /// All that was printed. What the command left running may hold the pipe open: then what has come by now is all.
    fn take(self) -> Vec<u8> {
        let _ = self.reading.recv_timeout(Duration::from_millis(500));
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A child whose whole process group is killed when it is given up.
struct Group {
    child: Child,
    ended: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        if self.ended {
            // Its number may be somebody else's by now.
            return;
        }
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
