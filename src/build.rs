//! Tells the compiler what `dhan --version` says of this build: the commit, its date, and the target.
//!
//! A debug build names no commit: it would be compiled anew after every commit.

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut instructions = vec!["rerun-if-changed=src/build.rs".to_owned()];
    let from = if env::var("PROFILE")? == "debug" {
        Some("debug build".to_owned())
    } else {
        commit(Path::new(&root), &mut instructions).or_else(|| packaged(Path::new(&root)))
    };
    let built = from.into_iter().chain([env::var("TARGET")?]).collect::<Vec<_>>().join(", ");
    instructions.push(format!("rustc-env=BUILT_FROM={built}"));
    for instruction in instructions {
        writeln!(std::io::stdout(), "cargo:{instruction}")?;
    }
    Ok(())
}

/// Returns the commit of the repository whose root this is, and its date; `-dirty` is behind it where files differ.
pub fn commit(root: &Path, instructions: &mut Vec<String>) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // Sources that lie in somebody else's repository are not of its commit.
    let top = Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    if top != root.canonicalize().ok()? {
        return None;
    }
    let branch = git(&["rev-parse", "--symbolic-full-name", "HEAD"])?;
    for file in ["HEAD", "logs/HEAD", "packed-refs", &branch] {
        let path = git(&["rev-parse", "--path-format=absolute", "--git-path", file])?;
        // A file that is missing counts as changed every time.
        if Path::new(&path).exists() {
            instructions.push(format!("rerun-if-changed={path}"));
        }
    }
    instructions.extend(["src", "Cargo.toml", "Cargo.lock"].map(|path| format!("rerun-if-changed={path}")));
    let name = git(&["describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"])?;
    Some(format!("{name} {}", git(&["log", "-1", "--format=%cs"])?))
}

/// Returns the commit that `cargo package` noted in the archive of the sources.
pub fn packaged(root: &Path) -> Option<String> {
    let text = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let commit: String = rest.split('"').nth(1)?.chars().take(7).collect();
    (commit.len() == 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(commit)
}
