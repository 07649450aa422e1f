//! A folder of its own for every test, in which it runs the program.

use super::run::Run;
use super::secrets::{self, OPAQUE, SENTINEL};
use super::{DHAN, Done, skipped};
use dhan::testing::simulator::Probe;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;

/// The client id of the tests' account.
pub const CLIENT: &str = "1000000001";

/// Home, state, cache and working directory of the runs of a test, and their environment. When it is dropped, everything
/// in it is searched for tokens.
pub struct Home {
    folder: Arc<Folder>,
    variables: Vec<(String, String)>,
}

/// The folder itself, which every run keeps until it has ended.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            secrets::assert_folder_clean(self.path());
        }
    }
}

/// What a run executes: arguments of `dhan`, or a prepared command.
pub trait Program {
    fn command(self, home: &Home) -> Command;
}

impl Program for Command {
    fn command(self, _home: &Home) -> Command {
        self
    }
}

impl Program for &[&str] {
    fn command(self, home: &Home) -> Command {
        home.command(self)
    }
}

impl<const N: usize> Program for &[&str; N] {
    fn command(self, home: &Home) -> Command {
        home.command(self)
    }
}

impl Program for &Vec<&str> {
    fn command(self, home: &Home) -> Command {
        home.command(self)
    }
}

impl Home {
    /// A home with an account whose token only a program that knows it can mask, and messages as detailed as possible.
    pub fn new() -> Home {
        let mut home = Home::without_account();
        for (name, value) in [
            ("RUST_LOG", "trace"),
            ("RUST_BACKTRACE", "full"),
            ("DHAN_HOLIDAYS", "/dev/null"),
            ("DHAN_CLIENT_ID", CLIENT),
            ("DHAN_ACCESS_TOKEN", OPAQUE),
        ] {
            home.set(name, value);
        }
        home
    }

    /// A home that has no credentials.
    pub fn without_account() -> Home {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        let path = std::env::var("PATH").unwrap_or_default();
        let here = folder.path().to_str().expect("a path in UTF-8").to_owned();
        let variables =
            [("PATH", path), ("HOME", here.clone()), ("TMPDIR", here)].map(|(name, value)| (name.to_owned(), value));
        Home { folder: Arc::new(folder), variables: variables.to_vec() }
    }

    /// A home whose runs connect to this simulator, with a token that is a JWT.
    pub fn at(probe: &Probe) -> Home {
        let mut home = Home::new();
        home.set("DHAN_ACCESS_TOKEN", SENTINEL);
        home.point_at(probe);
        home
    }

    /// Makes every later run connect to this simulator.
    pub fn point_at(&mut self, probe: &Probe) {
        for (name, value) in probe.environment() {
            self.set(name, &value);
        }
    }

    /// Sets a variable of every later run.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Returns a path in this home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a file's text; empty if it does not exist.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Writes a file with a mode, and the folders above it.
    pub fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    }

    /// Returns a command in a mount namespace with a small file system on `full`; `None` if that is not allowed. The
    /// script runs the program with the command's arguments as `"$@"`.
    pub fn on_a_small_disk(&self, options: &str, script: &str) -> Option<Command> {
        std::fs::create_dir_all(self.path("full")).expect("created");
        let mut allowed = Command::new("unshare");
        let allowed =
            allowed.args(["-rm", "mount", "-t", "tmpfs", "-o", options, "none"]).arg(self.path("full")).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            skipped("no mount namespace of our own");
            return None;
        }
        let mut command = self.bare("unshare");
        let script = format!("mount -t tmpfs -o {options} none full && {script}");
        command.args(["-rm", "sh", "-c", &script, "sh", DHAN]);
        Some(command)
    }

    /// Returns the folder of the state that runs share.
    pub fn state(&self) -> PathBuf {
        self.path(".local/state")
    }

    /// Writes a token file, the one place that may hold what is in it, and returns its path.
    pub fn token_file(&self, text: &str) -> PathBuf {
        self.write_token(text);
        self.path("secret/token")
    }

    /// Replaces the token file in one step, as a careful minter does.
    pub fn write_token(&self, text: &str) {
        let (new, path) = (self.path("secret/token.new"), self.path("secret/token"));
        std::fs::create_dir_all(self.path("secret")).expect("created");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        std::fs::rename(new, path).expect("renamed");
    }

    /// Writes a list of instruments, and returns its path.
    pub fn list(&self, name: &str, specs: impl IntoIterator<Item = String>) -> PathBuf {
        let lines: String = specs.into_iter().map(|spec| spec + "\n").collect();
        std::fs::write(self.path(name), lines).expect("written");
        self.path(name)
    }

    /// Returns a command with this home's environment and nothing else of the environment.
    pub fn bare(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Returns `dhan` with arguments, to be run here.
    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = self.bare(DHAN);
        command.args(line);
        command
    }

    /// Returns `dhan` with arguments, to be run here and to connect to a simulator.
    pub fn dhan(&self, probe: &Probe, line: &[&str]) -> Command {
        let mut command = self.command(line);
        command.envs(probe.environment());
        command
    }

    /// Starts a run whose stdout and stderr are read as they come.
    pub fn start(&self, program: impl Program) -> Run {
        Run::start(Arc::clone(&self.folder), program.command(self))
    }

    /// Starts a run whose stdout only the test reads.
    pub fn start_piped(&self, program: impl Program) -> (Run, ChildStdout) {
        Run::start_piped(Arc::clone(&self.folder), program.command(self))
    }

    /// Runs a program to its end.
    #[track_caller]
    pub fn run(&self, program: impl Program) -> Done {
        self.start(program).end()
    }

    /// Fails if anything in this home holds a part of a token.
    #[track_caller]
    pub fn assert_clean(&self) {
        secrets::assert_folder_clean(self.folder.path());
    }

    /// Returns the path below the state folder and the text of every file there.
    pub fn state_files(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        secrets::walk(&self.state(), &mut |path| {
            let name = path.strip_prefix(self.state()).expect("below").display().to_string();
            found.push((name, String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()));
        });
        found
    }
}
