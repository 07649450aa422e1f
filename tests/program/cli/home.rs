//! A home for the commands that documents show, with a simulator and an account.

use crate::support::{DHAN, simulator};
use dhan::testing::simulator::{SimConfig, SimHandle};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A home with an account of a simulated exchange.
pub struct Home {
    sim: SimHandle,
    pub dir: tempfile::TempDir,
}

impl Home {
    /// Creates a home with a token and an empty working directory.
    pub fn new() -> Home {
        let sim = simulator(SimConfig::default());
        let home = Home { sim, dir: tempfile::tempdir().unwrap() };
        home.write(".config/dhan/token", "any", 0o600);
        fs::create_dir(home.path("work")).unwrap();
        home
    }

    /// Returns a path in this home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file with a mode, and the folders above it.
    pub fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs a bash script here; `timeout` ends one that hangs.
    pub fn run(&self, script: &str) -> Output {
        self.command(script).output().expect("bash runs")
    }

    /// Returns the command that runs a script here.
    pub fn command(&self, script: &str) -> Command {
        let mut path = format!("{}:{}", self.path("bin").display(), Path::new(DHAN).parent().unwrap().display());
        for folder in python().and_then(|python| Some(python.parent()?.display().to_string())).into_iter() {
            path += &format!(":{folder}");
        }
        path += &format!(":{}", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("timeout");
        command.args(["100", "bash", "-euo", "pipefail", "-c", script]).current_dir(self.path("work"));
        command.env_clear().envs(self.sim.environment()).env("PATH", path).env("HOME", self.dir.path());
        command.env("DHAN_CLIENT_ID", "1000000001").env("DHAN_TOKEN_FILE", self.path(".config/dhan/token"));
        command.stdin(Stdio::null());
        command
    }

    /// Replaces the paths of a real machine in a line by paths in this home, and its end by one in seconds.
    pub fn here(&self, line: &str) -> String {
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
        let root = self.dir.path().display().to_string();
        line.replace("/usr/local/bin/dhan", DHAN)
            .replace("/etc/dhan", &root)
            .replace("/var/lib/dhan", &format!("{root}/work"))
            .replace("--until 15:30", &format!("--until {end}"))
    }
}

/// Returns the Python that has the packages which CI installs.
fn python() -> Option<PathBuf> {
    std::env::var_os("DHAN_TEST_PYTHON").map(PathBuf::from).filter(|python| python.is_absolute())
}

/// Returns a program that a script needs and that is not installed.
pub fn lacking(home: &Home, block: &str) -> Option<&'static str> {
    let needs = [
        ("jq", "jq --version"),
        ("duckdb", "python3 -c 'import duckdb, pandas, polars, pyarrow'"),
        ("curl", "curl --version"),
        ("python3", "python3 --version"),
        ("gzip", "gzip --version"),
        ("systemd-analyze", "systemd-analyze --version"),
        ("dhan watch", "script --version"),
    ];
    needs
        .iter()
        .find(|(name, try_it)| block.contains(name) && !home.run(try_it).status.success())
        .map(|(name, _)| *name)
}
